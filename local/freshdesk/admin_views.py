"""Ticket fields and groups in the shapes of the admin pages.

Source: developers.freshdesk.com/api, Admin Ticket Fields and Admin Groups: choices are objects,
and groups show their agents in lists too.
"""

from collections.abc import Iterable
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import not_found
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.validation import Field, check_query


def choices_of(account: Account, definition: Record) -> list[Record]:
    """The field's choices as objects; none when it has none."""
    return [
        {
            "id": number, "value": value, "position": position, "parent_choice_id": None,
            "choices": [],
        }
        for position, (number, value) in enumerate(_choices(account, definition), start=1)
    ]  # fmt: skip


def choice_ids(account: Account, definition: Record) -> Record:
    """Value → id of a field whose choices are plain labels; each keeps its id as long as it is."""
    known = account.table("ticket_field_choices").setdefault(definition["id"], {})
    for value in map(str, definition["choices"]):
        if value not in known:
            known[value] = account.next_id("ticket_field_choice")
    return known


def sections_of(account: Account, definition: Record) -> list[Record]:
    """The sections that hang on a field."""
    sections = account.table("ticket_field_sections").values()
    return [one for one in sections if one["parent_ticket_field_id"] == definition["id"]]


def admin_field(account: Account, definition: Record, *, sections: bool = False) -> Record:
    """A ticket field as administrators see it; ``sections`` with those that hang on it."""
    shown = dict(definition)
    if choices := choices_of(account, definition):
        shown["choices"] = choices
    own = sections_of(account, definition)
    mappings = [
        {"section_id": one["id"], "position": one["ticket_field_ids"].index(definition["id"]) + 1}
        for one in account.table("ticket_field_sections").values()
        if definition["id"] in one["ticket_field_ids"]
    ]
    extra: Record = {"sections": own} if sections and own else {}
    return {
        **shown, "has_section": bool(own), "section_mappings": mappings, "archived": False,
        "is_fsm": False, **extra,
    }  # fmt: skip


def _choices(account: Account, definition: Record) -> Iterable[tuple[int, str]]:
    """Number and label, whatever the agents' view keeps: labels, label → number, or number →
    labels. Nested labels are numbered in their order."""
    choices: Any = definition.get("choices", ())
    if isinstance(choices, list):
        known = choice_ids(account, definition)
        return ((known[str(one)], str(one)) for one in choices)
    if not isinstance(choices, dict):
        return ()
    if all(isinstance(value, int) for value in choices.values()):
        return ((number, label) for label, number in choices.items())
    if all(key.isdigit() for key in choices):
        return ((int(number), labels[0]) for number, labels in choices.items())
    return enumerate(choices, start=1)


def _shown_group(group: Record) -> Record:
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


_INCLUDE: Final = Field("string", nullable=False, choices=("section",))


def _fields(request: Request) -> Reply:
    checked = check_query({**PAGING, "include": _INCLUDE}, request.query)
    account, sections = request.account, "include" in checked
    page = page_of({"per_page": 100, **checked})
    rows = [admin_field(account, one, sections=sections) for one in account.ticket_fields.values()]
    return paged(request, rows, page)


def _field(request: Request) -> Reply:
    sections = "include" in check_query({"include": _INCLUDE}, request.query)
    definition = request.account.ticket_fields.get(request.ids["id"])
    if definition is None:
        raise not_found()
    return Reply(200, admin_field(request.account, definition, sections=sections))


def _groups(request: Request) -> Reply:
    page = page_of({"per_page": 100, **check_query(PAGING, request.query)})
    return paged(request, [_shown_group(one) for one in request.account.groups.values()], page)


def _group(request: Request) -> Reply:
    group = request.account.groups.get(request.ids["id"])
    if group is None:
        raise not_found()
    return Reply(200, _shown_group(group))


ROUTES = (
    Route("GET", "/admin/ticket_fields", _fields, admin_only=True),
    Route("GET", "/admin/ticket_fields/{id}", _field, admin_only=True),
    Route("GET", "/admin/groups", _groups, admin_only=True),
    Route("GET", "/admin/groups/{id}", _group, admin_only=True),
)
