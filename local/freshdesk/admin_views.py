"""Ticket fields and groups in the shapes of the admin pages, read-only.

Source: developers.freshdesk.com/api, Admin Ticket Fields and Admin Groups: choices are objects,
and groups show their agents in lists too.
"""

from collections.abc import Callable, Iterable
from typing import Any

from local.freshdesk.account import Record
from local.freshdesk.errors import not_found
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.validation import Field, check_query


def _field(definition: Record) -> Record:
    shown = dict(definition)
    if "choices" in definition:
        shown["choices"] = [
            {"id": number, "value": value, "position": position, "parent_choice_id": None}
            for position, (number, value) in enumerate(_choices(definition["choices"]), start=1)
        ]
    return {**shown, "has_section": False, "archived": False, "is_fsm": False}


def _choices(choices: Any) -> Iterable[tuple[int, str]]:
    """Number and label, whatever the agents' view keeps: labels, label → number, or number →
    labels. Plain labels and nested ones are numbered in their order."""
    if not isinstance(choices, dict):
        return enumerate((str(one) for one in choices), start=1)
    if all(isinstance(value, int) for value in choices.values()):
        return ((number, label) for label, number in choices.items())
    if all(key.isdigit() for key in choices):
        return ((int(number), labels[0]) for number, labels in choices.items())
    return enumerate(choices, start=1)


def _group(group: Record) -> Record:
    return {
        "id": group["id"],
        "name": group["name"],
        "description": group["description"],
        "escalate_to": group["escalate_to"],
        "unassigned_for": group["unassigned_for"],
        "agent_ids": group["agent_ids"],
        "business_calendar_id": group["business_hour_id"],
        "type": group["group_type"],
        "allow_agents_to_change_availability": False,
        "automatic_agent_assignment": {"enabled": bool(group["auto_ticket_assign"])},
        "created_at": group["created_at"],
        "updated_at": group["updated_at"],
    }


def _list(table: str, shape: Callable[[Record], Record]) -> Callable[[Request], Reply]:
    # Sections are not modelled; asking for them changes nothing.
    spec = {**PAGING, "include": Field("string", nullable=False)}

    def handler(request: Request) -> Reply:
        page = page_of({"per_page": 100, **check_query(spec, request.query)})
        return paged(request, [shape(one) for one in request.account.table(table).values()], page)

    return handler


def _view(table: str, shape: Callable[[Record], Record]) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        record: Record | None = request.account.table(table).get(request.ids["id"])
        if record is None:
            raise not_found()
        return Reply(200, shape(record))

    return handler


ROUTES = (
    Route("GET", "/admin/ticket_fields", _list("ticket_fields", _field), admin_only=True),
    Route("GET", "/admin/ticket_fields/{id}", _view("ticket_fields", _field), admin_only=True),
    Route("GET", "/admin/groups", _list("groups", _group), admin_only=True),
    Route("GET", "/admin/groups/{id}", _view("groups", _group), admin_only=True),
)
