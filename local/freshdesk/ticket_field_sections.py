"""Sections of the ticket form: fields that show up when a dropdown has certain values.

A section hangs on a custom dropdown or on the ticket type, by the ids of some of its choices.

Source: developers.freshdesk.com/api, Ticket Field Sections.
"""

from collections.abc import Mapping
from typing import Any, Final

from local.freshdesk.account import Record
from local.freshdesk.admin_views import choices_of, sections_of
from local.freshdesk.errors import (
    FieldError,
    invalid_value,
    no_such_record,
    not_found,
    validation_failed,
)
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.validation import Field, Spec, check_body, check_query, required

_PARENTS: Final = frozenset({"custom_dropdown", "default_ticket_type"})
_IDS: Final = Field("array", nullable=False, items=Field("integer", nullable=False))
_SECTION: Final[Spec] = {
    "label": Field("string", nullable=False, blank=False, max_length=255),
    "choice_ids": _IDS,
    "ticket_field_ids": _IDS,
}


def _parent(request: Request) -> Record:
    found = request.account.ticket_fields.get(request.ids["id"])
    if found is None:
        raise not_found()
    return found


def _find(request: Request) -> Record:
    section = request.account.table("ticket_field_sections").get(request.ids["section_id"])
    if section is None or section["parent_ticket_field_id"] != _parent(request)["id"]:
        raise not_found()
    return section


def _check(request: Request, parent: Record, fields: Mapping[str, Any]) -> None:
    """Raises ApiError 400 for choices that the parent does not have, and standard fields."""
    account = request.account
    errors: list[FieldError] = []
    if parent["type"] not in _PARENTS:
        errors.append(invalid_value("id", "Sections hang on dropdowns and on the ticket type"))
    known = {one["id"] for one in choices_of(account, parent)}
    if not known.issuperset(fields.get("choice_ids", ())):
        errors.append(no_such_record("choice_ids", "choice"))
    chosen = [account.ticket_fields.get(one) for one in fields.get("ticket_field_ids", ())]
    if any(one is None or one["default"] or one is parent for one in chosen):
        errors.append(no_such_record("ticket_field_ids", "custom field"))
    if errors:
        raise validation_failed(errors)


def _list(request: Request) -> Reply:
    check_query({}, request.query)
    return Reply(200, {"sections": sections_of(request.account, _parent(request))})


def _view(request: Request) -> Reply:
    return Reply(200, _find(request))


def _create(request: Request) -> Reply:
    account, parent = request.account, _parent(request)
    needed = {name: required(_SECTION[name]) for name in ("label", "choice_ids")}
    fields = check_body({**_SECTION, **needed}, request)
    _check(request, parent, fields)
    section: Record = {
        "id": account.next_id("section"), "label": fields["label"],
        "parent_ticket_field_id": parent["id"], "choice_ids": fields["choice_ids"],
        "ticket_field_ids": fields.get("ticket_field_ids", []), "is_fsm": False,
    }  # fmt: skip
    account.table("ticket_field_sections")[section["id"]] = section
    location = f"{request.base_url}{request.path}/{section['id']}"
    return Reply(201, section, {"Location": location})


def _update(request: Request) -> Reply:
    section = _find(request)
    fields = check_body(_SECTION, request)
    _check(request, _parent(request), fields)
    section |= fields
    return Reply(200, section)


def _delete(request: Request) -> Reply:
    del request.account.table("ticket_field_sections")[_find(request)["id"]]
    return Reply(204)


_PATH: Final = "/admin/ticket_fields/{id}/sections"
ROUTES = (
    Route("GET", _PATH, _list, admin_only=True),
    Route("POST", _PATH, _create, admin_only=True),
    Route("GET", f"{_PATH}/{{section_id}}", _view, admin_only=True),
    Route("PUT", f"{_PATH}/{{section_id}}", _update, admin_only=True),
    Route("DELETE", f"{_PATH}/{{section_id}}", _delete, admin_only=True),
)
