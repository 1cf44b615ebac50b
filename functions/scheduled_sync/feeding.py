"""When a run of an object is done, the destinations that the object feeds get what is held of it.

They are told just before the run is closed: a function that dies between the two is followed by
one that tells them again, with the same ids, and the same ids do nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge.destinations.arrivals import PLATFORM
from freshbridge.destinations.synced import requests_after_sync
from freshbridge.sync.run import Part, Run, Stage
from freshbridge.sync.stages import Stages

if TYPE_CHECKING:
    from freshbridge.destinations.store import Destination, DestinationStore
    from freshbridge.instances.registry import Registry
    from freshbridge.queues.publish import Publisher


@dataclass(frozen=True)
class Feeding:
    """Queues a run of each destination that a finished run feeds. `now` is UTC, ISO 8601."""

    registry: Registry
    destinations: DestinationStore
    queue: Publisher
    now: Callable[[], str]

    def after(self, run: Run) -> int:
        """How many destinations are fed by this run.

        Raises:
            NotQueued, ClientError, BotoCoreError: tell it again, which doubles nothing.
        """
        if not run.copied:
            # The lake has nothing of it.
            return 0
        requests = requests_after_sync(
            self._every(),
            instance_id=run.instance_id,
            object_name=run.object,
            run_id=run.run_id,
            at=self.now(),
        )
        return self.queue.publish_all((one.action_id, one) for one in requests)

    def _every(self) -> Iterator[tuple[str, Destination]]:
        for instance in self.registry.all():
            if instance.platform == PLATFORM and not instance.disabled:
                for destination in self.destinations.every(instance.instance_id):
                    yield instance.instance_id, destination


@dataclass(frozen=True)
class FeedingStages(Stages):
    """Stages whose runs feed destinations when they are done."""

    feeding: Feeding

    def end(
        self,
        run: Run,
        stage: Stage,
        part: Part | None = None,
        token: str = "",
        events: Mapping[str, Any] | None = None,
    ) -> None:
        """As of `Stages`; first those are told that a run which went well feeds."""
        if stage is Stage.DONE:
            self.feeding.after(run)
        super().end(run, stage, part, token, events)
