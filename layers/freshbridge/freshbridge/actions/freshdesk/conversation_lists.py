"""Listing what was said on a ticket. Source: https://developers.freshdesk.com/api/#conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from freshbridge import timestamps
from freshbridge.actions.action import Action, Effect, Outcome
from freshbridge.actions.freshdesk.fields import Moment, TicketId
from freshbridge.actions.freshdesk.page_reading import Paged, read_pages

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record


class ListConversations(Paged):
    """List what was said on a ticket, the oldest first.

    The filters choose among the records of the pages that were read.
    """

    ticket_id: TicketId
    private: bool | None = Field(default=None, description="Only private notes, or only the rest")
    incoming: bool | None = Field(
        default=None, description="Only the customer's words, or only the agents'"
    )
    since: Moment | None = Field(
        default=None, description="Only what was said at this time or later"
    )


def list_conversations(context: Context, parameters: ListConversations) -> Outcome:
    """Read one page or all."""
    pages = context.client.conversations(
        parameters.ticket_id, page=parameters.page, per_page=parameters.size
    )
    records, paging = read_pages(pages, parameters)
    return Outcome(
        {
            "ticket_id": parameters.ticket_id,
            "ticket_url": context.ticket_url(parameters.ticket_id),
            "conversations": [one for one in records if _wanted(one, parameters)],
            **paging,
        },
        "Conversations read",
    )


def _wanted(entry: Record, asked: ListConversations) -> bool:
    said_in_time = asked.since is None or _created(entry) >= asked.since
    return said_in_time and all(
        wanted is None or entry.get(name) is wanted
        for name, wanted in (("private", asked.private), ("incoming", asked.incoming))
    )


def _created(entry: Record) -> datetime:
    return timestamps.from_text(entry["created_at"])


ACTIONS = (
    Action(
        "freshdesk",
        "list_conversations",
        ListConversations,
        list_conversations,
        Effect.READ,
        {"ticket_id": 12345, "limit": 500},
        credits_note="One a page",
    ),
)
