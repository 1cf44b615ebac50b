"""Refuse a condition on a value that its field never has: it would never hold, in silence. Pure.

Priorities are the same in every account. A source that only the account has is named by its number.
A status may be the account's own, so a name counts as unknown only where `custom_statuses` says
what those are. Facts: https://developers.freshdesk.com/api/#ticket_attributes
"""

from __future__ import annotations

from freshbridge.freshdesk.enums import Priority, Source, status_number
from freshbridge.rules.comparison import Statuses
from freshbridge.rules.condition import EQUALITY, MEMBERSHIP, FieldTest
from freshbridge.rules.condition_reading import field_kind
from freshbridge.rules.invalid import invalid

_COMPARED = (*EQUALITY, *MEMBERSHIP, "changed_to")


def check_values(test: FieldTest, statuses: Statuses) -> None:
    """Refuse a priority, source or status that there is none of.

    Raises:
        InvalidRule: with the place and what is accepted.
    """
    if test.operator not in _COMPARED:
        return
    kind = field_kind(test.steps)
    for value in test.expected if isinstance(test.expected, tuple) else (test.expected,):
        # An empty one is met by a field that is empty.
        if isinstance(value, str | int) and value != "":
            try:
                _parse(kind, value, statuses)
            except ValueError as error:
                raise invalid(test.path, f"holds a value that is none: {error}") from None


def _parse(kind: str, value: str | int, statuses: Statuses) -> None:
    if kind == "priority":
        Priority.parse(value)
    elif kind == "source" and not _beyond(value):
        Source.parse(value)
    elif kind == "status" and statuses:
        status_number(value, statuses)


def _beyond(value: str | int) -> bool:
    """Whether it is a number above those that every account has."""
    text = str(value).strip()
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) > max(Source)
