"""Keeps each event while the router works on it.

An event is kept before anything is done with it, so that it can be found whatever happens next;
what became of it is written when it is done, put off or parked. An event that comes to the router
again (its message was not acknowledged, or its dead letter was sent back) has its entry already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, timestamps
from freshbridge.event_log.entry import Entry, Outcome, State, outcome_of, rule_runs
from freshbridge.event_log.items import runs_text

if TYPE_CHECKING:
    from freshbridge.event_log.store import EventStore
    from freshbridge.events.normalised import Event
    from freshbridge.observability import Logger
    from freshbridge.queues.envelope import Replay
    from freshbridge.rules.route import Run

Normalise = Callable[[], "Event"]
"""Reads the event's content; what it raises is what is wrong with it."""


class Recorder:
    """Writes entries as the router goes along."""

    def __init__(self, events: EventStore, logger: Logger) -> None:
        """`events`: where they are kept."""
        self._events = events
        self._log = logger
        # By the message that the router has in hand: a failure is told of with it.
        self._in_hand: tuple[str, Entry] | None = None

    def take(
        self, message_id: str, entry: Entry, read: Normalise, order: Replay | None = None
    ) -> Event | None:
        """Keep the event and return it as it was read; None for a replay that is done already.

        `entry` is what is known of it before it is read; of a replay, `order` is what asked for it.

        Raises:
            Whatever `read` raises, once the event is kept.
            ClientError, BotoCoreError: it is not kept; nothing is to be done with it.
        """
        self._in_hand = None
        try:
            event, wrong = read(), None
            entry = entry.read_as(event)
        except Exception as error:
            event, wrong = None, error
        new = self._events.add(entry)
        if order is not None and self._is_replayed(entry, order, new=new):
            return None
        self._in_hand = (message_id, entry)
        if wrong is not None:
            raise wrong
        return event

    def duplicate(self, event: Event, first_event_id: str) -> None:
        """Note that the event had come before.

        Raises:
            ClientError, BotoCoreError: it is not noted.
        """
        self._done(
            event,
            {
                "state": State.DUPLICATE.value,
                "duplicate_of": first_event_id,
                "code": "",
                "message": "",
            },
        )

    def routed(
        self,
        event: Event,
        runs: Iterable[Run],
        *,
        considered: int,
        published_at: str,
        disabled: bool = False,
    ) -> None:
        """Note what rules made of the event, and when the event bus took it, "" for not at all.

        `disabled`: its instance is switched off, so nobody was asked. One of whose rules failed is
        about to be parked for that, and does not count as routed yet.

        Raises:
            ClientError, BotoCoreError: it is not noted; the event has to be routed again.
        """
        runs = list(runs)
        named = rule_runs(runs)
        broken = any(run.outcome == "failed" for run in runs)
        self._done(
            event,
            {
                "state": State.ROUTING.value if broken else State.ROUTED.value,
                # What its instance's own statuses mean is known only by now.
                "type": event.type,
                "enriched": event.enriched,
                "enriched_at": event.enriched_at,
                "enrichment_error": event.enrichment_error,
                "outcome": (Outcome.INSTANCE_DISABLED if disabled else outcome_of(runs)).value,
                "considered": considered,
                "actions": sum(len(run.actions) for run in runs),
                "runs": runs_text(named) if named else "",
                "routed_at": timestamps.to_text(timestamps.from_epoch(self._events.clock())),
                "published_at": published_at,
                "code": "",
                "message": "",
            },
        )

    def failed(self, message_id: str, *, parked: bool, code: str, reason: str) -> None:
        """Note that the message in hand is put off, or parked; never raises.

        What is done already stays done: a message may come twice.
        """
        if self._in_hand is None or self._in_hand[0] != message_id:
            # It was no event, or could not be kept.
            return
        state = State.PARKED if parked else State.WAITING
        try:
            self._events.change(
                self._in_hand[1],
                {"state": state.value, "code": code, "message": reason},
                unless=State.ROUTED,
            )
        except (ClientError, BotoCoreError) as error:
            told = {"error": aws.error_name(error), "code": code}
            self._log.warning("state of event not kept", extra=told)

    def _done(self, event: Event, changes: dict[str, str | int | bool]) -> None:
        assert self._in_hand is not None  # noqa: S101 - it was taken
        marks: dict[str, str | int | bool] = {"late": event.late, "repeat_of": event.repeat_of}
        self._events.change(self._in_hand[1], marks | changes)

    def _is_replayed(self, entry: Entry, order: Replay, *, new: bool) -> bool:
        if not new:
            kept = self._events.find(entry.event_id)
            if kept is not None and kept.state is State.ROUTED:
                return True
        self._events.mark_replayed(order.replay_of, entry.event_id, order.requested_at)
        return False
