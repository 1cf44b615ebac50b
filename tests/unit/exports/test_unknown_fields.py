"""An export says which of the fields that it names no record has."""

from __future__ import annotations

import pytest

from freshbridge.exports.job import progress_of
from freshbridge.exports.state import ExportState, Phase
from freshbridge.exports.unknown_fields import has, members, named, warning
from freshbridge.exports.wanted import Condition, Format, Wanted

TICKET = {
    "id": 1,
    "priority": 2,
    "custom_fields": {"cf_region": None, "cf.dotted": 1},
    "stats": None,
}


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("id", True),
        ("stats", True),
        ("custom_fields.cf_region", True),
        ("custom_fields.cf.dotted", True),
        ("cf_region", False),
        ("stats.resolved_at", False),
        ("custom_fields.cf_room", False),
    ],
)
def test_a_member_is_there_even_where_it_is_empty(path: str, *, there: bool) -> None:
    assert has(TICKET, path) is there


def test_near_names_are_told() -> None:
    known = members(TICKET, [])

    assert "did you mean priority?" in warning("priorty", known)
    assert "did you mean custom_fields.cf_region?" in warning("cf_region", known)
    assert warning("zzz", known) == "no record has a field zzz"


def test_every_field_is_looked_for_once() -> None:
    wanted = Wanted("tickets", (Format.CSV,), ("id", "prio"), (Condition("prio", "=", 1),))

    assert named(wanted) == ["id", "prio"]


def test_what_is_unknown_is_told_once_the_export_is_done() -> None:
    state = ExportState(Phase.ROWS, "2026-01-01T00:00:00Z", unseen=["prio"], members=["priority"])
    assert state.warnings == []

    state.phase = Phase.DONE
    found = progress_of(state, "succeeded", "", "", cancelling=False)

    said = "no record has a field prio; did you mean priority?"
    assert (found.message, found.warnings) == (said, [said])
    # Where there was no record to look at, nothing is known of fields.
    assert ExportState(Phase.DONE, "2026-01-01T00:00:00Z").warnings == []
