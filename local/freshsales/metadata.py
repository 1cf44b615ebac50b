"""What fields a kind of record has: ``/settings/{resource}/fields``.

Source: developers.freshworks.com/crm/api, "List all fields"; shapes of recorded answers.
"""

from typing import Final

from local.freshsales.account import Account, Record
from local.freshsales.custom_fields import custom_fields_of
from local.freshsales.errors import label_of
from local.freshsales.fields import Field
from local.freshsales.model import Model
from local.freshsales.models import CONTACT, DEAL, LEAD, SALES_ACCOUNT, SALES_ACTIVITY
from local.freshsales.routing import Handler, Reply, Request, Route

_USUAL: Final = {
    "text": "text", "integer": "number", "number": "number", "decimal": "number",
    "boolean": "checkbox", "date": "date", "moment": "date_time_split",
    "reference": "dropdown", "choice": "dropdown",
}  # fmt: skip
# References that are looked up rather than listed.
_LARGE: Final = frozenset({"sales_accounts", "contacts"})


def entries(account: Account, model: Model) -> list[Record]:
    """The default fields, then the custom ones."""
    listed = [field for field in model.fields if field.listed]
    default = [_entry(account, model, field, place) for place, field in enumerate(listed, 1)]
    custom = [
        {**{key: value for key, value in one.items() if key != "resource"},
         "base_model": model.class_name}
        for one in custom_fields_of(account, model.table).values()
    ]  # fmt: skip
    return default + custom


def _entry(account: Account, model: Model, field: Field, position: int) -> Record:
    demanded = f"{model.table}.{field.name}" in account.settings.required_fields
    large = field.kind == "reference" and field.table in _LARGE
    entry: Record = {
        "id": position + 1, "label": field.label or label_of(field.name), "name": field.name,
        "type": "auto_complete" if large else field.type or _USUAL.get(field.kind, "text"),
        "default": True, "actionable": True, "position": position,
        "choices": _choices(account, field), "base_model": model.class_name,
        "required": field.required or demanded,
        "quick_add_position": position if position <= 5 else None, "visible": True,
    }  # fmt: skip
    if entry["type"] == "auto_complete":
        entry |= {
            "auto_suggest_url": f"/search?include={field.table.removesuffix('s') or field.name}",
            "creatable": True, "creatable_data_key": field.name, "multiple": field.kind == "texts",
        }  # fmt: skip
    return entry


def _choices(account: Account, field: Field) -> list[Record]:
    if field.kind == "choice":
        # The vendor writes some ids as text here although records hold numbers.
        textual = field.name == "subscription_status"
        return [
            {"id": str(key) if textual else key, "value": value, "position": place}
            for place, (key, value) in enumerate(field.choices, 1)
        ]
    if field.kind != "reference" or field.table in _LARGE:
        return []
    return [
        {"id": one["id"], "value": _shown(one), "position": place}
        for place, one in enumerate(account.table(field.table).values(), 1)
    ]


def _shown(record: Record) -> object:
    return record.get("name") or record.get("display_name") or record.get("currency_code")


def _fields_of(model: Model) -> Handler:
    def handler(request: Request) -> Reply:
        found = entries(request.account, model)
        if "field_group" not in request.includes:
            return Reply(200, {"fields": found})
        group = {
            "id": 1, "label": "Basic information", "name": "basic_information",
            "type": "group_field", "position": 1, "default": True, "fields": found,
        }  # fmt: skip
        return Reply(200, {"fields": [group]})

    return handler


ROUTES = tuple(
    Route(
        "GET", f"/settings/{model.table}/fields", _fields_of(model),
        resource=model.table, personas=model.personas,
    )
    for model in (CONTACT, SALES_ACCOUNT, DEAL, LEAD, SALES_ACTIVITY)
)  # fmt: skip
