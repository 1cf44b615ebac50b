"""Fields that an administrator added: ``custom_field: {"cf_name": value}``.

Facts (developers.freshworks.com/crm/api and recorded answers): names are ``cf_`` and the label in
snake case; a multi-select is one text joined by ``;``; what is sent is merged into what is there.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import Message
from local.freshsales.fields import CHECKS, Changes, Field, Writing, Wrong, wrong_type

# The type that metadata names -> the check of a plain value.
_CHECK_OF: Final = {
    "text": "text",
    "textarea": "text",
    "number": "number",
    "checkbox": "boolean",
    "date": "date",
    "date_time_split": "moment",
}
TYPES: Final = (*_CHECK_OF, "dropdown", "radio", "multi_select_dropdown")


def add_custom_field(
    account: Account,
    table: str,
    label: str,
    kind: str,
    choices: tuple[str, ...] = (),
    *,
    required: bool = False,
) -> Record:
    """A new field of ``table``; its name follows from ``label``. Returns its metadata."""
    name = "cf_" + re.sub(r"\W+", "_", label.strip().lower())
    present = account.table("custom_fields").values()
    position = 100 + sum(one["resource"] == table for one in present)
    record = {
        "id": account.next_id("field"), "resource": table, "label": label, "name": name,
        "type": kind, "default": False, "actionable": True, "position": position,
        "choices": [
            {"id": account.next_id("choice"), "value": value, "position": place}
            for place, value in enumerate(choices, 1)
        ],
        "required": required, "quick_add_position": None, "visible": True,
    }  # fmt: skip
    account.table("custom_fields")[record["id"]] = record
    account.writes += 1
    return record


def custom_fields_of(account: Account, table: str) -> Mapping[str, Record]:
    """The custom fields of ``table`` by name."""

    def find() -> dict[str, Record]:
        every = account.table("custom_fields").values()
        return {one["name"]: one for one in every if one["resource"] == table}

    # Kept by their number rather than by writes: fields change seldom, records all the time.
    fields_now = account.table("custom_fields")
    kept = account.custom_names.get(table)
    if kept is None or kept[0] != len(fields_now):
        kept = (len(fields_now), find())
        account.custom_names[table] = kept
    return kept[1]


def empty_custom_field(account: Account, table: str) -> Record:
    return dict.fromkeys(custom_fields_of(account, table))


def checked_custom_fields(writing: Writing, field: Field, value: Any) -> Changes:
    """The merged object. Raises Wrong for a wrong value, or a name that is not known."""
    if not isinstance(value, dict):
        raise wrong_type(field)
    known = custom_fields_of(writing.account, writing.table)
    merged = dict(
        writing.before("custom_field") or empty_custom_field(writing.account, writing.table)
    )
    for name, given in value.items():
        definition = known.get(name)
        if definition is None:
            if writing.account.settings.unknown_custom_fields == "reject":
                raise Wrong(Message("invalid", label=name))
            continue
        merged[name] = None if given in (None, "") else _checked(writing, definition, given)
    for name, definition in known.items():
        if definition["required"] and merged.get(name) is None:
            raise Wrong(Message("blank", label=definition["label"]))
    return Changes(custom_field=merged)


def _checked(writing: Writing, definition: Record, value: Any) -> Any:
    field = Field(definition["name"], label=definition["label"])
    allowed = {choice["value"] for choice in definition["choices"]}
    if check := _CHECK_OF.get(definition["type"]):
        return CHECKS[check](writing, field, value)
    if not isinstance(value, str):
        raise wrong_type(field)
    chosen = value.split(";") if definition["type"] == "multi_select_dropdown" else [value]
    if not set(chosen) <= allowed:
        raise Wrong(Message("invalid", label=definition["label"]))
    return value
