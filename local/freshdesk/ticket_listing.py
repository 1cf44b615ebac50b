"""``GET /tickets``: filters, orders, the 30-day window and the 300-page wall.

Source: developers.freshdesk.com/api, List All Tickets. Without ``updated_since`` only tickets
created in the last 30 days are listed; deleted and spam ones only by their filter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import invalid_value, validation_failed
from local.freshdesk.paging import PAGING, Page, next_link, page_of
from local.freshdesk.people import find_user
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_access import GLOBAL_SCOPE, in_scope
from local.freshdesk.ticket_index import ORDERS, Key, key_of, state_of
from local.freshdesk.ticket_views import list_item
from local.freshdesk.tickets import includes_of
from local.freshdesk.validation import Field, check_query

MAX_PAGE = 300
WINDOW_S = 30 * 86_400
_INCLUDES = ("stats", "requester", "description", "company")
_QUERY = {
    **PAGING,
    "filter": Field(
        "string",
        nullable=False,
        choices=("new_and_my_open", "watching", "spam", "deleted", "all_tickets"),
    ),
    "requester_id": Field("integer", nullable=False),
    "email": Field("string", nullable=False),
    "unique_external_id": Field("string", nullable=False),
    "company_id": Field("integer", nullable=False),
    "updated_since": Field("datetime", nullable=False),
    "order_by": Field("string", nullable=False, choices=ORDERS),
    "order_type": Field("string", nullable=False, choices=("asc", "desc")),
    "include": Field("string", nullable=False),
}
_OPEN = 2
# Conditions beyond the cut in time.
_NARROWING = {"filter", "requester_id", "email", "unique_external_id", "company_id"}


def _cost(query: Mapping[str, str]) -> int:
    """One credit, and two per include."""
    include = query.get("include", "")
    return 1 + 2 * len([part for part in include.split(",") if part])


def _list(request: Request) -> Reply:
    checked = check_query(_QUERY, request.query)
    includes = includes_of(checked.get("include"), _INCLUDES)
    page = page_of(checked)
    if page.number > MAX_PAGE:
        message = (
            f"You cannot access tickets beyond the {MAX_PAGE}th page. "
            "Please provide a smaller page number."
        )
        raise validation_failed([invalid_value("page", message)])
    ids, more = select(request.account, request.agent, checked, page)
    tickets = request.account.tickets
    rows = [list_item(request.account, tickets[one], includes) for one in ids]
    return Reply(200, rows, next_link(request, page) if more else {})


def select(
    account: Account, agent: Record, checked: Mapping[str, Any], page: Page
) -> tuple[list[int], bool]:
    """Ids of one page and whether another follows."""
    keys, first = _in_order(account, agent, checked)
    return _slice(keys, first, page, checked.get("order_type", "desc") == "desc")


def _in_order(
    account: Account, agent: Record, checked: Mapping[str, Any]
) -> tuple[Sequence[Key], int]:
    """Keys of all tickets asked for, ascending, and where in the sequence they begin."""
    index = account.ticket_index
    wanted = checked.get("filter")
    state = wanted if wanted in {"deleted", "spam"} else "live"
    order = checked.get("order_by", "created_at")
    cut_by, cut = "created_at", account.clock.stamp(-WINDOW_S)
    if "updated_since" in checked:
        cut_by, cut = "updated_at", checked["updated_since"]
    first = index.position(state, cut_by, cut)
    plain = agent["ticket_scope"] == GLOBAL_SCOPE and not checked.keys() & _NARROWING
    if plain and (order == cut_by or first == 0):
        return index.order(state, order), first

    def narrowed() -> list[Key]:
        sets = _candidates(account, agent, checked)
        if first > 0:
            sets.append({key[1] for key in index.order(state, cut_by)[first:]})
        return _ordered(account, (state, order), _passing(account, agent, checked, sets))

    question = tuple(sorted((name, checked[name]) for name in checked.keys() & _NARROWING))
    scope = (agent["id"], agent["ticket_scope"], *agent["group_ids"])
    return index.remembered((state, order, cut_by, cut, scope, question), narrowed), 0


def _candidates(account: Account, agent: Record, checked: Mapping[str, Any]) -> list[set[int]]:
    """One set of ticket ids for each condition an index answers."""
    index = account.ticket_index
    sets: list[set[int]] = []
    if "requester_id" in checked:
        sets.append(index.of_requester(checked["requester_id"]))
    for name in ("email", "unique_external_id"):
        if name in checked:
            user_id = find_user(account, name, checked[name])
            sets.append(index.of_requester(user_id) if user_id is not None else set())
    if "company_id" in checked:
        sets.append(index.of_company(checked["company_id"]))
    if checked.get("filter") == "watching":
        sets.append(index.watched_by(agent["id"]))
    if checked.get("filter") == "new_and_my_open":
        by_status = index.order("live", "status")
        start = index.position("live", "status", _OPEN)
        stop = index.position("live", "status", _OPEN + 1)
        sets.append({key[1] for key in by_status[start:stop]})
    return sets


def _passing(
    account: Account, agent: Record, checked: Mapping[str, Any], sets: list[set[int]]
) -> set[int]:
    """Ids in all of ``sets`` that pass what no index answers: whose they are."""
    tickets = account.tickets
    found = set.intersection(*sorted(sets, key=len)) if sets else set(tickets)
    if checked.get("filter") == "new_and_my_open":
        mine = {None, agent["id"]}
        found = {one for one in found if tickets[one]["responder_id"] in mine}
    if agent["ticket_scope"] != GLOBAL_SCOPE:
        found = {one for one in found if in_scope(agent, tickets[one])}
    return found


def _ordered(account: Account, listing: tuple[str, str], ids: set[int]) -> list[Key]:
    """The keys of ``ids`` in one listing: sorted when they are few, else picked in its order."""
    keys = account.ticket_index.order(*listing)
    if len(ids) > len(keys) // 16:
        return [key for key in keys if key[1] in ids]
    state, order = listing
    found = (account.tickets[one] for one in ids)
    return sorted(key_of(one, order) for one in found if state_of(one) == state)


def _slice(keys: Sequence[Key], first: int, page: Page, descending: bool) -> tuple[list[int], bool]:
    """One page of ``keys[first:]``, from its end when descending."""
    count = len(keys) - first
    if descending:
        end = len(keys) - page.start
        part = keys[max(first, end - page.size) : max(first, end)]
        return [key[1] for key in reversed(part)], count > page.stop
    part = keys[first + page.start : first + page.stop]
    return [key[1] for key in part], count > page.stop


ROUTES = (Route("GET", "/tickets", _list, bucket="ticket_list", cost=_cost),)
