"""How Freshsales' lists go on. Pure: no I/O.

Pages have numbers from 1. Some lists tell how many there are (`meta.total_pages`: views, sales
activities, lists of contacts), others only how many records (`meta.total`: tasks, appointments,
searches), some nothing. A short page may have a successor, so without these only an empty page is
the end. There is no order unless one is asked for, and records move between pages meanwhile.

Facts: https://developers.freshworks.com/crm/api/#pagination
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from freshbridge.errors import ProviderDown
from freshbridge.freshsales.wire import Record

PER_PAGE = 100
"""The most that a list gives at a time."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `last`: nothing follows; `total` is how many records there are, if told.

    `beside` holds the related records that were asked for, by their plural.
    """

    records: list[Record]
    number: int
    last: bool
    total: int | None = None
    beside: dict[str, Any] = field(default_factory=dict)


def is_last(data: Any, records: list[Record], number: int, seen: int) -> bool:
    """Whether page `number` ends the list; `seen` counts the records of it and those before it."""
    pages = _number(data, "total_pages")
    if pages is not None:
        return number >= pages
    total = _number(data, "total")
    # A total alone is trusted in so far as something was seen: some lists say 0 and go on.
    return not records or (total is not None and 0 < total <= seen)


def total_in(data: Any) -> int | None:
    """How many records the list says that there are."""
    return _number(data, "total")


def check_moves_on(number: int, records: list[Record], before: list[Record], where: str) -> None:
    """Raise ProviderDown when a page is the one before it again: the list would never end."""
    ids = [record.get("id") for record in records]
    if ids and ids == [record.get("id") for record in before]:
        raise ProviderDown(
            f"Page {number} of the list is the same as the one before it", where=where
        )


def records_of(pages: Iterable[Page]) -> Iterator[Record]:
    """Yield the records of all pages in turn; one that has moved to a later page comes once."""
    seen: set[Any] = set()
    for page in pages:
        for record in page.records:
            if record.get("id") not in seen:
                seen.add(record.get("id"))
                yield record


def _number(data: Any, name: str) -> int | None:
    meta = data.get("meta") if isinstance(data, dict) else None
    value = meta.get(name) if isinstance(meta, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
