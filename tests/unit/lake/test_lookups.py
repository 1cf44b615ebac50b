"""Single records and what belongs to a parent are found without reading the whole view."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.lake.bringing_up import DamagedFile
from freshbridge.lake.rows import State
from tests.fakes.lake_files import Died
from tests.unit.lake.test_merge import (
    CONVERSATIONS,
    CURRENT,
    INSTANCE,
    REMOVED,
    TICKETS,
    World,
    child,
    row,
)


@settings(max_examples=40, deadline=None)
@given(
    states=st.dictionaries(
        st.integers(1, 20_000), st.sampled_from(list(State)), min_size=1, max_size=30
    ),
    more=st.sets(st.integers(1, 20_000), max_size=10),
)
def test_of_any_records_those_that_are_removed_are_told(
    states: dict[int, State], more: set[int]
) -> None:
    world = World()
    world.merge(*(row(number, state=state) for number, state in states.items()))

    found = world.lake.removed_among(INSTANCE, TICKETS, {str(n) for n in more | states.keys()})

    assert {int(key): one.state for key, one in found.items()} == {
        number: state for number, state in states.items() if state is not State.LIVE
    }


def test_live_records_are_read_only_beside_a_tombstone_that_was_asked_for() -> None:
    world = World()
    world.merge(row(1), row(2, state=State.SPAM))
    world.files.calls.clear()

    assert world.lake.removed_among(INSTANCE, TICKETS, {"1"}) == {}
    assert world.files.asked("read") == [REMOVED]
    assert world.lake.removed_among(INSTANCE, TICKETS, {"2"}).keys() == {"2"}
    assert world.files.asked("read") == [REMOVED, REMOVED, CURRENT]


def test_of_many_buckets_only_those_that_there_are_are_asked() -> None:
    world = World()
    world.merge(row(1, state=State.SPAM))
    world.files.calls.clear()

    ids = {str(number * 1000 + 1) for number in range(50)}
    assert world.lake.removed_among(INSTANCE, TICKETS, ids).keys() == {"1"}

    assert world.files.asked("read") == [REMOVED, CURRENT]
    assert len(world.files.asked("list")) == 1


@pytest.mark.parametrize("dies_before", [1, 2])
def test_a_record_that_came_back_halfway_is_no_tombstone(dies_before: int) -> None:
    # Given a ticket whose writer died between its two files, or before
    world = World()
    world.merge(row(1, state=State.DELETED))

    def die(number: int) -> None:
        if number == world.files.writes and number == first + dies_before:
            raise Died

    first = world.files.writes
    world.files.before_write = die
    with pytest.raises(Died):
        world.merge(row(1, updated=2, seen=2))

    removed = world.lake.removed_among(INSTANCE, TICKETS, {"1"})

    assert bool(removed) is (dies_before == 1)


def test_the_live_children_of_some_parents_are_found_by_their_buckets() -> None:
    world = World()
    below: Any = [child(10 * parent + n, parent) for parent in (1, 2, 300) for n in (0, 1)]
    world.merge(*below, obj=CONVERSATIONS)
    world.merge(child(21, 2, seen=9), obj=CONVERSATIONS)
    world.lake.merge(INSTANCE, CONVERSATIONS, [], run_id="r2", whole={"1": "2027"})

    def found(*parents: str) -> set[str]:
        rows = world.lake.live_children(INSTANCE, CONVERSATIONS, set(parents))
        return {one.id for one in rows}

    assert found("1") == set()
    assert found("2", "300") == {"20", "21", "3000", "3001"}
    assert found("7") == set()


def test_a_damaged_file_is_named() -> None:
    world = World()
    world.files.stored[REMOVED] = (b"not gzip", 0)

    with pytest.raises(DamagedFile, match=REMOVED):
        world.lake.removed_among(INSTANCE, TICKETS, {"1"})
