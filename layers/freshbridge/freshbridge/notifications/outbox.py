"""The router's side: queue an event for an instance that wants to hear of it.

Nothing is looked up beyond the instance, which the router has in memory, and nothing is written but
the message. A message that comes twice is told once: its event has a notification by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge.notifications.configuration import callback_urls
from freshbridge.notifications.messages import EventMessage
from freshbridge.notifications.shape import notice_of

if TYPE_CHECKING:
    from freshbridge.events.normalised import Event
    from freshbridge.instances.model import Instance
    from freshbridge.queues.publish import Publisher


class Outbox:
    """Where events for callbacks are queued."""

    def __init__(self, queue: Publisher) -> None:
        """`queue`: the CallbackQueue."""
        self._queue = queue

    def put(self, event: Event, instance: Instance) -> bool:
        """Queue an event if the instance wants it; whether it does.

        Raises:
            NotQueued: it is not on its way; the event must not be acknowledged.
        """
        if not callback_urls(instance.configuration):
            return False
        message = EventMessage(
            instance_id=instance.instance_id,
            by_polling=event.source == "sync",
            notice=notice_of(event.as_dict()),
        )
        self._queue.publish(message, f"{instance.instance_id}-{event.id}")
        return True
