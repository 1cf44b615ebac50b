"""Read the contacts that changed, page by page, for who is to be told of them; nothing is copied.

The watcher gets a page before the walk goes on, so a page that was not got through comes again.
One call handles a bounded number of pages, so that a long list is only more messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.errors import InvalidRequest
from freshbridge.sync.contact_walk import FILTER, ContactWalk
from freshbridge.sync.cursor import Cursor
from freshbridge.sync.pull import Progress, Watcher

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.queues.envelope import SyncWork


class Walks(Protocol):
    """Where the walk is kept: a cursor store."""

    def state(self, instance_id: str, object_name: str) -> dict[str, Any] | None:
        """What was kept; None for nothing."""

    def save(
        self, instance_id: str, object_name: str, cursor: Cursor, *, progress: dict[str, Any]
    ) -> None:
        """Keep it: `progress` over the cursor's own members."""


def pull_contacts(
    client: FreshdeskClient,
    work: SyncWork,
    *,
    walks: Walks,
    may_go_on: Callable[[], bool],
    now: Callable[[], str],
    watcher: Watcher,
) -> Progress:
    """Read pages until the last one, or until `may_go_on` says that the time is up.

    `rows` of what is returned counts the contacts of all pages, also of those read again.

    Facts: https://developers.freshdesk.com/api/#list_all_contacts
    """
    walk = ContactWalk.of(walks.state(work.instance_id, work.object))
    watcher.begin()
    rows = pages = 0
    while True:
        asked_at = now()
        walk = walk.beginning(asked_at)
        records, has_next, walk = _page(client, walk)
        if walk.is_passed_over_by(records):
            walk = walk.by_older_filter()
            continue
        watcher.page(records, asked_at)
        rows, pages = rows + len(records), pages + 1
        walk = walk.after(has_next=has_next)
        finished = not walk.began
        if finished:
            watcher.finish()
        progress = {"run_id": work.run_id, "rows": rows, "updated_at": now(), **watcher.shown()}
        walks.save(
            work.instance_id, work.object, Cursor(walk.since), progress=progress | walk.shown()
        )
        if finished or not may_go_on():
            return Progress(rows, pages, finished=finished)


def _page(
    client: FreshdeskClient, walk: ContactWalk
) -> tuple[list[dict[str, Any]], bool, ContactWalk]:
    try:
        page = next(client.contacts({walk.asked_by: walk.since}, page=walk.page))
    except InvalidRequest:
        if walk.asked_by != FILTER:
            raise
        older = walk.by_older_filter().beginning(walk.began)
        return _page(client, older)
    return page.records, page.next_url is not None, walk
