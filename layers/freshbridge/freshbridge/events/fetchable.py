"""Which parts of an event its provider can be asked for, and with which calls.

Pure. A webhook carries what its author ticked; the rest of the ticket or contact is one call away.
Only what that call is known to answer with is asked for: a name that no record has costs nothing.
Facts: https://developers.freshdesk.com/api/#view_a_ticket,
https://developers.freshdesk.com/api/#view_contact
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from freshbridge.events.normalised import Event

Steps = tuple[str, ...]
"""The steps of a dotted path, from the event's root."""

FETCHED = "fetched"
"""What `enriched` says of an event that has what was fetched for it."""
CONVERSATION_TYPES = ("note_created", "reply_created")
INCLUDES = ("requester", "company", "stats", "conversations")
"""What a ticket embeds on request; each costs one more call of the rate limit."""
TICKET_FIELDS = frozenset({
    "associated_tickets_list", "association_type", "attachments", "cc_emails", "company_id",
    "created_at", "custom_fields", "deleted", "description", "description_text", "due_by",
    "email_config_id", "form_id", "fr_due_by", "fr_escalated", "fwd_emails", "group_id",
    "initial_sentiment_score", "internal_agent_id", "internal_group_id", "is_escalated",
    "nr_due_by", "nr_escalated", "priority", "product_id", "reply_cc_emails", "requester_id",
    "responder_id", "sentiment_score", "source", "source_additional_info", "spam", "status",
    "structured_description", "subject", "support_email", "tags", "ticket_bcc_emails",
    "ticket_cc_emails", "to_emails", "type", "updated_at", *INCLUDES,
})  # fmt: skip
REQUESTER_FIELDS = frozenset({"id", "name", "email", "mobile", "phone"})
"""What a ticket's embedded requester has; more of a contact costs a call of its own."""
CONTACT_FIELDS = REQUESTER_FIELDS | {
    "active", "address", "avatar", "company_id", "contact_type", "created_at", "csat_rating",
    "custom_fields", "deleted", "description", "facebook_id", "first_name", "job_title", "language",
    "last_name", "org_contact_id", "other_companies", "other_emails", "other_phone_numbers",
    "preferred_source", "social_handler", "tags", "time_zone", "twitter_id", "unique_external_id",
    "updated_at", "view_all_tickets", "visitor_id",
}  # fmt: skip
NOTE_FIELDS = frozenset({
    "attachments", "bcc_emails", "body", "body_text", "cc_emails", "created_at", "from_email", "id",
    "incoming", "private", "source", "support_email", "to_emails", "updated_at", "user_id",
})  # fmt: skip
_COMPANY_NAME = ("ticket", "company_name")
# Objects to which a fetched record may add; what else an event carries, it carries whole.
_OPEN = frozenset({
    ("ticket",), ("ticket", "custom_fields"), ("ticket", "requester"), ("ticket", "company"),
    ("ticket", "stats"), ("contact",), ("contact", "custom_fields"), ("note",),
})  # fmt: skip
_LIST_LACKS = frozenset({
    "associated_tickets_list", "attachments", "description", "description_text", "form_id",
    "source_additional_info", "structured_description", *INCLUDES,
})  # fmt: skip
"""What a single ticket has beyond the ticket in a list, from which a sync's events are made."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch for an event, and the dotted `paths` for which."""

    ticket: bool = False
    include: frozenset[str] = frozenset()
    contact: bool = False
    note: bool = False
    paths: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to fetch."""
        return self.ticket or self.contact or self.note

    def calls(self, event: Event) -> list[str]:
        """The calls that it takes, as a person writes them; ids that come with one are `{…}`."""
        number = event.ticket.get("id")
        made = []
        if self.ticket:
            embedded = ",".join(sorted(self.include))
            made.append(f"GET /api/v2/tickets/{number}{f'?include={embedded}' if embedded else ''}")
        if self.contact:
            contact = event.contact.get("id") or event.ticket.get("requester_id")
            made.append(f"GET /api/v2/contacts/{contact or '{requester_id}'}")
        if self.note:
            made.append(f"GET /api/v2/tickets/{number}/conversations")
        return made


def can_be_asked(event: Event) -> bool:
    """Whether there is a record of the event that its provider can be asked for."""
    if event.platform != "freshdesk":
        return False
    record = event.ticket or event.contact
    return isinstance(record.get("id"), int)


def lacks(event: Event, whole: dict[str, Any], steps: Steps) -> bool:
    """Whether the event does not carry what the path names, and its provider could tell it.

    `whole` is the event as a dictionary. What was fetched already is carried.
    """
    if event.enriched == FETCHED or not can_be_asked(event) or not _is_known(event, steps):
        return False
    held: Any = whole
    for place, step in enumerate(steps):
        if not isinstance(held, dict):
            # A list, a text or null: the event tells all of it.
            return False
        if step not in held:
            return _may_grow(event, steps[:place], step)
        held = held[step]
    # An object named as a whole: it is wanted whole.
    return isinstance(held, dict) and steps in _OPEN and _may_grow(event, steps, "")


def wanted(event: Event, paths: Iterable[Steps]) -> Wanted:
    """The calls that fetch what these paths name, of an event that lacks them."""
    named = sorted(set(paths))
    include: set[str] = set()
    ticket = contact = note = False
    for steps in named:
        root, name = steps[0], steps[1] if len(steps) > 1 else ""
        if root == "note":
            note = True
        elif root == "contact" and not event.ticket:
            contact = True
        elif root == "contact":
            # The requester comes with the ticket as far as it goes.
            embedded = name in REQUESTER_FIELDS
            ticket = ticket or embedded or not _contact_id(event)
            contact = contact or not embedded
            include |= {"requester"} if embedded else set()
        else:
            ticket = True
            include |= {name} & set(INCLUDES)
            include |= {"company"} if steps == _COMPANY_NAME else set()
    return Wanted(
        ticket, frozenset(include), contact, note, tuple(".".join(steps) for steps in named)
    )


def everything(event: Event) -> Wanted:
    """The calls that make the event whole, for subscribers that want it so."""
    if not can_be_asked(event) or event.enriched == FETCHED:
        return Wanted()
    if not event.ticket:
        return Wanted(contact=True, paths=("contact",))
    note = event.type in CONVERSATION_TYPES
    include = frozenset(INCLUDES) - {"conversations"}
    return Wanted(ticket=True, include=include, note=note, paths=("ticket",))


def together(*asked: Wanted) -> Wanted:
    """One fetch in place of several."""
    return Wanted(
        any(one.ticket for one in asked),
        frozenset().union(*(one.include for one in asked)),
        any(one.contact for one in asked),
        any(one.note for one in asked),
        tuple(sorted({path for one in asked for path in one.paths})),
    )


def _is_known(event: Event, steps: Steps) -> bool:
    root, name = steps[0], steps[1] if len(steps) > 1 else ""
    if root == "ticket" and event.ticket:
        known = steps == _COMPANY_NAME or not name or name in TICKET_FIELDS
        if name == "requester" and len(steps) > 2:
            known = steps[2] in REQUESTER_FIELDS
        return known
    if root == "contact":
        return not name or name in CONTACT_FIELDS
    return root == "note" and event.type in CONVERSATION_TYPES and name in (*NOTE_FIELDS, "")


def _may_grow(event: Event, holder: Steps, name: str) -> bool:
    """Whether fetching can add `name` to an object of the event, or anything where it is ""."""
    if event.source == "sync" and holder == ("ticket",) and name:
        return name in _LIST_LACKS or name == _COMPANY_NAME[1]
    if event.source == "sync" and holder == ("ticket", "custom_fields"):
        return False
    return holder in _OPEN


def _contact_id(event: Event) -> bool:
    return any(
        isinstance(value, int)
        for value in (event.contact.get("id"), event.ticket.get("requester_id"))
    )
