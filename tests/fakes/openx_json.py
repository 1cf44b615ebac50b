"""The OpenX JSON SerDe over one line: what a column of a table holds for it.

Stands for `org.openx.data.jsonserde.JsonSerDe` as Athena runs it, in the strictest reading of its
three descriptions, so that a table that works here works with each of them:

- A member that is missing or null is NULL. A text column takes anything: what is nested is
  rendered as compact JSON. A number's column takes numbers, and texts that are numbers.
- With `case.insensitive` the names of members become lower case on every level, also of those
  that end in a text, and two that are then the same fail the query.
- What is no number in a number's column fails the query. What is no boolean would silently be
  false; here it fails.

Sources: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html,
https://github.com/rcongiu/Hive-JSON-Serde, and for Trino's own reading
https://github.com/trinodb/trino/tree/master/lib/trino-hive-formats (openxjson/README.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

LIBRARY = "org.openx.data.jsonserde.JsonSerDe"


class BadData(Exception):
    """The query fails on a line; the text says why."""


def decoded(
    line: bytes, columns: Mapping[str, str], parameters: Mapping[str, str]
) -> tuple[Any, ...]:
    """The values of a line in the order of the columns, which are names with their types.

    Raises:
        BadData: the line is no JSON object, or a value does not fit its column.
    """
    folded = parameters.get("case.insensitive", "TRUE").upper() == "TRUE"
    try:
        record = json.loads(line, object_pairs_hook=_object(folded), parse_float=Decimal)
    except ValueError as error:
        raise BadData(f"no valid JSON: {error}") from error
    if not isinstance(record, dict):
        raise BadData("a line is no JSON object")
    return tuple(_value(name, kind, record.get(name)) for name, kind in columns.items())


def _object(folded: bool) -> Callable[[Sequence[tuple[str, Any]]], dict[str, Any]]:
    def built(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            key = name.lower() if folded else name
            if key in found:
                raise BadData(f"duplicate key {key!r}")
            found[key] = value
        return found

    return built


def _value(name: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return _KINDS[kind](value)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise BadData(f"column {name} is {kind}, its value {type(value).__name__}") from error


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)


def _whole(value: Any) -> int:
    if isinstance(value, bool | dict | list | Decimal):
        raise TypeError("no whole number")
    found = int(value)
    if not -(1 << 63) <= found < 1 << 63:
        raise ValueError("more than 64 bits")
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool | dict | list):
        raise TypeError("no number")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("no boolean")
    return value


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "string": _text,
    "bigint": _whole,
    "double": _number,
    "boolean": _boolean,
}
