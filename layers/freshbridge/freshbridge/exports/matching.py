"""Which records meet an export's conditions. Pure.

A value of a condition may be a text although the record has a number, as in SQL that came over
HTTP: what the record has decides how the two are compared. Times are compared as moments, whatever
their zone; a list meets `=` when it holds the value.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from freshbridge import timestamps
from freshbridge.exports.wanted import Condition, Record, value_at

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITY = ("=", "!=")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")


def matcher(conditions: Sequence[Condition]) -> Callable[[Record], bool]:
    """Whether a record meets all conditions."""
    tests = [(condition.field, _test(condition)) for condition in conditions]
    return lambda record: all(test(value_at(record, field)) for field, test in tests)


def moment(text: str) -> datetime | None:
    """The moment that a text names; None where it is no time."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return timestamps.from_text(text)
    except ValueError:
        return None


def _test(condition: Condition) -> Callable[[Any], bool]:
    wanted, negated = condition.value, condition.operator == "!="
    if wanted is None:
        # Only being there or not can be asked of nothing.
        return lambda found: condition.operator in _EQUALITY and (found is None) is not negated
    compare, text = OPERATORS[condition.operator], str(wanted)
    number, time, truth = _number(wanted), moment(text), _truth(wanted)

    def pair(found: Any) -> tuple[Any, Any] | None:
        """What is compared with what; None where the two cannot be."""
        other: Any = None
        if isinstance(found, bool):
            other = truth
        elif isinstance(found, int | float):
            other = number
        elif isinstance(found, str):
            at = moment(found) if time is not None else None
            found, other = (found, text) if at is None else (at, time)
        return None if other is None else (found, other)

    def test(found: Any) -> bool:
        if isinstance(found, list):
            holds = any(str(one) == text for one in found)
            return condition.operator in _EQUALITY and holds is not negated
        both = pair(found)
        # What cannot be compared is unlike the value, and neither before nor behind it.
        return negated if both is None else compare(*both)

    return test


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    for kind in (int, float):
        try:
            return kind(str(value))
        except ValueError:
            continue
    return None


def _truth(value: object) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())
