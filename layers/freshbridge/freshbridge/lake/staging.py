"""A file of rows that wait to be merged, cut so that a few buckets' rows are one short read. Pure.

Where the order of a list has nothing to do with the ids, each batch of a large account holds rows
of nearly every bucket, and a merge of each would write all of the current view over and over. Such
rows wait here until all are read, and go into each bucket together.

A file is a head and `SEGMENTS` segments, each a gzip file of lines as the current view has them. A
bucket belongs to one segment for good, so that whoever brings some buckets up reads the same
segments of every file. The head tells where each segment begins and how many bytes its lines are:

    21 bytes of _KIND, 257 positions in the file, 256 sizes; numbers of 4 bytes, the highest first
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from zlib import crc32

from freshbridge.lake.encoding import UnreadableFile, packed, unpacked

SEGMENTS = 256
_SPREAD = 159
"""Odd, so that numbered buckets fill all segments evenly; and 256 by the golden ratio, so that the
first few lie far apart and whoever shares the segments out gives everyone something to do."""
_KIND = b"freshbridge staged 1\n"
_HEAD = struct.Struct(f">{len(_KIND)}s{SEGMENTS + 1}I{SEGMENTS}I")
HEAD_BYTES = _HEAD.size


def segment_of(bucket: str) -> int:
    """The segment that a bucket's rows are in."""
    number = int(bucket) if bucket.isascii() and bucket.isdigit() else crc32(bucket.encode())
    return number * _SPREAD % SEGMENTS


@dataclass(frozen=True)
class Index:
    """A file's head: where each segment begins and where the last one ends; bytes of its lines."""

    positions: array[int]
    sizes: array[int]

    def span(self, first: int, end: int) -> tuple[int, int]:
        """Where the segments from `first` up to and without `end` begin, and how long they are."""
        begin = self.positions[first]
        return begin, self.positions[end] - begin


def staged_file(lines: Iterable[tuple[int, bytes]]) -> bytes:
    """A file of these lines, each with its segment; equal lines give equal bytes."""
    segments: list[list[bytes]] = [[] for _ in range(SEGMENTS)]
    for segment, line in lines:
        segments[segment].append(line)
    parts = [packed(some) if some else b"" for some in segments]
    positions = accumulate(map(len, parts), initial=HEAD_BYTES)
    sizes = (sum(map(len, some)) + len(some) for some in segments)
    return b"".join((_HEAD.pack(_KIND, *positions, *sizes), *parts))


def index_of(head: bytes) -> Index:
    """What a file's first `HEAD_BYTES` tell.

    Raises:
        UnreadableFile: they are no head of such a file.
    """
    if len(head) != HEAD_BYTES or not head.startswith(_KIND):
        raise UnreadableFile("it does not begin as a file of staged rows")
    numbers = array("Q", _HEAD.unpack(head)[1:])
    index = Index(numbers[: SEGMENTS + 1], numbers[SEGMENTS + 1 :])
    if index.positions[0] != HEAD_BYTES or list(index.positions) != sorted(index.positions):
        raise UnreadableFile("its head does not tell where its rows are")
    return index


def lines_in(index: Index, data: bytes, first: int, end: int) -> list[bytes]:
    """The lines of the segments from `first` up to and without `end`; `data` are all their bytes.

    Raises:
        UnreadableFile: some are missing or not as they were written.
    """
    begin, length = index.span(first, end)
    if len(data) != length:
        raise UnreadableFile(f"it ends {length - len(data)} bytes too early")
    found: list[bytes] = []
    for segment in range(first, end):
        at, size = index.span(segment, segment + 1)
        if size:
            found += unpacked(data[at - begin : at - begin + size])
    return found


@dataclass(frozen=True)
class Place:
    """Where to read on: the segment, and the file of those that are read in turn."""

    segment: int
    file: int = 0


@dataclass(frozen=True)
class Piece:
    """What is merged together: some segments of some of the files; then comes `following`.

    The segments are those from `place.segment` up to and without `segment_end`, the files those
    from `place.file` up to and without `file_end`.
    """

    place: Place
    segment_end: int
    file_end: int
    following: Place | None


def piece_at(indexes: Sequence[Index], place: Place, end: int, most_bytes: int) -> Piece:
    """What is read at a place: whole segments before `end`, of all files, up to `most_bytes`.

    A segment that is larger than that is read some files at a time; each piece has one file's at
    least, whatever their size.
    """
    if place.file == 0:
        whole, taken = place.segment, 0
        while whole < end:
            taken += sum(index.sizes[whole] for index in indexes)
            if taken > most_bytes:
                break
            whole += 1
        if whole > place.segment:
            return Piece(place, whole, len(indexes), Place(whole) if whole < end else None)
    taken, file = 0, place.file
    while file < len(indexes):
        taken += indexes[file].sizes[place.segment]
        if taken > most_bytes and file > place.file:
            break
        file += 1
    if file < len(indexes):
        following: Place | None = Place(place.segment, file)
    else:
        following = Place(place.segment + 1) if place.segment + 1 < end else None
    return Piece(place, place.segment + 1, file, following)
