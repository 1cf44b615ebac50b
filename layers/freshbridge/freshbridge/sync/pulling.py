"""Read one part's list page by page, from its place on, and write what was read beside it.

What was read when the provider fails, or when the time is up, is written before the message is put
off: no page is asked for twice without need. A long window gives a half of what is left away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.errors import InvalidRequest
from freshbridge.sync.batch import FIRST_S, LONGEST_S, Batch
from freshbridge.sync.flushing import InBackground, flushing_of
from freshbridge.sync.manifest import object_of
from freshbridge.sync.planning import cut
from freshbridge.sync.run import Counts, Part, PartState, Run
from freshbridge.sync.run_store import ClaimLost

if TYPE_CHECKING:
    from freshbridge.sync.feeds.feed import Feed, Position
    from freshbridge.sync.invocation import Invocation
    from freshbridge.sync.objects import SyncObject
    from freshbridge.sync.reading import Reader


class UnknownObject(InvalidRequest):
    """There is no such list of the object."""

    code = "unknown_object"


@dataclass
class Pull:
    """The reading of a part that was claimed by `token`; `counts` is what was kept of it so far."""

    reader: Reader
    run: Run
    part: Part
    token: str
    invocation: Invocation
    counts: Counts = field(default_factory=Counts)

    def go_on(self) -> Part:
        """The part as it is kept in the end; without a position where its list is read.

        Raises:
            UnknownObject: the list is not known.
            RunOver, ClaimLost: others go on with it.
            Whatever reading and writing raise: it stays at the place that was kept last.
        """
        obj = object_of(self.run)
        feed = self._feed(obj)
        flushing = flushing_of(self.reader, self.run, self.part, self.token, self.invocation)
        with InBackground(flushing, self.part) as writing:
            try:
                self._pages(feed, obj, writing)
            finally:
                self.counts = writing.part.counts - self.part.counts
            return writing.part

    def _pages(self, feed: Feed, obj: SyncObject, writing: InBackground) -> None:
        clock, longest_s, pages = self.reader.clock, FIRST_S, 0
        part, batch = self.part, Batch(clock())
        position = self._place(feed)
        while position is not None:
            seen_at = _seen_at(self.run, clock())
            try:
                page = feed.read(self.invocation.client, position)
            except Exception:
                self._keep(writing, batch, part)
                raise
            batch.add(obj, feed.state, page, seen_at)
            position, pages = page.position, pages + 1
            mark = max(page.mark, part.mark)
            part = replace(part, position=position, mark=mark, stable=page.stable)
            over = position is None or not self.invocation.may_go_on()
            if over or batch.is_full(clock(), longest_s):
                self._keep(writing, batch, part, wait=over)
                batch, longest_s = Batch(clock()), min(longest_s * 2, LONGEST_S)
            if over:
                break
            if feed.by_time and pages % self.reader.stretch_pages == 0:
                self._keep(writing, batch, part)
                part, batch = self._cut(writing), Batch(clock())
                position = part.position

    def _place(self, feed: Feed) -> Position | None:
        """Where to go on; None where it was written to its end, but not ended."""
        if self.part.position is not None or self.part.chunks:
            return self.part.position
        return feed.first(self.part.scope)

    def _keep(self, writing: InBackground, batch: Batch, part: Part, *, wait: bool = True) -> None:
        """Write what was read, so that it need not be read again."""
        if batch.counts.pages:
            writing.write(batch, part, self.reader.claim_end(self.invocation))
        if wait:
            writing.wait()

    def _cut(self, writing: InBackground) -> Part:
        """Give away a half of what is left, where fewer parts are open than may be."""
        store, run, part = self.reader.store, self.run, writing.part
        fresh = store.run(run.instance_id, run.object, run.run_id)
        if fresh is None or fresh.open >= self.reader.concurrency:
            return part
        found = cut(fresh, part)
        if found is None:
            return part
        kept, new = found
        opened = [one for one in new if one.state is PartState.OPEN]
        kept = replace(kept, spawned=tuple(one.name for one in opened))
        if not store.split(run, kept, new, self.token):
            raise ClaimLost(kept.name)
        writing.part = kept
        self.reader.stages.publish(run, opened)
        return kept

    def _feed(self, obj: SyncObject) -> Feed:
        for feed in self.reader.feeds(obj):
            if feed.name == self.part.feed:
                return feed
        raise UnknownObject(
            f"{obj.name} have no list {self.part.feed[:64]}",
            advice="The run was begun by another version; start it again.",
        )


def _seen_at(run: Run, epoch_s: float) -> str:
    """UTC, ISO 8601 with microseconds, so that what is asked later sorts later.

    It is never before the run began: what is seen in a run is told by that from what is gone, and
    this machine's clock may be behind that of the one which began it.
    """
    began = timestamps.from_text(run.started_at)
    return timestamps.to_precise_text(max(began, timestamps.from_epoch(epoch_s)))
