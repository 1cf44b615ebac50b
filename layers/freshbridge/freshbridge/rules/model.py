"""A rule as a person writes it.

    {"trigger": {"platform": "freshdesk", "event": "ticket_created",
                 "conditions": {"priority": 4, "type": "Incident"}},
     "actions": [{"platform": "freshdesk", "action": "add_note",
                  "parameters": {"ticket_id": "{{ ticket.id }}", "body": "…"}}]}

Pure. A rule is checked when it is saved, so that a broken one is refused with the place of the
error rather than failing on the first event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freshbridge.errors import InvalidRequest

EVENT_TYPES = (
    "ticket_created",
    "ticket_updated",
    "ticket_resolved",
    "ticket_closed",
    "note_created",
    "reply_created",
)


class InvalidRule(InvalidRequest):
    """A rule that cannot be saved; the message names the path inside it."""

    code = "invalid_rule"


@dataclass(frozen=True)
class RuleAction:
    """One action of a rule; `parameters` may hold templates."""

    platform: str
    action: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """`conditions` must all hold; `actions` run in the order written."""

    rule_id: str
    name: str
    platform: str
    event: str
    conditions: dict[str, Any]
    actions: tuple[RuleAction, ...]


def read_rule(body: dict[str, Any], *, rule_id: str) -> Rule:
    """A rule's JSON form, as in this module's example, to a rule.

    Raises:
        InvalidRule: naming the path, what was found and what is accepted.
    """
    trigger = _object(body, "trigger")
    event = _text(trigger, "trigger.event")
    if event not in EVENT_TYPES:
        raise InvalidRule(f"trigger.event {event!r} is not one of {', '.join(EVENT_TYPES)}")
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions:
        raise InvalidRule("actions must be a list of at least one action")
    return Rule(
        rule_id=rule_id,
        name=str(body.get("name") or event),
        platform=_text(trigger, "trigger.platform"),
        event=event,
        conditions=_conditions(trigger.get("conditions", {})),
        actions=tuple(_action(action, f"actions[{i}]") for i, action in enumerate(actions)),
    )


def write_rule(rule: Rule) -> dict[str, Any]:
    """The form that `read_rule` takes, with the rule's id."""
    return {
        "rule_id": rule.rule_id,
        "name": rule.name,
        "trigger": {
            "platform": rule.platform,
            "event": rule.event,
            "conditions": rule.conditions,
        },
        "actions": [
            {"platform": a.platform, "action": a.action, "parameters": a.parameters}
            for a in rule.actions
        ],
    }


def _conditions(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRule("trigger.conditions must be an object of field and value")
    for name, expected in value.items():
        if isinstance(expected, dict):
            raise InvalidRule(f"trigger.conditions.{name} must be a value or a list of values")
    return value


def _action(value: object, path: str) -> RuleAction:
    if not isinstance(value, dict):
        raise InvalidRule(f"{path} must be an object")
    parameters = value.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InvalidRule(f"{path}.parameters must be an object")
    return RuleAction(
        platform=_text(value, f"{path}.platform"),
        action=_text(value, f"{path}.action"),
        parameters=parameters,
    )


def _object(body: dict[str, Any], path: str) -> dict[str, Any]:
    value = body.get(path)
    if not isinstance(value, dict):
        raise InvalidRule(f"{path} must be an object")
    return value


def _text(body: dict[str, Any], path: str) -> str:
    value = body.get(path.rpartition(".")[2])
    if not isinstance(value, str) or not value:
        raise InvalidRule(f"{path} must be a text")
    return value
