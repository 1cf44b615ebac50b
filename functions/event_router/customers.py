"""A customer that an event is about is queued, to be made the same in the product across."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge.customers.planning import KINDS, asked_by

if TYPE_CHECKING:
    from freshbridge.customers.link_store import LinkStore
    from freshbridge.events.normalised import Event
    from freshbridge.queues.publish import Publisher


def ask_for(event: Event, *, links: LinkStore, queue: Publisher) -> int:
    """Queue the customer once for each link of the event's instance; how many times."""
    if event.type.rpartition("_")[0] not in KINDS:
        return 0
    asked = list(asked_by(event, links.of(event.instance_id)))
    return queue.publish_all((work.name, work) for work in asked)
