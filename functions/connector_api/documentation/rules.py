"""Documents /api/integrations/{id}/rules."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from connector_api.documentation.actions import RuleAction
from connector_api.documentation.operation import Body, Family, Operation
from freshbridge.rules.model import EVENT_TYPES

Value = str | int | float | bool | None


class Trigger(BaseModel):
    """When the rule runs: on an event whose fields have these values."""

    platform: str = Field(min_length=1)
    event: Literal[EVENT_TYPES]  # type: ignore[valid-type]  # the names are the code's
    conditions: dict[str, Value | list[Value]] = Field(
        default={}, description="A field of the ticket, and its value or a list of values"
    )


class NewRule(BaseModel):
    """All conditions must hold; the actions run in the order written."""

    name: str = Field(default="", description="The event's name when not given")
    trigger: Trigger
    actions: list[RuleAction] = Field(min_length=1)


class SavedAction(BaseModel):
    """An action of a rule, as it was saved."""

    platform: str
    action: str
    parameters: dict[str, Any]


class Rule(BaseModel):
    """A rule as it was saved, with its id."""

    rule_id: str
    name: str
    trigger: Trigger
    actions: list[SavedAction]


class ForgottenRule(BaseModel):
    """The id of what was deleted."""

    rule_id: str


_EXAMPLE = {
    "trigger": {
        "platform": "freshdesk",
        "event": "ticket_created",
        "conditions": {"priority": 4, "type": "Incident"},
    },
    "actions": [
        {
            "platform": "freshdesk",
            "action": "add_note",
            "parameters": {
                "ticket_id": "{{ ticket.id }}",
                "body": "Urgent: reported by {{ contact.name }}",
            },
        }
    ],
}

FAMILY = Family(
    "Rules",
    "What happens when an event has certain values.",
    {
        "create": Operation(Rule, 201, body=Body(NewRule, {"Urgent incidents": _EXAMPLE})),
        "list_all": Operation(list[Rule]),
        "delete": Operation(ForgottenRule),
    },
)
