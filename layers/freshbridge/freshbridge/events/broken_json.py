"""Read JSON that pasted-in values have broken.

Pure. Freshdesk replaces a placeholder of advanced content by its value as it is: a quote, a line
break or a backslash in a comment ends up bare inside a JSON text, and an empty value leaves
`"group_id": ,` behind. The template's own quotes, commas and braces are still there; a quote ends a
text only where the template could go on after it: at `, "name":`, or where all that is open closes.
A comment that contains just that can still mislead it, which is why the event is marked, and its
text kept.
Source: https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from freshbridge.events.content import DEEPEST
from freshbridge.events.subject import subject_of

_BLANK = re.compile(r"[ \t\r\n]*+")
_NAME = r'"[A-Za-z_][A-Za-z0-9_.\- ]{0,99}"[ \t\r\n]*+:'
_KEY = re.compile(r'"([A-Za-z_][A-Za-z0-9_.\- ]{0,99})"[ \t\r\n]*+:')
# What may stand behind a value: another member, or closings that lead to one, to an element, or
# to the end. All runs are bounded or possessive, so that no text takes more than one pass.
_AFTER_MEMBER = re.compile(
    rf"[ \t\r\n]*+(?:,[ \t\r\n]*+(?:{_NAME}|[}}\]])|(?:[}}\]][ \t\r\n]*+){{1,60}}+(?:,|\Z)|\Z)"
)
_AFTER_ELEMENT = re.compile(r"[ \t\r\n]*+(?:,|\][ \t\r\n]*+(?:[,}\]]|\Z)|\Z)")
_END_OF_BARE = re.compile(rf",[ \t\r\n]*+(?:{_NAME}|[}}\]])|(?:[}}\]][ \t\r\n]*+){{1,60}}+(?:,|\Z)")
_END_OF_ELEMENT = re.compile(r"[,\]]")
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')
_QUOTE_OR_ESCAPE = re.compile(r'\\.|"', re.DOTALL)
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class _Hopeless(Exception):
    """It is not the shape of a webhook's content."""


def mended(text: str) -> dict[str, Any] | None:
    """The object as far as it can be told, or None.

    None, too, when nothing in it says which ticket or record it is about: what is left of such a
    body is of no use to anyone, and its sender is better told that it is broken.
    """
    try:
        reader = _Reader(text.removeprefix("\ufeff"))
        value = reader.document()
    except _Hopeless:
        return None
    return value if subject_of(value) is not None else None


class _Reader:
    """Reads from `at` on; every step moves it forward, so reading takes one pass."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def document(self) -> dict[str, Any]:
        self._blank()
        if not self._take("{"):
            raise _Hopeless
        value = self._object()
        self._blank()
        if self.at < len(self.text):
            # No placeholder stands behind the last brace: the template itself is wrong.
            raise _Hopeless
        return value

    def _object(self) -> dict[str, Any]:
        self._deeper()
        found: dict[str, Any] = {}
        while True:
            self._blank()
            if self._take("}") or self.at >= len(self.text):
                self.depth -= 1
                return found
            if self._take(","):
                continue
            key = _KEY.match(self.text, self.at)
            if key is None:
                raise _Hopeless
            self.at = key.end()
            found[key[1]] = self._value(_AFTER_MEMBER, _END_OF_BARE)

    def _array(self) -> list[Any]:
        self._deeper()
        found: list[Any] = []
        while True:
            self._blank()
            if self._take("]") or self.at >= len(self.text):
                self.depth -= 1
                return found
            if self._take(","):
                continue
            before = self.at
            found.append(self._value(_AFTER_ELEMENT, _END_OF_ELEMENT))
            if self.at == before:
                raise _Hopeless

    def _value(self, after: re.Pattern[str], bare_end: re.Pattern[str]) -> Any:
        self._blank()
        if self._take("{"):
            return self._object()
        if self._take("["):
            return self._array()
        if self._take('"'):
            return self._quoted(after)
        return self._bare(bare_end)

    def _quoted(self, after: re.Pattern[str]) -> str:
        start = self.at
        for mark in _QUOTE_OR_ESCAPE.finditer(self.text, start):
            if mark[0] == '"' or (mark[0] == '\\"' and self._closes(mark.end())):
                end = mark.end() - 1
                if after.match(self.text, mark.end()):
                    self.at = mark.end()
                    return _plain(self.text[start:end])
        self.at = len(self.text)
        return _plain(self.text[start:])

    def _closes(self, position: int) -> bool:
        # A value that ends in a backslash, `C:\temp\`, hides the quote that closes it.
        return _KEY.match(self.text, self._after_comma(position)) is not None

    def _after_comma(self, position: int) -> int:
        blank = _BLANK.match(self.text, position)
        position = blank.end() if blank else position
        if not self.text.startswith(",", position):
            return len(self.text)
        blank = _BLANK.match(self.text, position + 1)
        return blank.end() if blank else position + 1

    def _bare(self, bare_end: re.Pattern[str]) -> Any:
        end = bare_end.search(self.text, self.at)
        stop = end.start() if end else len(self.text)
        word = self.text[self.at : stop].strip()
        self.at = stop
        if not word:
            return None
        try:
            # A number too long to read, NaN and Infinity are words.
            return json.loads(word, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return word

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Hopeless

    def _blank(self) -> None:
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at

    def _take(self, mark: str) -> bool:
        if self.text.startswith(mark, self.at):
            self.at += 1
            return True
        return False


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _plain(text: str) -> str:
    plain = _ESCAPE.sub(_unescaped, text)
    # Two escapes that make one letter, and half of such a pair, which no UTF-8 can hold.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(found: re.Match[str]) -> str:
    name = found[1]
    return chr(int(name[1:], 16)) if name[0] == "u" and len(name) == 5 else _ESCAPED[name]
