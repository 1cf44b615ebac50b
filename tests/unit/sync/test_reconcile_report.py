"""A report says that a copy is complete only where it was proved, and else what is missing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.lake.rows import Change, Row, State
from freshbridge.sync.feeds.feed import BEGINNING, Scope
from freshbridge.sync.reconcile import Reconciled
from freshbridge.sync.reconcile_report import Window, counted, gaps, ran, report_of
from freshbridge.sync.run import Counts, Kind, Part, PartState, Run, Stage

A, B, C, D = (f"2026-03-0{day}T00:00:00Z" for day in (1, 2, 3, 4))


def part(name: str, since: str = BEGINNING, until: str = "", **more: Any) -> Part:
    known: dict[str, Any] = {
        "feed": "live", "state": PartState.DONE, "counts": Counts(rows=10, pages=1, calls=1),
    }  # fmt: skip
    return Part(name, scope=Scope(since, until), **known | more)


def report(
    *parts: Part, found: Reconciled | None = None, kind: Kind = Kind.FULL, **fields: Any
) -> dict[str, Any]:
    run = Run("run_1", "1", "tickets", kind, D, **fields)
    return report_of(ran(run, parts, held_before=20, held_after=19), found)


def test_what_was_read_from_the_beginning_to_the_open_end_is_complete() -> None:
    told = report(
        part("a", BEGINNING, B),
        part("b", B, C),
        part("tail", C),
        part("trash", feed="deleted"),
        part("children", feed="live", counts=Counts(rows=3)),
        found=Reconciled(None, {"gone": 1}, candidates=1),
        counts=Counts(rows=40, changed=3, created=1, updated=1, removed=1),
    )

    assert told["complete"] is True
    assert told["gaps"] == []
    assert "each of the 1 records" in told["why"][0]
    assert "1 gone for good" in told["why"][0]
    live, trash = told["feeds"]
    assert live == {"feed": "live", "since": BEGINNING, "until": "", "windows": 4, "rows": 33,
                    "pages": 3, "calls": 3}  # fmt: skip
    assert trash["windows"] == 1
    assert told["changed"] == {"created": 1, "updated": 1, "removed": 1, "restored": 0,
                               "unchanged": 37}  # fmt: skip
    assert told["held"] == {"before": 20, "after": 19}
    assert told["candidates"] == {"count": 1, "held_back": 0, "verdicts": {"gone": 1}}


def test_a_stretch_of_time_that_nobody_read_is_named() -> None:
    told = report(part("a", BEGINNING, A), part("tail", B))
    assert told["complete"] is False
    assert told["gaps"] == [{"feed": "live", "since": A, "until": B}]
    assert "1 stretches of time were not read" in told["why"][0]


def test_a_list_that_was_not_read_to_its_end_is_a_gap_too() -> None:
    assert report(part("a", BEGINNING, B))["gaps"] == [{"feed": "live", "since": B, "until": ""}]


def test_a_part_that_failed_leaves_a_gap_and_says_so() -> None:
    told = report(part("a", BEGINNING, B, state=PartState.FAILED), part("tail", B))
    assert told["complete"] is False
    assert told["gaps"] == [{"feed": "live", "since": BEGINNING, "until": B}]
    assert "dead-letter queue" in told["why"][0]


def test_an_incremental_run_goes_on_from_where_the_last_one_was() -> None:
    going_on: dict[str, Any] = {"kind": Kind.INCREMENTAL, "known": {"live": C}}
    assert report(part("tail", C), **going_on)["complete"] is True
    assert report(part("tail", B), **going_on)["complete"] is True
    assert report(part("tail", D), **going_on)["gaps"] == [{"feed": "live", "since": C, "until": D}]
    assert "next full run" in report(part("tail", C), **going_on)["why"][0]


def test_a_first_run_has_nothing_to_look_for() -> None:
    told = report(part("tail"), first=True)
    assert told["complete"] is True
    assert "Nothing was held before" in told["why"][0]
    assert "candidates" not in told
    assert (
        "everything that is held was in them" in report(part("t"), found=Reconciled(None))["why"][0]
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            Reconciled(None, {}, 1500, held_back=1500),
            '{"objects": ["tickets"], "full": true, "release_removals": true}',
        ),
        (Reconciled(None, {"kept": 3}, 3), "Of 3 tickets nobody can say"),
        (Reconciled(None, {"missed": 2}, 2), "2 tickets exist and were not in the provider's list"),
        (Reconciled(None, {}, 9, unsettled=True), "the next full run goes on"),
    ],
)
def test_what_is_not_settled_is_said_in_words(found: Reconciled, words: str) -> None:
    told = report(part("tail"), found=found)
    assert told["complete"] is False
    assert words in " ".join(told["why"])


def test_only_parts_that_read_lists_are_windows() -> None:
    stage = Part("stage", "", stage=Stage.RECONCILING, state=PartState.DONE)
    children = Part("some", "all", scope=Scope(parents=[("1", A)]), state=PartState.DONE)
    assert report(part("tail"), stage, children)["windows_in_all"] == 1


def test_changes_are_counted_by_what_became_of_the_record() -> None:
    def row(state: State) -> Row:
        return Row("1", A, A, state)

    live, gone = row(State.LIVE), row(State.GONE)
    found = counted([
        Change(None, live), Change(live, live), Change(live, gone), Change(gone, live),
        Change(None, gone), Change(row(State.DELETED), gone),
    ])  # fmt: skip
    assert found == Counts(changed=6, created=1, updated=1, removed=1, restored=1)


@given(
    cuts=st.lists(st.integers(1, 28), unique=True, max_size=6).map(sorted),
    missing=st.sets(st.integers(0, 6)),
    seed=st.randoms(use_true_random=False),
)
def test_windows_in_any_order_have_gaps_exactly_where_one_is_missing(
    cuts: list[int], missing: set[int], seed: Any
) -> None:
    bounds = [BEGINNING, *(f"2026-03-{cut:02d}T00:00:00Z" for cut in cuts), ""]
    windows = [
        Window("live", since, until, done=place not in missing)
        for place, (since, until) in enumerate(pairwise(bounds))
    ]
    left_out = [(one.since, one.until) for one in windows if not one.done]
    seed.shuffle(windows)

    found = gaps(windows, {})

    # Neighbours that are missing are one gap; what is in none of them was read.
    for since, until in left_out:
        assert any(
            gap["since"] <= since and (not gap["until"] or (until and until <= gap["until"]))
            for gap in found
        )
    assert len(found) <= len(left_out)
    assert bool(found) == bool(left_out)
