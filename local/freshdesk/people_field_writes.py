"""Making, changing and removing the custom fields of contacts and of companies.

What is changed here decides at once what ``custom_fields`` takes and shows. Default fields can be
renamed and made mandatory, but not removed.

Source: developers.freshdesk.com/api, Contact Fields and Company Fields.
"""

from collections.abc import Callable
from typing import Final

from local.freshdesk.account import Account, Record
from local.freshdesk.custom_attributes import CUSTOM_SPECS, Form, dropdown, new_definition
from local.freshdesk.errors import (
    invalid_field,
    invalid_value,
    missing_field,
    not_found,
    validation_failed,
)
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.ticket_field_admin import CHOICE, free_name, slug
from local.freshdesk.validation import Field, Spec, check_body, required

_FLAG: Final = Field("boolean", nullable=False)
_LABEL: Final = Field("string", nullable=False, blank=False, max_length=255)
_COMMON: Final[Spec] = {
    "label": _LABEL, "label_for_customers": _LABEL,
    "position": Field("integer", nullable=False, minimum=1),
    "required_for_agents": _FLAG, "agents_can_edit": _FLAG, "displayed_for_agents": _FLAG,
    "quick_add_for_agent": _FLAG, "unique": _FLAG,
    "choices": Field("array", nullable=False, items=Field("object", fields=CHOICE)),
}  # fmt: skip
_FOR_CUSTOMERS: Final = (
    "editable_in_signup", "customers_can_edit", "required_for_customers", "displayed_for_customers",
)  # fmt: skip
_HOLDERS: Final[dict[Form, str]] = {"contact_fields": "contacts", "company_fields": "companies"}


def _spec(form: Form) -> Spec:
    """Every attribute that a change takes."""
    own = dict.fromkeys(_FOR_CUSTOMERS, _FLAG) if form == "contact_fields" else {}
    return {**_COMMON, **own}


def _create(form: Form) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account, table = request.account, request.account.table(form)
        spec = {
            **_spec(form), "label": required(_LABEL), "label_for_customers": required(_LABEL),
            "type": Field("string", required=True, nullable=False, choices=tuple(CUSTOM_SPECS)),
        }  # fmt: skip
        fields = check_body(spec, request)
        kind, label = fields.pop("type"), fields.pop("label")
        choices = _choices(account, fields.pop("choices", []), [])
        if (kind == "custom_dropdown") is not bool(choices):
            wrong = invalid_field if choices else missing_field
            raise validation_failed([wrong("choices")])
        taken = [one["name"] for one in table.values()]
        number = len(taken) + 1
        name = free_name(slug(label), taken, number)
        definition = new_definition(account, form, name, label, kind=kind, position=number)
        definition |= {"choices": choices} if choices else {}
        definition |= _stored(form, fields)
        table[definition["id"]] = definition
        return created(request, form, definition)

    return handler


def _update(form: Form) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account, definition = request.account, _find(request, form)
        fields = check_body(_spec(form), request)
        if "choices" in fields:
            if definition["type"] != "custom_dropdown":
                raise validation_failed([invalid_field("choices")])
            fields["choices"] = _choices(account, fields["choices"], definition["choices"])
        definition |= {**_stored(form, fields), "updated_at": account.clock.stamp()}
        return Reply(200, definition)

    return handler


def _delete(form: Form) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account, definition = request.account, _find(request, form)
        if definition["default"]:
            raise validation_failed([invalid_value("id", "A default field cannot be deleted")])
        del account.table(form)[definition["id"]]
        for holder in account.tables[_HOLDERS[form]].values():
            kept = holder["custom_fields"].items()
            values = {name: value for name, value in kept if name != definition["name"]}
            holder["custom_fields"] = values
        return Reply(204)

    return handler


def _find(request: Request, form: Form) -> Record:
    found: Record | None = request.account.table(form).get(request.ids["id"])
    if found is None:
        raise not_found()
    return found


def _stored(form: Form, fields: Record) -> Record:
    """A company's field has no label for customers of its own."""
    shown = {"label_for_customers"} if form == "company_fields" else set()
    return {name: value for name, value in fields.items() if name not in shown}


def _choices(account: Account, given: list[Record], before: list[Record]) -> list[Record]:
    """The choices after a change: one with an id is renamed or taken away, another is new."""
    kept = {one["id"]: one["value"] for one in before}
    fresh: list[str] = []
    for one in given:
        value = one.get("value")
        if "id" not in one and value is None:
            raise validation_failed([missing_field("choices.value")])
        if "id" not in one:
            fresh.append(str(value))
        elif one["id"] not in kept:
            raise validation_failed([invalid_value("choices.id", "There is no such choice")])
        elif one.get("deleted"):
            del kept[one["id"]]
        else:
            kept[one["id"]] = kept[one["id"]] if value is None else value
    old = [{"id": number, "label": value, "value": value} for number, value in kept.items()]
    return [
        {**one, "position": position}
        for position, one in enumerate([*old, *dropdown(account, fresh)], start=1)
    ]


ROUTES = tuple(
    Route(method, path, action(form), admin_only=True)
    for form in _HOLDERS
    for method, path, action in (
        ("POST", f"/{form}", _create),
        ("PUT", f"/{form}/{{id}}", _update),
        ("DELETE", f"/{form}/{{id}}", _delete),
        # The vendor's page prints the singular over the call, the plural in its sample.
        ("DELETE", f"/{form.removesuffix('s')}/{{id}}", _delete),
    )
)
