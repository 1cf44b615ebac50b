"""Merge the rows of a run that waited until all were read: one part's share of the segments.

Each piece goes the way of a batch that was just read, but for the history, which has it. The
provider is asked nothing. While one piece is merged the next is read; the place behind it is kept
once it is merged, so that a death in between repeats that piece, which changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from freshbridge.lake.staging import piece_at
from freshbridge.sync.batch import Batch
from freshbridge.sync.flushing import InBackground, flushing_of
from freshbridge.sync.manifest import object_of
from freshbridge.sync.run import Counts, Part, Run
from freshbridge.sync.staging import place_of, position_of, staged_files

if TYPE_CHECKING:
    from freshbridge.sync.invocation import Invocation
    from freshbridge.sync.reading import Reader


@dataclass
class Fold:
    """The folding of a part that was claimed by `token`; `counts` is what was kept of it so far."""

    reader: Reader
    run: Run
    part: Part
    token: str
    invocation: Invocation
    counts: Counts = field(default_factory=Counts)

    def go_on(self) -> Part:
        """The part as it is kept in the end; without a position where its share is merged.

        Raises:
            StagedFileUnusable: rows that were read are not there any more.
            RunOver, ClaimLost: others go on with it.
            Whatever the lake and a watcher raise: it stays at the place that was kept last.
        """
        flushing = flushing_of(
            self.reader, self.run, self.part, self.token, self.invocation, fresh=False
        )
        with InBackground(flushing, self.part) as writing:
            try:
                self._pieces(writing)
            finally:
                self.counts = writing.part.counts - self.part.counts
            return writing.part

    def _pieces(self, writing: InBackground) -> None:
        reader, run, part = self.reader, self.run, self.part
        if part.position is None:
            return
        place, end = place_of(part.position)
        files = staged_files(reader.store.parts(run))
        staged = reader.lake.staged(run.instance_id, object_of(run), run.run_id)
        indexes = staged.indexes(files)
        while True:
            piece = piece_at(indexes, place, end, reader.staging.fold_bytes)
            rows = staged.rows(files, indexes, piece)
            part = replace(part, position=position_of(piece.following, end))
            batch = Batch(reader.clock(), rows, counts=Counts(folded=len(rows)))
            writing.write(batch, part, reader.claim_end(self.invocation))
            if piece.following is None or not self.invocation.may_go_on():
                writing.wait()
                return
            place = piece.following
