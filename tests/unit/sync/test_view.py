"""What people are shown of a sync."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from freshbridge.sync.feeds.feed import BEGINNING, Scope
from freshbridge.sync.run import Counts, Kind, Part, PartState, Run, Stage, Standing
from freshbridge.sync.selection import wanted_of
from freshbridge.sync.view import progress, shown, shown_run
from tests import builders
from tests.unit.sync.test_planning import START, run_of

(TICKETS,) = wanted_of(builders.instance())
LATER = "2026-03-03T12:10:00Z"
IDLE = Standing(
    marks={"live": "2026-03-03T11:00:00Z"},
    complete_since="2026-03-03T11:45:00Z",
    begun_at="2026-03-03T11:45:00Z",
    last_started_at="2026-03-03T11:45:00Z",
    last_finished_at="2026-03-03T11:46:00Z",
    last_run="run_0",
    last_stage="done",
    held=400,
)
RUNNING = replace(IDLE, run_id="run_1", lease_until=2_000_000_000.0)


def test_an_object_that_was_never_read_says_so() -> None:
    told = shown(TICKETS, Standing(), None, [], START)

    assert (told["state"], told["lag_s"], told["last_run"]) == ("never", None, None)
    assert told["next_due_at"] == START


def test_an_idle_object_tells_its_lag_its_cursor_and_when_it_is_due() -> None:
    told = shown(TICKETS, IDLE, None, [], START)

    assert (told["state"], told["lag_s"], told["held"]) == ("idle", 900, 400)
    assert told["cursor"] == {"live": "2026-03-03T11:00:00Z"}
    # It is due by now, and the next tick begins it.
    assert told["next_due_at"] == START
    assert told["last_run"] == {
        "run_id": "run_0",
        "state": "done",
        "started_at": "2026-03-03T11:45:00Z",
        "finished_at": "2026-03-03T11:46:00Z",
    }


def test_an_object_that_failed_tells_why_and_what_it_owes() -> None:
    failed = replace(IDLE, failures=2, last_error="forbidden", owed_run="run_0")

    told = shown(TICKETS, failed, None, [], START)

    assert (told["state"], told["failures"], told["last_error"]) == ("failed", 2, "forbidden")
    assert told["owed_run"] == "run_0"
    assert told["next_due_at"] == "2026-03-03T12:16:00Z"


def test_a_run_whose_lease_has_expired_is_stalled() -> None:
    gone = replace(RUNNING, lease_until=1.0)

    assert shown(TICKETS, gone, run_of(first=False), [], LATER)["state"] == "stalled"
    assert shown(TICKETS, RUNNING, run_of(first=False), [], LATER)["state"] == "running"


def window(since: str, until: str, **changed: Any) -> Part:
    """A part of the live list."""
    return Part(since, "live", scope=Scope(since, until), **changed)


@pytest.mark.parametrize(
    ("run", "parts", "percent", "left"),
    [
        # a full run by what the last one held
        (run_of(first=False, counts=Counts(rows=100)), [], 25.0, 1800),
        (run_of(first=False, counts=Counts(rows=500)), [], 99.0, 0),
        # a later one by how far the time is that it reads
        (
            run_of(kind=Kind.INCREMENTAL),
            [
                window("2026-03-03T11:50:00Z", "", mark="2026-03-03T12:00:00Z"),
                window("2026-03-03T11:50:00Z", "2026-03-03T12:10:00Z", state=PartState.DONE),
            ],
            75.0,
            200,
        ),
        # a list without times by its parts that are done, else not at all
        (
            run_of(kind=Kind.INCREMENTAL),
            [window(BEGINNING, "", state=PartState.DONE), window(BEGINNING, LATER)],
            50.0,
            600,
        ),
        (run_of(kind=Kind.INCREMENTAL), [window(BEGINNING, "")], None, None),
        (run_of(kind=Kind.INCREMENTAL), [], None, None),
        # where rows wait, the lists are not all; then it is how many have been merged
        (run_of(first=False, counts=Counts(rows=200, staged=1)), [], 45.0, 733),
        (run_of(stage=Stage.FOLDING, counts=Counts(staged=400)), [], 90.0, 67),
        (run_of(stage=Stage.FOLDING, counts=Counts(staged=400, folded=200)), [], 95.0, 32),
        (run_of(stage=Stage.FOLDING, counts=Counts(staged=400, folded=500)), [], 99.0, 0),
        # what is left after the lists is little
        (run_of(stage=Stage.RECONCILING), [], 99.0, 6),
    ],
)
def test_the_share_that_is_read_and_the_time_that_is_left_are_estimated(
    run: Run, parts: list[Part], percent: float | None, left: int | None
) -> None:
    told = progress(run, parts, RUNNING, LATER)

    assert (told["percent"], told["seconds_left"], told["estimated"]) == (percent, left, True)


def test_a_run_that_is_over_is_shown_as_it_ended() -> None:
    ended = run_of(stage=Stage.DONE, finished_at=LATER, counts=Counts(rows=3, told=9))

    told = shown_run(ended)

    assert (told["state"], told["stage"], told["finished_at"]) == ("done", "done", LATER)
    assert told["counts"] == {"rows": 3, "pages": 0, "calls": 0, "changed": 0}
    assert shown_run(run_of())["state"] == "running"


def test_events_are_shown_where_they_are_told() -> None:
    told = shown(TICKETS, replace(IDLE, events={"mode": "telling"}), None, [], START)

    assert told["events"] == {"mode": "telling"}
    assert "events" not in shown(TICKETS, IDLE, None, [], START)
