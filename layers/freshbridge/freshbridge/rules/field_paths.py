"""Which field of an event a dotted path names. Pure.

A path begins at what the event is about, the ticket mostly: `priority` is `ticket.priority`, and
`email` of a contact's event is `contact.email`. Other parts are named: `actor.name`,
`changes.status.to`, `event.late`. A number steps into a list. Who asked for the ticket is
`ticket.requester`, which is the event's contact where the ticket itself does not hold it; its
company is `company` or `ticket.company`.
Fields: https://developers.freshdesk.com/api/#ticket_attributes
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from freshbridge.rules.invalid import invalid

LONGEST_PATH = 200
MOST_STEPS = 8
ROOTS = (
    "ticket", "contact", "actor", "changes", "event", "company", "account", "deal", "note", "reply",
    "survey", "time_entry", "satisfaction_rating", "agent", "group",
)  # fmt: skip
"""The parts of an event, of today's and of those to come."""
TICKET_FIELDS = frozenset({
    "agent_email", "agent_name", "associated_tickets_count", "association_type", "attachments",
    "cc_emails", "company", "company_id", "company_name", "conversations", "created_at",
    "custom_fields", "deleted", "description", "description_text", "due_by", "email",
    "email_config_id", "facebook_id", "form_id", "fr_due_by", "fr_escalated", "fwd_emails",
    "group_id", "group_name", "id", "internal_agent_id", "internal_group_id", "is_escalated",
    "language", "name", "nr_due_by", "nr_escalated", "parent_id", "phone", "priority",
    "product_id", "reply_cc_emails", "requester", "requester_id", "responder_id",
    "sentiment_score", "source", "spam", "stats", "status", "status_name", "subject",
    "support_email", "tags", "ticket_bcc_emails", "ticket_cc_emails", "to_emails", "twitter_id",
    "type", "unique_external_id", "updated_at", "url",
})  # fmt: skip
_STEP = re.compile(r"\w[\w -]*")
_MISSING = object()


def read_path(text: str, path: str) -> tuple[str, ...]:
    """The steps of a path, from the event's root; `path` is its place in the rule.

    Raises:
        InvalidRule: it is empty, too long, or holds an empty step or characters of no name.
    """
    if len(text) > LONGEST_PATH:
        raise invalid(path, f"is longer than {LONGEST_PATH} characters")
    steps = tuple(text.split("."))
    if not all(_STEP.fullmatch(step) for step in steps):
        raise invalid(path, "is no dotted path, such as ticket.custom_fields.floor")
    if len(steps) > MOST_STEPS:
        raise invalid(path, f"has more than {MOST_STEPS} steps")
    if steps[0] in ROOTS and (len(steps) > 1 or steps[0] not in TICKET_FIELDS):
        return steps
    return ("ticket", *steps)


def check_field(steps: tuple[str, ...], path: str) -> None:
    """Refuse a field that no ticket of Freshdesk has: it would never hold, in silence.

    Raises:
        InvalidRule: naming the nearest ones.
    """
    if steps[0] != "ticket" or len(steps) < 2 or steps[1] in TICKET_FIELDS:
        return
    near = difflib.get_close_matches(steps[1], sorted(TICKET_FIELDS), n=2)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    raise invalid(
        path,
        f"names no field of a ticket: {steps[1][:64]}",
        advice=f"{meant}Custom fields are below custom_fields.",
    )


def value_at(event: dict[str, Any], steps: tuple[str, ...]) -> Any:
    """What the event has there; None where it has nothing."""
    found = _step_through(event, steps)
    if found is _MISSING and steps[0] == "ticket" and not event.get("ticket"):
        found = _step_through(event, (str(event.get("type")).partition("_")[0], *steps[1:]))
    if found is _MISSING and steps[:2] == ("ticket", "requester"):
        found = _step_through(event, ("contact", *steps[2:]))
    if found is _MISSING and steps[0] == "company":
        found = _step_through(event, ("ticket", *steps))
    return None if found is _MISSING else found


def _step_through(event: dict[str, Any], steps: tuple[str, ...]) -> Any:
    actual: Any = event if steps[0] != "event" else {"event": event}
    for step in steps:
        if isinstance(actual, dict) and step in actual:
            actual = actual[step]
        elif isinstance(actual, list) and step.isdecimal() and int(step[:9]) < len(actual):
            actual = actual[int(step[:9])]
        else:
            return _MISSING
    return actual


def change_at(event: dict[str, Any], steps: tuple[str, ...]) -> Any:
    """`{"from", "to"}` of the field, or None where the event tells of no change of it."""
    changes = event.get("changes")
    if not isinstance(changes, dict):
        return None
    for name in (".".join(steps[1:]), steps[-1]):
        if name in changes:
            return changes[name]
    return None
