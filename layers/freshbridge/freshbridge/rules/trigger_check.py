"""Refuse a rule that no event of its account could ever meet: it would wait in silence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshbridge.events.status_type import meaning_of
from freshbridge.rules.condition import AllOf, AnyOf, Condition, FieldTest
from freshbridge.rules.condition_reading import field_kind
from freshbridge.rules.invalid import invalid
from freshbridge.rules.model import OF_TICKETS, Rule

_TOLD_BY = {
    "freshdesk": (*OF_TICKETS, "contact_"),
    "freshsales": ("contact_", "deal_", "account_"),
}
"""What the events of a platform are about; the others tell of none."""


def check_trigger(rule: Rule, platform: str, config: Mapping[str, Any]) -> None:
    """Hold a rule's trigger against the account whose events it sees.

    Raises:
        InvalidRule: it waits for another platform's event, for one that its platform never tells
            of, or for a change of status that makes the event another one.
    """
    if rule.platform != platform:
        raise invalid(
            "trigger.platform",
            f"is {rule.platform[:32]}; the rule would see events of this {platform} account alone",
            advice="Save it with the integration whose events it waits for.",
        )
    if not rule.event.startswith(_TOLD_BY.get(platform, ())):
        raise invalid("trigger.event", f"is {rule.event}, of which no {platform} account tells")
    if rule.event == "ticket_updated" and (found := _elsewhere(rule.condition, config)):
        test, meaning = found
        raise invalid(
            test.path,
            f"never holds: an event whose status changed to that is ticket_{meaning}",
            advice=f'Wait for it: "event": "ticket_{meaning}".',
        )


def _elsewhere(condition: Condition, config: Mapping[str, Any]) -> tuple[FieldTest, str] | None:
    """A test for a status by which the event is another one, where nothing else could hold."""
    if isinstance(condition, FieldTest):
        return _meaning(condition, config)
    if isinstance(condition, AllOf):
        return next((found for one in condition.parts if (found := _elsewhere(one, config))), None)
    if isinstance(condition, AnyOf):
        each = [_elsewhere(one, config) for one in condition.parts]
        return each[0] if each and all(each) else None
    return None


def _meaning(test: FieldTest, config: Mapping[str, Any]) -> tuple[FieldTest, str] | None:
    if test.operator != "changed_to" or field_kind(test.steps) != "status":
        return None
    wanted = test.expected if isinstance(test.expected, tuple) else (test.expected,)
    meanings = [meaning_of(status, config) for status in wanted]
    return (test, meanings[0]) if meanings and all(meanings) else None
