"""Conditions of the ticket search, written from values. Pure: no I/O.

Texts and days stand in single quotes, numbers, true, false and null bare:
https://developers.freshdesk.com/api/#filter_tickets. The language has no way to escape a quote, so
a text that holds one is refused instead of changing what the query asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date

Value = str | int | bool | None

CUSTOM_PREFIX = "cf_"
"""What the names of an account's own ticket fields begin with."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
# Control characters, halves of a pair, and the two line breaks that are none of the former.
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})


def unwritable(text: str) -> int | None:
    """The index of the first character that no text of a query can hold, or None."""
    return next((at for at, one in enumerate(text) if _breaks(one)), None)


def _breaks(character: str) -> bool:
    return character in "'\"" or unicodedata.category(character) in _BREAKING


def write(field: str, value: Value | date, comparison: str = "") -> str:
    """Return one condition. Raises ValueError for a name or text that the language cannot hold."""
    if not _NAME.fullmatch(field):
        raise ValueError("a field's name consists of the letters A to Z, digits and underscores")
    return f"{field}:{comparison}{_literal(value)}"


def any_of(field: str, values: Sequence[Value | date]) -> str:
    """Return a condition that holds when the field has one of the values, of which one is there."""
    alternatives = list(dict.fromkeys(write(field, value) for value in values))
    return alternatives[0] if len(alternatives) == 1 else f"({' OR '.join(alternatives)})"


def all_of(conditions: Iterable[str]) -> str:
    """Return a query that holds when all of them hold; those that are empty are left out."""
    return " AND ".join(condition for condition in conditions if condition)


def _literal(value: Value | date) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = value.isoformat() if isinstance(value, date) else value
    if (bad := unwritable(text)) is not None:
        raise ValueError(
            f"character {bad + 1} cannot be searched for: the search has no way to write a quote "
            "or a line break inside a text"
        )
    return f"'{text}'"
