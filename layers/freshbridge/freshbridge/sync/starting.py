"""Begin what is due: a new run, a failed one that goes on, or one whose worker is gone.

An object whose lease is held is left alone. A run whose lease has expired is taken over: its open
parts are queued again, and nothing that was read is read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge.queues.publish import NotQueued
from freshbridge.sync.children import CHILDREN_OF, LEASE_S, work_of
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.planning import held_for, is_hold, parts_of, presets, resumed
from freshbridge.sync.run import Kind, Part, PartState, Run, Stage, Standing
from freshbridge.sync.run_store import RunOver
from freshbridge.sync.selection import Wanted, due

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.feeds.feed import Feed
    from freshbridge.sync.objects import SyncObject
    from freshbridge.sync.record_states import RecordStates
    from freshbridge.sync.run_store import RunStore

STARTED, RESUMED, TAKEN_OVER, RUNNING = "started", "resumed", "taken_over", "running"
NOT_DUE, WITH_PARENTS, CONTENDED = "not_due", "with_parents", "contended"
BEGUN = frozenset({STARTED, RESUMED, TAKEN_OVER})
MOST_RESUMES = 6
"""So often a failed run goes on; then everything that it owes is read anew."""


@dataclass(frozen=True)
class Start:
    """What became of an object: `parts` were queued, or would be."""

    object: str
    state: str
    run_id: str = ""
    kind: str = ""
    reason: str = ""
    due_at: str = ""
    parts: Sequence[str] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked for: at `now`, under `run_id`; `forced` although it may not be due.

    `full`: everything is to be read again. `released`: and whatever is missing may go.
    `children`: children whose every parent's are wanted. `dry_run`: it is only told.
    """

    run_id: str
    now: str
    forced: bool = False
    full: bool = False
    released: bool = False
    children: frozenset[str] = frozenset()
    dry_run: bool = False


def needs_all(states: RecordStates) -> Callable[[Instance, Wanted], bool]:
    """Whether everything has to be read, for of what is not copied nothing is known yet."""

    def tells_anew(instance: Instance, wanted: Wanted) -> bool:
        return not wanted.copied and states.telling(instance.instance_id, wanted.name) is None

    return tells_anew


@dataclass(frozen=True)
class Starter:
    """Begins runs. `needs_all`: whether who is told of an object has to see all of it first."""

    store: RunStore
    queue: Publisher
    feeds: Callable[[SyncObject], Sequence[Feed]]
    needs_all: Callable[[Instance, Wanted], bool]

    def start_all(self, instance: Instance, wanted: Sequence[Wanted], asked: Asked) -> list[Start]:
        """Begin each of these that is due, or that is `forced`."""
        standings = self.store.standings(instance.instance_id)
        return [self._start(instance, one, standings, asked) for one in wanted]

    def _start(
        self, instance: Instance, wanted: Wanted, standings: dict[str, Standing], asked: Asked
    ) -> Start:
        standing = standings.get(wanted.name, Standing())
        if standing.run_id:
            held = self._held(instance, wanted, standing, asked)
            if held is not None:
                return held
        told = due(wanted, standing, asked.now)
        if wanted.object.parent and not standing.owed_run:
            return Start(wanted.name, WITH_PARENTS, due_at="")
        if not (told.now or asked.forced):
            return Start(wanted.name, NOT_DUE, due_at=told.at, reason=told.reason)
        goes_on = bool(wanted.object.parent) or standing.failures % MOST_RESUMES
        # What children are owed is known by their run alone: nothing else reads it anew.
        if standing.owed_run and not standing.run_id and not asked.full and goes_on:
            found = self._resume(instance, wanted, standing, asked)
            if found is not None:
                return found
        if wanted.object.parent:
            return Start(wanted.name, WITH_PARENTS, due_at="")
        return self._begin(instance, wanted, standings, asked, full=told.full)

    def _held(
        self, instance: Instance, wanted: Wanted, standing: Standing, asked: Asked
    ) -> Start | None:
        """The run that has the lease; None for one that is not known any more, for it expired."""
        run = self.store.run(instance.instance_id, wanted.name, standing.run_id)
        kind = run.kind.value if run else ""
        if standing.lease_until > self.store.clock() or (run and not run.is_active):
            return Start(wanted.name, RUNNING, standing.run_id, kind)
        if run is None:
            return None
        open_parts = self.store.unclaimed(run)
        names = [part.name for part in open_parts if not is_hold(part)]
        if asked.dry_run:
            return Start(wanted.name, TAKEN_OVER, run.run_id, kind, parts=names)
        if not self.store.take_over(run, standing, self.store.clock() + LEASE_S):
            return Start(wanted.name, CONTENDED, run.run_id, kind)
        let_go = [part for part in open_parts if is_hold(part) and self._is_over(run, part)]
        for part in let_go:
            self.store.release_hold(run, part.name)
        self._publish(run, open_parts if run.open > len(let_go) else self._ended(run))
        return Start(wanted.name, TAKEN_OVER, run.run_id, kind, parts=names)

    def _is_over(self, run: Run, hold: Part) -> bool:
        """Whether the parents' run has ended for which a run of children is held open."""
        parent = OBJECTS[run.object].parent
        theirs = self.store.run(run.instance_id, parent, held_for(hold))
        return theirs is None or not theirs.is_active

    def _resume(
        self, instance: Instance, wanted: Wanted, standing: Standing, asked: Asked
    ) -> Start | None:
        """The failed run that goes on; None where it cannot."""
        run = self.store.run(instance.instance_id, wanted.name, standing.owed_run)
        if run is None or run.stage is not Stage.FAILED:
            return None
        opened, added, gone = resumed(self.store.parts(run))
        parts = [*opened, *added]
        names = [part.name for part in parts]
        if not asked.dry_run:
            until = self.store.clock() + LEASE_S
            if not self.store.resume(run, opened, added, gone, seen=standing, until=until):
                return Start(wanted.name, CONTENDED, run.run_id, run.kind.value)
            ready = [part for part in parts if part.state is PartState.OPEN]
            self._publish(run, ready or self._ended(run))
        return Start(wanted.name, RESUMED, run.run_id, run.kind.value, "failed before", parts=names)

    def _begin(
        self,
        instance: Instance,
        wanted: Wanted,
        standings: dict[str, Standing],
        asked: Asked,
        *,
        full: bool,
    ) -> Start:
        standing = standings.get(wanted.name, Standing())
        children = self._children_wanted(wanted, standings, asked)
        everything = bool(full or asked.full or children or self.needs_all(instance, wanted))
        if wanted.copied and standing.held < 0:
            # The lake has nothing of what was only told of.
            standing = replace(standing, complete_since="")
        # Whatever began before may have left something that is gone by now.
        first = not standing.begun_at
        names = [
            feed.name
            for feed in self.feeds(wanted.object)
            if not wanted.feeds or feed.name in wanted.feeds
        ]
        run = Run(
            asked.run_id,
            instance.instance_id,
            wanted.name,
            Kind.FULL if everything else Kind.INCREMENTAL,
            asked.now,
            first=first,
            copied=wanted.copied,
            feeds=names,
            include=wanted.include,
            known=standing.marks,
            presets=presets(asked.now, names, first=first),
            all_children=children,
            released=asked.released,
        )
        parts = parts_of(run, names)
        begun = Start(
            wanted.name, STARTED, run.run_id, run.kind.value, parts=[part.name for part in parts]
        )
        if asked.dry_run:
            return replace(begun, run_id="")
        if not self.store.begin(run, parts, standing, self.store.clock() + LEASE_S):
            return replace(begun, state=CONTENDED, run_id="", parts=())
        self._publish(run, [part for part in parts if part.state is PartState.OPEN])
        self._forget_children(run, wanted, standings)
        return begun

    def _forget_children(self, run: Run, wanted: Wanted, standings: Mapping[str, Standing]) -> None:
        """What this run does not read of children is read of every record, once wanted."""
        for name in CHILDREN_OF.get(run.object, ()):
            theirs = standings.get(name, Standing())
            if name not in wanted.children and theirs.complete_since and not theirs.run_id:
                self.store.forget(run.instance_id, name, replace(theirs, complete_since=""))

    def _ended(self, run: Run) -> list[Part]:
        """A part whose message has a worker move the run on: one that is ended."""
        parts = self.store.parts(run)
        return [part for part in parts if part.state is PartState.DONE][:1] or parts[:1]

    def _publish(self, run: Run, parts: Sequence[Part]) -> None:
        readable = [part for part in parts if not is_hold(part)]
        try:
            self.queue.publish_all(
                (f"{run.run_id}-{part.name}", work_of(run, part)) for part in readable
            )
        except NotQueued:
            # Nobody need wait for the lease to run out: whoever comes next takes the run over.
            with suppress(RunOver, ClientError, BotoCoreError):
                self.store.renew(run, 0.0)
            raise

    def _children_wanted(
        self, wanted: Wanted, standings: dict[str, Standing], asked: Asked
    ) -> bool:
        """Whether children of every record are to be read: where they never were, or when asked."""
        for name in wanted.children:
            theirs = standings.get(name, Standing())
            if name in asked.children:
                return True
            if theirs.is_new and not theirs.run_id and not theirs.owed_run:
                return True
        return False
