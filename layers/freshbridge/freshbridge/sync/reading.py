"""Work on one part of a run: read on from its place until its end, or until the time is up.

A message that cannot claim its part waits, which costs it no attempt. Whoever ends the last part of
a stage goes on with the first of what follows and queues the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import identifiers, timestamps
from freshbridge.errors import Retry
from freshbridge.sync.children import LEASE_S, work_of
from freshbridge.sync.folding import Fold
from freshbridge.sync.invocation import Outcome
from freshbridge.sync.manifest import object_of
from freshbridge.sync.planning import STRETCH_PAGES, tails_of
from freshbridge.sync.pulling import Pull
from freshbridge.sync.run import Part, PartState, Run, Stage
from freshbridge.sync.run_store import ClaimLost, RunOver
from freshbridge.sync.staging import USUAL, StagingRule

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.lake.lake import Lake
    from freshbridge.queues.envelope import SyncWork
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.children import Children
    from freshbridge.sync.feeds.feed import Feed
    from freshbridge.sync.invocation import Invocation, Reconcile
    from freshbridge.sync.objects import SyncObject
    from freshbridge.sync.run_store import RunStore
    from freshbridge.sync.stages import Stages
    from freshbridge.sync.watching import Watcher

CLAIM_MARGIN_S = 10.0
LEASE_MARGIN_S = 20.0
"""How long after the claim a worker's lease ends."""
LONGEST_CLAIM_WAIT_S = 60.0


class PartClaimed(Retry):
    """Another message works on the part just now."""

    code = "part_claimed"
    costs_no_attempt = True


@dataclass(frozen=True)
class Reader:
    """Reads parts. `watcher` makes who is told of a list of a run's object."""

    store: RunStore
    lake: Lake
    queue: Publisher
    stages: Stages
    children: Children
    feeds: Callable[[SyncObject], Sequence[Feed]]
    watcher: Callable[[Instance, Run], Watcher]
    reconcile: Reconcile
    staging: StagingRule = USUAL
    concurrency: int = 2
    stretch_pages: int = STRETCH_PAGES
    clock: Callable[[], float] = timestamps.epoch
    new_id: Callable[[str], str] = identifiers.new_id

    def work(self, message: SyncWork, invocation: Invocation) -> Outcome:
        """Work on a message's part, and on what follows it, while there is time.

        Raises:
            PartClaimed: another message does; come back later.
            Whatever reading and writing raise: the part stays where it was kept last.
        """
        outcome = Outcome()
        run = self.store.run(message.instance_id, message.object, message.run_id)
        name = message.part
        # Where it was cancelled or taken over, whoever has it goes on.
        with suppress(RunOver, ClaimLost):
            while run is not None and name and run.stage not in (Stage.DONE, Stage.CANCELLED):
                following = self._part(run, name, invocation, outcome)
                if not following:
                    break
                run, name = self._handed_on(run, following, invocation)
        return outcome

    def _handed_on(
        self, run: Run, following: Sequence[Part], invocation: Invocation
    ) -> tuple[Run | None, str]:
        """The part to go on with here; the others are queued."""
        here = following[:1] if invocation.may_go_on() else []
        if not here:
            self.store.renew(run, self.lease())
        self.stages.publish(run, following[len(here) :])
        fresh = self.store.run(run.instance_id, run.object, run.run_id)
        return fresh, here[0].name if here else ""

    def _part(
        self, run: Run, name: str, invocation: Invocation, outcome: Outcome
    ) -> Sequence[Part]:
        """Work on one part; returns what is to be read after it."""
        token = self.new_id("clm")
        part = self._claimed(run, name, token, invocation)
        if part is None:
            return []
        if part.state is PartState.DONE:
            # It was ended before, but perhaps not what comes after.
            return self.stages.after(run, self._finish(invocation), again=True)
        self.store.renew(run, self.working_lease(invocation))
        if part.spawned:
            self._publish_spawned(run, part)
        outcome.parts.append(name)
        try:
            ended = self._worked(run, part, token, invocation, outcome)
        except (RunOver, ClaimLost):
            raise
        except Exception:
            self._given_back(run, name, token)
            raise
        outcome.finished = ended
        if not ended:
            self.store.renew(run, self.lease())
            self.queue.publish(work_of(run, part), f"{run.run_id}-{name}")
            return []
        return self.stages.after(run, self._finish(invocation))

    def _claimed(self, run: Run, name: str, token: str, invocation: Invocation) -> Part | None:
        """The part, claimed unless it is done; None for one that nobody needs any more."""
        until = self.claim_end(invocation)
        try:
            part, mine, theirs = self.store.claim(run, name, token, until)
            if part.state is PartState.FAILED:
                # Its letter was put back into the queue.
                self._wait_for_folding(run, part)
                if not self.store.reopen(run, part, self.lease(), self._tails(run, part)):
                    return None
                part, mine, theirs = self.store.claim(run, name, token, until)
        except KeyError:
            return None
        if mine or part.state is PartState.DONE:
            return part
        if part.state is PartState.OPEN:
            wait = min(max(theirs - self.clock(), 1.0), LONGEST_CLAIM_WAIT_S)
            raise PartClaimed(f"part {name} of run {run.run_id} is being read", after=wait)
        return None

    def _wait_for_folding(self, run: Run, part: Part) -> None:
        """What is read late may be staged, and then it needs a folding that has not begun."""
        if run.stage is Stage.FOLDING and part.stage is Stage.PULLING:
            waits = f"what run {run.run_id} has read is being merged"
            raise PartClaimed(waits, after=LONGEST_CLAIM_WAIT_S)

    def _tails(self, run: Run, part: Part) -> list[Part]:
        """What has to be read behind a part that is read late: what moved out of its window."""
        tails = tails_of(self.store.parts(run), [part.feed])
        return [tail for tail in tails if tail.feed == part.feed]

    def _worked(
        self, run: Run, part: Part, token: str, invocation: Invocation, outcome: Outcome
    ) -> bool:
        """Whether the part has come to its end."""
        if part.stage is Stage.CLOSING:
            self.stages.end(run, Stage.DONE, part, token, events=self._events(run, invocation))
            return True
        if part.stage is Stage.RECONCILING:
            return self._reconciled(run, part, token, invocation, outcome)
        if part.stage is Stage.FOLDING:
            work: Fold | Pull = Fold(self, run, part, token, invocation)
        elif part.feed:
            work = Pull(self, run, part, token, invocation)
        else:
            return False
        try:
            part = work.go_on()
        finally:
            outcome.counts += work.counts
        if part.position is not None:
            self.store.save(run, part, token, 0.0)
            return False
        self.store.finish(run, part, token)
        return True

    def _reconciled(
        self, run: Run, part: Part, token: str, invocation: Invocation, outcome: Outcome
    ) -> bool:
        obj = object_of(run)
        parts = self.store.parts(run)
        found = self.reconcile(
            invocation.client,
            invocation.instance,
            obj,
            run,
            parts=parts,
            position=part.position,
            may_go_on=invocation.may_go_on,
        )
        after = replace(
            part,
            position=found.position,
            counts=part.counts + found.counts,
            report=found.report,
        )
        outcome.counts += found.counts
        self.store.count(run, found.counts)
        if found.position is None:
            self.store.finish(run, after, token)
            return True
        self.store.save(run, after, token, 0.0)
        return False

    def _publish_spawned(self, run: Run, part: Part) -> None:
        named = set(part.spawned)
        self.stages.publish(
            run, [other for other in self.store.unclaimed(run) if other.name in named]
        )

    def _given_back(self, run: Run, name: str, token: str) -> None:
        """Let the next message claim the part at once; what is kept of it stays."""
        # Where it cannot be said, the claim runs out by itself.
        with suppress(ClaimLost, ClientError, BotoCoreError):
            part = self.store.part(run, name)
            if part is not None and part.state is PartState.OPEN:
                self.store.save(run, part, token, 0.0)

    def _finish(self, invocation: Invocation) -> Callable[[Run], None]:
        def finish(run: Run) -> None:
            watcher = self.watcher(invocation.instance, run)
            watcher.begin()
            watcher.finish()

        return finish

    def _events(self, run: Run, invocation: Invocation) -> Mapping[str, Any]:
        watcher = self.watcher(invocation.instance, run)
        watcher.begin()
        shown = watcher.shown().get("events")
        counts = {"queued": run.counts.told, "remembered": run.counts.remembered}
        return {**shown, **counts} if shown else {}

    def lease(self) -> float:
        """Until when the lease lasts while messages wait in the queue, epoch seconds."""
        return self.clock() + LEASE_S

    def working_lease(self, invocation: Invocation) -> float:
        """Until when it lasts while this invocation works: no longer than that, and a margin.

        So the first tick after a death finds it expired, and the claim too.
        """
        return self.claim_end(invocation) + LEASE_MARGIN_S

    def claim_end(self, invocation: Invocation) -> float:
        """Until when a claim lasts that is made now: the invocation cannot outlive it."""
        return self.clock() + invocation.remaining_s() + CLAIM_MARGIN_S
