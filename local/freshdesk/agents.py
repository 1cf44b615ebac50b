"""Agents: only ``/agents/me`` is open to every key.

Source: developers.freshdesk.com/api, Agents. The list leaves out groups, roles and skills; a
deleted agent lives on as a contact with the same id.
"""

from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.agent_rules import (
    CREATE,
    PERSONAL,
    TYPES,
    UPDATE,
    agent_attributes,
    check_agent,
    check_seat,
    join_groups,
)
from local.freshdesk.directory import by_name, completed, matching, renamed, term_of
from local.freshdesk.errors import (
    FieldError,
    access_denied,
    duplicate_value,
    not_found,
    validation_failed,
)
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.people import find_user, new_agent, new_contact, unindex_user
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.validation import Field, check_body, check_query

_NOT_IN_LIST: Final = frozenset({"group_ids", "role_ids", "skill_ids"})
_TEXT = Field("string", nullable=False)
_LIST_QUERY = {
    **PAGING,
    "email": _TEXT,
    "mobile": _TEXT,
    "phone": _TEXT,
    "state": Field("string", nullable=False, choices=("fulltime", "occasional")),
    "only": Field("string", nullable=False, choices=("availability",)),
}
_AVAILABILITY = {
    "available": Field("boolean", nullable=False),
    "channel_availability": Field("array", items=Field("object")),
}


def _me(request: Request) -> Reply:
    return Reply(200, request.agent)


def _list(request: Request) -> Reply:
    wanted = check_query(_LIST_QUERY, request.query)
    page = page_of(wanted)
    rows = by_name(request.account, "agents")
    if "state" in wanted:
        rows = [one for one in rows if one["occasional"] is (wanted["state"] == "occasional")]
    names = wanted.keys() & {"email", "mobile", "phone"}
    contact: Record = {name: wanted[name] for name in names}
    if contact:
        rows = [one for one in rows if any(matching([one["contact"]], contact))]
    reply = paged(request, rows, page)
    render = _availability if wanted.get("only") == "availability" else _list_item
    return Reply(200, [render(one) for one in reply.body], reply.headers)


def _list_item(agent: Record) -> Record:
    return {name: value for name, value in agent.items() if name not in _NOT_IN_LIST}


def _view(request: Request) -> Reply:
    return Reply(200, _find(request))


def _find(request: Request) -> Record:
    agent = request.account.agents.get(request.ids["id"])
    if agent is None:
        raise not_found()
    return agent


def _create(request: Request) -> Reply:
    account = request.account
    fields = check_body(CREATE, request)
    check_agent(account, fields)
    owner = find_user(account, "email", fields["email"])
    if owner is not None:
        raise duplicate_value("email", user_id=owner)
    check_seat(account)
    email = fields["email"]
    name = fields.get("name") or email.partition("@")[0]
    agent = new_agent(account, name, email, **agent_attributes(account, fields))
    _set_personal(account, agent, fields)
    join_groups(account, agent, agent["group_ids"])
    return created(request, "agents", agent)


def _update(request: Request) -> Reply:
    account, agent = request.account, _find(request)
    fields = check_body(UPDATE, request)
    check_agent(account, fields)
    own = [name for name in ("ticket_scope", "role_ids") if name in fields]
    if agent["id"] == request.agent["id"] and own:
        message = "Agents cannot change this attribute of their own"
        raise validation_failed([FieldError(name, message, "inaccessible_field") for name in own])
    if "group_ids" in fields:
        join_groups(account, agent, fields.pop("group_ids") or [])
    if "agent_type" in fields:
        agent["type"] = TYPES[fields.pop("agent_type")]
    _set_personal(account, agent, fields)
    agent.update({name: value for name, value in fields.items() if name not in PERSONAL})
    agent["updated_at"] = account.clock.stamp()
    return Reply(200, agent)


def _set_personal(account: Account, agent: Record, fields: Record) -> None:
    personal = {name: fields[name] for name in PERSONAL if name in fields}
    if personal:
        stamp = account.clock.stamp()
        agent["contact"] = {**agent["contact"], **personal, "updated_at": stamp}


def _delete(request: Request) -> Reply:
    """The person stays: as a contact with the same id, so that tickets keep their names."""
    account, agent = request.account, _find(request)
    if agent["id"] == request.agent["id"]:
        raise access_denied()
    join_groups(account, agent, [])
    unindex_user(account, agent["id"], agent["contact"])
    del account.agents[agent["id"]]
    account.api_keys = {key: one for key, one in account.api_keys.items() if one != agent["id"]}
    names = ("email", "phone", "mobile", "job_title", "language", "time_zone", "active")
    kept = {name: agent["contact"][name] for name in names}
    new_contact(account, agent["contact"]["name"], id=agent["id"], **kept)
    renamed(account, "agents")
    return Reply(204)


def _autocomplete(request: Request) -> Reply:
    term = term_of(request, "term")
    agents = by_name(request.account, "agents")
    found = completed(term, agents, lambda one: [one["contact"]["name"], one["contact"]["email"]])
    return Reply(
        200,
        [
            {
                "id": one["id"],
                "name": one["contact"]["name"],
                "email": one["contact"]["email"],
                "avatar": None,
            }
            for one in found
        ],
    )


def _availability(agent: Record) -> Record:
    """Minimal: one channel, following the agent's ``available`` flag."""
    channel: dict[str, Any] = {
        "channel": "freshdesk",
        "available": agent["available"],
        "logged_in": agent["available"],
        "assignment_limit": None,
        "current_assignment_load": None,
        "round_robin_enabled": False,
        "availability_updated_at": agent["available_since"] or agent["updated_at"],
        "status_id": None,
        "pause_assignment": False,
    }
    return {
        "id": agent["id"],
        "available": agent["available"],
        "available_since": agent["available_since"],
        "channel_availability": [channel],
        "idle_enabled": False,
        "status_updated_at": agent["available_since"] or agent["updated_at"],
        "availability_control": "agent_controlled",
    }


def _view_availability(request: Request) -> Reply:
    return Reply(200, _availability(_find(request)))


def _set_availability(request: Request) -> Reply:
    agent = _find(request)
    fields = check_body(_AVAILABILITY, request)
    channels = fields.get("channel_availability") or []
    wanted = fields.get("available", next((one.get("available") for one in channels), None))
    if isinstance(wanted, bool) and wanted is not agent["available"]:
        agent["available"] = wanted
        agent["available_since"] = request.account.clock.stamp() if wanted else None
    return Reply(200, _availability(agent))


ROUTES = (
    Route("GET", "/agents/me", _me),
    Route("GET", "/agents", _list, admin_only=True),
    Route("GET", "/agents/autocomplete", _autocomplete, admin_only=True),
    Route("GET", "/agents/{id}", _view, admin_only=True),
    Route("POST", "/agents", _create, admin_only=True),
    Route("PUT", "/agents/{id}", _update, admin_only=True),
    Route("DELETE", "/agents/{id}", _delete, admin_only=True),
    Route("GET", "/agents/{id}/availability", _view_availability, admin_only=True),
    Route("PUT", "/agents/{id}/availability", _set_availability, admin_only=True),
    Route("PATCH", "/agents/{id}/availability", _set_availability, admin_only=True),
)
