"""Which lists each object is read from, in the order in which a run reads them.

What moves from one list to another while they are read (a contact that is restored) is met in the
live one, so that is last.
Source: https://developers.freshdesk.com/api/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from freshbridge.errors import InvalidRequest, NotFound
from freshbridge.lake.rows import State
from freshbridge.sync.feeds import tickets
from freshbridge.sync.feeds.conversations import ConversationFeed
from freshbridge.sync.feeds.lists import (
    UPDATED,
    ListFeed,
    MembersFeed,
    of_state,
    one_page,
    snapshot,
)

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.freshdesk.paging import Page
    from freshbridge.sync.feeds.feed import Feed
    from freshbridge.sync.objects import SyncObject

LOGGED_LATE = timedelta(days=7)
"""Time is logged for work of up to so long ago; what is dated back further waits for a full run."""


def _group(client: FreshdeskClient, group_id: int, _page: int) -> Iterator[Page]:
    """A group by itself, for the list leaves out who belongs to it."""
    try:
        found = [client.group(group_id)]
    except NotFound:
        found = []
    yield from one_page(found)


def _responses(client: FreshdeskClient, folder_id: int, page: int) -> Iterator[Page]:
    """A folder's canned responses; nothing says whether page numbers are taken here."""
    try:
        yield next(client.canned_responses(folder_id, page=page))
    except InvalidRequest:
        yield from one_page(client.unpaged_canned_responses(folder_id))
    except NotFound:
        yield from one_page([])


_CONTACTS = ListFeed(
    lambda client, asked, page: client.contacts(asked, page=page), name="live", filters=UPDATED
)
_COMPANIES = ListFeed(
    lambda client, asked, page: client.companies(asked, page=page), filters=UPDATED
)
# Entries are filtered by when the work was done, never by when they were written: what is edited or
# deleted later than that, only a run over everything finds.
_TIME_ENTRIES = ListFeed(
    lambda client, asked, page: client.time_entries(asked, page=page),
    filters=("executed_after",),
    look_back=LOGGED_LATE,
    always=True,
)
# As above: the filter goes by when a rating was given. The list's window without it is told
# nowhere.
_RATINGS = ListFeed(
    lambda client, asked, page: client.satisfaction_ratings(asked, page=page),
    filters=("created_since",),
    by="created_at",
    always=True,
)
_FEEDS: Mapping[str, tuple[Feed, ...]] = {
    "tickets": tickets.LISTS,
    "conversations": (ConversationFeed(),),
    "contacts": (
        of_state(_CONTACTS, "deleted", State.DELETED),
        # Neither list shows the other's: the one without a state leaves out both.
        of_state(_CONTACTS, "blocked", State.LIVE),
        _CONTACTS,
    ),
    "companies": (_COMPANIES,),
    "time_entries": (_TIME_ENTRIES,),
    "satisfaction_ratings": (_RATINGS,),
    # The list leaves out an agent's groups and roles, and one call for each agent would be dear.
    # Who belongs to a group stands with the group.
    "agents": (snapshot(lambda client, page: client.agents(page=page)),),
    "groups": (MembersFeed(snapshot(lambda client, page: client.groups(page=page)), _group),),
    "roles": (snapshot(lambda client, page: client.roles(page=page)),),
    "products": (snapshot(lambda client, page: client.products(page=page)),),
    "ticket_fields": (snapshot(lambda client, _page: one_page(client.ticket_fields())),),
    "contact_fields": (snapshot(lambda client, _page: one_page(client.contact_fields())),),
    "company_fields": (snapshot(lambda client, _page: one_page(client.company_fields())),),
    "sla_policies": (snapshot(lambda client, page: client.sla_policies(page=page)),),
    "business_hours": (snapshot(lambda client, page: client.business_hours(page=page)),),
    "canned_responses": (
        MembersFeed(
            snapshot(lambda client, page: client.canned_response_folders(page=page)), _responses
        ),
    ),
}


def feeds_of(obj: SyncObject) -> tuple[Feed, ...]:
    """The object's lists; what an account's plan lacks raises Forbidden when it is read."""
    return _FEEDS[obj.name]
