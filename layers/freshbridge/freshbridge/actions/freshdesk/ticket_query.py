"""The language of the ticket search, read and checked before it is sent. Pure: no I/O.

    query     = condition {("AND" | "OR") condition}, with round brackets anywhere
    condition = field ":" [">" | "<"] value
    value     = 'text' | 'YYYY-MM-DD' | whole number | true | false | null

`>` and `<` include the value itself. There is no way to write a quote inside a text, no "not", and
no search in subjects or descriptions. Source: https://developers.freshdesk.com/api/#filter_tickets
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from freshbridge.actions.freshdesk.ticket_query_text import CUSTOM_PREFIX, Value, unwritable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[^\s()'\"]*")
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class Kind(StrEnum):
    """What a field holds, in the words of an error."""

    NUMBER = "a whole number without quotes"
    TEXT = "text in single quotes"
    DAY = "a day as 'YYYY-MM-DD' in single quotes"
    CHECKBOX = "true or false"


FIELDS: Mapping[str, Kind] = {
    "agent_id": Kind.NUMBER,
    "group_id": Kind.NUMBER,
    "priority": Kind.NUMBER,
    "status": Kind.NUMBER,
    "tag": Kind.TEXT,
    "type": Kind.TEXT,
    "due_by": Kind.DAY,
    "fr_due_by": Kind.DAY,
    "created_at": Kind.DAY,
    "updated_at": Kind.DAY,
    "custom_string": Kind.TEXT,
}
# What tickets call a field that the search calls otherwise.
_CALLED = {"responder_id": "agent_id", "tags": "tag", "ticket_type": "type", "agent": "agent_id"}


class QueryFault(ValueError):
    """The query cannot be sent. `position` counts characters from 1."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(f"{what}, at character {position}")
        self.what = what
        self.position = position


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `comparison` is "", ">" or "<"; `quoted` tells '5' from 5."""

    field: str
    comparison: str
    value: Value
    quoted: bool
    position: int

    @property
    def is_custom(self) -> bool:
        """Whether the account defines the field."""
        return self.field.startswith(CUSTOM_PREFIX)


def parse(query: str) -> list[Condition]:
    """Return the conditions of a query in their order; one pair of double quotes around it is cut.

    Raises:
        QueryFault: saying where it cannot be read.
    """
    start, end = _inside(query)
    return _Reader(query, start, end).read()


def check(
    conditions: Iterable[Condition],
    custom: Mapping[str, Kind] | None = None,
    fields: Mapping[str, Kind] = FIELDS,
) -> None:
    """Check names and values. `custom` has the account's own fields; without it they pass.

    `fields` are those of tickets unless the search is for something else.

    Raises:
        QueryFault: for a field that the search does not know or a value of another kind.
    """
    known = {**fields, **(custom or {})}
    for condition in conditions:
        kind = known.get(condition.field)
        if kind is not None:
            _check_value(condition, kind)
        elif custom is not None or not condition.is_custom:
            raise QueryFault(_unknown(condition.field, known), condition.position)


def may_be_own(name: str) -> bool:
    """Whether a name is no field's of the search: a person may call a custom field so."""
    return not (name in FIELDS or name in _CALLED or name.startswith(CUSTOM_PREFIX))


def _inside(query: str) -> tuple[int, int]:
    start, end = len(query) - len(query.lstrip()), len(query.rstrip())
    if end - start > 1 and query[start] == query[end - 1] == '"':
        return start + 1, end - 1
    return start, end


class _Reader:
    """Walks through the text once. It keeps no tree, so no depth of brackets can exhaust it."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text[:end]
        self._at = start
        self._open: list[int] = []

    def read(self) -> list[Condition]:
        conditions = [self._operand()]
        while self._joined():
            conditions.append(self._operand())
        if self._open:
            raise QueryFault("the bracket is not closed", self._open[-1] + 1)
        return conditions

    def _fault(self, what: str, at: int | None = None) -> QueryFault:
        return QueryFault(what, (self._at if at is None else at) + 1)

    def _next(self) -> str:
        """The next character that is no blank, or nothing at the end."""
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        return self._text[self._at : self._at + 1]

    def _operand(self) -> Condition:
        while self._next() == "(":
            self._open.append(self._at)
            self._at += 1
        if not self._next():
            raise self._fault("a condition such as status:2 is missing")
        return self._condition()

    def _joined(self) -> bool:
        """Read closing brackets and AND or OR; False at the end."""
        while self._next() == ")":
            if not self._open:
                raise self._fault("the bracket was never opened")
            self._open.pop()
            self._at += 1
        if not self._next():
            return False
        word = _BARE.match(self._text, self._at)
        assert word is not None  # noqa: S101 - the pattern matches the empty text
        if word[0] not in {"AND", "OR"}:
            raise self._fault("AND or OR, in capitals, has to stand between two conditions")
        self._at = word.end()
        return True

    def _condition(self) -> Condition:
        began = self._at
        name = _NAME.match(self._text, began)
        if name is None:
            raise self._fault("a field's name was expected")
        self._at = name.end()
        if self._text[self._at : self._at + 1] != ":":
            raise self._fault("a colon was expected right after the field's name")
        self._at += 1
        comparison = self._text[self._at : self._at + 1]
        if comparison in {">", "<"}:
            self._at += 1
        else:
            comparison = ""
        quoted = self._text[self._at : self._at + 1] == "'"
        value = self._quoted() if quoted else self._bare()
        following = self._text[self._at : self._at + 1]
        if following and not following.isspace() and following != ")":
            raise self._fault("a blank was expected after the value")
        return Condition(name[0], comparison, value, quoted, began + 1)

    def _quoted(self) -> str:
        closing = self._text.find("'", self._at + 1)
        if closing < 0:
            raise self._fault("the quote is not closed")
        value = self._text[self._at + 1 : closing]
        if (bad := unwritable(value)) is not None:
            raise self._fault("a text may not hold this character", self._at + 1 + bad)
        self._at = closing + 1
        return value

    def _bare(self) -> Value:
        word = _BARE.match(self._text, self._at)
        assert word is not None  # noqa: S101 - the pattern matches the empty text
        if word[0] in _WORDS:
            value: Value = _WORDS[word[0]]
        elif _NUMBER.fullmatch(word[0]):
            value = int(word[0])
        else:
            raise self._fault(
                "a value was expected: a whole number, true, false, null, or text in single quotes"
            )
        self._at = word.end()
        return value


def _check_value(condition: Condition, kind: Kind) -> None:
    value = condition.value
    if condition.comparison and kind not in {Kind.NUMBER, Kind.DAY}:
        raise QueryFault(
            f"{condition.field} cannot be compared with > or <; write {condition.field}:value",
            condition.position,
        )
    if value is None and not condition.comparison:
        return
    fits = {
        Kind.NUMBER: isinstance(value, int) and not isinstance(value, bool),
        Kind.TEXT: condition.quoted,
        Kind.DAY: condition.quoted and _is_day(str(value)),
        Kind.CHECKBOX: isinstance(value, bool),
    }
    if not fits[kind]:
        raise QueryFault(f"{condition.field} takes {kind}", condition.position)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return _DAY.fullmatch(text) is not None


def _unknown(name: str, known: Mapping[str, Kind]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    meant = _CALLED.get(name) or (near[0] if near else "")
    if meant:
        return f"the search knows no {name[:64]}; did you mean {meant}?"
    return f"the search knows no {name[:64]}; it knows {', '.join(known)}"
