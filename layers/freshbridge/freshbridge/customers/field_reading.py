"""Read how two fields belong together, and say what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from freshbridge.customers.fields import CONVERSIONS
from freshbridge.customers.link import Direction, FieldRule, Kind, Policy, Side
from freshbridge.errors import FieldError

Choice = TypeVar("Choice", bound=StrEnum)
_RULE_MEMBERS = {
    "freshdesk", "freshsales", "convert", "direction", "conflict", "default_freshdesk",
    "default_freshsales", "values",
}  # fmt: skip
_NAME = re.compile(r"(?:(?:custom_fields|custom_field)\.)?[A-Za-z][A-Za-z0-9_]{0,99}")
_NOT_LISTED = frozenset({"tags", "other_emails", "view_all_tickets", "avatar", "other_companies"})
"""Freshdesk's contact list leaves these out, so that a change of them cannot be seen in it."""
LONGEST = 255


def _rule(desk: str, sales: str, convert: str = "text", **more: Any) -> FieldRule:
    return FieldRule(desk, desk, sales, convert, **more)


USUAL_FIELDS: Mapping[Kind, tuple[FieldRule, ...]] = {
    Kind.CONTACTS: (
        _rule("name", "name", "full_name"),
        _rule("email", "email", "email"),
        _rule("job_title", "job_title"),
        _rule("phone", "work_number", "phone"),
        _rule("mobile", "mobile_number", "phone"),
        _rule("address", "address"),
        _rule("unique_external_id", "external_id"),
    ),
    Kind.COMPANIES: (
        _rule("name", "name"),
        # A company has several domains: to write the first one would drop the others.
        _rule("domains", "website", "domain", direction=Direction.TO_FRESHSALES),
    ),
}
COMPANY = _rule("company_id", "sales_account_id", "company")
"""Of a contact, where companies are kept the same too."""


def read_field(given: Any, place: str, kind: Kind, wrong: list[FieldError]) -> FieldRule:
    """The pair at `place`, which ends with a dot; what is wrong is added to `wrong`."""
    if not isinstance(given, Mapping):
        wrong.append(FieldError(place.rstrip("."), "must be an object", "invalid_value"))
        return FieldRule("?", "?", "?")
    for name in sorted(set(given) - _RULE_MEMBERS):
        said = f"is unknown; there are {', '.join(sorted(_RULE_MEMBERS))}"
        wrong.append(FieldError(place + name, said, "unknown_field"))
    names = {side: _field_name(given, side, place, wrong) for side in Side}
    desk = names[Side.FRESHDESK]
    if kind is Kind.CONTACTS and desk in _NOT_LISTED:
        said = "Freshdesk's contact list does not show it, so its changes cannot be seen"
        wrong.append(FieldError(f"{place}freshdesk", said, "invalid_value"))
    convert = given.get("convert", _usual_conversion(kind, desk))
    if convert not in CONVERSIONS:
        said = f"must be one of {', '.join(CONVERSIONS)}"
        wrong.append(FieldError(f"{place}convert", said, "invalid_value"))
    usual = Direction.TO_FRESHSALES if desk == "domains" else Direction.BOTH
    direction = choice(given, "direction", usual, wrong, place)
    if desk == "domains" and direction is not Direction.TO_FRESHSALES:
        said = "domains travel to_freshsales only: to write the first would drop the others"
        wrong.append(FieldError(f"{place}direction", said, "invalid_value"))
    policy = None
    if given.get("conflict") is not None:
        policy = choice(given, "conflict", Policy.NEWEST, wrong, place)
    return FieldRule(
        desk,
        desk,
        names[Side.FRESHSALES],
        convert if isinstance(convert, str) else "text",
        direction,
        policy,
        _short_text(given, "default_freshdesk", place, wrong),
        _short_text(given, "default_freshsales", place, wrong),
        _translation(given, place, wrong),
    )


def _usual_conversion(kind: Kind, desk: str) -> str:
    usual = {rule.freshdesk: rule.convert for rule in (*USUAL_FIELDS[kind], COMPANY)}
    return usual.get(desk, "text")


def _field_name(given: Mapping[str, Any], side: Side, place: str, wrong: list[FieldError]) -> str:
    value = given.get(side.value)
    group = "custom_field." if side is Side.FRESHDESK else "custom_fields."
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value.startswith(group):
        own = "custom_fields.<name>" if side is Side.FRESHDESK else "custom_field.cf_<name>"
        said = f"must be the name of a field of {side}, a custom one as {own}"
        wrong.append(FieldError(place + side.value, said, "invalid_value"))
        return "?"
    return value


def _short_text(given: Mapping[str, Any], member: str, place: str, wrong: list[FieldError]) -> str:
    value = given.get(member, "")
    if not isinstance(value, str) or len(value) > LONGEST:
        wrong.append(
            FieldError(place + member, f"must be a text of up to {LONGEST}", "invalid_value")
        )
        return ""
    return value


def _translation(
    given: Mapping[str, Any], place: str, wrong: list[FieldError]
) -> Mapping[str, str]:
    value = given.get("values", {})
    good = isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())
    if not good or len(set(value.values())) != len(value):
        said = "must be an object of Freshdesk's values to Freshsales', each of these once"
        wrong.append(FieldError(f"{place}values", said, "invalid_value"))
        return {}
    return dict(value)


def choice(
    given: Mapping[str, Any], member: str, usual: Choice, wrong: list[FieldError], place: str = ""
) -> Choice:
    """A member that is one of a few words; what is wrong is added to `wrong`."""
    value, kind = given.get(member, usual), type(usual)
    try:
        return kind(value)
    except ValueError:
        accepted = ", ".join(one.value for one in kind)
        wrong.append(FieldError(place + member, f"must be one of {accepted}", "invalid_value"))
        return usual
