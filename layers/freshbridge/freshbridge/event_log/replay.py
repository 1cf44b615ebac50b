"""Route a kept event once more: asked for by a person, done by the router.

A replay is a new event with an id of its own and `replay_of`. The rules are those of now, and so
are their schedules, rate caps and loop guards: it counts as received when it was asked for. It is
neither the provider's repeat nor held against one. Asked for twice under one Idempotency-Key it has
one id, and what has an id is routed once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.errors import Conflict, Reject
from freshbridge.event_log.entry import Entry, State
from freshbridge.event_log.replay_request import ReplayKeyReused, replay_id
from freshbridge.identifiers import new_id
from freshbridge.queues.envelope import Replay

if TYPE_CHECKING:
    from freshbridge.event_log.store import EventStore
    from freshbridge.events.normalised import Event
    from freshbridge.queues.publish import Publisher


class EventGone(Reject):
    """The event that was to be routed again is not kept any more."""

    code = "event_gone"


class EventNotDone(Conflict):
    """The event is still on its way: routing it again would run its rules twice."""

    code = "event_not_done"
    default_advice = "Wait until it is routed; what is stuck is redriven as a dead letter."


@dataclass(frozen=True)
class Asked:
    """The entry of a replay, and whether the same had been asked for before."""

    entry: Entry
    before: bool


class Replays:
    """Asks for single replays, and finds what they are to route."""

    def __init__(self, events: EventStore, queue: Publisher) -> None:
        """`queue`: the EventQueue."""
        self._events = events
        self._queue = queue

    def ask(
        self, instance_id: str, event_id: str, *, key: str | None, rules: Iterable[str] = ()
    ) -> Asked:
        """Queue one event to be routed again.

        Raises:
            UnknownEvent: it is not kept.
            EventNotDone: it has not been routed once.
            ReplayKeyReused: the key was sent with other rules.
            NotQueued: it could not be queued; nothing is promised.
        """
        original = self._events.get(instance_id, event_id)
        if original.state in (State.QUEUED, State.ROUTING, State.WAITING):
            raise EventNotDone(f"event {event_id} is {original.state}, not routed yet")
        order = Replay(
            event_id=new_id("evt") if key is None else replay_id(instance_id, event_id, key),
            replay_of=event_id,
            instance_id=instance_id,
            requested_at=timestamps.to_text(timestamps.from_epoch(self._events.clock())),
            only_rules=",".join(sorted(set(rules))),
        )
        known = self._events.find(order.event_id)
        if known is not None and known.only_rules != order.only_rules:
            raise ReplayKeyReused(
                f"this Idempotency-Key was sent with other rules, as {order.event_id}"
            )
        if known is not None and known.state is not State.QUEUED:
            return Asked(known, before=True)
        if known is not None:
            # Its message may have been lost; if not, the second one finds it done.
            order = replace(order, requested_at=known.received_at)
        self._queue.publish(order, order.event_id)
        asked_for = replace(as_new(original).asked_by(order), state=State.QUEUED)
        # Where the router was faster, its entry stays.
        self._events.add(asked_for)
        return Asked(asked_for, before=known is not None)

    def kept_message(self, order: Replay) -> str:
        """The message that brought what is to be routed again.

        Raises:
            EventGone: it is not kept any more.
            PayloadGone: its body is not.
        """
        original = self._events.find(order.replay_of)
        if original is None or original.instance_id != order.instance_id or not original.envelope:
            raise EventGone(
                f"event {order.replay_of[:64]} is not kept any more",
                advice="It cannot be routed again.",
            )
        return self._events.message(original)


def as_new(entry: Entry) -> Entry:
    """The entry without what became of its event: where its replay begins."""
    return Entry(
        event_id=entry.event_id,
        instance_id=entry.instance_id,
        platform=entry.platform,
        received_at=entry.received_at,
        state=State.ROUTING,
        source=entry.source,
        content_type=entry.content_type,
        size=entry.size,
        type=entry.type,
        subject=entry.subject,
        occurred_at=entry.occurred_at,
        recovered=entry.recovered,
    )


def as_replayed(event: Event, order: Replay) -> Event:
    """The event as its replay: the same content, received when the replay was asked for."""
    return replace(
        event, id=order.event_id, received_at=order.requested_at, replay_of=order.replay_of
    )
