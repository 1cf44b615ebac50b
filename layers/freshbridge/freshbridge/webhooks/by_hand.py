"""What a person does in Freshdesk where the key may not: steps, and the texts to paste.

Pure. It is the same set of rules, with the content in the advanced layout, since a screen has no
other way to take it at once.
Source: https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from freshbridge.freshdesk.automation import AutomationType
from freshbridge.webhooks.automation import ANY, SECRET_HEADER, Piece, name_of, prefix_of
from freshbridge.webhooks.plan import Target

_TABS = {AutomationType.CREATION: "Ticket Creation", AutomationType.UPDATE: "Ticket Updates"}
_CONDITION = "Priority is any of Low, Medium, High, Urgent, so that it holds for every ticket"
_LABELS = {
    "status": "Status is changed",
    "priority": "Priority is changed",
    "ticket_type": "Type is changed",
    "group_id": "Group is changed",
    "responder_id": "Agent is changed",
    "note_type": "Note is added",
    "reply_sent": "Reply is sent",
}
_STATUSES = {4: "Resolved", 5: "Closed", ANY: "any"}
UNKNOWN_SECRET = "<the secret shown when the integration was created>"  # noqa: S105 - it says where to find it


def instructions(pieces: Iterable[Piece], target: Target, *, show_secret: bool) -> dict[str, Any]:
    """Steps in the order in which they are done, and each rule's texts.

    The secret is there only with `show_secret`; a person who has lost it makes a new one.
    """
    secret = target.secrets.held.current if show_secret else UNKNOWN_SECRET
    return {
        "steps": [
            "Sign in to Freshdesk as an administrator and open Admin > Workflows > Automations.",
            "For each of the rules below: open its tab, choose New rule and give it the name.",
            "Set the condition and, on the tab Ticket Updates, the events, performed by agent or "
            "requester.",
            "Add the action Trigger Webhook: request type POST, the URL, Add custom headers with "
            "the line of headers, encoding JSON, content Advanced, and paste the content.",
            "Save it, and see that it is switched on.",
            "On the tab Ticket Creation, let all matching rules run, or move this rule above those "
            "that fit the same tickets: otherwise only the first that fits a ticket runs.",
            "POST …/webhooks/verify then checks with a ticket of its own that webhooks arrive.",
        ],
        "url": target.url,
        "custom_headers": f"{SECRET_HEADER}: {secret}",
        "rules": [_rule(piece, target) for piece in pieces],
    }


def removal(instance_id: str) -> dict[str, Any]:
    """How a person takes an instance's rules away."""
    name = prefix_of(instance_id).rstrip()
    return {
        "steps": [
            "Sign in to Freshdesk as an administrator and open Admin > Workflows > Automations.",
            f"On the tabs Ticket Creation and Ticket Updates, delete the rules whose names begin "
            f"with {name!r}.",
        ],
        "url": None,
        "custom_headers": None,
        "rules": [],
    }


def content_text(piece: Piece) -> str:
    """The content to paste: JSON whose values are all quoted, what people wrote last."""
    return json.dumps({"freshdesk_webhook": piece.content}, indent=2)


def _rule(piece: Piece, target: Target) -> dict[str, Any]:
    return {
        "rule": piece.key,
        "brings": list(piece.events),
        "tab": _TABS[piece.rule_type],
        "name": f"{name_of(piece, target.instance_id)} (by hand)",
        "condition": _CONDITION,
        "events": [_event(trigger) for trigger in piece.trigger_records],
        "request_type": "POST",
        "encoding": "JSON",
        "content": content_text(piece),
    }


def _event(trigger: dict[str, Any]) -> str:
    label = _LABELS[trigger["field_name"]]
    if "value" in trigger:
        return f"{label}: {trigger['value']}"
    if "to" in trigger:
        return f"{label}: from any to {_STATUSES[trigger['to']]}"
    return label
