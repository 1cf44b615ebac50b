"""What a form's field can be set to, in one shape for the six that Freshdesk has.

Pure. A choice is `{"value", "label"}`: the value is what an action's parameter takes. A status also
has its `customer_label`; a level of a dependent field has the `choices` of the level below.
Source: https://developers.freshdesk.com/api/#ticket-fields, #contact-fields
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Choice = dict[str, Any]


def choices_of(choices: Any) -> list[Choice]:
    """The field's choices in their order; none for a field that has none.

    Takes `["Question"]`, `{"Low": 1}`, `{"2": ["Open", "Being Processed"]}`, `[{"value": …}]` and
    dependent ones, `[{"Europe": [{"France": ["Paris"]}]}]` or `{"Europe": {"France": ["Paris"]}}`.
    """
    if isinstance(choices, Mapping):
        return [_of_pair(name, value) for name, value in choices.items()]
    if isinstance(choices, list):
        return [choice for entry in choices for choice in _of_entry(entry)]
    return []


def _of_pair(name: str, value: Any) -> Choice:
    if isinstance(value, int):
        return {"value": value, "label": name}
    if name.isdecimal() and isinstance(value, list) and value:
        labels = [str(label) for label in value]
        return {"value": int(name), "label": labels[0], "customer_label": labels[-1]}
    below = choices_of(value)
    return {"value": name, "label": name} | ({"choices": below} if below else {})


def _of_entry(entry: Any) -> list[Choice]:
    if not isinstance(entry, Mapping):
        return [{"value": entry, "label": str(entry)}]
    if "value" in entry:
        below = choices_of(entry.get("choices"))
        choice = {"value": entry["value"], "label": str(entry.get("label") or entry["value"])}
        return [choice | ({"choices": below} if below else {})]
    return [_of_pair(name, value) for name, value in entry.items()]
