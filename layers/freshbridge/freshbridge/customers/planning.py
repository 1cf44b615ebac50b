"""Which links are due, and what an event asks of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from freshbridge.customers.link import Deletions, Kind, Link
from freshbridge.customers.work import ONE, RUN, CustomerWork

if TYPE_CHECKING:
    from freshbridge.events.normalised import Event

KINDS = {"contact": Kind.CONTACTS, "account": Kind.COMPANIES, "company": Kind.COMPANIES}
"""By the first part of an event's type."""


def due(links: Iterable[Link], now: str) -> Iterator[CustomerWork]:
    """A run of each link that is enabled; one that is under way goes on."""
    for link in links:
        if link.enabled:
            yield CustomerWork(link.link_id, RUN, "", now, link.freshdesk_instance_id)


def asked_by(event: Event, links: Iterable[Link]) -> Iterator[CustomerWork]:
    """The customer that an event is about, for each link of its instance."""
    subject, _, verb = event.type.rpartition("_")
    kind = KINDS.get(subject)
    record_id = None if kind is None else getattr(event, subject).get("id")
    if kind is None or not isinstance(record_id, int):
        return
    for link in links:
        side = link.side_of(event.instance_id)
        ignored = verb == "deleted" and link.deletions is Deletions.IGNORE
        if side is None or link.rules(kind) is None or ignored:
            continue
        yield CustomerWork(
            link.link_id,
            ONE,
            "",
            event.received_at,
            event.instance_id,
            object=kind.value,
            side=side.value,
            record_id=str(record_id),
        )
