"""People and companies in alphabetical order, and the lookup of their names by word prefix.

Source: developers.freshdesk.com/api: contacts and agents are listed by name; autocomplete is
case-insensitive and matches the beginnings of words, not parts of them.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import missing_field, validation_failed
from local.freshdesk.routing import Request
from local.freshdesk.validation import Field, check_query


@dataclass(frozen=True, slots=True)
class _Order:
    """``records`` is good while the table is still this one and still of this size."""

    table: Mapping[int, Record]
    size: int
    records: list[Record]


_orders: WeakKeyDictionary[Account, dict[str, _Order]] = WeakKeyDictionary()


def by_name(account: Account, table_name: str) -> list[Record]:
    """The table's records by name, letter case aside. Treat the list as read-only.

    Sorting 50,000 names for each page would be most of the page's time, so the order is kept until
    a record comes or goes; a write that renames one calls ``renamed``.
    """
    table = account.table(table_name)
    known = _orders.setdefault(account, {})
    order = known.get(table_name)
    if order is None or order.table is not table or order.size != len(table):
        records = sorted(table.values(), key=lambda one: (name_of(one).casefold(), one["id"]))
        order = known[table_name] = _Order(table, len(table), records)
    return order.records


def renamed(account: Account, table_name: str) -> None:
    """Have the next ``by_name`` sort again: a name changed, or one record replaced another."""
    _orders.get(account, {}).pop(table_name, None)


@dataclass(slots=True)
class _Answers:
    writes: int
    found: dict[Hashable, list[Record]] = field(default_factory=dict)


_MAX_ANSWERS = 16
_answers: WeakKeyDictionary[Account, _Answers] = WeakKeyDictionary()


def remembered(
    account: Account, question: Hashable, compute: Callable[[], Iterable[Record]]
) -> list[Record]:
    """What ``compute`` gives, kept until the next write: pages follow one another."""
    answers = _answers.get(account)
    if answers is None or answers.writes != account.writes or len(answers.found) >= _MAX_ANSWERS:
        answers = _answers[account] = _Answers(account.writes)
    if question not in answers.found:
        answers.found[question] = list(compute())
    return answers.found[question]


def name_of(record: Record) -> str:
    """The name of a contact, company or agent."""
    return str((record.get("contact") or record)["name"])


def term_of(request: Request, parameter: str) -> str:
    """The text to complete. Raises ApiError 400 when ``parameter`` is absent or blank."""
    checked = check_query({parameter: Field("string", nullable=False)}, request.query)
    term = str(checked.get(parameter) or "").strip()
    if not term:
        raise validation_failed([missing_field(parameter)])
    return term


def completed(
    term: str, records: Iterable[Record], texts: Callable[[Record], Iterable[str | None]]
) -> list[Record]:
    """The records with a text of which some word begins with ``term``."""
    wanted = term.casefold()
    return [
        one
        for one in records
        if any(_has_word(text.casefold(), wanted) for text in texts(one) if text)
    ]


def _has_word(text: str, start: str) -> bool:
    return text.startswith(start) or f" {start}" in text


def matching(records: Iterable[Record], wanted: Mapping[str, Any]) -> Iterator[Record]:
    """The records whose attributes equal ``wanted``, text compared without letter case."""
    tests = {name: _folded(value) for name, value in wanted.items()}
    for one in records:
        if all(_folded(one.get(name)) == value for name, value in tests.items()):
            yield one


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
