"""Attributes of records: what each takes when written, and the checks of plain values.

A ``Field`` is read three ways: by the checks of a write, by the metadata call
(``/settings/{resource}/fields``), and by views, that show some attributes only beside an include.
Checks of composite values (e-mail addresses, links) are in ``composite``.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import Message
from local.freshsales.stamps import parse_date, parse_moment

# A number has to fit the 64 bits that the vendor's columns, and JSON parsers, have for it.
_NUMBERS_END: Final = 2**63


class Wrong(Exception):
    """A value that is refused; ``message`` says how."""

    def __init__(self, message: Message | str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute.

    ``kind`` names its check; ``table`` is where a reference points; ``choices`` are (id, value)
    pairs; ``type`` is the metadata's word when it is not the kind's usual one. ``with_includes``:
    a view shows the attribute only when one of these is included. ``listed``: metadata has it.
    """

    name: str
    kind: str = "text"
    label: str = ""
    required: bool = False
    table: str = ""
    choices: tuple[tuple[Any, Any], ...] = ()
    type: str = ""
    with_includes: tuple[str, ...] = ()
    listed: bool = True
    # The attribute that the value is kept as, when not by the field's own name.
    target: str = ""


# Who made and last changed a record: not to be written, and shown beside an include only.
MADE_BY: Final = (
    Field("creater_id", "read_only", listed=False, with_includes=("creater",)),
    Field("updater_id", "read_only", listed=False, with_includes=("updater",)),
)


class Changes(dict[str, Any]):
    """What a composite value comes to: attribute → value, merged into the record."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A write under way: ``record`` is what is changed, or None for a new one."""

    account: Account
    table: str
    record: Record | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def before(self, name: str, default: Any = None) -> Any:
        return default if self.record is None else self.record.get(name, default)


Check = Callable[[Writing, Field, Any], Any]


def text(_: Writing, field: Field, value: Any) -> str:
    """Numbers become text, as in any form."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong_type(field)
    return value if isinstance(value, str) else str(value)


def integer(_: Writing, field: Field, value: Any) -> int:
    number = _number(field, value)
    if number != int(number):
        raise Wrong(Message("number", field.name, field.label))
    return int(number)


def number(_: Writing, field: Field, value: Any) -> float | int:
    found = _number(field, value)
    return int(found) if found == int(found) else found


def decimal(_: Writing, field: Field, value: Any) -> str:
    """Money is read as text with a fraction: ``"5600.0"``."""
    return str(float(_number(field, value)))


def boolean(_: Writing, field: Field, value: Any) -> bool:
    if value in (True, False):
        return bool(value)
    if isinstance(value, str) and value.lower() in {"true", "false", "0", "1"}:
        return value.lower() in {"true", "1"}
    raise wrong_type(field)


def day(_: Writing, field: Field, value: Any) -> str:
    try:
        return parse_date(_words(field, value))
    except (ValueError, OverflowError):
        raise invalid(field) from None


def moment(writing: Writing, field: Field, value: Any) -> str:
    try:
        return writing.account.stamp_of(parse_moment(_words(field, value)))
    except (ValueError, OverflowError):
        raise invalid(field) from None


def reference(writing: Writing, field: Field, value: Any) -> int:
    """The id of a live record of ``field.table``, as number or digits."""
    found = as_id(field, value)
    record = writing.account.table(field.table).get(found)
    if record is None or record.get("is_deleted"):
        raise invalid(field)
    return found


def choice(_: Writing, field: Field, value: Any) -> Any:
    """One of the ids, whose form on the wire may be a number or its digits."""
    for known, _label in field.choices:
        if not isinstance(value, bool) and str(known) == str(value):
            return known
    raise invalid(field)


def texts(_: Writing, field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong_type(field)
    return list(dict.fromkeys(value))


CHECKS: Final[dict[str, Check]] = {
    "text": text,
    "integer": integer,
    "number": number,
    "decimal": decimal,
    "boolean": boolean,
    "date": day,
    "moment": moment,
    "reference": reference,
    "choice": choice,
    "texts": texts,
}


def wrong_type(field: Field) -> Wrong:
    return Wrong(Message("type", field.name))


def invalid(field: Field) -> Wrong:
    return Wrong(Message("invalid", field.name, field.label))


def as_id(field: Field, value: Any) -> int:
    """An id given as number or digits. Raises Wrong."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(field)
    return value


def _number(field: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong_type(field)
    try:
        found = float(value)
    except (ValueError, OverflowError):
        found = math.inf
    if not abs(found) < _NUMBERS_END:
        raise Wrong(Message("number", field.name, field.label))
    return found


def _words(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(field)
    return value
