"""Does an event meet a rule's conditions?

Pure. A condition is a field of the ticket and the value it must have, or a list of values of
which it must have one. Priority and status may be written as number or name.
"""

from __future__ import annotations

from typing import Any

from freshbridge.events.normalised import Event
from freshbridge.freshdesk.enums import Priority, Source, Status
from freshbridge.rules.model import Rule

_NAMED = {"priority": Priority, "status": Status, "source": Source}


def matches(rule: Rule, event: Event) -> bool:
    """True when platform, event type and every condition agree."""
    return (
        rule.platform == event.platform
        and rule.event == event.type
        and all(_holds(event.ticket, name, value) for name, value in rule.conditions.items())
    )


def _holds(ticket: dict[str, Any], name: str, expected: object) -> bool:
    path = name.removeprefix("ticket.").split(".")
    actual: object = ticket
    for step in path:
        actual = actual.get(step) if isinstance(actual, dict) else None
    choices = expected if isinstance(expected, list) else [expected]
    return any(_same(path[-1], actual, choice) for choice in choices)


def _same(field: str, actual: object, expected: object) -> bool:
    left, right = _comparable(field, actual), _comparable(field, expected)
    if isinstance(left, list):
        return right in left
    return left == right


def _comparable(field: str, value: object) -> object:
    kind = _NAMED.get(field)
    if kind is not None and isinstance(value, str | int):
        try:
            return int(kind.parse(str(value)))
        except ValueError:
            pass  # a custom status: compared by its label
    if isinstance(value, list):
        return [_comparable(field, item) for item in value]
    return value.casefold() if isinstance(value, str) else value
