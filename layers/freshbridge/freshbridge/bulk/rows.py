"""The rows of a bulk action, wherever they come from. Pure.

A row that cannot be read is a row with problems, so that one bad line is told and the others are
not lost; only a file that is no list of rows at all is refused as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from freshbridge.bulk.csv_rows import csv_records
from freshbridge.bulk.text_lines import UnreadableRows, text_lines
from freshbridge.errors import FieldError

LARGEST_COUNT = 10_000
"""Rows in one bulk action."""


class TooManyRows(UnreadableRows):
    """More rows than one bulk action takes."""

    code = "too_many_rows"


class RowFormat(StrEnum):
    """How a file holds its rows."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True)
class Row:
    """One row: `number` from 1, `line` where it begins in its file (0 when there is no file).

    `texts` says that every value is text because the format knows nothing else.
    """

    number: int
    line: int
    values: dict[str, Any] = field(repr=False)
    problems: tuple[FieldError, ...] = ()
    texts: bool = False


def listed_rows(values: Iterable[Any], most: int = LARGEST_COUNT) -> Iterator[Row]:
    """Rows given in the request itself.

    Raises:
        TooManyRows: at the first row beyond the limit.
    """
    for number, value in _limited(values, most):
        yield _object_row(number, 0, value)


def file_rows(pieces: Iterable[bytes], kind: RowFormat, most: int = LARGEST_COUNT) -> Iterator[Row]:
    """Rows of a file that arrives in pieces, `most` at most.

    CSV: the first line names the columns, `a.b` is `b` inside `a`, an empty cell is a parameter
    that is not given. JSON Lines: one object a line. Empty lines are passed over in both.

    Raises:
        UnreadableRows, TooManyRows: while being iterated.
    """
    lines = text_lines(pieces)
    if kind is RowFormat.CSV:
        for number, record in _limited(csv_records(lines), most):
            yield Row(number, record.line, record.values, record.problems, texts=True)
        return
    filled = ((n, text) for n, text in enumerate(lines, 1) if text.strip())
    for number, (line, text) in _limited(filled, most):
        yield _json_row(number, line, text)


def _limited(values: Iterable[Any], most: int) -> Iterator[tuple[int, Any]]:
    for number, value in enumerate(values, 1):
        if number > most:
            raise TooManyRows(
                f"there are more than {most} rows", advice=f"Split them: {most} are taken at once."
            )
        yield number, value


def _json_row(number: int, line: int, text: str) -> Row:
    try:
        value = json.loads(text.rstrip("\r\n"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        problem = FieldError("", f"line {line}, column {error.colno}: {error.msg}", "not_json")
        return Row(number, line, {}, (problem,))
    except (ValueError, RecursionError):
        return Row(number, line, {}, (FieldError("", f"line {line}: not JSON", "not_json"),))
    return _object_row(number, line, value)


def _object_row(number: int, line: int, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(number, line, value)
    where = f"line {line}" if line else f"row {number}"
    problem = FieldError(
        "", f"{where}: must be an object of parameters, not {_KINDS[type(value)]}", "not_an_object"
    )
    return Row(number, line, {}, (problem,))


_KINDS = {
    list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false",
    type(None): "null",
}  # fmt: skip


def _refuse_constant(name: str) -> NoReturn:
    # Python reads NaN and Infinity, which JSON does not have.
    raise ValueError(f"{name} is no JSON")
