"""A file that is one JSON list of records, read piece by piece. Pure.

Such a file may have a hundred megabytes on a single line, so no more of it is held than one record
and the piece that it ends in.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NoReturn

from freshbridge.bulk.rows import Row, RowFormat, file_rows, listed_rows
from freshbridge.bulk.text_lines import LONGEST_LINE, UnreadableRows

_ENOUGH = len(codecs.BOM_UTF8)
_BEGIN, _COMMA = re.compile(r"\s*\[\s*"), re.compile(r"\s*,\s*")
_FOLLOWED, _END = re.compile(r"\s*[,\]]"), re.compile(r"\s*\]\s*")
_EMPTY = re.compile(r"\s*\[\s*\]\s*")


def _refuse_constant(name: str) -> NoReturn:
    # Python reads NaN and Infinity, which JSON does not have.
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def rows_in(pieces: Iterable[bytes], kind: RowFormat, most: int) -> Iterator[Row]:
    """The rows of a file, whose JSON may be a list or a record a line.

    Raises:
        UnreadableRows, TooManyRows: while being iterated.
    """
    source = iter(pieces)
    first = b""
    if kind is RowFormat.JSON_LINES:
        for piece in source:
            first += piece
            if len(first) >= _ENOUGH and first.removeprefix(codecs.BOM_UTF8).strip():
                break
        if first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
            return listed_rows(members(chain([first], source)), most)
    return file_rows(chain([first], source), kind, most)


def members(pieces: Iterable[bytes]) -> Iterator[Any]:
    """Yield the members of the list that the pieces are.

    Raises:
        UnreadableRows: it is no such list, or a member has more than LONGEST_LINE characters.
    """
    held, at, number = "", 0, 0
    for text in _texts(pieces):
        held, at = held[at:] + text, 0
        while (found := _member(held, at, number)) is not None:
            value, at = found
            number += 1
            yield value
        if len(held) - at > LONGEST_LINE + len(text):
            raise _no_list(number)
    if not (_END if number else _EMPTY).fullmatch(held, at):
        raise _no_list(number)


def _member(held: str, at: int, number: int) -> tuple[Any, int] | None:
    """The next member and where it ends; None where it is not there as a whole."""
    before = (_COMMA if number else _BEGIN).match(held, at)
    if before is None:
        return None
    try:
        value, end = _DECODER.raw_decode(held, before.end())
    except (ValueError, RecursionError):
        return None
    # A number may go on in the next piece: only what follows a member tells that it is over.
    return (value, end) if _FOLLOWED.match(held, end) else None


def _texts(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    done = 0
    try:
        for piece in pieces:
            done += len(piece)
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        place = done - len(error.object) + error.start
        raise UnreadableRows(
            f"the file is not UTF-8 at byte {place}", advice="Save it as UTF-8."
        ) from None


def _no_list(number: int) -> UnreadableRows:
    return UnreadableRows(f"the file is a JSON list that cannot be read after record {number}")
