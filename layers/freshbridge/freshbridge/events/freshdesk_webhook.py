"""Freshdesk's automation webhook, read into the normalised event.

Pure. Simple content arrives as `{"freshdesk_webhook": {…}}`, its keys the placeholders with `.`
turned to `_`; only what was ticked is present. Labels arrive where the API has numbers, tags as
one comma-joined string, and `triggered_event` as text that looks like JSON and is not:
`{status:{from:2,to:3}}`. Advanced content has whatever shape its author gave it: nested records
(`{"ticket": {"agent": {"name": …}}}`) and bare fields are read by the same names.
Source: https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from freshbridge.errors import Reject
from freshbridge.events.event_time import occurred_at
from freshbridge.events.normalised import EVENT_TYPES, Event
from freshbridge.events.subject import record_id
from freshbridge.freshdesk.enums import Priority, Source, Status

_CHANGE = re.compile(r"(\w+)\s*:\s*\{\s*from\s*:\s*([^,}]*)\s*,\s*to\s*:\s*([^,}]*)\s*\}")
_FACT = re.compile(r"(\w+)\s*:\s*([^,{}]+)")
_ROOT = "freshdesk_webhook"
_DEEPEST = 6
_TICKET_FIELDS = {
    "ticket_subject": "subject",
    "ticket_description": "description",
    "ticket_description_text": "description_text",
    "ticket_url": "url",
    "ticket_public_url": "public_url",
    "ticket_portal_url": "portal_url",
    "ticket_ticket_type": "type",
    "ticket_type": "type",
    "ticket_group_name": "group_name",
    "ticket_group_id": "group_id",
    "ticket_agent_id": "responder_id",
    "ticket_agent_name": "agent_name",
    "ticket_agent_email": "agent_email",
    "ticket_company_name": "company_name",
    "ticket_company_id": "company_id",
    "ticket_due_by_time": "due_by_time",
    "ticket_product_description": "product_description",
    "ticket_satisfaction_survey": "satisfaction_survey",
}
_CONTACT_FIELDS = {
    "id": "id",
    "name": "name",
    "email": "email",
    "phone": "phone",
    "mobile": "mobile",
    "job_title": "job_title",
    "unique_external_id": "unique_external_id",
}
# The product says contact in keys and requester in placeholders.
_CONTACT_PREFIXES = ("ticket_contact_", "ticket_requester_", "requester_")
_ACTOR_FIELDS = ("id", "name", "email", "phone")
_BY_STATUS: dict[object, str] = {
    int(Status.RESOLVED): "ticket_resolved",
    int(Status.CLOSED): "ticket_closed",
}
_NUMBERS = ("group_id", "responder_id", "company_id")
_Labelled = type[Priority] | type[Status] | type[Source]
_LABELS: dict[str, _Labelled] = {"priority": Priority, "status": Status, "source": Source}
# What a triggered event calls otherwise than the API does.
_CHANGED = {"ticket_type": "type", "agent_id": "responder_id", "ticket_status": "status"}
# Bare fields of advanced content that mean the ticket.
_BARE = (
    "id", "subject", "description", "status", "priority", "source", "type", "ticket_type", "tags",
    "url", "group_name", "group_id", "agent_name", "agent_email", "company_name",
    "latest_public_comment", "latest_private_comment",
)  # fmt: skip
_TYPE_KEYS = ("event_type", "event_name", "event")


class NotATicketEvent(Reject):
    """The body can be read, but names no ticket."""

    code = "not_a_ticket_event"
    default_advice = "Tick Ticket ID in the webhook's simple content."


def normalise(
    body: dict[str, Any],
    *,
    event_id: str,
    instance_id: str,
    received_at: str,
    raw_text: str = "",
    recovered: bool = False,
) -> Event:
    """Simple or advanced content to an event.

    Raises:
        NotATicketEvent: `freshdesk_webhook.ticket_id`, or what stands for it in advanced content,
            is missing or no number.
    """
    content = flat_content(body)
    ticket_id = record_id(content.get("ticket_id"))
    if ticket_id is None:
        raise NotATicketEvent("the ticket's id is missing or not a number", where="ticket_id")
    changes, facts = read_triggered_event(content.get("triggered_event"))
    kind = _event_type(content, changes, facts)
    note = _note(content, kind, facts)
    return Event(
        id=event_id,
        type=kind,
        platform="freshdesk",
        instance_id=instance_id,
        occurred_at=occurred_at(content, received_at),
        received_at=received_at,
        actor=_actor(content, note),
        ticket={"id": ticket_id, **_ticket(content)},
        contact=_contact(content),
        note=note,
        changes=_named(changes),
        raw=body,
        raw_text=raw_text if recovered else "",
        recovered=recovered,
    )


def flat_content(body: Mapping[str, Any]) -> dict[str, Any]:
    """The content under the keys of simple content, whichever shape its author gave it."""
    inner = body.get(_ROOT)
    flat = _flattened(inner if isinstance(inner, Mapping) else body)
    if "ticket_id" not in flat:
        flat = {f"ticket_{k}" if k in _BARE else k: value for k, value in flat.items()}
    return flat


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


def _flattened(content: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping) and depth < _DEEPEST:
            # Custom fields stand among the others in simple content.
            inside = prefix if name == "custom_fields" else f"{prefix}{name}_"
            flat = _flattened(value, inside, depth + 1) | flat
        else:
            flat[prefix + name] = value
    return flat


def _event_type(content: dict[str, Any], changes: dict[str, Any], facts: dict[str, str]) -> str:
    for key in _TYPE_KEYS:
        told = content.get(key)
        if isinstance(told, str) and told in EVENT_TYPES:
            return told
    action = facts.get("ticket_action")
    if action in ("created", "deleted"):
        return f"ticket_{action}"
    if "note_type" in facts:
        return "note_created"
    if "reply_sent" in facts:
        return "reply_created"
    status = changes.get("status") or changes.get("ticket_status") or {}
    return _BY_STATUS.get(_number(Status, status.get("to")), "ticket_updated")


def _named(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes under the API's names, and with its numbers where labels came."""
    named = {}
    for name, change in changes.items():
        field = _CHANGED.get(name, name)
        kind = _LABELS.get(field)
        named[field] = {k: _number(kind, v) for k, v in change.items()} if kind else change
    return named


def _ticket(content: dict[str, Any]) -> dict[str, Any]:
    ticket = {name: content[key] for key, name in _TICKET_FIELDS.items() if key in content}
    for name in _NUMBERS:
        if name in ticket:
            # Digits in XML and forms; empty where there is none.
            number = record_id(ticket[name])
            ticket[name] = ticket[name] if number is None and ticket[name] else number
    for name, kind in _LABELS.items():
        if f"ticket_{name}" in content:
            ticket[name] = _number(kind, content[f"ticket_{name}"])
    if "ticket_tags" in content:
        ticket["tags"] = _tags(content["ticket_tags"])
    ticket["custom_fields"] = _custom_fields(content, "ticket_")
    return ticket


def _contact(content: dict[str, Any]) -> dict[str, Any]:
    contact: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for prefix in reversed(_CONTACT_PREFIXES):
        contact |= {
            name: content[prefix + key]
            for key, name in _CONTACT_FIELDS.items()
            if prefix + key in content
        }
        custom |= _custom_fields(content, prefix)
    if (number := record_id(contact.get("id"))) is not None:
        contact["id"] = number
    return contact | ({"custom_fields": custom} if custom else {})


def _note(content: dict[str, Any], kind: str, facts: dict[str, str]) -> dict[str, Any]:
    if kind not in ("note_created", "reply_created"):
        return {}
    private = kind == "note_created" and facts.get("note_type", "private") == "private"
    latest = content.get(f"ticket_latest_{'private' if private else 'public'}_comment")
    note: dict[str, Any] = {"private": private}
    if isinstance(latest, str) and latest:
        # Its author's name, a colon between spaces, HTML.
        author, colon, body = latest.partition(" : ")
        note |= {"author": author, "body": body} if colon else {"body": latest}
    return note


def _actor(content: dict[str, Any], note: dict[str, Any]) -> dict[str, Any]:
    actor = {
        name: content[f"event_performer_{name}"]
        for name in _ACTOR_FIELDS
        if content.get(f"event_performer_{name}") not in (None, "")
    }
    return actor or ({"name": note["author"]} if note.get("author") else {})


def _custom_fields(content: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        key.removeprefix(prefix): value
        for key, value in content.items()
        if key.startswith(f"{prefix}cf_")
    }


def _number(kind: _Labelled, label: object) -> object:
    try:
        return int(kind.parse(label if isinstance(label, int) else str(label)))
    except ValueError:
        # A custom status or source has a label that only the account knows.
        return label


def _tags(value: object) -> list[str]:
    if isinstance(value, list):
        return [tag for tag in value if isinstance(tag, str)]
    # One account was seen to send the text "[]" for no tags.
    parts = str(value or "").strip().removeprefix("[").removesuffix("]").split(",")
    return [tag for part in parts if (tag := part.strip().strip('"'))]


def _scalar(text: str) -> int | str | None:
    text = text.strip().strip("\"'")
    if text in ("", "--"):
        return None
    return int(text) if re.fullmatch(r"-?\d{1,19}", text) else text
