"""What is kept of a record is enough to calculate with, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.analytics.records import read_rating, read_ticket, read_time_entry
from freshbridge.analytics.slim import slim_rating, slim_ticket, slim_time_entry
from tests import builders
from tests.fakes import report_rows as rows

STAMPS = (
    "first_responded_at", "resolved_at", "closed_at", "reopened_at", "status_updated_at",
)  # fmt: skip
PRIVATE: dict[str, Any] = {
    "subject": builders.SUBJECT,
    "note": builders.DESCRIPTION,
    "feedback": builders.EMAIL,
}


def full(**changed: Any) -> dict[str, Any]:
    """A ticket in which every field that is read has a value of its own."""
    stats = {name: f"2026-03-0{n}T00:00:00Z" for n, name in enumerate(STAMPS, start=3)}
    return rows.ticket(
        stats=stats,
        status=5,
        type="Refund",
        responder_id=71,
        group_id=31,
        priority=3,
        source=9,
        fr_due_by="2026-03-04T00:00:00Z",
        due_by="2026-03-05T00:00:00Z",
        **PRIVATE | changed,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"fr_escalated": True},
        {"is_escalated": True},
        {"stats": None},
        {"stats": {"status_updated_at": "2026-03-08T00:00:00Z"}},
        {"stats": {"closed_at": "2026-03-08T00:00:00Z"}},
    ],
)
def test_a_slim_ticket_reads_as_the_whole_one(changed: dict[str, Any]) -> None:
    row = full() | changed

    assert read_ticket(slim_ticket(row)) == read_ticket(row)


def test_a_ticket_that_came_without_stats_stays_without() -> None:
    row = full()
    del row["stats"]

    assert "stats" not in slim_ticket(row)
    assert read_ticket(slim_ticket(row)).has_stats is False


@pytest.mark.parametrize(
    "entry",
    [
        rows.time_entry(1, **PRIVATE),
        rows.time_entry(time_spent="00:01"),
        rows.time_entry(time_spent_in_seconds=None),
        rows.time_entry(executed_at=None, billable=False),
    ],
)
def test_a_slim_time_entry_reads_as_the_whole_one(entry: dict[str, Any]) -> None:
    assert read_time_entry(slim_time_entry(entry)) == read_time_entry(entry)


@pytest.mark.parametrize("value", [103, -103, 2, None, "103"])
def test_a_slim_rating_reads_as_the_whole_one(value: Any) -> None:
    rating = rows.rating(1, value, **PRIVATE)

    assert read_rating(slim_rating(rating)) == read_rating(rating)


@pytest.mark.parametrize(
    "slim",
    [
        slim_ticket(full(description=builders.DESCRIPTION, cc_emails=[builders.EMAIL])),
        slim_time_entry(rows.time_entry(1, **PRIVATE)),
        slim_rating(rows.rating(1, **PRIVATE)),
    ],
)
def test_nothing_that_people_wrote_is_kept(slim: dict[str, Any]) -> None:
    assert [word for word in builders.PRIVATE_WORDS if word in str(slim)] == []
