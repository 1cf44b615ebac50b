"""Windows of a run cover what they were cut from, whatever is cut off and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from freshbridge import timestamps
from freshbridge.sync.feeds.feed import BEGINNING, Scope
from freshbridge.sync.planning import (
    cut,
    holding_part,
    is_hold,
    next_stage,
    parts_of,
    presets,
    resumed,
    stage_part,
    tail_of,
)
from freshbridge.sync.run import Kind, Part, PartState, Run, Stage

START = "2026-03-03T12:00:00Z"
LISTS = ("deleted", "spam", "live")


def run_of(**changed: Any) -> Run:
    """A first run of the tickets."""
    values: dict[str, Any] = {
        "run_id": "run_1",
        "instance_id": "1",
        "object": "tickets",
        "kind": Kind.FULL,
        "started_at": START,
        "first": True,
        "feeds": LISTS,
        "include": ("stats",),
    }
    return Run(**values | changed)


def at(seconds: int) -> str:
    """So many seconds after the account's first ticket."""
    return timestamps.to_text(timestamps.from_epoch(1_700_000_000 + seconds))


def test_a_first_run_is_one_window_of_the_live_list() -> None:
    unread = presets(START, LISTS, first=True)
    run = run_of(presets=unread)

    (part,) = parts_of(run, LISTS)

    assert unread == {"deleted": "2026-03-03T11:00:00Z", "spam": "2026-03-03T11:00:00Z"}
    assert (part.name, part.feed, part.state) == ("live", "live", PartState.OPEN)
    assert part.scope == Scope(BEGINNING, "", ("stats",))


def test_a_first_run_of_another_object_reads_all_of_its_lists() -> None:
    assert presets(START, ("all",), first=True) == {}
    assert presets(START, LISTS, first=False) == {}


def test_an_incremental_run_begins_at_the_marks_and_reads_the_live_list_last() -> None:
    known = {"deleted": at(1), "live": at(2)}
    run = run_of(kind=Kind.INCREMENTAL, first=False, known=known)

    parts = {part.name: part for part in parts_of(run, LISTS)}

    assert {name: part.scope.since for name, part in parts.items()} == {
        "deleted": at(1), "spam": BEGINNING, "live": at(2),
    }  # fmt: skip
    assert [name for name, part in parts.items() if part.state is PartState.WAITING] == ["live"]


def test_only_the_lists_that_a_run_is_of_are_read() -> None:
    run = run_of(kind=Kind.INCREMENTAL, first=False, feeds=("deleted",))

    assert [(p.name, p.state) for p in parts_of(run, LISTS)] == [("deleted", PartState.OPEN)]


@given(
    begins=st.integers(0, 10**6),
    length=st.none() | st.integers(0, 10**8),
    steps=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 10**7)), max_size=12),
)
def test_windows_of_any_cutting_cover_all_without_gap_or_overlap(
    begins: int, length: int | None, steps: list[tuple[int, int]]
) -> None:
    # Given a window that ends at a time or not at all
    run = run_of(started_at=at(10**8))
    until = "" if length is None else at(begins + length)
    parts = [Part("live", "live", scope=Scope(at(begins), until))]

    # When any of its parts is read for a while and cut, again and again
    for place, read in steps:
        number = place % len(parts)
        part = parts[number]
        mark = timestamps.from_text(part.scope.since).timestamp() + read
        end = part.scope.until or at(10**8)
        part = replace(
            part,
            mark=min(timestamps.to_text(timestamps.from_epoch(mark)), end),
            position={"since": "x", "until": part.scope.until},
        )
        found = cut(run, part)
        if found is not None:
            kept, new = found
            assert kept.position == {"since": "x", "until": kept.scope.until}
            assert kept.scope.until > part.mark
            parts[number : number + 1] = [kept, *new]

    # Then each begins where the one before ends, and no two have one name
    parts.sort(key=lambda one: (one.scope.since, one.scope.until or "~"))
    assert parts[0].scope.since == at(begins)
    assert [p.scope.until for p in parts] == [*(p.scope.since for p in parts[1:]), until]
    assert len({part.name for part in parts}) == len(parts)
    # and what is newer than the run's start less a margin waits for the others
    tails = [p for p in parts if p.state is PartState.WAITING]
    assert all(p.scope.since == tail_of(run.started_at) for p in tails)


def test_what_is_nearly_read_is_not_cut() -> None:
    part = Part("live", "live", scope=Scope(BEGINNING), mark="2026-03-03T10:00:00Z")

    assert cut(run_of(), part) is None
    assert cut(run_of(), replace(part, mark="2026-03-02T10:00:00Z")) is not None


def test_a_failed_run_goes_on_with_what_failed_and_with_what_is_new() -> None:
    done = Part("live", "live", state=PartState.DONE, mark=at(9))
    failed = Part("spam", "spam", state=PartState.FAILED, reason="forbidden")
    window = Part("a", "x", scope=Scope(until=at(3)), state=PartState.DONE, mark=at(3))
    stage = replace(stage_part(Stage.RECONCILING), state=PartState.FAILED)
    broken = replace(stage_part(Stage.FOLDING), state=PartState.FAILED)
    folded = replace(stage_part(Stage.FOLDING), state=PartState.DONE)

    opened, added, gone = resumed([done, failed, window, stage, broken, folded])

    assert opened == [replace(failed, state=PartState.OPEN, reason="")]
    assert [(part.feed, part.scope.since, part.scope.until) for part in added] == [
        ("live", at(9), "")
    ]
    assert gone == [stage, broken]
    # Resumed once more there is another, for something may have changed since
    tail = replace(added[0], state=PartState.DONE, mark=at(9))
    (again,) = resumed([done, failed, tail])[1]
    assert (again.scope, again.name) == (tail.scope, f"{tail.name}-2")
    # but not while one has not been read
    assert resumed([done, failed, replace(tail, state=PartState.WAITING)])[1] == []
    # and later a new one from where that ended
    later = resumed([done, failed, replace(tail, mark=at(20))])[1]
    assert [part.scope.since for part in later] == [at(20)]


def test_what_has_an_open_end_waits_for_a_window_that_failed() -> None:
    window = Part("live-1", "live", scope=Scope(at(1), at(3)), state=PartState.FAILED)
    tail = Part("live-3", "live", scope=Scope(at(3)), state=PartState.FAILED, mark=at(4))
    trash = Part("spam", "spam", state=PartState.FAILED)

    opened, added, _ = resumed([window, tail, trash])
    assert {part.name: part.state.value for part in opened} == {
        "live-1": "open", "live-3": "waiting", "spam": "open",
    }  # fmt: skip
    assert added == []

    read = replace(tail, state=PartState.DONE)
    (later,) = resumed([window, read, trash])[1]
    assert (later.scope.since, later.state) == (at(4), PartState.WAITING)


def test_runs_over_everything_compare_what_is_held_but_not_the_first() -> None:
    full = run_of(first=False)

    assert next_stage(full) is Stage.RECONCILING
    assert next_stage(run_of()) is Stage.CLOSING
    assert next_stage(run_of(kind=Kind.INCREMENTAL, first=False)) is Stage.CLOSING
    assert next_stage(replace(full, copied=False)) is Stage.CLOSING
    assert next_stage(replace(full, failed=1)) is Stage.FAILED
    assert next_stage(replace(full, stage=Stage.RECONCILING)) is Stage.CLOSING
    assert next_stage(replace(full, stage=Stage.CLOSING)) is Stage.DONE


def test_what_waits_is_folded_before_anything_else_also_where_parts_have_failed() -> None:
    full = run_of(first=False)
    folding = replace(full, stage=Stage.FOLDING)

    assert next_stage(full, unfolded=True) is Stage.FOLDING
    assert next_stage(replace(full, failed=1), unfolded=True) is Stage.FOLDING
    assert next_stage(replace(folding, failed=1), unfolded=True) is Stage.FAILED
    assert next_stage(folding, unfolded=True) is Stage.FOLDING
    assert next_stage(replace(folding, failed=1)) is Stage.FAILED
    assert next_stage(folding) is Stage.RECONCILING
    assert next_stage(replace(folding, first=True)) is Stage.CLOSING


def test_a_part_that_holds_a_run_open_is_known() -> None:
    assert is_hold(holding_part("run_1"))
    assert not is_hold(Part("live", "live"))
    assert not is_hold(stage_part(Stage.CLOSING))
