"""Listing tickets by page. Source: https://developers.freshdesk.com/api/#list_all_tickets

The list knows no status, priority, agent or group; the search does.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from freshbridge import timestamps
from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.freshdesk.fields import EmailAddress, Moment, RecordId
from freshbridge.freshdesk.enums import TicketFilter, TicketOrder
from freshbridge.freshdesk.paging import PER_PAGE, TICKET_PAGE_LIMIT, Record

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.wire import ParamValue

_USUAL_PER_PAGE = 30
_MOST = 3_000
_NARROWING = (
    "filter",
    "requester_id",
    "email",
    "unique_external_id",
    "company_id",
    "order_by",
    "order_type",
)
_WALL = (
    "Freshdesk lists no further than page 300. Order by updated_at ascending and go on with "
    "updated_since set to the last ticket's updated_at"
)


class TicketListInclude(StrEnum):
    """What each ticket of a list can embed."""

    STATS = "stats"
    REQUESTER = "requester"
    DESCRIPTION = "description"
    COMPANY = "company"


class ListTickets(Parameters):
    """List tickets, a page at a time or up to a limit; without updated_since those of 30 days.

    Freshdesk lists deleted and spam tickets by their filter only, and no more than 300 pages.
    """

    filter: TicketFilter | None = None
    requester_id: RecordId | None = Field(default=None, description="Only this contact's")
    email: EmailAddress | None = Field(default=None, description="The requester's")
    unique_external_id: str | None = Field(
        default=None, min_length=1, description="The requester's"
    )
    company_id: RecordId | None = Field(default=None, description="Only this company's")
    updated_since: Moment | None = Field(
        default=None, description="Also reaches tickets made more than 30 days ago"
    )
    order_by: TicketOrder | None = Field(default=None, description="created_at if not given")
    order_type: Literal["asc", "desc"] | None = Field(default=None, description="desc if not given")
    include: list[TicketListInclude] = Field(
        default_factory=list, description="Each costs two more credits a page"
    )
    page: int = Field(
        default=1, ge=1, le=TICKET_PAGE_LIMIT, strict=True, description="The page to begin with"
    )
    per_page: int | None = Field(
        default=None, ge=1, le=PER_PAGE, strict=True, description="30 if not given"
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        le=_MOST,
        strict=True,
        description="Read as many pages as this many tickets need, instead of one",
    )

    @model_validator(mode="after")
    def _pages_or_limit(self) -> ListTickets:
        if self.limit is not None and self.per_page is not None:
            raise ValueError("per_page is for one page, limit for several; give one of the two")
        return self

    @property
    def size(self) -> int:
        """How many tickets each page is asked for."""
        return min(self.limit or self.per_page or _USUAL_PER_PAGE, PER_PAGE)


def list_tickets(context: Context, parameters: ListTickets) -> Outcome:
    """Read one page, or the pages that hold `limit` tickets."""
    include = list(dict.fromkeys(parameters.include))
    asked: dict[str, ParamValue] = {name: getattr(parameters, name) for name in _NARROWING}
    if parameters.updated_since is not None:
        asked["updated_since"] = timestamps.to_text(parameters.updated_since)
    asked["include"] = include or None

    wanted = parameters.limit or parameters.size
    found: dict[int, Record] = {}
    last, more, pages = parameters.page, False, 0
    for page in context.client.tickets(asked, page=parameters.page, per_page=parameters.size):
        # A ticket that moved to a later page meanwhile is met twice.
        found |= {record["id"]: record for record in page.records}
        last, more, pages = page.number, page.next_url is not None, pages + 1
        if len(found) >= wanted or last >= TICKET_PAGE_LIMIT:
            break
    cut = len(found) > wanted
    data: dict[str, Any] = {
        "tickets": list(found.values())[:wanted],
        "page": parameters.page,
        "per_page": parameters.size,
        # A page that was only partly taken has to be read again.
        "next_page": _next_page(last, more=more, cut=cut),
        "credits": pages * (1 + 2 * len(include)),
    }
    ended = more and last >= TICKET_PAGE_LIMIT and not cut
    return Outcome(data, _WALL if ended else f"{len(data['tickets'])} tickets")


def _next_page(last: int, *, more: bool, cut: bool) -> int | None:
    if cut:
        return last
    return last + 1 if more and last < TICKET_PAGE_LIMIT else None


ACTIONS = (
    Action(
        "freshdesk",
        "list_tickets",
        ListTickets,
        list_tickets,
        Effect.READ,
        {"updated_since": "2026-03-01T00:00:00Z", "include": ["stats"], "per_page": 100},
        3,
        "One a page, and two more a page for each include",
    ),
)
