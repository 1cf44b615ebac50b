"""Pull changed tickets page by page: write the page, then move the cursor, then go on.

A crash between the two writes pulls the same page again and overwrites the same object; nothing is
skipped. One call handles a bounded number of pages, so that a long backfill is only more messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge import timestamps
from freshbridge.errors import InvalidRequest, ProviderDown
from freshbridge.freshdesk.paging import PER_PAGE, TICKET_PAGE_LIMIT
from freshbridge.sync.cursor import Cursor, NotInOrder, advance
from freshbridge.sync.lake import object_key

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.queues.envelope import SyncWork

FILTERS: Mapping[str, Mapping[str, str]] = {
    "tickets": {},
    "deleted_tickets": {"filter": "deleted"},
}
SETTLED_S = 60
"""Older than this, a second is over on the provider's clock too."""


class UnknownObject(InvalidRequest):
    """There is no such object to sync."""

    code = "unknown_object"


class TooManyAtOnce(InvalidRequest):
    """More records carry one `updated_at` than the ticket list can be paged through."""

    code = "too_many_at_once"


class Pages(Protocol):
    """Where pages are written."""

    def write(self, key: str, records: list[dict[str, Any]]) -> None:
        """Store one page."""


class NotCopied:
    """Pages that are read for their events alone."""

    def write(self, key: str, records: list[dict[str, Any]]) -> None:
        """Nothing."""


class Cursors(Protocol):
    """Where the cursor is kept."""

    def load(self, instance_id: str, object_name: str) -> Cursor:
        """Where to go on."""

    def save(
        self, instance_id: str, object_name: str, cursor: Cursor, *, progress: dict[str, Any]
    ) -> None:
        """Store where to go on."""


class Watcher(Protocol):
    """Who is told of each page, before the cursor moves past it."""

    def needs_all(self) -> bool:
        """Whether every record has to be read once before this watcher begins."""

    def begin(self) -> None:
        """Pages follow."""

    def page(self, records: Sequence[dict[str, Any]], seen_at: str) -> None:
        """The records of a page that were not had before; `seen_at` is when it was asked for."""

    def finish(self) -> None:
        """Nothing newer is left."""

    def shown(self) -> dict[str, Any]:
        """What is kept beside the cursor for people to read."""


class Unwatched:
    """Nobody is told."""

    def needs_all(self) -> bool:
        """Nobody needs anything."""
        return False

    def begin(self) -> None:
        """Nothing."""

    def page(self, records: Sequence[dict[str, Any]], seen_at: str) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""

    def shown(self) -> dict[str, Any]:
        """Nothing to show."""
        return {}


@dataclass(frozen=True)
class Progress:
    """What one call did: `rows` written in `pages`; `finished` when nothing newer is left."""

    rows: int
    pages: int
    finished: bool


def pull_tickets(
    client: FreshdeskClient,
    work: SyncWork,
    *,
    lake: Pages,
    cursors: Cursors,
    may_go_on: Callable[[], bool],
    now: Callable[[], str],
    watcher: Watcher | None = None,
) -> Progress:
    """Pull pages until the last one, or until `may_go_on` says that the time is up.

    `watcher` is told of each page once the lake has it; a page that it did not get through comes
    again. The object "deleted_tickets" is the trash, which
    Freshdesk leaves out of the other list.

    Raises:
        UnknownObject: `work.object` is neither "tickets" nor "deleted_tickets".
        TooManyAtOnce: the list cannot be read past 30,000 tickets of one second.
        ProviderDown: a page came out of order; it is asked for again later.
    """
    if work.object not in FILTERS:
        raise UnknownObject(f"cannot sync {work.object[:64]}", advice="There is: tickets.")
    rows = pages = 0
    told = watcher or Unwatched()
    cursor = _start(work, cursors, told, now)
    while True:
        asked_at = now()
        records, has_next = _page(client, cursor, FILTERS[work.object])
        try:
            fresh, following = advance(cursor, records)
        except NotInOrder as error:
            raise ProviderDown(str(error), where="GET /api/v2/tickets") from error
        has_next = has_next or cursor.again or following.again
        if fresh:
            # The whole page, also what was had before: the object may be an older one of this
            # page, and writing less than it holds would lose rows.
            lake.write(object_key(work, cursor), records)
            told.page(fresh, asked_at)
        rows, pages = rows + len(fresh), pages + 1
        following = _trusted(following, now())
        # After the last page the next run asks again from here, at page 1.
        cursor = following if has_next else replace(following, page=1)
        if not has_next:
            told.finish()
        progress = {"run_id": work.run_id, "rows": rows, "updated_at": now(), **told.shown()}
        cursors.save(work.instance_id, work.object, cursor, progress=progress)
        if not has_next:
            return Progress(rows, pages, finished=True)
        if not may_go_on():
            return Progress(rows, pages, finished=False)


def _start(work: SyncWork, cursors: Cursors, told: Watcher, now: Callable[[], str]) -> Cursor:
    cursor = cursors.load(work.instance_id, work.object)
    if cursor != Cursor() and told.needs_all():
        # Kept before the watcher notes that it has begun: a death in between asks once more.
        cursor = Cursor()
        progress = {"run_id": work.run_id, "rows": 0, "updated_at": now()}
        cursors.save(work.instance_id, work.object, cursor, progress=progress)
    told.begin()
    return cursor


def _trusted(cursor: Cursor, now: str) -> Cursor:
    """The cursor, without the ids seen in a second that is barely over.

    A ticket updated twice within one second keeps its `updated_at`, so what was seen while that
    second may have been still going on comes once more.
    """
    age = timestamps.from_text(now) - timestamps.from_text(cursor.since)
    return cursor if age.total_seconds() >= SETTLED_S else replace(cursor, seen=frozenset())


def _page(
    client: FreshdeskClient, cursor: Cursor, chosen: Mapping[str, str]
) -> tuple[list[dict[str, Any]], bool]:
    if cursor.page > TICKET_PAGE_LIMIT:
        raise TooManyAtOnce(
            f"more than {TICKET_PAGE_LIMIT * PER_PAGE} tickets were updated at {cursor.since}",
            advice="Freshdesk's ticket list ends there; export the account instead.",
        )
    page = next(
        client.tickets(
            {
                "updated_since": cursor.since,
                "order_by": "updated_at",
                "order_type": "asc",
                **chosen,
            },
            page=cursor.page,
        )
    )
    return page.records, page.next_url is not None
