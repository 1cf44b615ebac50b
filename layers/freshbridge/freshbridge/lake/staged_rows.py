"""The staged rows of one run of one object, in S3: written once, read some segments at a time.

A file is never written over. Where one of its name is there, which a worker that died has left, the
next number is taken: what was read once and kept twice does no harm, for a merge of the same rows
changes nothing, and two workers that take each other for dead cannot lose what the other read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from freshbridge.errors import Reject
from freshbridge.lake.current_view import ahead
from freshbridge.lake.encoding import UnreadableFile, line_of, row_in
from freshbridge.lake.files import STAGED_TAG, LakeFiles
from freshbridge.lake.layout import bucket_of, staged_key
from freshbridge.lake.staging import (
    HEAD_BYTES,
    Index,
    Piece,
    index_of,
    lines_in,
    segment_of,
    staged_file,
)

if TYPE_CHECKING:
    from freshbridge.lake.rows import Row
    from freshbridge.sync.objects import SyncObject

AT_ONCE = 8
StagedFile = tuple[str, int]
"""The part of the run that wrote a file, and the file's number in it."""


class StagedFileUnusable(Reject):
    """Rows that were read are not there to be merged."""

    code = "staged_file_unusable"
    default_advice = (
        "Restore the file's previous version in S3 and redrive this message; or cancel the run and "
        "start the object's sync anew, which reads again what the file held."
    )


class StagedRows:
    """The staged files of a run."""

    def __init__(self, files: LakeFiles, instance_id: str, obj: SyncObject, run_id: str) -> None:
        """`files`: of the stack's LakeBucket."""
        self._files = files
        self._instance_id = instance_id
        self._obj = obj
        self._run_id = run_id

    def write(self, file: StagedFile, rows: Sequence[Row]) -> int:
        """Keep rows in the first file from this one on that is free; returns the number behind."""
        part, number = file
        data = staged_file(
            (
                segment_of(bucket_of(self._obj, row.id, row.parent)),
                line_of(replace(row, run_id=self._run_id), self._instance_id),
            )
            for row in rows
        )
        while not self._files.add(self._key((part, number)), data, STAGED_TAG):
            number += 1
        return number + 1

    def indexes(self, files: Sequence[StagedFile]) -> list[Index]:
        """The heads of these files.

        Raises:
            StagedFileUnusable: one of them is missing or damaged.
        """
        self._files.open()
        found = []
        for file, head in ahead(files, lambda one: self._part_of(one, 0, HEAD_BYTES), AT_ONCE):
            try:
                found.append(index_of(head))
            except UnreadableFile as error:
                raise self._unusable(file, str(error)) from error
        return found

    def rows(
        self, files: Sequence[StagedFile], indexes: Sequence[Index], piece: Piece
    ) -> list[Row]:
        """The rows of a piece of these files, file by file.

        Raises:
            StagedFileUnusable: one of the files is missing or damaged.
        """
        first, end = piece.place.segment, piece.segment_end
        chosen = [
            number
            for number in range(piece.place.file, piece.file_end)
            if indexes[number].span(first, end)[1]
        ]

        def read(number: int) -> bytes:
            return self._part_of(files[number], *indexes[number].span(first, end))

        found: list[Row] = []
        for number, data in ahead(chosen, read, AT_ONCE):
            try:
                lines = lines_in(indexes[number], data, first, end)
                found += [row_in(line) for line in lines]
            except UnreadableFile as error:
                raise self._unusable(files[number], str(error)) from error
        return found

    def _part_of(self, file: StagedFile, begin: int, length: int) -> bytes:
        data = self._files.read_range(self._key(file), begin, length)
        if data is None:
            raise self._unusable(file, "it is not there")
        return data

    def _unusable(self, file: StagedFile, why: str) -> StagedFileUnusable:
        return StagedFileUnusable(f"{self._key(file)}: {why}")

    def _key(self, file: StagedFile) -> str:
        part, number = file
        return staged_key(self._instance_id, self._obj.name, self._run_id, part, number)
