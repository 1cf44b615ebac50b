"""How far a sync has come.

Pure. Tickets are read in the order of `updated_at`, from `updated_since` on. The page number is
never carried past a change of `updated_since`: paging by offset over a list that moves loses a
record for each one that is updated meanwhile. After every page the question is asked anew from the
last `updated_at` seen; only where one second holds more than a page does the page number grow.
Source: https://developers.freshdesk.com/api/#list_all_tickets
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BEGINNING = "1970-01-01T00:00:00Z"
"""Without `updated_since` Freshdesk lists the last 30 days only."""


@dataclass(frozen=True)
class Cursor:
    """Ask next for records from `since` on, page `page`; `seen` are ids already had at `since`.

    `since` is UTC, ISO 8601 with seconds; the list is inclusive of it, so the records of that
    second come again and are known by their id.
    """

    since: str = BEGINNING
    page: int = 1
    seen: frozenset[int] = field(default_factory=frozenset)


class NotInOrder(ValueError):
    """A page is not ordered by `updated_at`, so no cursor can be drawn from it."""


def advance(
    cursor: Cursor, records: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], Cursor]:
    """The records of a page that are new, and where to go on.

    Raises:
        NotInOrder: going on would skip records.
    """
    stamps = [str(record["updated_at"]) for record in records]
    if stamps != sorted(stamps):
        raise NotInOrder("the provider's page is not in the order of updated_at")
    fresh = [
        record
        for record in records
        if not (record["updated_at"] == cursor.since and record["id"] in cursor.seen)
    ]
    if not records:
        return [], Cursor(cursor.since, 1, cursor.seen)
    last = stamps[-1]
    at_last = frozenset(r["id"] for r in records if r["updated_at"] == last)
    if last == cursor.since:
        return fresh, Cursor(last, cursor.page + 1, cursor.seen | at_last)
    return fresh, Cursor(last, 1, at_last)
