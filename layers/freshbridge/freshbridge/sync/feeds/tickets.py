"""The three lists of tickets: the live ones, the trash, spam.

Each is read by `updated_at` (see `keyset`); a second that holds more tickets than the list can be
paged through goes down the ladder of `crowd`.
Source: https://developers.freshdesk.com/api/#list_all_tickets
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge.errors import ProviderDown
from freshbridge.freshdesk.paging import PER_PAGE, TICKET_PAGE_LIMIT
from freshbridge.lake.rows import State
from freshbridge.sync.feeds import crowd
from freshbridge.sync.feeds.feed import PageRead, Position, Scope
from freshbridge.sync.feeds.keyset import (
    Keyset,
    NotInOrder,
    Shown,
    Step,
    advance,
    cut,
    onwards,
)

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient


@dataclass(frozen=True)
class TicketFeed:
    """One of the lists; `filter` is what asks for it.

    A list's reading does not show what is gone: a ticket that is archived, or moves while its
    neighbours do, is not in it and still is there.
    """

    name: str
    state: State
    filter: str = ""
    per_page: int = PER_PAGE
    page_limit: int = TICKET_PAGE_LIMIT
    by_time: bool = True
    proves_absence: bool = False

    def first(self, scope: Scope) -> Position:
        """At the scope's first second."""
        return Keyset(scope.since, scope.until, tuple(scope.include)).shown()

    def read(self, client: FreshdeskClient, position: Position) -> PageRead:
        """One page.

        Raises:
            ProviderDown: the page is out of order; it is asked for again later.
            TooManyAtOnce: one second holds more tickets than can be read for certain.
        """
        keyset = Keyset.of(position)
        if keyset.crowd is not None:
            return self._of_crowd(client, keyset)
        asked: dict[str, Any] = {
            "updated_since": keyset.since,
            "order_by": "updated_at",
            "order_type": "asc",
            "include": list(keyset.include) or None,
            "filter": self.filter or None,
        }
        shown = self._shown(client, asked, keyset.page)
        try:
            step = advance(keyset, shown, page_limit=self.page_limit, per_page=self.per_page)
        except NotInOrder as error:
            raise ProviderDown(str(error), where="GET /api/v2/tickets") from error
        if step.walled:
            step = replace(step, following=replace(step.following, crowd=crowd.FIRST))
        following = None if step.ended else step.following.shown()
        return PageRead(step.rows, following, mark=step.following.mark)

    def _of_crowd(self, client: FreshdeskClient, keyset: Keyset) -> PageRead:
        ladder = crowd.Ladder(self.per_page, self.page_limit, keyset.since, self.state)
        found = ladder.read(
            crowd.Crowd.of(keyset.crowd or {}),
            lambda order, page: self._shown(
                client,
                {
                    "updated_since": keyset.since,
                    **order,
                    "include": list(keyset.include) or None,
                    "filter": self.filter or None,
                },
                page,
            ),
            lambda ticket_id: crowd.single(client, ticket_id, keyset.include),
        )
        if found.following is None:
            following = onwards(keyset)
        else:
            following = replace(keyset, crowd=found.following.shown())
        step = cut(Step(found.rows, following))
        position = None if step.ended else step.following.shown()
        return PageRead(step.rows, position, mark=step.following.mark)

    def _shown(self, client: FreshdeskClient, asked: dict[str, Any], number: int) -> Shown:
        page = next(client.tickets(asked, page=number, per_page=self.per_page))
        return Shown(page.records, page.next_url is not None, client.told_time)


LISTS = (
    # What comes out of the trash meanwhile is met in the live list, so that is read last.
    TicketFeed("deleted", State.DELETED, "deleted"),
    TicketFeed("spam", State.SPAM, "spam"),
    TicketFeed("live", State.LIVE),
)
