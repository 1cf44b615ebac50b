"""What became of each row, as lines of CSV or JSON Lines. Pure.

CSV is for people and their spreadsheets: a fixed set of columns, no nested results, and no cell
that a spreadsheet would run as a formula. JSON Lines has everything.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from freshbridge.bulk.row_item import RowItem
from freshbridge.errors import InvalidRequest

COLUMNS = (
    "row", "line", "state", "action", "action_id", "ticket_id", "code", "message", "ticket_url",
    "contact_id", "company_id", "conversation_id", "time_entry_id",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Results = Iterable[tuple[RowItem, Mapping[str, Any] | None]]


class ResultFormat(StrEnum):
    """How the results are written."""

    CSV = "csv"
    JSON_LINES = "jsonl"

    @property
    def content_type(self) -> str:
        """The media type of such a file."""
        return {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}[self.value]


class UnknownFormat(InvalidRequest):
    """Results are not written like this."""

    code = "unknown_format"


def read_format(text: str | None) -> ResultFormat:
    """The format that a query names; CSV for none.

    Raises:
        UnknownFormat: naming those that there are.
    """
    try:
        return ResultFormat((text or "csv").lower())
    except ValueError:
        raise UnknownFormat(f"no format {str(text)[:64]}", advice="csv or jsonl.") from None


def result_lines(results: Results, kind: ResultFormat) -> Iterator[str]:
    """Yield the file's text, a row at a time."""
    if kind is ResultFormat.JSON_LINES:
        for row, data in results:
            shown = row.shown() | ({"data": data} if data is not None else {})
            yield json.dumps(shown, separators=(",", ":")) + "\n"
        return
    yield _csv_line(COLUMNS)
    for row, data in results:
        known = {**(data or {}), **row.shown()}
        yield _csv_line([_cell(known.get(name)) for name in COLUMNS])


def _csv_line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else str(value)
