"""Take an event out of its message: one that came, one to be routed again, or none after all.

an event       kept, and dropped where the provider has sent it before
a replay       of one that is kept, under a new id; not held against what the provider sends
replay work    no event: the next ones of a replay of many are queued
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from freshbridge.event_log.entry import arrived
from freshbridge.event_log.replay import as_replayed
from freshbridge.events.reading import event_of
from freshbridge.observability import count
from freshbridge.queues import envelope

if TYPE_CHECKING:
    from freshbridge.events.normalised import Event
    from freshbridge.observability import Logger, Metrics
    from freshbridge.routing.ports import Deliveries, Recorder, ReplayJobs, Replays


@dataclass(frozen=True)
class Taken:
    """An event that is to be routed. `only`: the ids of the rules that are meant, () for all."""

    event: Event
    only: tuple[str, ...] = ()


class Taking:
    """Reads messages of the event queue. Errors of what it asks are raised as they are."""

    def __init__(
        self,
        recorder: Recorder,
        deliveries: Deliveries,
        replays: Replays,
        replay_jobs: ReplayJobs,
        *,
        logger: Logger,
        metrics: Metrics,
    ) -> None:
        """Nothing is asked before the first message."""
        self._recorder = recorder
        self._deliveries = deliveries
        self._replays = replays
        self._replay_jobs = replay_jobs
        self._log = logger
        self._metrics = metrics

    def take(self, message_id: str, text: str) -> Taken | None:
        """What a message brings; None where there is nothing more to do.

        Raises:
            UnreadableMessage: it is none of the three.
        """
        order = envelope.replay_order(text)
        if isinstance(order, envelope.ReplayWork):
            self._carry_on(order)
            return None
        if order is None:
            event = self._received(message_id, text)
            return Taken(event) if event is not None else None
        event = self._replayed(message_id, order)
        return Taken(event, order.rules) if event is not None else None

    def _received(self, message_id: str, text: str) -> Event | None:
        received = envelope.received_event(text)
        self._log.set_correlation_id(received.correlation_id)
        read = partial(event_of, received)
        taken = self._recorder.take(message_id, arrived(received, text), read)
        if taken is None:
            return None
        event, verdict = self._deliveries.take(taken, received.body)
        if not verdict.duplicate_of:
            return event
        # The provider missed an answer and sent it again: the first one does all there is to do.
        self._log.info("event came again", extra={"first_event_id": verdict.duplicate_of})
        count(self._metrics, "DuplicateEvents")
        if verdict.duplicate_of != event.id:
            # What a sync tells twice has one id: it is kept as what it came to the first time.
            self._recorder.duplicate(event, verdict.duplicate_of)
        return None

    def _replayed(self, message_id: str, order: envelope.Replay) -> Event | None:
        self._log.set_correlation_id(order.correlation_id)
        text = self._replays.kept_message(order)
        received = envelope.received_event(text)
        entry = arrived(received, text).asked_by(order)
        taken = self._recorder.take(message_id, entry, partial(event_of, received), order)
        if taken is None:
            self._log.info("event replayed already", extra={"replay_of": order.replay_of})
            count(self._metrics, "DuplicateEvents")
            return None
        count(self._metrics, "EventsReplayed")
        return as_replayed(taken, order)

    def _carry_on(self, order: envelope.ReplayWork) -> None:
        self._log.set_correlation_id(order.correlation_id)
        job = self._replay_jobs.carry_on(order.instance_id, order.replay_job)
        self._log.info("replay carried on", extra={"job_id": job.job_id, "done": job.done})
        count(self._metrics, "ReplaysCarriedOn")
