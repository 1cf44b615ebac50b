"""Write what was read: the history, the current view, who is told, the children; then the place.

In this order, so that a death in between repeats the whole batch, which changes nothing the second
time. One batch is written while the next is read; what goes wrong with it is raised where the next
is handed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING

from freshbridge.lake.lake import Chunk
from freshbridge.lake.rows import Merged, Row, State
from freshbridge.sync.belonging import with_what_belongs
from freshbridge.sync.feeds.feed import BEGINNING
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.planning import LIVE
from freshbridge.sync.reconcile_report import counted
from freshbridge.sync.run import Counts, Kind, Part, Run

if TYPE_CHECKING:
    from freshbridge.lake.lake import Lake
    from freshbridge.sync.batch import Batch
    from freshbridge.sync.children import Children
    from freshbridge.sync.objects import SyncObject
    from freshbridge.sync.run_store import RunStore
    from freshbridge.sync.watching import Watcher


@dataclass
class Flushing:
    """How the batches of one part are written; `redo` rows may be in the view from before.

    `selected` are the objects that the instance copies.
    """

    store: RunStore
    lake: Lake
    children: Children
    run: Run
    obj: SyncObject
    token: str
    watcher: Watcher
    child_names: Sequence[str]
    lease: Callable[[], float]
    selected: Sequence[str] = ()
    redo: int = 0
    began: bool = False
    told: Counts = field(default_factory=Counts)

    def write(self, batch: Batch, before: Part, after: Part, until: float) -> Part:
        """Write a batch that brings the part from `before` to `after`, and keep that.

        The claim lasts until then, epoch seconds. Returns the part as it is kept.

        Raises:
            RunOver, ClaimLost: others go on with it.
            Whatever a store, a queue or a watcher raises: the batch has to be read again.
        """
        self.store.renew(self.run, self.lease(), retry={})
        if not self.began:
            self.watcher.begin()
            self.began = True
        merged = self._merged(batch, before, until)
        if not self.run.copied:
            self._told(batch, before)
        self._children(batch, before, merged)
        self.redo = max(0, self.redo - len(batch.rows))
        counts = batch.counts + counted(merged.changes) + self._newly_told()
        kept = replace(
            after,
            chunks=before.chunks + 1,
            merging=self.redo,
            counts=before.counts + counts,
            spawned=(),
        )
        self.store.save(self.run, kept, self.token, until)
        self.store.count(self.run, counts)
        return kept

    def _merged(self, batch: Batch, before: Part, until: float) -> Merged:
        if not self.run.copied or not (batch.rows or batch.whole):
            return Merged()
        run = self.run
        if batch.rows:
            place = f"{before.chunks:06d}"
            chunk = Chunk(run.instance_id, self.obj.name, run.run_id, run.date, before.name, place)
            self.lake.write(chunk, batch.rows)
        if self.child_names:
            # What is changed by then is not news when it comes again.
            marked = replace(before, merging=max(self.redo, len(batch.rows)))
            self.store.save(run, marked, self.token, until)
        return self.lake.merge(
            run.instance_id,
            self.obj,
            batch.rows,
            run_id=run.run_id,
            whole=batch.whole,
            keep_seen=run.kind is Kind.FULL and not run.first,
            tell=with_what_belongs(
                self.lake,
                run.instance_id,
                self.obj,
                run_id=run.run_id,
                selected=self.selected,
                tell=self.watcher.told,
            ),
        )

    def _newly_told(self) -> Counts:
        shown = self.watcher.shown().get("events", {})
        told = Counts(told=shown.get("queued", 0), remembered=shown.get("remembered", 0))
        before, self.told = self.told, told
        return told - before

    def _told(self, batch: Batch, part: Part) -> None:
        for seen_at, rows in groupby(batch.rows, key=lambda row: row.seen_at):
            self.watcher.page([json.loads(row.body) for row in rows], seen_at, part.feed)

    def _children(self, batch: Batch, before: Part, merged: Merged) -> None:
        for name in self.child_names:
            parents = list(self._parents(batch.rows, merged))
            self.children.queue_for(self.run, name, name, before, parents)

    def _parents(self, rows: Sequence[Row], merged: Merged) -> Iterator[tuple[str, str]]:
        """The records whose children are to be read: each that has changed since the last run."""
        every = self.run.all_children or self.redo > 0
        known = self.run.known.get(LIVE, BEGINNING)
        changed = {change.after.id for change in merged.changes}
        newest: dict[str, str] = {}
        for row in rows:
            # A webhook may have brought it into the view before: then it is no change there.
            wanted = every or row.updated_at > known or row.id in changed
            if row.state is State.LIVE and wanted:
                newest[row.id] = max(row.updated_at, newest.get(row.id, ""))
        yield from newest.items()


class InBackground:
    """Writes one batch at a time beside the reading of the next."""

    def __init__(self, flushing: Flushing, part: Part) -> None:
        """`part`: how far it is when the reading begins."""
        self._flushing = flushing
        self._pool = ThreadPoolExecutor(1)
        self._under_way: Future[Part] | None = None
        self.part = part
        """As it is kept."""

    def __enter__(self) -> InBackground:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)

    def write(self, batch: Batch, after: Part, until: float) -> None:
        """Write a batch once the one before is written; raises what went wrong with that."""
        self.wait()
        self._under_way = self._pool.submit(self._flushing.write, batch, self.part, after, until)

    def wait(self) -> Part:
        """How far everything is that was handed over, once it is written."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            self.part = under_way.result()
        return self.part


def child_names(run: Run, part: Part, names: Sequence[str]) -> Sequence[str]:
    """The children that are read of what this part reads: those of live records."""
    if part.feed != LIVE or not run.copied:
        return ()
    return [name for name in names if OBJECTS[name].parent == run.object]
