"""Have the records that webhooks name brought up to date in the lake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.observability import count
from freshbridge.sync.touch import RecordTouch, touches_of

if TYPE_CHECKING:
    from freshbridge.events.normalised import Event
    from freshbridge.instances.model import Instance
    from freshbridge.observability import Metrics
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.touch_marks import TouchMarks

DELAY_S = 5
"""The further webhooks of one change come within seconds: they are waited for."""
Held = Callable[["Event", str], tuple[Mapping[str, Any], str] | None]
"""The record that was fetched whole for an event, by its object's name, and when it was asked."""


class Touching:
    """Queues one message for each record that a webhook changed."""

    def __init__(
        self, queue: Publisher, marks: TouchMarks, *, held: Held, metrics: Metrics
    ) -> None:
        """`queue`: the SyncQueue."""
        self._queue = queue
        self._marks = marks
        self._held = held
        self._metrics = metrics

    def touch(self, event: Event, instance: Instance) -> None:
        """Ask for what the event is about; nothing where the instance does not want it.

        Raises:
            NotQueued, ClientError, BotoCoreError: it may not have been asked for.
        """
        for object_name, number in touches_of(event, instance):
            record, seen_at = self._held(event, object_name) or ({}, "")
            if not record and not self._marks.set(
                instance.instance_id, object_name, number, event.id
            ):
                continue
            order = RecordTouch(
                str(number),
                object_name,
                instance.instance_id,
                f"touch-{event.id}",
                event.id,
                seen_at,
                record,
            )
            name = f"{event.id}-{object_name}"
            self._queue.publish(order, name, delay_s=0 if record else DELAY_S)
            count(self._metrics, "RecordsTouched")
