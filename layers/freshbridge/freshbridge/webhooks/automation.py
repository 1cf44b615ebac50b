"""The automation rules that tell this stack what happens to tickets.

Pure. One rule on creation, and up to three on updates: Freshdesk reports only the first of a
rule's events when several happened at once, so that a reply which also resolves the ticket would
arrive as one of the two. Rules of their own for status, conversations and other fields each report
theirs.

The content is the simple layout, which Freshdesk writes as JSON itself; in the advanced layout it
pastes values in without escaping them. What people wrote comes last in either, so that a body that
was broken after all can be read as far as it matters. Descriptions are left out: whoever needs
more than this asks for the ticket.

Sources: https://developers.freshdesk.com/api/#automations,
https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from freshbridge.freshdesk.automation import AutomationType
from freshbridge.freshdesk.enums import Priority, Status

ANY = "--"
SECRET_HEADER = "X-Freshbridge-Secret"  # noqa: S105 - the header's name, not its value
RULE_HEADER = "X-Freshbridge-Rule"
"""Names the rule that a webhook comes from; by it a rule that was renamed is found again."""
WEBHOOK = "trigger_webhook"
SIMPLE = "1"
EITHER_PERFORMER = 3
_CHANGED_FIELDS = ("priority", "ticket_type", "group_id", "responder_id")
CONTENT = {
    "ticket_id": "{{ticket.id}}",
    "triggered_event": "{{triggered_event}}",
    "ticket_status": "{{ticket.status}}",
    "ticket_priority": "{{ticket.priority}}",
    "ticket_source": "{{ticket.source}}",
    "ticket_modified_on": "{{ticket.modified_on}}",
    "ticket_group_id": "{{ticket.group_id}}",
    "ticket_agent_id": "{{ticket.agent.id}}",
    "ticket_company_id": "{{ticket.company.id}}",
    "ticket_requester_id": "{{ticket.requester.id}}",
    "ticket_requester_email": "{{ticket.requester.email}}",
    "event_performer_email": "{{event_performer.email}}",
    "ticket_ticket_type": "{{ticket.ticket_type}}",
    "ticket_tags": "{{ticket.tags}}",
    "event_performer_name": "{{event_performer.name}}",
    "ticket_requester_name": "{{ticket.requester.name}}",
    "ticket_subject": "{{ticket.subject}}",
}
"""Each key is its placeholder with `.` turned to `_`, as Freshdesk names them itself."""
COMMENTS = {
    "ticket_latest_private_comment": "{{ticket.latest_private_comment}}",
    "ticket_latest_public_comment": "{{ticket.latest_public_comment}}",
}
"""For notes and replies: two of them in one minute differ in nothing else."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One rule to be installed: `key` names it, `events` are those that it brings.

    `triggers` are its events in Freshdesk's words; a creation rule has none.
    """

    key: str
    title: str
    rule_type: AutomationType
    events: tuple[str, ...]
    triggers: tuple[tuple[tuple[str, Any], ...], ...] = ()

    @property
    def content(self) -> dict[str, str]:
        """The content's keys and placeholders, in order."""
        return CONTENT | (COMMENTS if self.key == "conversations" else {})

    @property
    def trigger_records(self) -> list[dict[str, Any]]:
        """The triggers as the API has them."""
        return [dict(trigger) for trigger in self.triggers]


def pieces_of(events: Collection[str]) -> tuple[Piece, ...]:
    """The rules that bring these events; none twice."""
    made = (_created(events), _status(events), _conversations(events), _fields(events))
    return tuple(piece for piece in made if piece.events)


def prefix_of(instance_id: str) -> str:
    """How the names of an instance's rules begin."""
    return f"Freshbridge {instance_id}: "


def name_of(piece: Piece, instance_id: str) -> str:
    """The rule's name."""
    return prefix_of(instance_id) + piece.title


def mark_of(piece_key: str, instance_id: str) -> str:
    """What RULE_HEADER says; Freshdesk fires no webhook whose header holds a space."""
    return f"{instance_id}.{piece_key}"


def rule_body(piece: Piece, *, instance_id: str, url: str, secret: str) -> dict[str, Any]:
    """The rule as it is created, but for its position."""
    body: dict[str, Any] = {
        "name": name_of(piece, instance_id),
        "active": True,
        "conditions": [every_ticket()],
        "actions": [
            {
                "field_name": WEBHOOK,
                "request_type": "POST",
                "url": url,
                "content_type": "JSON",
                "content_layout": SIMPLE,
                "content": piece.content,
                "custom_headers": {
                    SECRET_HEADER: secret,
                    RULE_HEADER: mark_of(piece.key, instance_id),
                },
            }
        ],
    }
    if piece.rule_type is AutomationType.UPDATE:
        body["performer"] = {"type": EITHER_PERFORMER}
        body["events"] = piece.trigger_records
    return body


def every_ticket() -> dict[str, Any]:
    """A condition that holds for all of them: the API wants one, and has none for that."""
    return {
        "name": "condition_set_1",
        "match_type": "any",
        "properties": [
            {
                "resource_type": "ticket",
                "field_name": "priority",
                "operator": "in",
                "value": [int(priority) for priority in Priority],
            }
        ],
    }


def _created(events: Collection[str]) -> Piece:
    wanted = _among(events, "ticket_created")
    return Piece("created", "new tickets", AutomationType.CREATION, wanted)


def _status(events: Collection[str]) -> Piece:
    wanted = _among(events, "ticket_updated", "ticket_resolved", "ticket_closed")
    to: list[Any] = []
    if "ticket_updated" in wanted:
        to = [ANY]
    else:
        statuses = {"ticket_resolved": Status.RESOLVED, "ticket_closed": Status.CLOSED}
        to = [int(statuses[event]) for event in wanted]
    triggers = tuple(_change("status", value) for value in to)
    return Piece("status", "status changes", AutomationType.UPDATE, wanted, triggers)


def _conversations(events: Collection[str]) -> Piece:
    wanted = _among(events, "note_created", "reply_created")
    triggers: tuple[tuple[tuple[str, Any], ...], ...] = ()
    if "note_created" in wanted:
        triggers = tuple(
            (("field_name", "note_type"), ("value", kind)) for kind in ("private", "public")
        )
    if "reply_created" in wanted:
        triggers = (*triggers, (("field_name", "reply_sent"),))
    return Piece("conversations", "notes and replies", AutomationType.UPDATE, wanted, triggers)


def _fields(events: Collection[str]) -> Piece:
    wanted = _among(events, "ticket_updated")
    triggers = tuple(_change(name, ANY) for name in _CHANGED_FIELDS)
    return Piece("fields", "other changes", AutomationType.UPDATE, wanted, triggers)


def _among(events: Collection[str], *names: str) -> tuple[str, ...]:
    return tuple(name for name in names if name in events)


def _change(field: str, to: object) -> tuple[tuple[str, Any], ...]:
    return (("field_name", field), ("from", ANY), ("to", to))
