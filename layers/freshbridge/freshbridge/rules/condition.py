"""The parts of a rule's conditions, once they are read. Pure.

FieldTest  one field, one operator, what is expected of it
AllOf      every part holds; of no parts it holds
AnyOf      one part holds; of no parts it does not
Not        its part does not hold
"""

from __future__ import annotations

from dataclasses import dataclass

Scalar = str | int | float | bool | None

EQUALITY = ("eq", "ne")
MEMBERSHIP = ("in", "not_in")
ORDER = ("gt", "gte", "lt", "lte")
TEXT = ("contains", "matches")
PRESENCE = ("exists", "changed")
OPERATORS = (*EQUALITY, *MEMBERSHIP, *ORDER, *TEXT, *PRESENCE, "changed_to")


@dataclass(frozen=True)
class FieldTest:
    """`field` as it was written, `steps` the path from the event's root.

    `expected` is a scalar; a tuple of them for `in`, `not_in` and `changed_to`; for `matches` the
    pattern; True or False for `exists` and `changed`. `path` is where it is written in the rule.
    """

    field: str
    steps: tuple[str, ...]
    operator: str
    expected: Scalar | tuple[Scalar, ...]
    path: str = ""


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = FieldTest | AllOf | AnyOf | Not
