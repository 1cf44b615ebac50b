"""Whether a record that Freshsales shows has what it was sent. Pure.

It shows values otherwise than it takes them: addresses as objects, money as decimal texts, times
with the account's own zone, and in lists only some of what a record has.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from freshbridge import timestamps
from freshbridge.actions.likeness import Likeness

_ADDRESSES = ("email", "emails")
_PHONES = ("mobile_number", "work_number", "phone")


def shows(asked: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a record has everything that was asked for, as far as it tells."""
    return all(_agrees(name, value, found) for name, value in asked.items())


def likeness(
    identity: tuple[str, ...], asked: Mapping[str, Any], found: Mapping[str, Any]
) -> Likeness:
    """OTHER when what identifies it differs, ALTERED when something else does, else SAME.

    What a record does not tell of is no difference.
    """
    if not all(_agrees(name, asked[name], found) for name in identity if name in asked):
        return Likeness.OTHER
    return Likeness.SAME if shows(asked, found) else Likeness.ALTERED


def identified(field: str, value: str, found: Mapping[str, Any]) -> bool:
    """Whether a record that a lookup found has that very value, letter case aside."""
    if field == "email":
        return value.casefold() in addresses(found)
    if field == "mobile_number":
        return _digits(value) == _digits(found.get(field))
    return same(value, found.get(field)) or field not in found


def addresses(record: Mapping[str, Any]) -> set[str]:
    """A contact's e-mail addresses, in lower case, in whichever form they come."""
    listed = record.get("emails")
    both = [record.get("email"), *(listed if isinstance(listed, list) else [listed])]
    texts = [one.get("value") if isinstance(one, dict) else one for one in both]
    return {text.strip().casefold() for text in texts if isinstance(text, str) and text.strip()}


def same(asked: Any, found: Any) -> bool:
    """Whether two values are one, however each is written."""
    if isinstance(asked, Mapping):
        held = found if isinstance(found, Mapping) else {}
        return all(same(value, held.get(name)) for name, value in asked.items())
    if isinstance(asked, list):
        held_ones = found if isinstance(found, list) else []
        return all(any(same(one, other) for other in held_ones) for one in asked)
    if isinstance(found, Mapping):
        return same(asked, found.get("id"))
    if isinstance(asked, bool) or isinstance(found, bool):
        return asked is found
    if _text(asked) == _text(found):
        return True
    return (
        _number(asked) == _number(found) is not None or _moment(asked) == _moment(found) is not None
    )


def is_about(asked: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a record is about what `asked` names, as far as it tells."""
    listed = found.get("targetables")
    if not isinstance(listed, list) or not listed:
        return True
    wanted = {name.removeprefix("targetable_"): value for name, value in asked.items()}
    return any(same(wanted, one) for one in listed if isinstance(one, Mapping))


def _agrees(name: str, value: Any, found: Mapping[str, Any]) -> bool:
    if name in _ADDRESSES and any(one in found for one in _ADDRESSES):
        return addresses({name: value}) <= addresses(found)
    if name in _PHONES and name in found and _digits(value):
        return _digits(value) == _digits(found[name])
    if name in ("targetable_id", "targetable_type"):
        return is_about({name: value}, found)
    return name not in found or same(value, found[name])


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split()).casefold()


def _digits(value: Any) -> str:
    return "".join(one for one in str(value or "") if one.isdigit())


def _number(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _moment(value: Any) -> datetime | None:
    try:
        return timestamps.from_text(str(value))
    except ValueError:
        return None
