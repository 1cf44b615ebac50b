"""Fields of both products as one text each, and back again. Pure.

Two fields hold the same when their texts are equal: each conversion reads a value of either
product into its plain form ("" for nothing) and writes that form as the product wants it. A value
that a conversion cannot read is taken as it is, so that nothing is lost in silence.

Facts: https://developers.freshdesk.com/api/#contacts, https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from freshbridge.customers.link import FieldRule, Side

_DOMAIN = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(?:www\.)?([^/:?#]+)", re.IGNORECASE)
_TRUE = ("true", "yes", "1", "on")


@dataclass(frozen=True, slots=True)
class Conversion:
    """`read` gives a value's plain form; `write` what to send for a plain form that is not ""."""

    read: Callable[[Any], str]
    write: Callable[[str], Any]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # Stripped first: "two  words\n" is one line, and has to read as it does once written.
    text = str(value).strip()
    return text if "\n" in text else " ".join(text.split())


def _email(value: Any) -> str:
    return _text(value).lower()


def _phone(value: Any) -> str:
    return re.sub(r"[^0-9+*#,;xX]", "", _text(value))


def _number(value: Any) -> str:
    text = _text(value)
    number = _as_number(text)
    return text if number is text else repr(number)


def _as_number(text: str) -> int | float | str:
    """A number of JSON's; the text itself where it is none, which "nan" and "1e400" are not."""
    try:
        return int(text)  # not by way of a float, which holds no more than 16 digits of it
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number


def _boolean(value: Any) -> str:
    text = _text(value).lower()
    return "" if not text else "true" if text in _TRUE else "false"


def _date(value: Any) -> str:
    return _text(_text(value)[:10])


def _domain(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    text = _text(value)
    # Until it stays: a second "www." or "@" must not be taken off when it comes back.
    while (found := _host(text)) != text:
        text = found
    return text


def _host(text: str) -> str:
    found = _DOMAIN.match(text)
    return _text(found[1].lower().rstrip(".")) if found else ""


CONVERSIONS: Mapping[str, Conversion] = {
    "text": Conversion(_text, str),
    "lower": Conversion(lambda value: _text(value).lower(), str),
    "upper": Conversion(lambda value: _text(value).upper(), str),
    "email": Conversion(_email, str),
    "phone": Conversion(_phone, str),
    "number": Conversion(_number, _as_number),
    "boolean": Conversion(_boolean, lambda text: text == "true"),
    "date": Conversion(_date, str),
    "domain": Conversion(_domain, str),
    "full_name": Conversion(_text, str),
    "company": Conversion(_text, int),
}
"""By the names that a link's configuration uses."""

CUSTOM = {Side.FRESHDESK: "custom_fields", Side.FRESHSALES: "custom_field"}
ALWAYS = frozenset({"name"})
"""Freshdesk's fields that may not be emptied; neither may their counterparts."""


def plain(rule: FieldRule, side: Side, record: Mapping[str, Any]) -> str:
    """What a record of one side holds in a field, in the plain form."""
    if rule.convert == "full_name" and side is Side.FRESHSALES:
        return _full_name(record)
    name = rule.named(side)
    if rule.convert == "company" and side is Side.FRESHSALES:
        return _primary_account(record)
    value = _member(record, side, name)
    text = CONVERSIONS[rule.convert].read(value)
    if side is Side.FRESHSALES and rule.values:
        return {there: here for here, there in rule.values.items()}.get(text, text)
    return text


def outgoing(rule: FieldRule, side: Side, text: str) -> str | None:
    """What a side is to hold for a plain form of the other side; None where it cannot be sent.

    A name cannot be emptied, and neither can a company: leaving it is a matter of the account's.
    """
    text = text or rule.default(side)
    return None if not text and (rule.name in ALWAYS or rule.convert == "company") else text


def body(fields: Iterable[tuple[FieldRule, str]], side: Side) -> dict[str, Any]:
    """What to send to one side for fields in the plain form that it is to hold."""
    sent: dict[str, Any] = {}
    for rule, held in fields:
        text = rule.values.get(held, held) if side is Side.FRESHSALES else held
        if rule.convert == "full_name" and side is Side.FRESHSALES:
            sent |= _split_name(text)
            continue
        written = CONVERSIONS[rule.convert].write(text) if text else None
        name = rule.named(side)
        if name == "domains":
            written = [written] if written else []
        group, _, own = name.partition(".")
        if own:
            sent.setdefault(CUSTOM[side], {})[own] = written
        else:
            sent[group] = written
    return sent


def _member(record: Mapping[str, Any], side: Side, name: str) -> Any:
    group, _, own = name.partition(".")
    if not own:
        return record.get(group)
    custom = record.get(CUSTOM[side])
    return custom.get(own) if isinstance(custom, Mapping) else None


def _full_name(record: Mapping[str, Any]) -> str:
    parts = (_text(record.get("first_name")), _text(record.get("last_name")))
    # One without a name is shown by its address, which is no name.
    return " ".join(part for part in parts if part)


def _split_name(text: str) -> dict[str, Any]:
    first, _, last = text.partition(" ")
    return {"first_name": first, "last_name": last or None}


def _primary_account(record: Mapping[str, Any]) -> str:
    listed = record.get("sales_accounts")
    linked = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    chosen = next((one for one in linked if one.get("is_primary")), linked[0] if linked else None)
    return _text(chosen.get("id")) if chosen else ""
