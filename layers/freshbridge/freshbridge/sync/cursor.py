"""How far a sync has come.

Pure. Tickets are read in the order of `updated_at`, from `updated_since` on. The page number is
never carried past a change of `updated_since`: paging by offset over a list that moves loses a
record for each one that is updated meanwhile. After every page the question is asked anew from the
last `updated_at` seen; only where one second holds more than a page does the page number grow.
Meanwhile a ticket of that second may be updated, move to the list's end and let the others up by
one, onto a page already read. So once the second's last page is known, its pages are read again
from the last to the first: what moves up then moves onto a page still to be read.
Source: https://developers.freshdesk.com/api/#list_all_tickets
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from freshbridge import timestamps

BEGINNING = "1970-01-01T00:00:00Z"
"""Without `updated_since` Freshdesk lists the last 30 days only."""


@dataclass(frozen=True)
class Cursor:
    """Ask next for records from `since` on, page `page`; `seen` are ids already had at `since`.

    `again` is set while a second's pages are read again, downwards.

    `since` is UTC, ISO 8601 with seconds; the list is inclusive of it, so the records of that
    second come again and are known by their id.
    """

    since: str = BEGINNING
    page: int = 1
    seen: frozenset[int] = field(default_factory=frozenset)
    again: bool = False


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
    if cursor.again:
        return _at(cursor.since, records), _downwards(cursor)
    if not records:
        return [], Cursor(cursor.since, 1, cursor.seen)
    last = stamps[-1]
    if last == cursor.since:
        return fresh, Cursor(last, cursor.page + 1, cursor.seen | _ids_at(last, records))
    if cursor.page > 1:
        # What is newer than the second may have moved up too, so it is asked for afterwards.
        return _at(cursor.since, fresh), _downwards(cursor)
    return fresh, Cursor(last, 1, _ids_at(last, records))


def _downwards(cursor: Cursor) -> Cursor:
    if cursor.page > 1:
        return Cursor(cursor.since, cursor.page - 1, again=True)
    return Cursor(timestamps.to_text(timestamps.from_text(cursor.since) + timedelta(seconds=1)))


def _at(moment: str, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [record for record in records if record["updated_at"] == moment]


def _ids_at(moment: str, records: Sequence[dict[str, Any]]) -> frozenset[int]:
    return frozenset(record["id"] for record in _at(moment, records))
