"""What was said on given tickets: one call for each.

Freshdesk lists conversations of one ticket at a time, and says of none when it was read last, so
they are asked for where the ticket itself changed.
Source: https://developers.freshdesk.com/api/#list_all_ticket_notes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.errors import NotFound
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.feed import PageRead, Position, Record, Scope
from freshbridge.sync.feeds.walk import Walk, stride

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient


@dataclass(frozen=True)
class ConversationFeed:
    """The tickets of a scope's `parents` in turn."""

    name: str = "conversations"
    state: State = State.LIVE
    by_time: bool = False
    proves_absence: bool = False

    def first(self, scope: Scope) -> Position:
        """At the first ticket."""
        return {"parents": [list(parent) for parent in scope.parents]}

    def read(self, client: FreshdeskClient, position: Position) -> PageRead:
        """All that was said on one ticket, which a longer one takes several calls for.

        A ticket that is not found has nothing any more, and is whole with no records.
        """
        parents: list[list[str]] = position["parents"]
        if not parents:
            return PageRead([], None, calls=0)
        ticket_id = parents[0][0]
        try:
            records, calls = _said(client, int(ticket_id))
        except NotFound:
            records, calls = [], 1
        following = {"parents": parents[1:]} if len(parents) > 1 else None
        return PageRead(records, following, calls=calls, whole=(ticket_id,))


def _said(client: FreshdeskClient, ticket_id: int) -> tuple[list[Record], int]:
    """Each once, and how many calls it took."""
    found: dict[int, Record] = {}
    walk: Walk | None = Walk()
    calls = 0
    while walk is not None:
        page = next(client.conversations(ticket_id, page=walk.page))
        calls += 1
        found |= {record["id"]: record for record in page.records}
        walk = stride(walk, page.records, has_next=page.next_url is not None).following
    return list(found.values()), calls
