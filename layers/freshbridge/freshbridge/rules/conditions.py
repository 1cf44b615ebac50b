"""Does an event meet a rule's conditions, and which of them? Pure.

What each operator asks of the value that the event has there; a field that it lacks counts as null:

    eq, ne            equal, or not. A list is equal to what it holds
    in, not_in        equal to one of these, or to none
    gt gte lt lte     numbers, or moments; what has no order does not hold
    contains          a text has it in it, a list has it
    matches           a regular expression is found in it: see patterns
    exists            it is there and not null
    changed           the event tells of a change of it
    changed_to        and the new value is this, or one of these

Reading a condition has checked it, so that evaluating cannot fail.
"""

from __future__ import annotations

from typing import Any

from freshbridge.events.normalised import Event
from freshbridge.rules import patterns
from freshbridge.rules.comparison import Statuses, holds_text, ordered, same, texts_of
from freshbridge.rules.condition import ORDER, AllOf, Condition, FieldTest, Not
from freshbridge.rules.condition_reading import field_kind
from freshbridge.rules.field_paths import change_at, value_at
from freshbridge.rules.model import Rule


def concerns(rule: Rule, event: Event) -> bool:
    """Whether the rule is for events of this platform and type."""
    return rule.platform == event.platform and rule.event == event.type


def matches(rule: Rule, event: Event, statuses: Statuses | None = None) -> bool:
    """True when platform, event type and every condition agree."""
    return concerns(rule, event) and holds(rule.condition, event.as_dict(), statuses)


def holds(condition: Condition, event: dict[str, Any], statuses: Statuses | None = None) -> bool:
    """Whether the condition holds; `event` as templates see it."""
    if isinstance(condition, FieldTest):
        return _holds(condition, event, statuses)
    if isinstance(condition, Not):
        return not holds(condition.part, event, statuses)
    each = (holds(part, event, statuses) for part in condition.parts)
    return all(each) if isinstance(condition, AllOf) else any(each)


def explain(
    condition: Condition, event: dict[str, Any], statuses: Statuses | None = None
) -> dict[str, Any]:
    """The condition as a tree, each part with whether it `held`, each test with what it met."""
    if isinstance(condition, FieldTest):
        shown = {"field": condition.field, "operator": condition.operator}
        expected = condition.expected
        return shown | {
            "expected": list(expected) if isinstance(expected, tuple) else expected,
            "actual": _actual(condition, event),
            "held": _holds(condition, event, statuses),
        }
    if isinstance(condition, Not):
        part = explain(condition.part, event, statuses)
        return {"not": part, "held": not part["held"]}
    parts = [explain(part, event, statuses) for part in condition.parts]
    held = [part["held"] for part in parts]
    if isinstance(condition, AllOf):
        return {"all": parts, "held": all(held)}
    return {"any": parts, "held": any(held)}


def _actual(test: FieldTest, event: dict[str, Any]) -> Any:
    if test.operator.startswith("changed"):
        return change_at(event, test.steps)
    return value_at(event, test.steps)


def _holds(test: FieldTest, event: dict[str, Any], statuses: Statuses | None) -> bool:
    actual = _actual(test, event)
    if test.operator.startswith("changed"):
        return _changed(test, actual, statuses)
    kind = field_kind(test.steps)
    if test.operator in ORDER:
        return ordered(kind, test.operator, actual, test.expected, statuses)
    if test.operator == "exists":
        return (actual is not None) is test.expected
    if test.operator == "contains":
        return holds_text(kind, actual, test.expected, statuses)
    if test.operator == "matches":
        return any(patterns.found(str(test.expected), text) for text in texts_of(actual))
    expected = test.expected if isinstance(test.expected, tuple) else (test.expected,)
    equal = any(same(kind, actual, choice, statuses) for choice in expected)
    return equal is (test.operator in ("eq", "in"))


def _changed(test: FieldTest, change: Any, statuses: Statuses | None) -> bool:
    if not isinstance(test.expected, tuple):
        return (change is not None) is test.expected
    if not isinstance(change, dict) or "to" not in change:
        return False
    kind = field_kind(test.steps)
    return any(same(kind, change["to"], choice, statuses) for choice in test.expected)
