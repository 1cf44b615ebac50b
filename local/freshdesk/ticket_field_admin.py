"""Making, changing and removing the fields of the ticket form.

What is changed here decides at once what creating, updating and searching tickets accept; every
ticket has each custom field, null until it is given. Standard fields can be renamed and made
mandatory, but not removed.

Source: developers.freshdesk.com/api, Admin Ticket Fields. Nested fields cannot be made here.
"""

import re
from collections.abc import Collection
from typing import Final

from local.freshdesk.account import Account, Record
from local.freshdesk.admin_views import admin_field, choice_ids
from local.freshdesk.errors import (
    invalid_field,
    invalid_value,
    missing_field,
    not_found,
    validation_failed,
)
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.ticket_fields import add_field, field_named
from local.freshdesk.validation import Field, Spec, check_body, required

TYPES: Final = (
    "custom_text", "custom_paragraph", "custom_number", "custom_decimal", "custom_checkbox",
    "custom_date", "custom_dropdown",
)  # fmt: skip
_FLAG: Final = Field("boolean", nullable=False)
_LABEL: Final = Field("string", nullable=False, blank=False, max_length=255)
CHOICE: Final[Spec] = {
    "id": Field("integer", nullable=False),
    "value": Field("string", nullable=False, blank=False),
    "position": Field("integer", nullable=False, minimum=1),
    "deleted": _FLAG,
    "parent_choice_id": Field("integer"),
    "choices": Field("array"),
}
_FIELD: Final[Spec] = {
    "label": _LABEL, "label_for_customers": _LABEL, "description": Field("string"),
    "position": Field("integer", nullable=False, minimum=1),
    "customers_can_edit": _FLAG, "displayed_to_customers": _FLAG, "required_for_agents": _FLAG,
    "required_for_closure": _FLAG, "required_for_customers": _FLAG,
    "choices": Field("array", nullable=False, items=Field("object", fields=CHOICE)),
}  # fmt: skip


def slug(label: str) -> str:
    """The label as a name: small letters and digits, joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "field"


def free_name(wanted: str, taken: Collection[str], number: int) -> str:
    """``wanted``, or with the field's number behind it when that name is taken."""
    return f"{wanted}_{number}" if wanted in taken else wanted


def edited_choices(known: dict[str, int], changes: list[Record]) -> dict[str, int | None]:
    """Value → id of the choices after ``changes``: by its id one is renamed or taken away, one
    without an id is new and has none yet. Raises ApiError 400 for an id that there is not, and for
    a new one without a value."""
    values: dict[int, str] = {number: value for value, number in known.items()}
    added: list[str] = []
    for change in changes:
        number, value = change.get("id"), change.get("value")
        if number is None and value is None:
            raise validation_failed([missing_field("choices.value")])
        if number is None:
            added.append(str(value))
        elif number not in values:
            raise validation_failed([invalid_value("choices.id", "There is no such choice")])
        elif change.get("deleted"):
            del values[number]
        else:
            values[number] = values[number] if value is None else value
    return {**dict.fromkeys(added), **{value: number for number, value in values.items()}}


def _set_choices(account: Account, definition: Record, changes: list[Record]) -> None:
    known = choice_ids(account, definition)
    edited = edited_choices({one: known[one] for one in definition["choices"]}, changes)
    kept = {value: number for value, number in edited.items() if number is not None}
    account.table("ticket_field_choices")[definition["id"]] = kept
    definition["choices"] = [*kept, *(value for value in edited if value not in kept)]


def _find(request: Request) -> Record:
    found = request.account.ticket_fields.get(request.ids["id"])
    if found is None:
        raise not_found()
    return found


def _create(request: Request) -> Reply:
    account = request.account
    spec = {
        **_FIELD, "label": required(_LABEL), "label_for_customers": required(_LABEL),
        "type": Field("string", required=True, nullable=False, choices=TYPES),
    }  # fmt: skip
    fields = check_body(spec, request)
    kind, label = fields.pop("type"), fields.pop("label")
    choices, position = fields.pop("choices", None), fields.pop("position", None)
    if (kind == "custom_dropdown") is not bool(choices):
        wrong = invalid_field if choices else missing_field
        raise validation_failed([wrong("choices")])
    if choices:
        fields["choices"] = list(edited_choices({}, choices))
    taken = [one["name"] for one in account.ticket_fields.values()]
    name = free_name(f"cf_{slug(label)}", taken, len(taken) + 1)
    definition = add_field(account, name, label, kind, **fields)
    _place(account, definition, position)
    for ticket in account.tickets.values():
        ticket["custom_fields"] = {**ticket["custom_fields"], name: None}
    return created(request, "admin/ticket_fields", admin_field(account, definition))


def _update(request: Request) -> Reply:
    account, definition = request.account, _find(request)
    fields = check_body(_FIELD, request)
    choices, position = fields.pop("choices", None), fields.pop("position", None)
    if choices is not None:
        if not isinstance(definition.get("choices"), list):
            raise validation_failed([invalid_field("choices")])
        _set_choices(account, definition, choices)
    definition |= {**fields, "updated_at": account.clock.stamp()}
    _place(account, definition, position)
    return Reply(200, admin_field(account, definition))


def _place(account: Account, moved: Record, position: int | None) -> None:
    """Put a field in its place among the others, whose positions have no gap."""
    if position is None:
        return
    others = [one for one in account.ticket_fields.values() if one is not moved]
    others.insert(position - 1, moved)
    account.ticket_fields.clear()
    for place, one in enumerate(others, start=1):
        one["position"] = place
        account.ticket_fields[one["id"]] = one


def _delete(request: Request) -> Reply:
    account, definition = request.account, _find(request)
    if definition["default"]:
        raise validation_failed([invalid_value("id", "A default field cannot be deleted")])
    del account.ticket_fields[definition["id"]]
    name = definition["name"]
    assert field_named(account, name) is None  # noqa: S101 - names are unique: see free_name
    for ticket in account.tickets.values():
        kept = ticket["custom_fields"].items()
        ticket["custom_fields"] = {key: value for key, value in kept if key != name}
    sections = account.table("ticket_field_sections")
    for one in list(sections.values()):
        if one["parent_ticket_field_id"] == definition["id"]:
            del sections[one["id"]]
        elif definition["id"] in one["ticket_field_ids"]:
            left = [field for field in one["ticket_field_ids"] if field != definition["id"]]
            one["ticket_field_ids"] = left
    return Reply(204)


ROUTES = (
    Route("POST", "/admin/ticket_fields", _create, admin_only=True),
    Route("PUT", "/admin/ticket_fields/{id}", _update, admin_only=True),
    Route("DELETE", "/admin/ticket_fields/{id}", _delete, admin_only=True),
)
