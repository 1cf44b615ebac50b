"""When rows wait until all are read, rather than being merged at once; and who merges them then.

Pure. A batch waits where it is sparse: it has few rows of each of many buckets, and would write
many large files for them. That is of use only where more of the kind follow, so a list that is not
long never waits. What waits is merged in a stage of its own, by parts that share the segments out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.lake.layout import bucket_of
from freshbridge.lake.staging import SEGMENTS, Place
from freshbridge.sync.batch import MOST_BYTES, MOST_ROWS
from freshbridge.sync.planning import STAGE_PART
from freshbridge.sync.run import Kind, Part, PartState, Run, Stage

if TYPE_CHECKING:
    from freshbridge.sync.batch import Batch
    from freshbridge.sync.feeds.feed import Position
    from freshbridge.sync.objects import SyncObject

MOST_FOLDS = 16


@dataclass(frozen=True)
class StagingRule:
    """When a batch waits.

    From so many `buckets` on, with fewer than `rows_a_bucket` rows of each on average: at a
    thousand rows a bucket, a merge then writes more than four rows for each new one. And only where
    many are read: `rows` or `bytes` by this batch, or, in a run over everything, `rows` so far.
    Of what has waited `fold_bytes` are merged at once, while as many are read.
    """

    buckets: int = 32
    rows_a_bucket: int = 250
    rows: int = MOST_ROWS
    bytes: int = MOST_BYTES
    fold_bytes: int = 16 * 1024 * 1024

    def waits(self, run: Run, obj: SyncObject, batch: Batch, read_before: int) -> bool:
        """Whether a batch's rows wait; `read_before` were read by its part."""
        if not run.copied or batch.whole:
            # What is known of a parent's children as a whole costs a call of its own anyway.
            return False
        count = len(batch.rows)
        is_large = count >= self.rows or batch.bytes >= self.bytes
        if run.kind is Kind.FULL:
            is_large = is_large or max(run.counts.rows, read_before) + count >= self.rows
        if not is_large:
            return False
        touched = len({bucket_of(obj, row.id, row.parent) for row in batch.rows})
        return touched >= self.buckets and count < touched * self.rows_a_bucket


USUAL = StagingRule()


def are_unfolded(parts: Sequence[Part]) -> bool:
    """Whether rows of these parts wait to be merged."""
    return any(part.is_unfolded for part in parts)


def staged_files(parts: Sequence[Part]) -> list[tuple[str, int]]:
    """The staged files of a run that are to be merged, each by its part and number, in order."""
    return [
        (part.name, number)
        for part in sorted(parts, key=lambda one: one.name)
        for number in range(part.folded, part.staged)
    ]


def fold_parts(parts: Sequence[Part], most: int = MOST_FOLDS) -> list[Part]:
    """The parts that merge what waits, each its share of the segments; without those that have.

    They are named after how much there is: what is staged later has parts of its own.
    """
    done = {part.name for part in parts if part.state is PartState.DONE}
    return [part for part in _shares(parts, most) if part.name not in done]


def are_folded(parts: Sequence[Part], most: int = MOST_FOLDS) -> bool:
    """Whether all that waited has been merged."""
    return are_unfolded(parts) and not fold_parts(parts, most)


def _shares(parts: Sequence[Part], most: int) -> list[Part]:
    files = len(staged_files(parts))
    count = min(files, most)
    written = sum(part.staged for part in parts)
    return [
        Part(
            f"{STAGE_PART}{Stage.FOLDING.value}-{written:06d}-{number + 1:02d}of{count:02d}",
            "",
            stage=Stage.FOLDING,
            position=position_of(
                Place(SEGMENTS * number // count), SEGMENTS * (number + 1) // count
            ),
        )
        for number in range(count)
    ]


def position_of(place: Place | None, end: int) -> Position | None:
    """A place among the staged files as it is kept; the share goes up to and without `end`."""
    return None if place is None else {"segment": place.segment, "file": place.file, "end": end}


def place_of(position: Position) -> tuple[Place, int]:
    """The place that was kept, and the end of the share."""
    return Place(position["segment"], position["file"]), position["end"]
