"""Write what was read: the history, the current view, who is told, the children; then the place.

In this order, so that a death in between repeats the whole batch, which changes nothing the second
time. A sparse batch waits instead, and all but the history comes when it is folded. One batch is
written while the next is read; what goes wrong with it is raised where the next
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
from freshbridge.sync.manifest import object_of
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.orphans import Orphans
from freshbridge.sync.planning import LIVE
from freshbridge.sync.reconcile_report import counted
from freshbridge.sync.run import Counts, Kind, Part, Run, Stage
from freshbridge.sync.staging import USUAL, StagingRule

if TYPE_CHECKING:
    from freshbridge.lake.lake import Lake
    from freshbridge.sync.batch import Batch
    from freshbridge.sync.children import Children
    from freshbridge.sync.invocation import Invocation
    from freshbridge.sync.objects import SyncObject
    from freshbridge.sync.reading import Reader
    from freshbridge.sync.run_store import RunStore
    from freshbridge.sync.watching import Watcher


@dataclass
class Flushing:
    """How the batches of one part are written; `redo` rows may be in the view from before.

    `selected` are the objects that the instance copies. `fresh` batches were just read; others have
    waited, and are in the history.
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
    rule: StagingRule = USUAL
    fresh: bool = True
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
        if self.fresh:
            self._to_history(batch, before)
        staged, counts = before.staged, batch.counts
        if self._waits(batch, before):
            staged = self._staged(batch, before)
            counts += Counts(staged=len(batch.rows))
        else:
            counts += self._brought_up(batch, before, until)
        kept = replace(
            after,
            chunks=before.chunks + 1,
            merging=self.redo,
            staged=staged,
            counts=before.counts + counts,
            spawned=(),
        )
        self.store.save(self.run, kept, self.token, until)
        self.store.count(self.run, counts)
        return kept

    def _to_history(self, batch: Batch, before: Part) -> None:
        run, place = self.run, f"{before.chunks:06d}"
        if run.copied and batch.rows:
            chunk = Chunk(run.instance_id, self.obj.name, run.run_id, run.date, before.name, place)
            self.lake.write(chunk, batch.rows)

    def _waits(self, batch: Batch, before: Part) -> bool:
        # Of what may be in the view from before, a later merge could not tell what has changed.
        may_wait = self.fresh and not self.redo
        return may_wait and self.rule.waits(self.run, self.obj, batch, before.counts.rows)

    def _staged(self, batch: Batch, before: Part) -> int:
        run = self.run
        staged = self.lake.staged(run.instance_id, self.obj, run.run_id)
        return staged.write((before.name, before.staged), batch.rows)

    def _brought_up(self, batch: Batch, before: Part, until: float) -> Counts:
        merged = self._merged(batch, before, until)
        if not self.run.copied:
            self._told(batch, before)
        self._children(batch, before, merged)
        self.redo = max(0, self.redo - len(batch.rows))
        return counted(merged.changes) + self._newly_told()

    def _merged(self, batch: Batch, before: Part, until: float) -> Merged:
        if not self.run.copied or not (batch.rows or batch.whole):
            return Merged()
        run = self.run
        if self.child_names or self._takes_along(batch):
            # What is changed by then is not news when it comes again.
            marked = replace(before, merging=max(self.redo, len(batch.rows)))
            self.store.save(run, marked, self.token, until)
        orphans = Orphans(self.lake, run.instance_id, run.run_id, self.selected)
        rows, whole = orphans.without(self.obj, batch.rows, batch.whole)
        merged = self.lake.merge(
            run.instance_id,
            self.obj,
            rows,
            run_id=run.run_id,
            whole=whole,
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
        orphans.remove(self.obj, merged, batch.rows if self.redo else (), whole)
        return merged

    def _takes_along(self, batch: Batch) -> bool:
        """Whether what goes with these rows has to go again where this worker dies."""
        has = any(OBJECTS[name].parent == self.obj.name for name in self.selected)
        return has and any(row.state is not State.LIVE for row in batch.rows)

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


def flushing_of(
    reader: Reader, run: Run, part: Part, token: str, invocation: Invocation, *, fresh: bool = True
) -> Flushing:
    """How a worker that has claimed a part by `token` writes its batches."""
    selected = invocation.instance.sync_objects
    return Flushing(
        store=reader.store,
        lake=reader.lake,
        children=reader.children,
        run=run,
        obj=object_of(run),
        token=token,
        watcher=reader.watcher(invocation.instance, run),
        child_names=child_names(run, part, selected),
        lease=lambda: reader.working_lease(invocation),
        rule=reader.staging,
        fresh=fresh,
        selected=selected,
        redo=part.merging,
    )


def child_names(run: Run, part: Part, names: Sequence[str]) -> Sequence[str]:
    """The children that are read of what this part reads: those of live records."""
    if not run.copied or (part.stage is Stage.PULLING and part.feed != LIVE):
        return ()
    return [name for name in names if OBJECTS[name].parent == run.object]
