"""Queue the reading of children: the conversations of the tickets that a run found changed.

The children have a run of their own, which other runs of their parents may join; each of those
holds it open until its own lists are read. What is queued again after a crash has the same name and
is read once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freshbridge import identifiers
from freshbridge.errors import Retry
from freshbridge.queues.envelope import SyncWork
from freshbridge.sync.feeds.feed import Scope
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.planning import holding_part, resumed
from freshbridge.sync.run import Kind, Part, Run, Stage, Standing

if TYPE_CHECKING:
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.run_store import RunStore

PARENTS_AT_ONCE = 100
LEASE_S = 1200.0
"""How long a message may wait in the queue; who works shortens it, what is put off prolongs it."""
TRIES = 5
CHILDREN_OF = {
    one.parent: tuple(child.name for child in OBJECTS.values() if child.parent == one.parent)
    for one in OBJECTS.values()
    if one.parent
}
"""The children of each object's records."""


class ChildrenClosing(Retry):
    """The run of the children before is just being closed."""

    code = "children_closing"
    costs_no_attempt = True


@dataclass(frozen=True)
class Children:
    """The children of one object's records; `feed` is the list that reads them."""

    store: RunStore
    queue: Publisher
    now: Callable[[], str]
    new_id: Callable[[str], str] = identifiers.new_id

    def queue_for(
        self, run: Run, name: str, feed: str, part: Part, parents: Sequence[tuple[str, str]]
    ) -> int:
        """Queue the reading of the children `name` of these parents, each its id and updated_at.

        Returns in how many parts; 0 where somebody has ended the children's run.

        Raises:
            ChildrenClosing: come back in a moment.
            NotQueued, StoreContended: the same call has to be made again.
        """
        if not parents:
            return 0
        theirs = self.run_of(run, name)
        parts = [
            _part_of(f"{run.run_id}-{part.name}-{part.chunks:05d}", feed, some)
            for some in _cut(parents)
        ]
        if theirs is None or not self.store.add(theirs, parts):
            return 0
        self.queue.publish_all(
            (f"{theirs.run_id}-{one.name}", work_of(theirs, one)) for one in parts
        )
        return len(parts)

    def run_of(self, run: Run, name: str) -> Run | None:
        """The run that reads the children, held open by this one; None for one that was ended."""
        fresh = self.store.run(run.instance_id, run.object, run.run_id) or run
        if fresh.children_run:
            theirs = self.store.run(run.instance_id, name, fresh.children_run)
            return theirs if theirs is not None and theirs.is_active else None
        for _ in range(TRIES):
            theirs = self._joined(run, name)
            if theirs is not None:
                self.store.note(run, children_run=theirs.run_id)
                return theirs
        raise ChildrenClosing(f"{name} are being closed", after=5.0)

    def release(self, run: Run, name: str) -> None:
        """This run holds its children's run open no more.

        Where that has nothing left to read, a message has a worker move it on.

        Raises:
            NotQueued, StoreContended, ChildrenClosing: the same call has to be made again.
        """
        fresh = self.store.run(run.instance_id, run.object, run.run_id) or run
        covers = run.all_children and not run.failed and run.is_active
        if not fresh.children_run and not covers:
            return
        theirs = self.run_of(run, name)
        if theirs is None:
            return
        if covers and theirs.kind is not Kind.FULL:
            self.store.note(theirs, kind=Kind.FULL)
        hold = holding_part(run.run_id)
        self.store.release_hold(theirs, hold.name)
        now = self.store.run(theirs.instance_id, theirs.object, theirs.run_id)
        if now is not None and now.is_active and not now.open:
            self.queue.publish(work_of(now, hold), f"{now.run_id}-{hold.name}")

    def _joined(self, run: Run, name: str) -> Run | None:
        """The run that goes on or begins, held open by this one; None: try again.

        What a run that failed owes is read by it, and not by one that knows nothing of it.
        """
        standing = self.store.standing(run.instance_id, name)
        hold = holding_part(run.run_id)
        until = self.store.clock() + LEASE_S
        if standing.run_id:
            theirs = self.store.run(run.instance_id, name, standing.run_id)
            if theirs is not None and theirs.is_active:
                joins = theirs.stage is Stage.PULLING and self.store.add(theirs, [hold])
                return theirs if joins else None
        if standing.owed_run and not standing.run_id:
            owing = self.store.run(run.instance_id, name, standing.owed_run)
            if owing is not None and owing.stage is Stage.FAILED:
                return self._gone_on_with(owing, hold, standing, until)
        if standing.run_id or standing.owed_run:
            # What it had to read is not known any more: all has to be read again.
            standing = replace(standing, owed_run="", complete_since="")
        run_id = run.run_id
        if self.store.run(run.instance_id, name, run_id) is not None:
            run_id = self.new_id("run")
        begun = Run(run_id, run.instance_id, name, Kind.INCREMENTAL, self.now())
        if self.store.begin(begun, [hold], standing, until):
            return self.store.run(run.instance_id, name, run_id)
        return None

    def _gone_on_with(self, owing: Run, hold: Part, standing: Standing, until: float) -> Run | None:
        opened, _, gone = resumed(self.store.parts(owing))
        if not self.store.resume(owing, opened, [hold], gone, seen=standing, until=until):
            return None
        self.queue.publish_all(
            (f"{owing.run_id}-{one.name}", work_of(owing, one)) for one in opened
        )
        return self.store.run(owing.instance_id, owing.object, owing.run_id)


def _cut(parents: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    return [
        parents[start : start + PARENTS_AT_ONCE]
        for start in range(0, len(parents), PARENTS_AT_ONCE)
    ]


def _part_of(prefix: str, feed: str, parents: Sequence[tuple[str, str]]) -> Part:
    """The part of these parents, named after them.

    A batch that is read again after a crash may hold others: those are another part.
    """
    text = json.dumps(parents, separators=(",", ":")).encode()
    name = hashlib.blake2b(text, digest_size=8).hexdigest()
    return Part(f"{prefix}-{name}", feed, scope=Scope(parents=tuple(parents)))


def work_of(run: Run, part: Part) -> SyncWork:
    """The message that has a part worked on."""
    return SyncWork(run.run_id, run.instance_id, run.object, run.started_at, part.name)
