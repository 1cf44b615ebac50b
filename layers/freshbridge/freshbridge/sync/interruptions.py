"""What a message of a run comes to where the run is not to go on: nothing is lost, nothing parked.

A disabled instance's run gives its lease up, and the first tick of the schedule after the instance
is enabled takes the run over, open parts and all. A run of an object that the instance does not
sync any more is ended. Of an instance that was deleted nobody wants anything.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.sync.polling import only_told
from freshbridge.sync.run_store import RunOver

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.queues.envelope import SyncWork
    from freshbridge.sync.cancelling import Cancelling
    from freshbridge.sync.run import Run
    from freshbridge.sync.run_store import RunStore


@dataclass(frozen=True)
class Interruptions:
    """Interrupts runs of one table."""

    store: RunStore
    cancelling: Cancelling

    def pause(self, work: SyncWork) -> None:
        """Let the run of a disabled instance stand until the schedule takes it over.

        The message is done with: the part that it names stays open.
        """
        run = self.store.run(work.instance_id, work.object, work.run_id)
        if run is not None and run.is_active:
            with suppress(RunOver):
                self.store.renew(run, 0.0, retry={})

    def ended(self, work: SyncWork, instance: Instance) -> bool:
        """Whether the message's run is one that the instance does not want any more: it is ended.

        So is what such a run owes, so that it does not go on by itself.
        """
        run = self.store.run(work.instance_id, work.object, work.run_id)
        if run is None or _wanted(run, instance):
            return False
        standing = self.store.standing(work.instance_id, work.object)
        if run.run_id in (standing.run_id, standing.owed_run):
            self.cancelling.cancel(work.instance_id, work.object)
        return True


def _wanted(run: Run, instance: Instance) -> bool:
    """Whether its records are still copied, or told of where they were never to be copied."""
    if run.object in instance.sync_objects:
        return True
    return not run.copied and run.object in only_told(instance)
