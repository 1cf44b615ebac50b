"""Files of rows that wait: every row is read once, whatever is read at a time."""

from __future__ import annotations

import gzip
import itertools
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.lake.encoding import UnreadableFile
from freshbridge.lake.layout import bucket_of
from freshbridge.lake.staging import (
    HEAD_BYTES,
    SEGMENTS,
    Index,
    Place,
    index_of,
    lines_in,
    piece_at,
    segment_of,
    staged_file,
)
from freshbridge.sync.objects import OBJECTS

LINES = st.lists(
    st.tuples(st.sampled_from([0, 1, 7, SEGMENTS - 1]), st.binary(min_size=1, max_size=20)).filter(
        lambda one: b"\n" not in one[1]
    ),
    max_size=12,
)


@given(lines=LINES, first=st.integers(0, SEGMENTS), length=st.integers(0, SEGMENTS))
def test_any_segments_of_a_file_are_read_by_their_span(
    lines: list[tuple[int, bytes]], first: int, length: int
) -> None:
    data = staged_file(lines)
    index = index_of(data[:HEAD_BYTES])
    end = min(first + length, SEGMENTS)
    first = min(first, end)

    begin, size = index.span(first, end)
    found = lines_in(index, data[begin : begin + size], first, end)

    assert found == [line for at in range(first, end) for one, line in lines if one == at]
    assert sum(index.sizes) == sum(len(line) + 1 for _, line in lines)
    assert index.span(0, SEGMENTS) == (HEAD_BYTES, len(data) - HEAD_BYTES)


def test_equal_lines_give_equal_bytes_and_what_is_behind_the_head_is_gzip() -> None:
    lines = [(3, b"a"), (200, b"b"), (3, b"c")]

    data = staged_file(iter(lines))

    assert data == staged_file(lines)
    assert gzip.decompress(data[HEAD_BYTES:]) == b"a\nc\nb\n"


def test_what_is_no_such_file_or_is_cut_off_is_told() -> None:
    data = staged_file([(3, b"a"), (4, b"b")])
    index = index_of(data[:HEAD_BYTES])

    for head in (b"", data[: HEAD_BYTES - 1], b"x" + data[1:HEAD_BYTES]):
        with pytest.raises(UnreadableFile, match="does not begin"):
            index_of(head)
    turned = data[:21] + data[25:29] + data[21:25] + data[29:HEAD_BYTES]
    with pytest.raises(UnreadableFile, match="where its rows are"):
        index_of(turned[:24] + b"\xff" + turned[25:])
    begin, size = index.span(3, 5)
    with pytest.raises(UnreadableFile, match="1 bytes too early"):
        lines_in(index, data[begin : begin + size - 1], 3, 5)
    with pytest.raises(UnreadableFile, match="gzip"):
        lines_in(index, b"?" * size, 3, 5)


@pytest.mark.parametrize("name", ["tickets", "contacts", "time_entries"])
def test_the_buckets_of_an_account_are_shared_out_evenly(name: str) -> None:
    obj = OBJECTS[name]
    buckets = {bucket_of(obj, str(number), str(number)) for number in range(2_000_000, 0, -250)}

    shares = [0] * SEGMENTS
    for bucket in buckets:
        shares[segment_of(bucket)] += 1

    assert max(shares) <= len(buckets) / SEGMENTS + 1
    assert 0 <= segment_of("other") < SEGMENTS


def test_the_first_buckets_lie_far_apart() -> None:
    first = sorted(segment_of(f"{bucket:09d}") for bucket in range(32))

    assert max(after - before for before, after in itertools.pairwise(first)) <= SEGMENTS // 16


SIZES = st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), max_size=5)


def index(sizes: list[int]) -> Index:
    """A head of a file of which the first segments have these sizes."""
    return Index(array("Q"), array("Q", sizes))


@given(sizes=SIZES, most=st.integers(1, 20), first=st.integers(0, 3))
def test_pieces_take_each_segment_of_each_file_once_and_stay_small(
    sizes: list[list[int]], most: int, first: int
) -> None:
    indexes = [index(one) for one in sizes]
    taken: list[tuple[int, int]] = []
    place: Place | None = Place(first)

    while place is not None:
        piece = piece_at(indexes, place, 4, most)
        here = [
            (segment, file)
            for segment in range(place.segment, piece.segment_end)
            for file in range(place.file, piece.file_end)
        ]
        # One file's segment is read whole, however large; all else keeps to the bound
        assert sum(sizes[file][segment] for segment, file in here) <= most or len(here) == 1
        taken += here
        place = piece.following

    assert taken == sorted(taken)
    assert sorted(taken) == [(s, f) for s in range(first, 4) for f in range(len(sizes))]


def test_a_piece_ends_with_a_segment_where_that_fits() -> None:
    indexes = [index([2, 2, 9, 2]), index([2, 2, 9, 2])]

    pieces = []
    place: Place | None = Place(0)
    while place is not None:
        pieces.append(piece_at(indexes, place, 4, 10))
        place = pieces[-1].following

    assert [(one.place, one.segment_end, one.file_end) for one in pieces] == [
        (Place(0), 2, 2),
        (Place(2), 3, 1),
        (Place(2, 1), 3, 2),
        (Place(3), 4, 2),
    ]
