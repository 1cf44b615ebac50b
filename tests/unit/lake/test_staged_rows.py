"""Rows that wait for the end of a run: in whatever order they are merged, the view is the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.lake.files import STAGED_TAG
from freshbridge.lake.rows import Change, Row, State
from freshbridge.lake.staged_rows import StagedFile, StagedFileUnusable, StagedRows
from freshbridge.lake.staging import (
    HEAD_BYTES,
    SEGMENTS,
    Index,
    Piece,
    Place,
    piece_at,
    segment_of,
)
from tests.unit.lake.test_merge import INSTANCE, TICKETS, World, latest, row, versions_of

RUN = "run-1"
KEY = f"{INSTANCE}/tickets/staged/run=run-1/live-"


def staged_in(world: World) -> StagedRows:
    return world.lake.staged(INSTANCE, TICKETS, RUN)


def pieces_of(
    indexes: Sequence[Index], place: Place | None, end: int, most_bytes: int
) -> list[Piece]:
    found = []
    while place is not None:
        found.append(piece_at(indexes, place, end, most_bytes))
        place = found[-1].following
    return found


def test_rows_are_read_by_their_segments_as_they_were_written() -> None:
    world = World()
    rows = [row(1), row(2500, 3, state=State.SPAM), row(1001), row(256_001)]

    assert staged_in(world).write(("live", 0), rows) == 1

    staged = staged_in(world)
    indexes = staged.indexes([("live", 0)])
    kept = [replace(one, run_id=RUN) for one in rows]
    # Bucket 256 is in the segment of bucket 0
    first_two, third, second = (segment_of(f"{bucket:09d}") for bucket in (0, 2, 1))
    assert first_two < third < second
    for first, end, expected in (
        (first_two, first_two + 1, [kept[0], kept[3]]),
        (second, second + 1, [kept[2]]),
        (0, SEGMENTS, [kept[0], kept[3], kept[1], kept[2]]),
        (second + 1, SEGMENTS, []),
    ):
        piece = Piece(Place(first), end, 1, None)
        assert staged.rows([("live", 0)], indexes, piece) == expected
    assert world.files.tags == {f"{KEY}000000": STAGED_TAG}


def test_a_file_that_is_there_is_never_written_over() -> None:
    # Given a file that a worker left before it died, and the next one
    world = World()
    staged_in(world).write(("live", 3), [row(1)])
    staged_in(world).write(("live", 4), [row(2)])
    before = dict(world.files.stored)

    assert staged_in(world).write(("live", 3), [row(3)]) == 6

    assert {key: world.files.stored[key] for key in before} == before
    assert set(world.files.stored) - set(before) == {f"{KEY}000005"}


def test_only_what_is_wanted_is_asked_for() -> None:
    world = World()
    files: list[StagedFile] = [("live", 0), ("live", 1)]
    staged_in(world).write(files[0], [row(1)])
    staged_in(world).write(files[1], [row(1001)])
    world.files.calls.clear()

    indexes = staged_in(world).indexes(files)
    second = segment_of("000000001")
    rows = staged_in(world).rows(files, indexes, Piece(Place(second), second + 1, 2, None))

    assert [one.id for one in rows] == ["1001"]
    assert world.files.asked("range") == [f"{KEY}000000", f"{KEY}000001", f"{KEY}000001"]


def test_a_missing_or_damaged_file_is_named_and_says_what_to_do() -> None:
    world = World()
    files: list[StagedFile] = [("live", 0), ("live", 1)]
    staged_in(world).write(files[0], [row(1)])

    with pytest.raises(StagedFileUnusable, match="live-000001: it is not there") as raised:
        staged_in(world).indexes(files)
    assert "cancel the run" in raised.value.advice
    indexes = staged_in(world).indexes(files[:1])
    data, rows = world.files.stored[f"{KEY}000000"]
    world.files.stored[f"{KEY}000000"] = (data[:-5], rows)
    with pytest.raises(StagedFileUnusable, match="live-000000: it ends 5 bytes too early"):
        staged_in(world).rows(files[:1], indexes, Piece(Place(0), 1, 1, None))
    world.files.stored[f"{KEY}000000"] = (data[: HEAD_BYTES - 1], rows)
    with pytest.raises(StagedFileUnusable, match="live-000000: it does not begin"):
        staged_in(world).indexes(files[:1])


@settings(max_examples=60)
@given(
    data=st.data(),
    held=st.lists(versions_of(1, 2, 1001), max_size=5),
    batches=st.lists(
        st.tuples(st.booleans(), st.lists(versions_of(1, 2, 1001, 70_001), min_size=1, max_size=5)),
        max_size=6,
    ),
    most_bytes=st.sampled_from([1, 150, 10_000]),
)
def test_it_does_not_matter_which_rows_wait(
    data: st.DataObject,
    held: list[Row],
    batches: list[tuple[bool, list[Row]]],
    most_bytes: int,
) -> None:
    # Given a view, and batches of which some wait and some are merged, some of them again
    world, told = World(), list[Change]()
    world.merge(*held, keep_seen=True)
    first = {one.id: replace(one, run_id="r1") for one in world.held()}

    def merge(rows: Sequence[Row]) -> None:
        world.lake.merge(INSTANCE, TICKETS, rows, run_id=RUN, keep_seen=True, tell=told.extend)

    again = data.draw(st.lists(st.sampled_from(batches), max_size=2)) if batches else []
    files: list[StagedFile] = []
    for waits, rows in data.draw(st.permutations([*batches, *again])):
        if waits:
            staged_in(world).write(("live", len(files)), rows)
            files.append(("live", len(files)))
        else:
            merge(rows)

    # When shares of what waits are merged piece by piece, some pieces twice, in any order
    indexes = staged_in(world).indexes(files)
    pieces = [
        piece
        for begin, end in ((0, 100), (100, SEGMENTS))
        for piece in pieces_of(indexes, Place(begin), end, most_bytes)
    ]
    twice = data.draw(st.lists(st.sampled_from(pieces), max_size=3))
    for piece in data.draw(st.permutations([*pieces, *twice])):
        merge(staged_in(world).rows(files, indexes, piece))

    # Then the view is what it would be, had all been merged at once
    straight = World()
    straight.merge(*held, keep_seen=True)
    everything = [one for _, rows in batches for one in rows]
    straight.merge(*everything, keep_seen=True)
    assert world.held() == straight.held() == latest([*held, *everything])
    assert world.lake.counts(INSTANCE, TICKETS) == straight.lake.counts(INSTANCE, TICKETS)
    # and what was told leads from what each record was to what it is
    for now in world.held():
        was = first.get(now.id)
        for step in (one for one in told if one.after.id == now.id):
            assert _content(step.before) == _content(was)
            was = step.after
        assert _content(was) == _content(now)


def _content(row: Row | None) -> object:
    return row and (row.updated_at, row.state, row.body)
