"""Who is told of what a run reads, as its instance wants it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.sync.polling import InvalidPolling, Polling, polling_of
from freshbridge.sync.telling import Telling, can_tell
from freshbridge.sync.watching import Unwatched, Watcher

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from freshbridge.instances.model import Instance
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.record_states import RecordStates
    from freshbridge.sync.run import Run


@dataclass(frozen=True)
class Watchers:
    """Makes them; `events` is the EventQueue, `now` UTC, ISO 8601."""

    states: RecordStates
    events: Publisher
    now: Callable[[], str]
    logger: Logger

    def __call__(self, instance: Instance, run: Run) -> Watcher:
        """One that tells what changes, if the instance wants to hear of it."""
        try:
            polling = polling_of(instance, run.object) if can_tell(run.object) else None
        except InvalidPolling as error:
            # The records matter more than how they are told of.
            self.logger.warning("poller's configuration not used", extra={"reason": str(error)})
            polling = Polling()
        if polling is None:
            return Unwatched()
        return Telling(
            instance,
            run.object,
            polling,
            states=self.states,
            events=self.events,
            now=self.now,
            copied=run.copied,
        )
