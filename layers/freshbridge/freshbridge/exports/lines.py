"""Records as text: CSV, JSON Lines, a JSON array. Pure.

CSV is RFC 4180: CRLF, quotes doubled, a header, as many cells in each row. What is nested is JSON
in its cell. A text that a spreadsheet would run as a formula gets an apostrophe in front, which
spreadsheets do not show; a number is never one.
Sources: https://www.rfc-editor.org/rfc/rfc4180, https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from freshbridge.exports.wanted import Format, Record, Wanted, value_at

BOM = b"\xef\xbb\xbf"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RowWriter:
    """Writes the records of one file; `begun` says whether any was written before."""

    def __init__(
        self, wanted: Wanted, kind: Format, columns: Sequence[str], *, begun: bool = False
    ) -> None:
        """`columns`: of a CSV whose fields were not named."""
        self._wanted = wanted
        self._kind = kind
        self._columns = tuple(wanted.fields or columns)
        self._begun = begun
        self._buffer = io.StringIO()
        self._csv = csv.writer(self._buffer, lineterminator="\r\n")

    def head(self) -> bytes:
        """What stands before the first record."""
        if self._kind is Format.CSV:
            if not self._columns:
                return b""
            header = self._cells([self._cell(name) for name in self._columns])
            return (BOM if self._wanted.bom else b"") + header
        return b"[" if self._kind is Format.JSON else b""

    def line(self, record: Record, text: bytes = b"") -> bytes:
        """One record; `text` is its JSON, where that is known and nothing is left out of it."""
        if self._kind is Format.CSV:
            return self._cells([self._cell(value_at(record, name)) for name in self._columns])
        if self._wanted.fields:
            text = json_bytes({name: value_at(record, name) for name in self._wanted.fields})
        elif not text:
            text = json_bytes(record)
        if self._kind is Format.JSON_LINES:
            return text + b"\n"
        between = b",\n" if self._begun else b"\n"
        self._begun = True
        return between + text

    def tail(self) -> bytes:
        """What stands behind the last record."""
        return b"\n]\n" if self._kind is Format.JSON else b""

    def _cells(self, cells: Sequence[str]) -> bytes:
        self._buffer.seek(0)
        self._buffer.truncate()
        self._csv.writerow(cells)
        # Half an emoji in a subject is no UTF-8.
        return self._buffer.getvalue().encode(errors="replace")

    def _cell(self, value: Any) -> str:
        if isinstance(value, str):
            return f"'{value}" if not self._wanted.raw and value.startswith(_FORMULA) else value
        if value is None:
            return ""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8; escaped where a text is no UTF-8."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
