"""Records of a CSV file, as RFC 4180 and spreadsheets write it. Pure.

Quoted cells may hold line breaks, quotes and delimiters. The delimiter is what the header line
uses: comma, semicolon (Excel where the comma is the decimal sign) or tab.
Source: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from freshbridge.bulk.text_lines import UnreadableRows
from freshbridge.errors import FieldError

_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class CsvRecord:
    """One record; `line` is where it begins. Every value is text, or an object of texts."""

    line: int
    values: dict[str, Any] = field(repr=False)
    problems: tuple[FieldError, ...] = ()


def csv_records(lines: Iterable[str]) -> Iterator[CsvRecord]:
    """Yield the records below the header line; records with nothing in them are passed over.

    Raises:
        UnreadableRows: there is no header, it names a column twice, or a quote is never closed.
    """
    source = iter(lines)
    first = next((line for line in source if line.strip()), None)
    if first is None:
        raise UnreadableRows("the file is empty", advice="Its first line must name the columns.")
    reader = csv.reader(chain([first], source), delimiter=_delimiter(first), strict=True)
    columns: Sequence[tuple[str, ...]] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableRows(f"line {line}: not CSV: {error}") from None
        if columns is None:
            columns = _columns(cells)
        elif any(cell.strip() for cell in cells):
            yield _record(line, columns, cells)


def _delimiter(header: str) -> str:
    bare = _QUOTED.sub("", header)
    return max(",;\t", key=bare.count)


def _columns(cells: list[str]) -> list[tuple[str, ...]]:
    """Each column's path: `custom_fields.cf_floor` is two steps; a column without a name is ()."""
    paths = [tuple(map(str.strip, cell.split("."))) if cell.strip() else () for cell in cells]
    named = [path for path in paths if path]
    for place, path in enumerate(paths, 1):
        name = ".".join(path)
        if path and not all(path):
            raise UnreadableRows(f"line 1, column {place}: {name!r} is not a column's name")
        if path and named.count(path) > 1:
            raise UnreadableRows(f"line 1, column {place}: the name {name!r} is there twice")
        if any(path != other and path == other[: len(path)] for other in named if path):
            raise UnreadableRows(
                f"line 1, column {place}: {name!r} is a column and the beginning of another's name"
            )
    if not named:
        raise UnreadableRows("line 1 names no column")
    return paths


def _record(line: int, columns: Sequence[tuple[str, ...]], cells: list[str]) -> CsvRecord:
    values: dict[str, Any] = {}
    problems = []
    for place, cell in enumerate(cells):
        if not cell.strip():
            continue
        path = columns[place] if place < len(columns) else ()
        if not path:
            problems.append(
                FieldError("", f"line {line}, column {place + 1} has no name", "unnamed_column")
            )
            continue
        holder = values
        for step in path[:-1]:
            holder = holder.setdefault(step, {})
        holder[path[-1]] = cell
    return CsvRecord(line, values, tuple(problems))
