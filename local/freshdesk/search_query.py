"""The search language: text to a tree, with no knowledge of any object.

Grammar (developers.freshdesk.com/api, Filter Tickets), AND binding tighter than OR::

    query      = either
    either     = both {"OR" both}
    both       = term {"AND" term}
    term       = "(" either ")" | name ":" [">" | "<"] value
    value      = 'text' | integer | true | false | null

``>`` and ``<`` include the value itself. The whole is at most 512 characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MAX_LENGTH = 512

Value = str | int | bool | None
Comparison = Literal["=", ">=", "<="]
_COMPARISONS: dict[str, Comparison] = {"": "=", ">": ">=", "<": "<="}
_TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?P<join>(?:AND|OR)(?=[\s(]))"
    r"|(?P<name>[A-Za-z_]\w*):(?P<mark>[<>]?)"
    r"(?:'(?P<text>[^']*)'|(?P<bare>-?\d+|true|false|null)(?=[\s)]|$)))"
)


class QueryError(ValueError):
    """The text is not a query; the message says what was met where."""


@dataclass(frozen=True, slots=True)
class Term:
    """``quoted`` tells ``'5'`` from ``5``; the value of a quoted term is text."""

    name: str
    comparison: Comparison
    value: Value
    quoted: bool


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple["Query", ...]


Query = Term | Both | Either


def parse(text: str) -> Query:
    """The tree of ``text`` (without its double quotes). Raises QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"the query has {len(text)} characters, {MAX_LENGTH} are allowed")
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0

    def whole(self) -> Query:
        tree = self._either()
        if self._next < len(self._tokens):
            raise self._unexpected()
        return tree

    def _either(self) -> Query:
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Query:
        parts = [self._term()]
        while self._take("AND"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _term(self) -> Query:
        if self._take("("):
            tree = self._either()
            if not self._take(")"):
                raise self._unexpected()
            return tree
        if self._next < len(self._tokens):
            token = self._tokens[self._next][0]
            if isinstance(token, Term):
                self._next += 1
                return token
        raise self._unexpected()

    def _take(self, word: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next][0] == word:
            self._next += 1
            return True
        return False

    def _unexpected(self) -> QueryError:
        at = self._tokens[self._next][1] if self._next < len(self._tokens) else len(self._text)
        return QueryError(f"the query cannot be read at character {at + 1}")


def _tokens(text: str) -> Iterator[tuple[str | Term, int]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            raise QueryError(f"the query cannot be read at character {position + 1}")
        yield found["bracket"] or found["join"] or _term_of(found), position
        position = found.end()


def _term_of(found: re.Match[str]) -> Term:
    comparison = _COMPARISONS[found["mark"]]
    if found["text"] is not None:
        return Term(found["name"], comparison, found["text"], quoted=True)
    words: dict[str, Value] = {"true": True, "false": False, "null": None}
    bare = found["bare"]
    return Term(found["name"], comparison, words[bare] if bare in words else int(bare), False)
