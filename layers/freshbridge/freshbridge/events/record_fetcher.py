"""Fetch the records that events are about, no more often than it takes.

What was fetched is kept for a while in the process: another event of the same record is served from
it if it was fetched after that event had come, for then it cannot be older than what the event
tells. A backlog of one ticket's events thus costs one call.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.mapping import FieldNames
from freshbridge.errors import NotFound
from freshbridge.events.enrichment import Fetched, latest_note
from freshbridge.instances.trace import Cause

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.events.fetchable import Wanted
    from freshbridge.events.normalised import Event
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.connection import Connections

EMBEDDED = ("requester", "stats")
"""What a ticket list embeds."""
_NOT_LISTED = ("conversations", "company")
MOST_KEPT = 500
"""Records, a ticket's conversations each for one: a single ticket may have 500 of them, which are
a few MB."""
MOST_PAGES = 5
"""Of a ticket's conversations, 100 to a page; of a longer ticket no note is fetched."""
_Key = tuple[str, str, int]


class _NotKept(Exception):
    """It has to be asked for."""


@dataclass(frozen=True)
class _Kept:
    """What was fetched, `at` the moment before it was asked for."""

    at: datetime
    value: Any
    include: frozenset[str] = frozenset()

    @property
    def records(self) -> int:
        """How many it counts for."""
        return max(1, len(self.value)) if isinstance(self.value, list) else 1


@dataclass(frozen=True)
class _Order:
    """What is to be had for an event; what was fetched before `since` is too old for it."""

    event: Event
    wanted: Wanted
    since: datetime


class RecordFetcher:
    """Asks providers for records."""

    def __init__(
        self, connections: Connections, *, clock: Callable[[], datetime] = timestamps.now
    ) -> None:
        """Nothing is called before the first event that needs it."""
        self._connections = connections
        self._clock = clock
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()

    def fetch(
        self, event: Event, wanted: Wanted, names: FieldNames, *, waiting: Waiting
    ) -> Fetched:
        """The records that are wanted for an event, custom fields under the person's names.

        Raises:
            NotFound: the ticket, or the contact of a contact's event, is there no more.
            BudgetExhausted, CircuitOpen: nothing was sent; come back when it says.
            Retry: the provider did not answer as it should.
            Unauthorized, Forbidden, Misconfigured: the key may not, or there is none.
        """
        # A time of coming that lies ahead of this clock would make everything too old.
        since = min(timestamps.from_text(event.received_at), self._clock())
        order = _Order(event, wanted, since)
        try:
            found = self._collected(order, None)
        except _NotKept:
            found = self._connections.use(
                event.instance_id,
                lambda client, _instance: self._collected(order, client),
                cause=Cause(event.id),
                waiting=waiting,
            )
        return replace(
            found, ticket=names.shown_data(found.ticket), contact=names.shown_data(found.contact)
        )

    def whole(self, event: Event, object_name: str) -> tuple[dict[str, Any], str] | None:
        """The record of an event's ticket or contact as the lake has them, and since when.

        It is one that was fetched since the event came, custom fields under the provider's names;
        None where there is none, or not with all that a list embeds in it.
        """
        kind = {"tickets": "ticket", "contacts": "contact"}.get(object_name, "")
        number = getattr(event, kind).get("id") if kind else None
        if not isinstance(number, int):
            return None
        held = self._kept.get((event.instance_id, kind, number))
        since = min(timestamps.from_text(event.received_at), self._clock())
        if held is None or held.at < since or not held.value:
            return None
        if kind == "ticket" and not frozenset(EMBEDDED) <= held.include:
            return None
        record = {name: value for name, value in held.value.items() if name not in _NOT_LISTED}
        return record, timestamps.to_precise_text(held.at)

    def _collected(self, order: _Order, client: FreshdeskClient | None) -> Fetched:
        """One after the other; what one call gave is kept, should the next have to wait."""
        event, wanted = order.event, order.wanted
        oldest = self._clock()
        ticket: Mapping[str, Any] = {}
        contact: Mapping[str, Any] = {}
        note: Mapping[str, Any] = {}
        number = event.ticket.get("id")
        if wanted.ticket:
            held = self._had(order, client, ("ticket", number), _ticket)
            ticket, oldest = held.value, min(oldest, held.at)
        if wanted.note:
            held = self._had(order, client, ("conversations", number), _conversations)
            note, oldest = latest_note(held.value, event), min(oldest, held.at)
        requester = event.ticket.get("requester_id") or ticket.get("requester_id")
        person = event.contact.get("id") or requester
        if wanted.contact and isinstance(person, int):
            ask = _requester if event.ticket else _contact
            held = self._had(order, client, ("contact", person), ask)
            contact, oldest = held.value, min(oldest, held.at)
        return Fetched(timestamps.to_text(oldest), ticket, contact, note)

    def _had(
        self,
        order: _Order,
        client: FreshdeskClient | None,
        record: tuple[str, Any],
        ask: Callable[[FreshdeskClient, int, frozenset[str]], Any],
    ) -> _Kept:
        kind, number = record
        include = order.wanted.include if kind == "ticket" else frozenset()
        key = (order.event.instance_id, kind, number)
        held = self._kept.get(key)
        if held is not None and held.at >= order.since:
            if include <= held.include:
                return held
            include |= held.include
        if client is None:
            raise _NotKept
        began = self._clock()
        made = _Kept(began, ask(client, number, include), include)
        self._kept.pop(key, None)
        self._make_room(made.records)
        self._kept[key] = made
        return made

    def _make_room(self, records: int) -> None:
        held = records + sum(one.records for one in self._kept.values())
        while self._kept and held > MOST_KEPT:
            held -= self._kept.popitem(last=False)[1].records


def _ticket(client: FreshdeskClient, number: int, include: frozenset[str]) -> Any:
    return client.ticket(number, include=sorted(include))


def _contact(client: FreshdeskClient, number: int, _include: frozenset[str]) -> Any:
    return client.contact(number)


def _requester(client: FreshdeskClient, number: int, _include: frozenset[str]) -> Any:
    try:
        return client.contact(number)
    except NotFound:
        # The ticket is there all the same.
        return {}


def _conversations(client: FreshdeskClient, number: int, _include: frozenset[str]) -> Any:
    pages = list(islice(client.conversations(number), MOST_PAGES))
    if pages and pages[-1].next_url is not None:
        return []
    return [record for page in pages for record in page.records]
