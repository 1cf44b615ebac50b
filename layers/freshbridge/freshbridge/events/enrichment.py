"""Put what was fetched where an event tells nothing.

Pure. An event says what was so when it happened; a record that is fetched says what is so now. So
nothing that the event carries is changed: not a value, not an empty one, not an entry of a list.
What its changes say a field became is what the field was then, whatever it is by now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.events.fetchable import FETCHED, REQUESTER_FIELDS
from freshbridge.events.normalised import Event
from freshbridge.freshdesk.enums import ConversationSource, Status

GONE, REFUSED = "gone", "refused"
SKEW = timedelta(seconds=60)
"""How far the provider's clock may be ahead of this one."""
_IMPLIED = {"ticket_resolved": int(Status.RESOLVED), "ticket_closed": int(Status.CLOSED)}
_CUSTOM = "custom_fields"


@dataclass(frozen=True)
class Fetched:
    """Records as the provider gave them; {} for one that nobody asked for. `at`: UTC, ISO 8601."""

    at: str
    ticket: Mapping[str, Any] = field(default_factory=dict)
    contact: Mapping[str, Any] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)


def filled(event: Event, found: Fetched) -> Event:
    """The event with what it lacked."""
    ticket, contact, note = dict(event.ticket), dict(event.contact), dict(event.note)
    if found.ticket:
        ticket = _merged(_as_it_became(event, found.ticket), found.ticket)
        company = found.ticket.get("company")
        if isinstance(company, Mapping):
            ticket.setdefault("company_name", company.get("name"))
        requester = found.ticket.get("requester")
        if isinstance(requester, Mapping) and _is_same(contact, requester):
            contact = _merged(
                contact, {k: v for k, v in requester.items() if k in REQUESTER_FIELDS}
            )
    if found.contact and _is_same(contact, found.contact):
        contact = _merged(contact, found.contact)
    if found.note:
        note = _merged(note, found.note)
    return replace(
        event,
        ticket=ticket,
        contact=contact,
        note=note,
        enriched=FETCHED,
        enriched_at=found.at,
        enrichment_error="",
    )


def gone(event: Event, at: str) -> Event:
    """The event of a record that is there no more."""
    return replace(event, enriched=GONE, enriched_at=at)


def refused(event: Event, at: str, reason: str) -> Event:
    """The event of a record that the provider would not give, for `reason`."""
    return replace(event, enriched=REFUSED, enriched_at=at, enrichment_error=reason)


def latest_note(conversations: Sequence[Mapping[str, Any]], event: Event) -> Mapping[str, Any]:
    """Which of a ticket's notes and replies the event is about; {} where none can be.

    The newest of its kind that was there when the event came: no webhook names it. One that is
    named by its id is that one.
    """
    if (number := event.note.get("id")) is not None:
        return next((one for one in conversations if one.get("id") == number), {})
    latest = timestamps.from_text(event.received_at) + SKEW
    found = [
        (created, one)
        for one in conversations
        if _is_of_kind(one, event) and (created := _moment(one.get("created_at"))) is not None
    ]
    before = [one for created, one in sorted(found, key=lambda pair: pair[0]) if created <= latest]
    return before[-1] if before else {}


def _is_of_kind(conversation: Mapping[str, Any], event: Event) -> bool:
    if event.type == "reply_created":
        return conversation.get("source") != int(ConversationSource.NOTE)
    private = event.note.get("private")
    is_note = conversation.get("source") == int(ConversationSource.NOTE)
    return is_note and (private is None or conversation.get("private") is private)


def _as_it_became(event: Event, fetched: Mapping[str, Any]) -> dict[str, Any]:
    """The event's ticket with what its changes, and its type, say of fields that it lacks."""
    ticket = dict(event.ticket)
    carried = ticket.get(_CUSTOM, {})
    own = dict(carried) if isinstance(carried, Mapping) else {}
    custom = fetched.get(_CUSTOM)
    for name, change in event.changes.items():
        if not isinstance(change, Mapping) or "to" not in change:
            continue
        if isinstance(custom, Mapping) and name in custom:
            own.setdefault(name, change["to"])
        elif name in fetched:
            ticket.setdefault(name, change["to"])
    if own and isinstance(carried, Mapping):
        ticket[_CUSTOM] = own
    if event.type in _IMPLIED:
        ticket.setdefault("status", _IMPLIED[event.type])
    return ticket


def _merged(own: Mapping[str, Any], fetched: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(own)
    for name, value in fetched.items():
        if name not in merged:
            merged[name] = value
        elif isinstance(merged[name], Mapping) and isinstance(value, Mapping):
            merged[name] = _merged(merged[name], value)
    return merged


def _is_same(contact: Mapping[str, Any], fetched: Mapping[str, Any]) -> bool:
    """Whether a contact of the event may be the one fetched: the requester can have changed."""
    return all(
        contact.get(name) in (None, "") or _plain(contact[name]) == _plain(fetched[name])
        for name in ("id", "email")
        if fetched.get(name) not in (None, "")
    )


def _plain(value: object) -> str:
    return str(value).strip().casefold()


def _moment(value: object) -> Any:
    try:
        return timestamps.from_text(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
