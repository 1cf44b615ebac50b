"""Ask the provider about a record that a full reading of its list did not show.

One call for each; for what has no address of its own, one for all of the same ticket. A ticket that
is not found may be archived, as Freshdesk does with tickets that have been closed for 120 days: the
archive has an address of its own.
Source: https://developers.freshdesk.com/api/#view_a_ticket, #view_archived_ticket
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Forbidden, InvalidRequest, NotFound
from freshbridge.lake.rows import Row, State
from freshbridge.sync.versions import Verdict, tombstone, version_of

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.sync.objects import SyncObject

INCLUDE: dict[str, tuple[str, ...]] = {"tickets": ("requester", "stats")}
"""What a list embeds and a record by itself does not, unless it is asked to."""
BY_PARENT = ("time_entries", "satisfaction_ratings")
BY_ID = ("tickets", "contacts", "companies")


_OF_STATE = {
    State.LIVE: Verdict.MISSED, State.DELETED: Verdict.DELETED, State.SPAM: Verdict.SPAM,
    State.GONE: Verdict.GONE,
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What is known of a held record by now: `row` is the version to keep."""

    verdict: Verdict
    row: Row


def verified(
    client: FreshdeskClient, obj: SyncObject, rows: Sequence[Row], *, seen_at: str
) -> Iterator[Finding]:
    """One finding for each row; they are all of one parent where the object has one.

    Raises what the client raises, but for records that are not there or may not be seen.
    """
    if obj.name in BY_PARENT:
        yield from _below(client, obj, rows, seen_at)
    else:
        for row in rows:
            yield _one(client, obj, row, seen_at)


def fetched(client: FreshdeskClient, obj: SyncObject, record_id: str, *, seen_at: str) -> Row:
    """The record as it is now, be it live, in the trash, spam or archived.

    Raises:
        NotFound: it is nowhere.
    """
    return version_of(obj, _record(client, obj, record_id), seen_at=seen_at)


def _one(client: FreshdeskClient, obj: SyncObject, row: Row, seen_at: str) -> Finding:
    try:
        found = fetched(client, obj, row.id, seen_at=seen_at)
    except NotFound:
        return Finding(Verdict.GONE, tombstone(row, State.GONE, seen_at))
    except (Forbidden, InvalidRequest):
        return Finding(Verdict.KEPT, row)
    if found.state is State.LIVE and found.record.get("archived") is True:
        return Finding(Verdict.ARCHIVED, found)
    return Finding(_OF_STATE[found.state], found)


def _record(client: FreshdeskClient, obj: SyncObject, record_id: str) -> dict[str, Any]:
    number = int(record_id)
    if obj.name == "contacts":
        return client.contact(number)
    if obj.name == "companies":
        return client.company(number)
    try:
        record = client.ticket(number, include=INCLUDE["tickets"])
    except NotFound:
        record = client.archived_ticket(number) | {"archived": True}
    # Ten of a ticket's conversations are no field of it, and have an object of their own.
    return {name: value for name, value in record.items() if name != "conversations"}


def _below(
    client: FreshdeskClient, obj: SyncObject, rows: Sequence[Row], seen_at: str
) -> Iterator[Finding]:
    try:
        records = _children(client, obj, int(rows[0].parent))
    except NotFound:
        records = {}
    except (Forbidden, InvalidRequest, ValueError):
        # Not allowed, or held without its ticket: no word on whether they are there.
        yield from (Finding(Verdict.KEPT, row) for row in rows)
        return
    for row in rows:
        record = records.get(row.id)
        if record is None:
            yield Finding(Verdict.GONE, tombstone(row, State.GONE, seen_at))
        else:
            found = version_of(obj, record, seen_at=seen_at)
            yield Finding(Verdict.MISSED, replace(found, parent=row.parent))


def _children(client: FreshdeskClient, obj: SyncObject, ticket_id: int) -> dict[str, Any]:
    if obj.name == "time_entries":
        pages = client.ticket_time_entries(ticket_id)
    else:
        pages = client.ticket_satisfaction_ratings(ticket_id)
    return {str(record[obj.id_field]): record for page in pages for record in page.records}
