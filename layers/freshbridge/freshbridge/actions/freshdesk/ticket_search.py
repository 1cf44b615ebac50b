"""Searching tickets, by their query language or by filters that are written in it.

Source: https://developers.freshdesk.com/api/#filter_tickets
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.freshdesk import ticket_query, ticket_query_text
from freshbridge.actions.freshdesk.search_slices import search_everything
from freshbridge.actions.freshdesk.ticket_filters import TicketFilters
from freshbridge.actions.freshdesk.ticket_query import Condition, Kind, QueryFault
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.freshdesk.search import PAGE_LIMIT, QUERY_LIMIT

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record

MOST = 10_000
_KINDS: Mapping[str, Kind | None] = {
    "custom_text": Kind.TEXT,
    "custom_dropdown": Kind.TEXT,
    "custom_number": Kind.NUMBER,
    "custom_checkbox": Kind.CHECKBOX,
    "custom_date": Kind.DAY,
    # In Freshdesk's own list of what can be searched these are missing.
    "custom_paragraph": None,
    "custom_decimal": None,
}


def _readable(query: str) -> str:
    text = query.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    if len(text) > QUERY_LIMIT:
        raise ValueError(f"a query has at most {QUERY_LIMIT} characters, this one {len(text)}")
    # A person's own name for a custom field is not the search's yet; it is checked when it is.
    named = [one for one in ticket_query.parse(text) if not ticket_query.may_be_own(one.field)]
    ticket_query.check(named)
    return text


class SearchTickets(Parameters):
    """Search tickets by query, by filters, or by both; the index is some minutes behind.

    One page holds 30 of at most 300; limit or all reads on, beyond 300 by days of creation.
    Deleted, spam and archived tickets are not found.
    """

    query: Annotated[str, AfterValidator(_readable)] | None = Field(
        default=None,
        description="Such as (status:2 OR status:3) AND tag:'billing' AND created_at:>'2026-01-31'",
    )
    filters: TicketFilters | None = Field(
        default=None, description="Conditions that all have to hold"
    )
    page: int | None = Field(
        default=None, ge=1, le=PAGE_LIMIT, strict=True, description="One page of 30, 1 to 10"
    )
    limit: int | None = Field(
        default=None, ge=1, le=MOST, strict=True, description="How many tickets to read"
    )
    all: bool = Field(default=False, description=f"As many as there are, up to {MOST:,}")

    @model_validator(mode="after")
    def _asks_something(self) -> SearchTickets:
        if self.query is None and (self.filters is None or self.filters.empty):
            raise ValueError("give query, filters, or both")
        if self.page is not None and (self.limit is not None or self.all):
            raise ValueError("page is for one page, limit and all for several; give one of them")
        return self


def search_tickets(context: Context, parameters: SearchTickets) -> Outcome:
    """Read one page, or as much as is asked for."""
    filters = parameters.filters or TicketFilters()
    many = parameters.limit is not None or parameters.all
    written = filters.written(context, with_creation=not many)
    query = _joined(parameters.query or "", written)
    _check_names(context, query)
    if not many:
        return _one_page(context, query, parameters.page or 1)
    found = search_everything(
        context.client.search_tickets,
        query,
        today=context.clock().astimezone(UTC).date(),
        limit=MOST if parameters.limit is None else parameters.limit,
        created_from=filters.created_from,
        created_to=filters.created_to,
    )
    data = {
        "tickets": found.records,
        "total": found.total,
        "complete": found.complete,
        "shortfalls": [str(one) for one in found.shortfalls],
        "crowded_days": [day.isoformat() for day in found.crowded],
        "resume_to": None if found.resume_to is None else found.resume_to.isoformat(),
        "credits": found.calls,
    }
    return Outcome(data, _summary(found.records, found.total))


def _one_page(context: Context, query: str, number: int) -> Outcome:
    page = context.client.search_tickets(query, number)
    data = {
        "tickets": page.records,
        "total": page.total,
        "page": number,
        "next_page": number + 1 if page.has_more else None,
    }
    return Outcome(data, _summary(page.records, page.total))


def _summary(tickets: Sequence[Record], total: int) -> str:
    return f"{len(tickets):,} of {total:,} tickets"


def _joined(query: str, written: str) -> str:
    if query and written:
        query = ticket_query_text.all_of([f"({query})", written])
    return query or written


def _check_names(context: Context, query: str) -> None:
    """Check what was put together, now that a person's own names are the account's.

    Raises:
        InvalidRequest: saying where the query names what tickets do not have.
    """
    try:
        conditions = ticket_query.parse(query) if query else []
        ticket_query.check(conditions)
    except QueryFault as fault:
        raise _refused(fault) from None
    _check_custom(context, conditions)


def _check_custom(context: Context, conditions: Sequence[Condition]) -> None:
    """Check the account's own fields in a query against the account; others need no look.

    Raises:
        InvalidRequest: saying where the query names one that is unknown or of another kind.
    """
    if not any(condition.is_custom for condition in conditions):
        return
    kept = context.reference("ticket_fields")
    try:
        _check_against(kept.records, conditions)
    except QueryFault as fault:
        if not kept.cached:
            raise _refused(fault) from None
        fresh = context.reference("ticket_fields", refresh=True)
        try:
            _check_against(fresh.records, conditions)
        except QueryFault as fault_still:
            raise _refused(fault_still) from None


def _check_against(ticket_fields: Sequence[Record], conditions: Sequence[Condition]) -> None:
    custom: dict[str, Kind] = {}
    unchecked: set[str] = set()
    for definition in ticket_fields:
        name, kind = str(definition.get("name")), str(definition.get("type"))
        if kind not in _KINDS:
            unchecked.add(name)
        elif (searched := _KINDS[kind]) is not None:
            custom[name] = searched
    ticket_query.check((one for one in conditions if one.field not in unchecked), custom)


def _refused(fault: QueryFault) -> InvalidRequest:
    return InvalidRequest(
        "The query asks for what the account's tickets do not have",
        where="query",
        fields=[FieldError("query", str(fault), "invalid_value")],
    )


ACTIONS = (
    Action(
        "freshdesk",
        "search_tickets",
        SearchTickets,
        search_tickets,
        Effect.READ,
        {"filters": {"status": ["Open", "Pending"], "priority": "urgent", "tag": "billing"}},
        credits_note="One for each page of 30, and some more beyond 300 to find ranges of days; "
        "one more to look up custom statuses and fields, where they are not kept",
    ),
)
