"""Texts of a CSV file as what an action's parameters take: numbers, lists, yes and no.

The model itself says what it wants: it is asked, and where it wanted something else than text, the
text is turned into that. A text that the model takes stays text, so an order number keeps its
leading zeros.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, ValidationError

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_ROUNDS = 4
"""A list of objects of numbers needs three."""

Convert = Callable[[str], Any]


def fitted(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with texts turned into what the model takes; what cannot be turned stays."""
    changed = deepcopy(dict(values))
    for _ in range(_ROUNDS):
        try:
            model.model_validate(changed)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            # Each of them, not the first that can be turned.
            turned = [_turned(changed, entry["loc"], entry["type"]) for entry in found]
            if not any(turned):
                break
        else:
            break
    return changed


def typed_custom_fields(values: dict[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    """The values with custom fields' texts as the account's own field types want them.

    `kinds` are Freshdesk's types by the field's name; a field that is not in it stays text.
    Source: https://developers.freshdesk.com/api/#list_all_ticket_fields
    """
    custom = values.get("custom_fields")
    if not isinstance(custom, dict):
        return values
    typed = {
        name: _CUSTOM.get(kinds.get(name, ""), str)(value) if isinstance(value, str) else value
        for name, value in custom.items()
    }
    return {**values, "custom_fields": typed}


def _turned(values: dict[str, Any], place: tuple[int | str, ...], problem: str) -> bool:
    """Whether the text at `place` was turned into what `problem` says is wanted."""
    holder: Any = values
    key: Any = None
    value: Any = values
    for step in place:
        # Behind the value's own place a union adds the names of its members.
        if not _has(value, step):
            break
        holder, key, value = value, step, value[step]
    convert = _WANTED.get(problem)
    if not isinstance(value, str) or convert is None:
        return False
    turned = convert(value)
    if isinstance(turned, str):
        return False
    holder[key] = turned
    return True


def _has(value: Any, step: int | str) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _integer(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text.strip()) else text


def _decimal(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if number - number == 0 else text  # infinity and NaN are no JSON


def _truth(text: str) -> Any:
    return _TRUTH.get(text.strip().lower(), text)


def _list(text: str) -> Any:
    if text.lstrip().startswith("["):
        return _json(text)
    return [part.strip() for part in text.split(";") if part.strip()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


_WANTED: dict[str, Convert] = {
    "int_type": _integer,
    "float_type": _decimal,
    "bool_type": _truth,
    "list_type": _list,
    "tuple_type": _list,
    "set_type": _list,
    "dict_type": _json,
    "model_type": _json,
    "model_attributes_type": _json,
    # A validator of the field's own that takes names or numbers, and no number as text.
    "value_error": _integer,
}
_CUSTOM: dict[str, Convert] = {
    "custom_number": _integer,
    "custom_decimal": _decimal,
    "custom_checkbox": _truth,
}
