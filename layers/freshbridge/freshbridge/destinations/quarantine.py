"""Records that were not taken, each with why, as a file that can be mended and sent again.

The members that begin with an underscore tell of a record: `_row`, `_line`, `_outcome`, `_code`,
`_reason`. They are dropped when the file comes back, so that nothing but the mistake has to be
changed. In CSV a cell that a spreadsheet would run as a formula has a quote before it, which is
dropped then, too.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from freshbridge.bulk.row_item import RowItem
from freshbridge.destinations.transforms import text_of

TOLD = ("_row", "_line", "_outcome", "_code", "_reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Refused = tuple[RowItem, dict[str, Any]]


def told(row: RowItem) -> dict[str, Any]:
    """What a record's row tells of it."""
    return {
        "_row": row.number,
        "_line": row.line or None,
        "_outcome": row.outcome,
        "_code": row.code,
        "_reason": row.message,
    }


def json_lines(refused: Iterable[Refused], *, plain: bool = False) -> Iterator[str]:
    """Yield the file, a record at a time; `plain` leaves out what is told of them."""
    for row, record in refused:
        shown = record if plain else {**told(row), **record}
        yield json.dumps(shown, separators=(",", ":")) + "\n"


def columns_of(refused: Iterable[Refused]) -> list[str]:
    """The columns of a CSV file of these, `a.b` for one inside another, as they come up."""
    found: dict[str, None] = {}
    for _row, record in refused:
        found.update(dict.fromkeys(_flat(record)))
    return [*TOLD, *found]


def csv_lines(refused: Iterable[Refused], columns: list[str]) -> Iterator[str]:
    """Yield the file, a record at a time."""
    yield _line(columns)
    for row, record in refused:
        cells = {**told(row), **_flat(record)}
        yield _line([_cell(cells.get(name)) for name in columns])


def mended(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it was before it was quarantined, with what somebody changed."""
    if "_row" not in record:
        return dict(record)
    return {name: _unquoted(value) for name, value in record.items() if name not in TOLD}


def _unquoted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unquoted(one) for name, one in value.items()}
    if isinstance(value, str) and value[:1] == "'" and value[1:].startswith(_FORMULA):
        return value[1:]
    return value


def _flat(record: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{place}{name}.")
        else:
            found[f"{place}{name}"] = value
    return found


def _cell(value: Any) -> str:
    text = text_of(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{text}"
    return text


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
