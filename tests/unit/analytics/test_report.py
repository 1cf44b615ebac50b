"""The figures against a brute-force calculation that goes over plain lists again and again.

The brute force reads Freshdesk's rows itself and shares no code with what it checks.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.analytics.events import by_the_clock
from freshbridge.analytics.period import Period, instant_of
from freshbridge.analytics.records import read_rating, read_ticket, read_time_entry
from freshbridge.analytics.report import Dimension, Logged, Question, report
from tests.fakes import report_rows as rows

Row = dict[str, Any]
ZONE = ZoneInfo("America/New_York")
FROM, TO, NOW = "2026-03-06T05:00:00Z", "2026-03-10T04:00:00Z", "2026-03-12T00:00:00Z"
ALL = tuple(Dimension)
PERIOD = Period(instant_of(FROM), instant_of(TO), ZONE)


def asked(
    tickets: list[Row], entries: list[Row] | None = None, ratings: list[Row] | None = None
) -> dict[str, Any]:
    """The report of these rows over the period, split by everything."""
    return report(
        Question(PERIOD, ALL, instant_of(NOW)),
        map(read_ticket, tickets),
        Logged(
            [read_time_entry(row) for row in entries or ()],
            [read_rating(row) for row in ratings or ()],
        ),
    )


# --- brute force -----------------------------------------------------------------------------


def at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def within(text: str | None) -> bool:
    return text is not None and FROM <= text < TO


def day_of(text: str) -> str:
    moment = at(text)
    assert moment is not None
    return moment.astimezone(ZONE).date().isoformat()


def finish(row: Row) -> str | None:
    """When the row's ticket was finished, from its stats alone."""
    if row["status"] not in {4, 5}:
        return None
    stats = row["stats"]
    known = [stats["resolved_at"], stats["closed_at"], stats["status_updated_at"]]
    valid = [one for one in known if one and one >= (stats["reopened_at"] or "")]
    return str(max(row["created_at"], (valid or [row["updated_at"]])[0]))


def spread(pairs: list[tuple[str, str]]) -> Row:
    """Count, mean, median and p90 of the seconds between each pair."""
    seconds = [
        max(0.0, (datetime.fromisoformat(b) - datetime.fromisoformat(a)).total_seconds())
        for a, b in pairs
    ]
    if not seconds:
        return {"count": 0, "mean_s": None, "median_s": None, "p90_s": None}
    p90 = statistics.quantiles(seconds, n=10, method="inclusive")[8] if seconds[1:] else seconds[0]
    return {
        "count": len(seconds),
        "mean_s": pytest.approx(statistics.fmean(seconds), abs=0.06),
        "median_s": pytest.approx(statistics.median(seconds), abs=0.06),
        "p90_s": pytest.approx(p90, abs=0.06),
    }


def part(some: int, of: int) -> Any:
    return pytest.approx(some / of, abs=1e-4) if of else None


def naive(tickets: list[Row], entries: list[Row], ratings: list[Row], on: str | None = None) -> Row:
    """A row of the report; with `on`, of that local day."""

    def counts(text: str | None) -> bool:
        return within(text) and (on is None or day_of(str(text)) == on)

    def missed(row: Row, due: str, met: list[str | None]) -> bool:
        return not any(one is not None and one <= row[due] for one in met)

    fr_due = [r for r in tickets if counts(r["fr_due_by"])]
    due = [r for r in tickets if counts(r["due_by"])]
    fr_breached = [
        r for r in fr_due if missed(r, "fr_due_by", [r["stats"]["first_responded_at"], finish(r)])
    ]
    breached = [r for r in due if missed(r, "due_by", [finish(r)])]
    reopened = [r for r in tickets if counts(r["stats"]["reopened_at"])]
    touched = [r for r in tickets if counts(finish(r)) or counts(r["stats"]["reopened_at"])]
    values = [r["ratings"]["default_question"] for r in ratings if counts(r["created_at"])]
    positive = [v for v in values if v in {101, 102, 103, 1}]
    negative = [v for v in values if v in {-101, -102, -103, 3}]
    scores = {1: 1.0, 2: 0.0, 3: -1.0}
    points = [scores.get(v, (abs(v) - 100) / 3 * (1 if v > 0 else -1)) for v in values]
    logged = [e for e in entries if counts(e["executed_at"])]
    volume_in = sum(counts(r["created_at"]) for r in tickets)
    volume_out = sum(counts(finish(r)) for r in tickets)
    return {
        "volume_in": volume_in,
        "volume_out": volume_out,
        "first_response": spread(
            [
                (r["created_at"], r["stats"]["first_responded_at"])
                for r in tickets
                if counts(r["stats"]["first_responded_at"])
            ]
        ),
        "resolution": spread(
            [(r["created_at"], str(finish(r))) for r in tickets if counts(finish(r))]
        ),
        "sla": {
            "first_response_due": len(fr_due),
            "first_response_breached": len(fr_breached),
            "resolution_due": len(due),
            "resolution_breached": len(breached),
            "breach_rate": part(len(fr_breached) + len(breached), len(fr_due) + len(due)),
        },
        "reopened": len(reopened),
        "reopen_rate": part(len(reopened), len(touched)),
        "csat": {
            "ratings": len(values),
            "positive": len(positive),
            "neutral": len(values) - len(positive) - len(negative),
            "negative": len(negative),
            "positive_share": part(len(positive), len(values)),
            "mean_score": pytest.approx(statistics.fmean(points), abs=1e-4) if points else None,
        },
        "time": {
            "entries": len(logged),
            "logged_s": sum(e["time_spent_in_seconds"] for e in logged),
            "billable_s": sum(e["time_spent_in_seconds"] for e in logged if e["billable"]),
        },
    }


def open_at(tickets: list[Row], moment: str) -> int:
    """How many were created before `moment` and not finished before it."""
    return sum(r["created_at"] < moment and not (str(finish(r) or "9") < moment) for r in tickets)


def comparable(row: Row) -> Row:
    """What the brute force knows of a row."""
    sla = {name: value for name, value in row["sla"].items() if name != "escalated"}
    left = {"key", "backlog", "backlog_at_start", "tickets"}
    return {name: value for name, value in row.items() if name not in left} | {"sla": sla}


# --- generated help desks ----------------------------------------------------------------------

HOUR = st.integers(0, 24 * 12).map(
    lambda hours: (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
).filter(lambda text: text < NOW)  # fmt: skip
MAYBE = st.none() | HOUR


@st.composite
def help_desks(draw: st.DrawFn) -> tuple[list[Row], list[Row], list[Row]]:
    """Tickets in any order of events, entries and ratings on them."""
    tickets = []
    for ticket_id in range(1, draw(st.integers(0, 14)) + 1):
        created = draw(HOUR)
        stats = {
            name: max(created, when) if (when := draw(MAYBE)) else None
            for name in (
                "first_responded_at", "resolved_at", "closed_at", "reopened_at", "status_updated_at"
            )
        }  # fmt: skip
        tickets.append(
            rows.ticket(
                ticket_id,
                stats=stats,
                created_at=created,
                updated_at=max([created, *filter(None, stats.values())]),
                status=draw(st.sampled_from([2, 3, 4, 5, 8])),
                priority=draw(st.integers(1, 4)),
                source=draw(st.sampled_from([1, 2, 101])),
                type=draw(st.sampled_from([None, "Refund"])),
                responder_id=draw(st.sampled_from([None, 71, 72])),
                group_id=draw(st.sampled_from([None, 31])),
                fr_due_by=draw(MAYBE),
                due_by=draw(MAYBE),
            )
        )
    ids = st.integers(1, max(1, len(tickets)))
    entries = draw(
        st.lists(
            st.builds(
                rows.time_entry,
                ids,
                agent_id=st.sampled_from([71, 73]),
                executed_at=HOUR,
                billable=st.booleans(),
                time_spent_in_seconds=st.integers(0, 90_000),
            ),
            max_size=8,
        )
    )
    values = st.sampled_from([103, 102, 101, 100, -101, -102, -103, 1, 2, 3])
    ratings = draw(
        st.lists(
            st.builds(
                rows.rating,
                ids,
                values,
                created_at=HOUR,
                agent_id=st.sampled_from([None, 71]),
                group_id=st.sampled_from([None, 31]),
            ),
            max_size=8,
        )
    )
    return tickets, entries, ratings


@settings(max_examples=200, deadline=None)
@given(help_desks())
def test_totals_are_those_of_brute_force(desk: tuple[list[Row], list[Row], list[Row]]) -> None:
    tickets, entries, ratings = desk

    totals = asked(tickets, entries, ratings)["totals"]

    assert comparable(totals) == naive(tickets, entries, ratings)
    assert totals["backlog_at_start"] == open_at(tickets, FROM)
    assert totals["backlog"] == open_at(tickets, TO)


@settings(deadline=None)
@given(help_desks())
def test_each_day_is_that_of_brute_force(desk: tuple[list[Row], list[Row], list[Row]]) -> None:
    days = asked(*desk)["by"]["day"]

    # March 8 has 23 hours there
    ends = {
        "2026-03-06": "2026-03-07T05:00:00Z",
        "2026-03-07": "2026-03-08T05:00:00Z",
        "2026-03-08": "2026-03-09T04:00:00Z",
        "2026-03-09": "2026-03-10T04:00:00Z",
    }
    assert [row["key"] for row in days] == list(ends)
    for row in days:
        assert comparable(row) == naive(*desk, on=row["key"])
        assert row["backlog"] == open_at(desk[0], ends[row["key"]])


COLUMNS: dict[str, str] = {
    "agent": "responder_id", "group": "group_id", "priority": "priority", "type": "type",
    "source": "source",
}  # fmt: skip


@pytest.mark.parametrize("dimension", COLUMNS)
@settings(max_examples=40, deadline=None)
@given(desk=help_desks())
def test_each_row_is_that_of_brute_force_over_its_own_records(
    dimension: str, desk: tuple[list[Row], list[Row], list[Row]]
) -> None:
    tickets, entries, ratings = desk
    column = COLUMNS[dimension]
    of_ticket = {row["id"]: row[column] for row in tickets}

    def key_of_entry(entry: Row) -> Any:
        return (
            entry["agent_id"]
            if dimension == "agent"
            else of_ticket.get(entry["ticket_id"], "unknown")
        )

    def key_of_rating(rating: Row) -> Any:
        if dimension in {"agent", "group"}:
            return rating[f"{dimension}_id"]
        return of_ticket.get(rating["ticket_id"], "unknown")

    found = {row["key"]: row for row in asked(*desk)["by"][dimension]}

    keys = {*of_ticket.values(), *map(key_of_entry, entries), *map(key_of_rating, ratings)}
    for key in keys:
        own = [row for row in tickets if row[column] == key]
        expected = naive(
            own,
            [entry for entry in entries if key_of_entry(entry) == key],
            [rating for rating in ratings if key_of_rating(rating) == key],
        )
        if key in found:
            assert comparable(found[key]) == expected
            assert found[key]["backlog_at_start"] == open_at(own, FROM)
        else:
            assert expected == naive([], [], [])
            assert open_at(own, FROM) == 0
    assert set(found) <= keys


@settings(max_examples=40, deadline=None)
@given(help_desks())
def test_the_tickets_of_every_dimension_but_the_day_add_up_to_the_totals(
    desk: tuple[list[Row], list[Row], list[Row]],
) -> None:
    found = asked(*desk)

    for dimension in COLUMNS:
        for figure in ("volume_in", "volume_out", "backlog_at_start", "backlog", "reopened"):
            assert sum(row[figure] for row in found["by"][dimension]) == found["totals"][figure]


# --- single cases ------------------------------------------------------------------------------


def figure(found: Row, path: str) -> Any:
    for name in path.split("."):
        found = found[name]
    return found


def test_every_figure_of_a_row_has_its_definition_beside_it() -> None:
    found = asked([rows.ticket()])

    def leaves(row: Row, above: str = "") -> list[str]:
        paths = []
        for name, value in row.items():
            path = above + name
            nested = isinstance(value, dict) and path not in {"first_response", "resolution"}
            paths += leaves(value, f"{path}.") if nested else [path]
        return paths

    assert set(leaves(found["totals"])) <= set(found["definitions"])
    general = {"period", "grouping", "tickets"}
    assert set(found["definitions"]) - general == set(leaves(found["totals"]))


def test_a_ticket_that_is_open_again_was_open_all_along() -> None:
    # Given one that was resolved before the period and reopened in it
    stats = {"resolved_at": "2026-03-03T00:00:00Z", "reopened_at": "2026-03-07T00:00:00Z"}

    totals = asked([rows.ticket(status=2, stats=stats)])["totals"]

    assert (totals["backlog_at_start"], totals["backlog"], totals["reopened"]) == (1, 1, 1)
    assert totals["reopen_rate"] == 1.0


def test_a_finish_before_the_creation_counts_at_the_creation() -> None:
    # Given a ticket that was imported with dates of its own
    stats = {"resolved_at": "2026-03-01T00:00:00Z"}

    totals = asked([rows.ticket(status=4, stats=stats, created_at=FROM)])["totals"]

    assert (totals["volume_in"], totals["volume_out"], totals["backlog"]) == (1, 1, 0)
    assert totals["resolution"]["mean_s"] == 0.0


def test_after_a_reopening_only_the_later_closing_counts() -> None:
    stats = {
        "resolved_at": "2026-03-06T10:00:00Z",
        "reopened_at": "2026-03-07T10:00:00Z",
        "closed_at": "2026-03-08T10:00:00Z",
    }

    found = asked([rows.ticket(status=5, stats=stats)])

    assert {r["key"]: r["volume_out"] for r in found["by"]["day"]}["2026-03-08"] == 1
    assert found["totals"]["volume_out"] == 1


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ({"created_at": FROM}, "volume_in", 1),
        ({"created_at": TO}, "volume_in", 0),
        ({"status": 4, "stats": {"resolved_at": FROM}}, "volume_out", 1),
        ({"status": 4, "stats": {"resolved_at": TO}}, "volume_out", 0),
        ({"status": 4, "stats": {"resolved_at": TO}}, "backlog", 1),
        ({"status": 4, "stats": {"resolved_at": FROM}}, "backlog", 0),
        ({"due_by": FROM}, "sla.resolution_breached", 1),
        ({"due_by": TO}, "sla.resolution_due", 0),
        (
            {"due_by": FROM, "status": 5, "stats": {"closed_at": FROM}},
            "sla.resolution_breached",
            0,
        ),
        ({"fr_due_by": FROM, "fr_escalated": True}, "sla.escalated", 1),
        ({"due_by": FROM, "is_escalated": True, "fr_due_by": FROM}, "sla.escalated", 1),
        ({"is_escalated": True}, "sla.escalated", 0),
    ],
)
def test_the_edges_of_the_period(fields: Row, path: str, expected: int) -> None:
    assert figure(asked([rows.ticket(**fields)])["totals"], path) == expected


def test_what_is_due_later_than_now_is_not_due_yet() -> None:
    question = Question(PERIOD, (), now=instant_of("2026-03-07T00:00:00Z"))
    tickets = [
        rows.ticket(1, due_by="2026-03-06T23:59:59Z"),
        rows.ticket(2, due_by="2026-03-07T00:00:00Z"),
    ]

    totals = report(question, map(read_ticket, tickets), Logged())["totals"]

    assert totals["sla"]["resolution_due"] == 1


def test_durations_are_counted_by_the_calendar_that_is_given() -> None:
    # Given a calendar by which group 31 works one second in ten
    def elapsed(group_id: int | None, start: int, end: int) -> int:
        return by_the_clock(group_id, start, end) // (10 if group_id == 31 else 1)

    question = Question(PERIOD, (Dimension.GROUP,), instant_of(NOW), elapsed, business_hours=True)
    stats = {"first_responded_at": "2026-03-06T05:00:10Z", "resolved_at": "2026-03-06T05:00:20Z"}
    tickets = [
        rows.ticket(n, group_id=group, status=4, stats=stats, created_at=FROM)
        for n, group in ((1, 31), (2, None))
    ]

    found = report(question, map(read_ticket, tickets), Logged())

    by_group = {r["key"]: r for r in found["by"]["group"]}
    assert by_group[31]["first_response"]["mean_s"] == 1.0
    assert by_group[31]["resolution"]["mean_s"] == 2.0
    assert by_group[None]["resolution"]["mean_s"] == 20.0
    assert found["clock"] == "business_hours"
    assert "holidays" in found["definitions"]["resolution"]
    assert "holidays" not in asked([])["definitions"]["resolution"]


def test_a_ticket_listed_twice_counts_once() -> None:
    found = asked([rows.ticket(1, created_at=FROM), rows.ticket(1, created_at=FROM, priority=4)])

    assert found["totals"]["volume_in"] == 1
    assert found["coverage"]["tickets_read"] == 1
    assert [r["key"] for r in found["by"]["priority"]] == [1]


def test_time_and_ratings_on_a_ticket_that_was_not_listed_are_not_lost() -> None:
    found = asked([], [rows.time_entry(9, executed_at=FROM)], [rows.rating(9, created_at=FROM)])

    assert found["totals"]["time"]["logged_s"] == 4800
    (agent,) = found["by"]["agent"]
    assert (agent["key"], agent["time"]["entries"], agent["csat"]["ratings"]) == (71, 1, 1)
    (kind,) = found["by"]["type"]
    assert (kind["key"], kind["time"]["entries"], kind["csat"]["ratings"]) == ("unknown", 1, 1)
    by_group = {
        r["key"]: (r["time"]["entries"], r["csat"]["ratings"]) for r in found["by"]["group"]
    }
    assert by_group == {31: (0, 1), "unknown": (1, 0)}


def test_an_entry_without_seconds_is_read_from_its_hours_and_minutes() -> None:
    entry = rows.time_entry(executed_at=FROM, time_spent="101:05")
    del entry["time_spent_in_seconds"]

    assert asked([], [entry])["totals"]["time"]["logged_s"] == 101 * 3600 + 300


@pytest.mark.parametrize("value", [None, 104, "103", True, 0])
def test_an_answer_that_is_on_no_scale_is_told_and_not_counted(value: Any) -> None:
    found = asked([], [], [rows.rating(value=value, created_at=FROM)])

    assert found["totals"]["csat"]["ratings"] == 0
    assert found["coverage"]["ratings_not_recognised"] == 1


def test_what_a_row_without_stats_leaves_open_is_told() -> None:
    # Given a ticket closed in the period, one long before it and an open one, without stats
    bare = []
    for number, status, updated in ((1, 5, FROM), (2, 5, "2026-03-04T00:00:00Z"), (3, 2, FROM)):
        row = rows.ticket(number, status=status, updated_at=updated, fr_due_by=FROM)
        del row["stats"]
        bare.append(row)

    found = asked(bare)

    # Then the last update stands for the finish, and no first response is called missed
    assert found["totals"]["volume_out"] == 1
    assert found["totals"]["backlog"] == 1
    assert found["totals"]["sla"]["first_response_due"] == 0
    assert found["coverage"] == {
        "tickets_read": 3,
        "tickets_without_stats": 2,
        "finish_known_by_last_update_only": 1,
        "ratings_not_recognised": 0,
    }


def test_rows_are_the_busiest_first() -> None:
    tickets = [
        rows.ticket(n, created_at=FROM, responder_id=agent)
        for n, agent in enumerate((71, 72, 72, None), start=1)
    ]

    assert [r["key"] for r in asked(tickets)["by"]["agent"]] == [72, 71, None]


@pytest.mark.parametrize("reader", [read_ticket, read_time_entry, read_rating])
def test_no_words_of_people_are_taken_over(reader: Callable[[Row], Any]) -> None:
    row = rows.ticket(subject="secret", note="secret", feedback="secret", email="a@b.example")
    row |= rows.time_entry() | rows.rating()

    assert "secret" not in repr(reader(row))
