"""How far the lists are read after a run, and how runs are kept as items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from freshbridge.sync import run_items as items
from freshbridge.sync.feeds.feed import BEGINNING, Scope
from freshbridge.sync.run import (
    Counts,
    Kind,
    Part,
    PartState,
    Run,
    Stage,
    Standing,
)
from freshbridge.sync.run_end import after_run, marks_after
from tests.unit.sync.test_planning import START, at, run_of

DONE, OPEN, FAILED = PartState.DONE, PartState.OPEN, PartState.FAILED


def window(
    since: str, until: str, state: PartState = DONE, mark: str = "", feed: str = "live"
) -> Part:
    """A part of a list."""
    return Part(f"{feed}-{since}", feed, scope=Scope(since, until), state=state, mark=mark)


@pytest.mark.parametrize(
    ("parts", "known", "mark"),
    [
        # the open end's mark is the list's own time
        ([window(BEGINNING, "", mark=at(9))], {}, at(9)),
        ([window(BEGINNING, at(5)), window(at(5), "", mark=at(9))], {}, at(9)),
        # a window that failed holds the mark where it stood in it
        ([window(BEGINNING, at(5), FAILED, at(3)), window(at(5), "", mark=at(9))], {}, at(3)),
        ([window(BEGINNING, at(5)), window(at(5), at(7), FAILED), window(at(7), "", mark=at(9))],
         {}, at(5)),
        # but never before where the list was read up to already
        ([window(BEGINNING, at(5), FAILED, at(3)), window(at(5), "", mark=at(9))],
         {"live": at(4)}, at(4)),
        ([window(BEGINNING, at(5), FAILED, at(3)), window(at(5), "", mark=at(9))],
         {"live": at(6)}, at(6)),
        # a later tail of a run that went on
        ([window(at(4), "", mark=at(9)), window(at(9), "", mark=at(12))], {"live": at(4)}, at(12)),
        # nor over rows that wait to be merged
        ([replace(window(BEGINNING, at(5)), staged=2, folded=2),
          replace(window(at(5), "", mark=at(9)), staged=2, folded=1)], {}, at(5)),
        # a list that tells no times has none
        ([window(BEGINNING, "")], {}, None),
        # a gap
        ([window(at(5), "", mark=at(9))], {}, None),
    ],
)  # fmt: skip
def test_a_mark_moves_over_what_is_read_without_a_gap(
    parts: list[Part], known: dict[str, str], mark: str | None
) -> None:
    for some in (parts, parts[::-1]):
        assert marks_after(run_of(known=known), some).get("live") == mark


def test_each_list_has_a_mark_of_its_own() -> None:
    parts = [
        window(BEGINNING, "", FAILED, feed="spam"),
        window(BEGINNING, "", mark=at(9)),
        Part("children", "live", scope=Scope(parents=(("1", at(50)),)), state=DONE, mark=at(50)),
    ]

    run = run_of(known={"deleted": at(1)}, presets={"deleted": at(8)})

    assert marks_after(run, parts) == {"deleted": at(8), "live": at(9)}


def test_a_run_that_is_done_says_since_when_all_is_held() -> None:
    run = run_of(stage=Stage.DONE, finished_at=at(100))
    before = Standing(run_id="run_1", lease_until=5.0, failures=2, last_error="x", owed_run="run_1")

    after = after_run(before, run, [window(BEGINNING, "", mark=at(9))])

    assert (after.run_id, after.lease_until, after.failures, after.last_error) == ("", 0.0, 0, "")
    assert (after.complete_since, after.last_full_at, after.owed_run) == (START, START, "")
    assert after.marks == {"live": at(9)}


def test_a_run_that_failed_owes_its_parts_and_says_why() -> None:
    run = run_of(stage=Stage.FAILED, finished_at=at(100))
    before = Standing(complete_since=at(50), failures=1)
    broken = replace(window(BEGINNING, "", FAILED), reason="forbidden: no")

    after = after_run(before, run, [broken, broken])

    assert (after.failures, after.owed_run, after.last_error) == (2, "run_1", "forbidden: no")
    assert after.complete_since == at(50)


def test_what_changed_of_an_object_that_is_not_held_completes_nothing() -> None:
    run = run_of(kind=Kind.INCREMENTAL, stage=Stage.DONE)

    assert after_run(Standing(), run, []).complete_since == ""
    assert after_run(Standing(complete_since=at(1)), run, []).complete_since == START


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {
            "kind": Kind.INCREMENTAL,
            "stage": Stage.RECONCILING,
            "open": 3,
            "failed": 1,
            "children_run": "run_9",
            "known": {"live": at(1)},
            "presets": {"spam": at(2)},
            "counts": Counts(rows=5, unreadable=1),
            "copied": False,
        },
    ],
)
def test_a_run_is_read_as_it_was_kept(changed: dict[str, Any]) -> None:
    run = run_of(**changed)

    assert items.run_of(items.run_item(run, 9)) == run


def test_a_run_of_a_version_that_counted_less_is_read() -> None:
    item = items.run_item(run_of(), 9)
    del item["unreadable"]

    assert items.run_of(item).counts == Counts()


def test_a_part_is_read_as_it_was_kept() -> None:
    part = Part(
        "live-1",
        "live",
        scope=Scope(at(1), at(2), ("stats",), (("7", at(1)),)),
        state=OPEN,
        position={"since": at(1)},
        counts=Counts(rows=3, staged=2),
        staged=3,
        folded=1,
        spawned=("live-2",),
        report={"complete": True},
    )

    assert items.part_of(items.part_item(run_of(), part, 9)) == part


def test_a_standing_is_read_as_it_was_kept() -> None:
    standing = Standing(run_id="run_1", lease_until=7.25, marks={"live": at(1)}, held=4)
    item = {
        "run_id": items.text("run_1"),
        "lease_until": items.number(7.25),
        "body": items.text(items.standing_body(standing)),
    }

    assert items.standing_of(item) == standing
    assert items.standing_of(None) == Standing()


def test_counts_add_up() -> None:
    assert Counts(rows=3, calls=1) + Counts(rows=1) - Counts(calls=1) == Counts(rows=4)


def run_in(stage: Stage) -> Run:
    """A run at a stage."""
    return run_of(stage=stage)


def test_only_some_stages_are_active() -> None:
    active = {stage for stage in Stage if run_in(stage).is_active}

    assert active == {Stage.PULLING, Stage.FOLDING, Stage.RECONCILING, Stage.CLOSING}
