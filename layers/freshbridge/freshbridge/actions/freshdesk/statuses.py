"""A ticket's status by number or by name, the account's own statuses included.

Statuses 2 to 7 have numbers that every account shares; an account adds its own from 8 on and may
rename any. So a number is taken as it is, and a name is looked up in the account's status field.
Source: https://developers.freshdesk.com/api/#ticket-fields
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.freshdesk.enums import Status, status_number

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record

_LONGEST_NAME = 255


def _status_form(value: Any) -> int | str:
    """Return a number, also one written as text, or a name, which only the account can judge."""
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdecimal():
            value = int(text)
        elif 0 < len(text) <= _LONGEST_NAME:
            return text
    if isinstance(value, int) and not isinstance(value, bool) and value >= min(Status):
        return int(value)
    raise ValueError(
        "give 2 Open, 3 Pending, 4 Resolved, 5 Closed, or the number or name of another status"
    )


StatusChoice = Annotated[
    int | str,
    BeforeValidator(_status_form, json_schema_input_type=int | str),
    Field(
        description="2 Open, 3 Pending, 4 Resolved, 5 Closed, or another status of the account, "
        "by number or name"
    ),
]
"""A parameter's type. Its value is a number, or a name for `resolve_status`."""


def resolve_status(context: Context, value: int | str, field: str = "status") -> int:
    """Return the status's number; a name costs one call unless the account's fields are kept.

    A name that the kept fields do not have makes them be asked for once more. `field` is the
    parameter that an error names.

    Raises:
        InvalidRequest: the account has no such status; the error names those it has.
    """
    if isinstance(value, int):
        return value
    kept = context.reference("ticket_fields")
    labels = labels_of(kept.records)
    number = number_of(value, labels)
    if number is None and kept.cached:
        labels = labels_of(context.reference("ticket_fields", refresh=True).records)
        number = number_of(value, labels)
    if number is None:
        raise _unknown(value, labels, field)
    return number


def with_status_number(context: Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with the number of `status`, when there is one."""
    status = values.get("status")
    if status is None:
        return dict(values)
    return {**values, "status": resolve_status(context, status)}


def labels_of(ticket_fields: list[Record]) -> dict[str, int]:
    """Return what agents call each status, from the account's ticket fields.

    The field's choices are `{"2": ["Open", "Being Processed"], …}`: the agents' label, then the
    customers'.
    """
    found: dict[str, int] = {}
    for definition in ticket_fields:
        choices = definition.get("choices")
        if definition.get("type") != "default_status" or not isinstance(choices, dict):
            continue
        for number, labels in choices.items():
            label = labels[0] if isinstance(labels, list) and labels else labels
            if isinstance(label, str) and number.isdecimal():
                found[label] = int(number)
    return found


def number_of(name: str, labels: Mapping[str, int]) -> int | None:
    """Return the number of the status that is called `name`, or None.

    Letter case, blanks, hyphens and underscores are the same. A stock name also finds a status
    that the account has renamed, so that "Open" works where agents read another language.
    """
    try:
        number = status_number(name, labels)
    except ValueError:
        return None
    return number if number in labels.values() else None


def _unknown(name: str, labels: Mapping[str, int], field: str) -> InvalidRequest:
    near = difflib.get_close_matches(name, labels, n=1)
    meant = f'Did you mean "{near[0]}"? ' if near else ""
    known = ", ".join(f"{label} ({number})" for label, number in labels.items())
    message = f"{meant}The account's statuses are: {known or 'unknown'}"
    return InvalidRequest(
        "The account has no status of this name",
        where=field,
        fields=[FieldError(field, message, "invalid_value")],
    )
