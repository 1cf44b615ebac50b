"""Which callbacks were told of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshbridge.notifications.view import delivery_view

if TYPE_CHECKING:
    from freshbridge.event_log.entry import Entry
    from freshbridge.notifications.store import DeliveryStore


class Callbacks:
    """Looks the deliveries of events up."""

    def __init__(self, deliveries: DeliveryStore) -> None:
        """`deliveries`: those of the stack."""
        self._deliveries = deliveries

    def of_event(self, entry: Entry) -> list[dict[str, Any]]:
        """A delivery for each URL that is told of the event, as Open Connectors shows it.

        Empty while no notification has been made of it.

        Raises:
            ClientError, BotoCoreError: the table did not answer.
        """
        number = self._deliveries.notification_id(entry.instance_id, entry.event_id)
        if number is None:
            return []
        return [delivery_view(found) for found in self._deliveries.deliveries(number)]
