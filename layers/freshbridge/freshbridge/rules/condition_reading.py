"""From a rule's conditions as a person writes them to their parts. Pure.

    {"priority": 4, "type": ["Incident", "Problem"]}        equal; one of
    {"priority": {"gte": "High"}, "subject": {"matches": "(?i)refund|money back"}}
    {"any": [{"tags": "vip"}, {"contact.email": {"contains": "@bigcustomer.example"}}],
     "not": {"status": {"changed_to": ["Resolved", "Closed"]}}}

All members of an object must hold. `any` and `all` take a list of such objects, `not` takes one; a
field of one of these names is written `ticket.any`. Everything that is wrong is refused here with
its path, so that evaluating never fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from freshbridge.rules import patterns
from freshbridge.rules.comparison import rank
from freshbridge.rules.condition import (
    MEMBERSHIP,
    OPERATORS,
    ORDER,
    PRESENCE,
    AllOf,
    AnyOf,
    Condition,
    FieldTest,
    Not,
    Scalar,
)
from freshbridge.rules.field_paths import read_path
from freshbridge.rules.invalid import invalid, member

DEEPEST = 8
MOST_TESTS = 100
MOST_CHOICES = 500
LONGEST_TEXT = 2_000
_NESTING = ("all", "any", "not")


def read_conditions(value: object, path: str = "trigger.conditions") -> AllOf:
    """The conditions of a rule; `path` is where they are in it.

    Raises:
        InvalidRule: naming the place, what was found and what is accepted.
    """
    read = _object(value, path, 1)
    if sum(1 for _ in tests_of(read)) > MOST_TESTS:
        raise invalid(path, f"holds more than {MOST_TESTS} tests")
    return read


def tests_of(condition: Condition) -> Iterator[FieldTest]:
    """Every test within."""
    if isinstance(condition, FieldTest):
        yield condition
    elif isinstance(condition, Not):
        yield from tests_of(condition.part)
    else:
        for part in condition.parts:
            yield from tests_of(part)


def _object(value: object, path: str, depth: int) -> AllOf:
    if not isinstance(value, dict):
        raise invalid(path, "must be an object of field and value")
    if depth > DEEPEST:
        raise invalid(path, f"is nested more than {DEEPEST} deep")
    parts: list[Condition] = []
    for name, expected in value.items():
        place = f"{path}.{member(name)}"
        if name in _NESTING:
            parts.append(_nested(name, expected, place, depth))
        else:
            parts += _field(name, expected, place)
        if len(parts) > MOST_TESTS:
            raise invalid(path, f"holds more than {MOST_TESTS} tests")
    return AllOf(tuple(parts))


def _nested(name: str, value: object, path: str, depth: int) -> Condition:
    if name == "not":
        return Not(_object(value, path, depth + 1))
    if not isinstance(value, list) or not value:
        raise invalid(path, "must be a list of at least one object of conditions")
    if len(value) > MOST_TESTS:
        raise invalid(path, f"holds more than {MOST_TESTS} parts")
    parts = tuple(_object(part, f"{path}[{i}]", depth + 1) for i, part in enumerate(value))
    return AnyOf(parts) if name == "any" else AllOf(parts)


def _field(name: str, value: object, path: str) -> list[FieldTest]:
    steps = read_path(name, path)
    if isinstance(value, list):
        return [FieldTest(name, steps, "in", _choices(value, path), path)]
    if not isinstance(value, dict):
        return [FieldTest(name, steps, "eq", _scalar(value, path), path)]
    if not value:
        raise invalid(path, f"names no operator; there are {', '.join(OPERATORS)}")
    tests = []
    for operator, expected in value.items():
        place = f"{path}.{member(operator)}"
        found = _expected(operator, steps, expected, place)
        tests.append(FieldTest(name, steps, operator, found, path))
    return tests


def _expected(
    operator: str, steps: tuple[str, ...], value: object, path: str
) -> Scalar | tuple[Scalar, ...]:
    if operator not in OPERATORS:
        raise invalid(path, f"is no operator; there are {', '.join(OPERATORS)}")
    if operator in ORDER:
        return _orderable(steps, value, path)
    if operator in MEMBERSHIP and not isinstance(value, list):
        raise invalid(path, "must be a list of values")
    if operator in (*MEMBERSHIP, "changed_to"):
        return _choices(value if isinstance(value, list) else [value], path)
    return _OWN.get(operator, _scalar)(value, path)


def _orderable(steps: tuple[str, ...], value: object, path: str) -> Scalar:
    found = _scalar(value, path)
    if rank(field_kind(steps), found) is None:
        raise invalid(path, "must be a number, a date such as 2026-03-31, or a priority's name")
    return found


def field_kind(steps: tuple[str, ...]) -> str:
    """`priority`, `status` and so on where a path leads to a ticket's own field, else ""."""
    if len(steps) == 2 and steps[0] == "ticket":
        return steps[1]
    return steps[1] if len(steps) == 3 and steps[0] == "changes" else ""


def _pattern(value: object, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise invalid(path, "must be a regular expression")
    try:
        patterns.check(value)
    except patterns.InvalidPattern as error:
        raise invalid(path, str(error)) from None
    return value


def _sought(value: object, path: str) -> Scalar:
    found = _scalar(value, path)
    if found is None or found == "":
        raise invalid(path, "must be a text or a number to look for")
    return found


def _flag(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(path, "must be true or false")
    return value


def _choices(values: list[Any], path: str) -> tuple[Scalar, ...]:
    if len(values) > MOST_CHOICES:
        raise invalid(path, f"holds more than {MOST_CHOICES} values")
    return tuple(_scalar(value, f"{path}[{i}]") for i, value in enumerate(values))


def _scalar(value: object, path: str) -> Scalar:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise invalid(path, f"is longer than {LONGEST_TEXT} characters")
    if isinstance(value, float) and not math.isfinite(value):
        raise invalid(path, "must be a finite number")
    if value is None or isinstance(value, str | int | float):
        return value
    raise invalid(path, "must be a text, a number, true, false or null")


_OWN: dict[str, Callable[[object, str], Scalar]] = {
    "matches": _pattern,
    "contains": _sought,
    **dict.fromkeys(PRESENCE, _flag),
}
