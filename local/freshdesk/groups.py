"""Groups of agents, for admins.

Source: developers.freshdesk.com/api, Groups. Members are in the single view only; deleting is for
good.
"""

from collections.abc import Mapping
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.agent_rules import join_groups
from local.freshdesk.errors import (
    FieldError,
    duplicate_value,
    no_such_record,
    not_found,
    validation_failed,
)
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.ticket_access import caller
from local.freshdesk.ticket_writes import change_ticket
from local.freshdesk.validation import Field, check_body, check_query, required

WAITS: Final = ("30m", "1h", "2h", "4h", "8h", "12h", "1d", "2d", "3d")
_GROUP = {
    "name": Field("string", nullable=False, blank=False, max_length=255),
    "description": Field("string"),
    "agent_ids": Field("array", items=Field("integer", nullable=False)),
    "escalate_to": Field("integer"),
    "unassigned_for": Field("string", choices=WAITS),
    "auto_ticket_assign": Field("integer", nullable=False, choices=(0, 1)),
    "business_hour_id": Field("integer"),
    "group_type": Field(
        "string", nullable=False, choices=("support_agent_group", "field_agent_group")
    ),
}


def _list(request: Request) -> Reply:
    page = page_of(check_query(PAGING, request.query))
    rows = sorted(request.account.groups.values(), key=lambda one: one["name"].casefold())
    shown = [{name: value for name, value in one.items() if name != "agent_ids"} for one in rows]
    return paged(request, shown, page)


def _view(request: Request) -> Reply:
    return Reply(200, _find(request))


def _find(request: Request) -> Record:
    group = request.account.groups.get(request.ids["id"])
    if group is None:
        raise not_found()
    return group


def _create(request: Request) -> Reply:
    account = request.account
    fields = check_body({**_GROUP, "name": required(_GROUP["name"])}, request)
    _check(account, fields)
    stamp = account.clock.stamp()
    members = fields.pop("agent_ids", None) or []
    group: Record = {
        "id": account.next_id("group"), "description": None, "escalate_to": None,
        "unassigned_for": "30m", "business_hour_id": None, "group_type": "support_agent_group",
        "created_at": stamp, "updated_at": stamp, "agent_ids": [], "auto_ticket_assign": 0,
        **fields,
    }  # fmt: skip
    account.groups[group["id"]] = group
    _set_members(account, group, members)
    return created(request, "groups", group)


def _update(request: Request) -> Reply:
    account, group = request.account, _find(request)
    fields = check_body(_GROUP, request)
    _check(account, fields, of=group["id"])
    if "agent_ids" in fields:
        _set_members(account, group, fields.pop("agent_ids") or [])
    group.update(fields)
    group["updated_at"] = account.clock.stamp()
    return Reply(200, group)


def _check(account: Account, fields: Mapping[str, Any], of: int | None = None) -> None:
    """Raises ApiError 400 for unknown agents and business hours, 409 for a name in use."""
    agents = [*(fields.get("agent_ids") or ())]
    errors: list[FieldError] = []
    if any(one not in account.agents for one in agents):
        errors.append(no_such_record("agent_ids", "agent"))
    tables = (("escalate_to", account.agents, "agent"),
              ("business_hour_id", account.table("business_hours"), "business hour"))  # fmt: skip
    errors += [
        no_such_record(name, what)
        for name, table, what in tables
        if fields.get(name) is not None and fields[name] not in table
    ]
    if errors:
        raise validation_failed(errors)
    name = str(fields.get("name") or "").casefold()
    if any(one["name"].casefold() == name and one["id"] != of for one in account.groups.values()):
        raise duplicate_value("name")


def _set_members(account: Account, group: Record, members: list[int]) -> None:
    wanted = set(members)
    for agent in account.agents.values():
        others = [one for one in agent["group_ids"] if one != group["id"]]
        joined = [*others, group["id"]] if agent["id"] in wanted else others
        if set(joined) != set(agent["group_ids"]):
            join_groups(account, agent, joined)
    group["agent_ids"] = list(dict.fromkeys(members))


def _delete(request: Request) -> Reply:
    account, group = request.account, _find(request)
    _set_members(account, group, [])
    del account.groups[group["id"]]
    for ticket in [one for one in account.tickets.values() if one["group_id"] == group["id"]]:
        change_ticket(
            account, ticket, {"group_id": None}, actor=caller(request), by_automation=True
        )
    return Reply(204)


ROUTES = (
    Route("GET", "/groups", _list, admin_only=True),
    Route("POST", "/groups", _create, admin_only=True),
    Route("GET", "/groups/{id}", _view, admin_only=True),
    Route("PUT", "/groups/{id}", _update, admin_only=True),
    Route("DELETE", "/groups/{id}", _delete, admin_only=True),
)
