"""The small SQL in which Open Connectors' clients ask for a bulk download. Pure.

    select * from incidents where updated_since='2026-01-01' and status = '2' limit 100

`*` or names with commas between, one object, comparisons joined by `and`, a limit. A text stands
between single or double quotes, where a quote is written twice; a name that is no plain one stands
between back-ticks. All else is refused with its position: a filter that was half understood would
give what nobody asked for.
Source: https://help.openconnectors.ext.hana.ondemand.com, "Open Connectors Query Language"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.exports.matching import OPERATORS
from freshbridge.exports.wanted import Condition

LONGEST = 8192
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<quoted>`[^`]+`)
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.-]))
    | (?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)
    | (?P<sign><>|!=|<=|>=|[=<>*,;])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_KEYWORDS = {"select", "from", "where", "and", "limit"}
_UNKNOWN = {
    "or", "not", "in", "like", "ilike", "is", "between", "order", "group", "by", "having", "join",
    "as", "distinct", "offset", "union",
}  # fmt: skip
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class InvalidQuery(InvalidRequest):
    """The query cannot be read."""

    code = "invalid_query"
    default_advice = (
        "Write it as select * from tickets where status = '2' and updated_since = '2026-01-01'."
    )


@dataclass(frozen=True)
class Query:
    """What a query asks for; `fields` is () for all of them."""

    object: str
    fields: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    limit: int | None = None


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    def is_word(self, word: str) -> bool:
        return self.kind == "name" and self.text.lower() == word


def read_query(text: str) -> Query:
    """The query that a text is.

    Raises:
        InvalidQuery: naming the position of what cannot be read.
    """
    if len(text) > LONGEST:
        raise refusal(f"the query is longer than {LONGEST} characters")
    return _Reader(_tokens(text)).query()


def refusal(message: str) -> InvalidQuery:
    """A refusal in the words that clients look for."""
    return InvalidQuery(
        "Error parsing query", fields=[FieldError("q", message.rstrip("."), "invalid_value")]
    )


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while True:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            while position < len(text) and text[position].isspace():
                position += 1
            raise refusal(f"character {position + 1} cannot be read: {text[position]!r}")
        kind = found.lastgroup
        yield _Token(kind, found[kind], found.start(kind))
        if kind == "end":
            return
        position = found.end()


class _Reader:
    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = tokens
        self._next = next(tokens)

    def query(self) -> Query:
        self._word("select")
        fields = self._fields()
        self._word("from")
        name = self._name("the name of an object")
        conditions = self._conditions() if self._took("where") else ()
        limit = self._limit() if self._took("limit") else None
        if self._next.kind == "sign" and self._next.text == ";":
            self._take()
        if self._next.kind != "end":
            raise self._expected("and, limit or the end" if conditions else "where, limit, the end")
        return Query(name, fields, conditions, limit)

    def _fields(self) -> tuple[str, ...]:
        if self._sign("*"):
            return ()
        names = [self._name("* or the name of a field")]
        while self._sign(","):
            names.append(self._name("the name of a field"))
        return tuple(dict.fromkeys(names))

    def _conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._took("and"):
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        field = self._name("the name of a field")
        sign = "!=" if self._next.text == "<>" else self._next.text
        if self._next.kind != "sign" or sign not in OPERATORS:
            raise self._expected(f"one of {' '.join(OPERATORS)}")
        self._take()
        token = self._next
        if token.kind == "text":
            quote = token.text[0]
            value: str | int | float | bool | None = token.text[1:-1].replace(quote * 2, quote)
        elif token.kind == "number":
            value = float(token.text) if "." in token.text else int(token.text)
        elif token.kind == "name" and token.text.lower() in _LITERALS:
            value = _LITERALS[token.text.lower()]
        else:
            raise self._expected("a text between quotes, a number, true, false or null")
        self._take()
        return Condition(field, sign, value)

    def _limit(self) -> int:
        token = self._next
        if token.kind != "number" or not token.text.isdigit() or not 0 < int(token.text) < 10**12:
            raise self._expected("a whole number from 1")
        self._take()
        return int(token.text)

    def _name(self, expected: str) -> str:
        token = self._next
        if token.kind == "quoted":
            self._take()
            return token.text[1:-1]
        if token.kind != "name" or token.text.lower() in _KEYWORDS | _UNKNOWN:
            raise self._expected(expected)
        self._take()
        return token.text

    def _word(self, word: str) -> None:
        if not self._took(word):
            raise self._expected(word)

    def _took(self, word: str) -> bool:
        if not self._next.is_word(word):
            return False
        self._take()
        return True

    def _sign(self, sign: str) -> bool:
        if self._next.kind != "sign" or self._next.text != sign:
            return False
        self._take()
        return True

    def _take(self) -> None:
        self._next = next(self._tokens)

    def _expected(self, what: str) -> InvalidQuery:
        token = self._next
        place = f"at character {token.at + 1}"
        if token.kind == "name" and token.text.lower() in _UNKNOWN:
            return refusal(f"{token.text.lower()} is not known here, {place}; {what} is expected")
        if token.kind == "end":
            return refusal(f"{what} is expected {place}, where the query ends")
        return refusal(f"{what} is expected {place}")
