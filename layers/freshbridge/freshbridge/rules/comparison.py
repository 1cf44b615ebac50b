"""How two values of an event and a rule compare. Pure.

Texts compare without regard to letter case; priority, status and source by number or name; times as
moments, of which a date is its midnight in UTC. A text that holds a number compares with a number,
and "true" with true: webhooks send custom fields as texts.
"""

from __future__ import annotations

import operator as comparing
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from freshbridge import timestamps
from freshbridge.freshdesk.enums import Priority, Source, status_number

_NAMED = {"priority": Priority, "source": Source}
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d{1,300})?")
_ORDER = {
    "gt": comparing.gt,
    "gte": comparing.ge,
    "lt": comparing.lt,
    "lte": comparing.le,
}
Statuses = Mapping[str, int]
"""An account's own statuses: their names to their numbers."""


def own_statuses(config: Mapping[str, Any]) -> Statuses:
    """Those of an instance's `config`: `{"custom_statuses": {"Waiting on vendor": 9}}`.

    What is no name or no number is left out: nobody has checked it.
    """
    given = config.get("custom_statuses")
    return {
        name: number
        for name, number in (given if isinstance(given, dict) else {}).items()
        if isinstance(name, str) and isinstance(number, int) and not isinstance(number, bool)
    }


def same(field: str, actual: object, expected: object, statuses: Statuses | None = None) -> bool:
    """Whether the two are equal; of a list, whether one of its values is."""
    if isinstance(actual, list):
        return any(same(field, item, expected, statuses) for item in actual)
    return _equal(_plain(field, actual, statuses), _plain(field, expected, statuses))


def ordered(
    field: str, operator: str, actual: object, expected: object, statuses: Statuses | None = None
) -> bool:
    """Whether `actual` is `gt`, `gte`, `lt` or `lte`; what has no order is none of them."""
    left: Any = rank(field, actual, statuses)
    right: Any = rank(field, expected, statuses)
    if left is None or right is None or isinstance(left, datetime) != isinstance(right, datetime):
        return False
    return bool(_ORDER[operator](left, right))


def rank(field: str, value: object, statuses: Statuses | None = None) -> float | datetime | None:
    """The number or the moment that a value stands for; None for neither."""
    value = _plain(field, value, statuses)
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return _as_number(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def holds_text(field: str, actual: object, expected: object, statuses: Statuses | None) -> bool:
    """`contains`: a list has the value, a text has it anywhere in it."""
    if isinstance(actual, list):
        return same(field, actual, expected, statuses)
    if not isinstance(actual, str) or isinstance(expected, bool) or expected is None:
        return False
    return str(expected).casefold() in actual.casefold()


def texts_of(actual: object) -> list[str]:
    """The texts in which a pattern is looked for."""
    values = actual if isinstance(actual, list) else [actual]
    return [
        str(value)
        for value in values
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]


def moment_of(value: object) -> datetime | None:
    """The moment that an ISO 8601 text names; None for any other value."""
    if not isinstance(value, str) or not _TIME.fullmatch(value.strip()):
        return None
    try:
        return timestamps.from_text(value.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _plain(field: str, value: object, statuses: Statuses | None) -> object:
    if isinstance(value, str | int) and not isinstance(value, bool):
        if field == "status":
            try:
                return status_number(value, statuses)
            except ValueError:
                pass  # an account's own status that nobody named: compared by its label
        elif field in _NAMED:
            try:
                return int(_NAMED[field].parse(value))
            except ValueError:
                pass  # a source that only the account knows
    if isinstance(value, str):
        moment = moment_of(value)
        return value.casefold() if moment is None else moment
    return value


def _equal(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        # A webhook has a checkbox as the text "true".
        return _flag(left) is not None and _flag(left) is _flag(right)
    if isinstance(left, str) != isinstance(right, str) and _numbers(left, right):
        return rank("", left) == rank("", right)
    return left == right


def _numbers(left: object, right: object) -> bool:
    return all(not isinstance(one, datetime) and rank("", one) is not None for one in (left, right))


def _as_number(text: str) -> float | int:
    text = text.strip()
    return float(text) if "." in text else int(text)


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
