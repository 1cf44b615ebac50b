"""Refuse parameters that an action could never take, whatever its templates become."""

from __future__ import annotations

from typing import Any

from freshbridge.actions.action import Action
from freshbridge.actions.catalogue import InvalidParameters, validate
from freshbridge.errors import FieldError
from freshbridge.rules.invalid import InvalidRule
from freshbridge.rules.templates import holds_template

_OF_MEMBERS = ("missing", "extra_forbidden")
"""Faults of an object's members, whose names are never templates."""
_SHOWN = 5


def check_parameters(action: Action, parameters: dict[str, Any], path: str) -> None:
    """Validate as the action will, and leave out what a template may still mend.

    Raises:
        InvalidRule: naming the parameters that are missing, unknown or of the wrong kind.
    """
    try:
        validate(action, parameters)
    except InvalidParameters as error:
        wrong = [
            FieldError(f"{path}.{field.field}".rstrip("."), field.message, field.code)
            for field in error.fields
            if _is_certain(field, parameters)
        ]
        if wrong:
            said = "; ".join(f"{field.field}: {field.message}" for field in wrong[:_SHOWN])
            raise InvalidRule(said, fields=wrong) from None


def _is_certain(field: FieldError, parameters: dict[str, Any]) -> bool:
    value: Any = parameters
    steps = field.field.split(".")
    for place, step in enumerate(steps):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif field.code in _OF_MEMBERS and place == len(steps) - 1 and isinstance(value, dict):
            return True
        # Otherwise the step names one of several forms of the value, and not a part of it.
        elif holds_template(value):
            return False
    return field.code == "extra_forbidden" or not holds_template(value)
