"""Freshdesk's automation webhook, read into the normalised event.

Pure. Simple content arrives as `{"freshdesk_webhook": {…}}`, its keys the placeholders with `.`
turned to `_`; only what was ticked is present. Labels arrive where the API has numbers, tags as
one comma-joined string, and `triggered_event` as text that looks like JSON and is not:
`{status:{from:2,to:3}}`.
Source: https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

import re
from typing import Any

from freshbridge.errors import Reject
from freshbridge.events.normalised import Event
from freshbridge.freshdesk.enums import Priority, Source, Status

_CHANGE = re.compile(r"(\w+)\s*:\s*\{\s*from\s*:\s*([^,}]*)\s*,\s*to\s*:\s*([^,}]*)\s*\}")
_FACT = re.compile(r"(\w+)\s*:\s*([^,{}]+)")
_TICKET_FIELDS = {
    "ticket_subject": "subject",
    "ticket_description": "description",
    "ticket_url": "url",
    "ticket_ticket_type": "type",
    "ticket_group_name": "group_name",
    "ticket_group_id": "group_id",
    "ticket_agent_name": "agent_name",
    "ticket_agent_email": "agent_email",
    "ticket_company_name": "company_name",
}
_CONTACT_FIELDS = {
    "ticket_contact_name": "name",
    "ticket_contact_email": "email",
    "ticket_contact_phone": "phone",
    "ticket_contact_unique_external_id": "unique_external_id",
}


class NotATicketEvent(Reject):
    """The body is JSON, but names no ticket."""

    code = "not_a_ticket_event"
    default_advice = "Tick Ticket ID in the webhook's simple content."


def normalise(body: dict[str, Any], *, event_id: str, instance_id: str, received_at: str) -> Event:
    """Simple content to an event.

    Raises:
        NotATicketEvent: `freshdesk_webhook.ticket_id` is missing or no number.
    """
    content = body.get("freshdesk_webhook")
    if not isinstance(content, dict):
        raise NotATicketEvent("the body has no object freshdesk_webhook")
    changes, facts = read_triggered_event(content.get("triggered_event"))
    return Event(
        id=event_id,
        type=_event_type(changes, facts),
        platform="freshdesk",
        instance_id=instance_id,
        occurred_at=received_at,
        received_at=received_at,
        ticket=_ticket(content),
        contact=_contact(content),
        changes=changes,
    )


def read_triggered_event(text: object) -> tuple[dict[str, Any], dict[str, str]]:
    """`{priority:{from:1,to:4}}` to its changes, `{ticket_action:created}` to its facts.

    Anything else gives nothing of either: the event then counts as a plain update.
    """
    if not isinstance(text, str):
        return {}, {}
    changes = {
        name: {"from": _scalar(before), "to": _scalar(after)}
        for name, before, after in _CHANGE.findall(text)
    }
    rest = _CHANGE.sub("", text)
    return changes, {name: value.strip() for name, value in _FACT.findall(rest)}


def _event_type(changes: dict[str, Any], facts: dict[str, str]) -> str:
    if facts.get("ticket_action") == "created":
        return "ticket_created"
    if "note_type" in facts:
        return "note_created"
    if "reply_sent" in facts:
        return "reply_created"
    by_status = {Status.RESOLVED: "ticket_resolved", Status.CLOSED: "ticket_closed"}
    return by_status.get(changes.get("status", {}).get("to"), "ticket_updated")


def _ticket(content: dict[str, Any]) -> dict[str, Any]:
    ticket = _renamed(content, _TICKET_FIELDS)
    ticket["id"] = _ticket_id(content.get("ticket_id"))
    for key, name, kind in (
        ("ticket_priority", "priority", Priority),
        ("ticket_status", "status", Status),
        ("ticket_source", "source", Source),
    ):
        if key in content:
            ticket[name] = _number(kind, content[key])
    if "ticket_tags" in content:
        ticket["tags"] = _tags(content["ticket_tags"])
    ticket["custom_fields"] = _custom_fields(content, "ticket_")
    return ticket


def _contact(content: dict[str, Any]) -> dict[str, Any]:
    contact = _renamed(content, _CONTACT_FIELDS)
    custom = _custom_fields(content, "ticket_contact_")
    return contact | ({"custom_fields": custom} if custom else {})


def _custom_fields(content: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        key.removeprefix(prefix): value
        for key, value in content.items()
        if key.startswith(f"{prefix}cf_")
    }


def _renamed(content: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: content[key] for key, name in names.items() if key in content}


def _ticket_id(value: object) -> int:
    # A number in JSON, its digits in form encoding; a bool is an int to Python and to no one else.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    raise NotATicketEvent("freshdesk_webhook.ticket_id is missing or not a number")


def _number(kind: type[Priority] | type[Status] | type[Source], label: object) -> object:
    try:
        return int(kind.parse(str(label)))
    except ValueError:
        # A custom status or source has a label that only the account knows.
        return label


def _tags(value: object) -> list[str]:
    # One account was seen to send the text "[]" for no tags.
    parts = str(value or "").strip().removeprefix("[").removesuffix("]").split(",")
    return [part.strip() for part in parts if part.strip()]


def _scalar(text: str) -> int | str | None:
    text = text.strip().strip("\"'")
    if text in ("", "--"):
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else text
