"""The lines of a text file that arrives in pieces. Pure.

A piece may end in the middle of a character or between the two halves of a Windows line end.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from freshbridge.errors import InvalidRequest

LONGEST_LINE = 4 * 1024 * 1024
"""Characters. A row is the parameters of one action, which take far less."""

_END = re.compile(r"\r\n|\r|\n")
_BY_MARK = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class UnreadableRows(InvalidRequest):
    """The file or list cannot be read as rows at all; nothing was run."""

    code = "unreadable_rows"
    default_advice = "Correct the file and send it again; nothing was run."


def text_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines with their ends, which a quoted CSV cell keeps.

    UTF-8 with or without a byte order mark, or UTF-16 with one, which is how Excel saves Unicode.

    Raises:
        UnreadableRows: bytes that are no such text, or a line longer than LONGEST_LINE.
    """
    rest, number = "", 0
    for text in _texts(pieces):
        # Only the new piece is searched, or a file without a line end would take for ever.
        piece = f"\r{text}" if rest.endswith("\r") else text
        rest, start = rest.removesuffix("\r"), 0
        for found in _END.finditer(piece):
            if found[0] == "\r" and found.end() == len(piece):
                break  # the next piece may begin with the other half of the line end
            number += 1
            yield rest + piece[start : found.end()]
            rest, start = "", found.end()
        rest += piece[start:]
        if len(rest) > LONGEST_LINE:
            raise UnreadableRows(f"line {number + 1} is longer than {LONGEST_LINE} characters")
    if rest:
        yield rest


def _texts(pieces: Iterable[bytes]) -> Iterator[str]:
    source = iter(pieces)
    first = b""
    for piece in source:
        first += piece
        if len(first) >= len(codecs.BOM_UTF8):
            break
    encoding = next((name for mark, name in _BY_MARK.items() if first.startswith(mark)), "utf-8")
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    try:
        for piece in chain([first], source):
            done += len(piece)
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # The decoder may have held back bytes of the piece before.
        place = done - len(error.object) + error.start
        raise UnreadableRows(
            f"the file is not {encoding.removesuffix('-sig').upper()} at byte {place}",
            advice="Save it as UTF-8; Excel calls that CSV UTF-8.",
        ) from None
