"""A record's fields against what the account says of them, before anything is sent. Pure.

The account's own description tells which fields there are, of which type, with which choices, and
which are demanded. A value that fits in meaning is written as the API takes it: a choice by its own
spelling, "yes" of a checkbox as true, a number that a CSV file had as text.
Source: https://developers.freshworks.com/crm/api/ ("List all fields")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from freshbridge.destinations.lookup_kinds import WantedRecord
from freshbridge.destinations.resource_types import ResourceType
from freshbridge.destinations.transforms import Untransformable, text_of, transformed
from freshbridge.errors import FieldError

_EMPTY: tuple[Any, ...] = (None, "", [], {})
_MOST_SHOWN = 12
# Taken by the API although no description lists them.
_BESIDE = frozenset(
    {"id", "email", "emails", "work_email", "custom_field", "tags", "lists", "external_id",
     "sales_accounts", "sales_account", "sales_account_id", "owner_id", "territory_id",
     "lead_source_id", "campaign_id", "created_at", "updated_at", "phone_numbers", "medium",
     "keyword", "currency_id", "base_currency_amount", "deal_stage_id", "deal_pipeline_id",
     "deal_reason_id", "deal_type_id", "deal_product_id", "deal_payment_status_id", "probability",
     "forecast_category", "contacts_added_list", "contacts_removed_list", "products", "closed_date",
     "expected_close", "parent_sales_account_id", "industry_type_id", "business_type_id",
     "lifecycle_stage_id", "contact_status_id", "lost_reason_id", "lead_stage_id", "lead_reason_id",
     "company", "deal", "subscription_status", "subscription_types", "time_zone", "department",
     "first_source", "first_medium", "first_campaign", "last_source", "last_medium",
     "last_campaign", "latest_source", "latest_medium", "latest_campaign", "targetable_id",
     "targetable_type", "sales_activity_outcome_id", "location", "latitude", "longitude",
     "checkedin_at", "notes", "unsubscription_reason", "whatsapp_subscription_status",
     "sms_subscription_status"}
)  # fmt: skip
_WITH_ADDRESSES = frozenset({"contacts", "leads"})
_ADDRESSES = ("email", "emails", "work_email")
_ADDRESS = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")
_CHOSEN = frozenset({"dropdown", "radio"})


@dataclass(frozen=True)
class Described:
    """What the account says of one kind's fields, by their names; None where it did not say."""

    fields: Mapping[str, Mapping[str, Any]] | None

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]] | None) -> Described:
        """From the API's list, whose groups hold fields in turn."""
        if rows is None:
            return cls(None)
        return cls({str(one["name"]): one for one in _flat(rows) if one.get("name")})

    def custom(self, name: str) -> bool:
        """Whether it is a custom field of the account."""
        return self.fields is not None and name in self.fields and name.startswith("cf_")


def _flat(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for one in rows:
        inner = one.get("fields")
        if isinstance(inner, list):
            yield from _flat([entry for entry in inner if isinstance(entry, dict)])
        else:
            yield one


def checked(
    fields: dict[str, Any],
    kind: ResourceType,
    described: Described,
    *,
    creates: bool,
    unknown: str = "reject",
) -> tuple[dict[str, Any], list[FieldError]]:
    """The fields as they are sent, and everything that is wrong with them.

    `creates`: a record may be made of them, so what one needs has to be there.
    """
    problems: list[FieldError] = []
    sent: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "custom_field" and isinstance(value, dict):
            inner = _custom(value, described, unknown, problems)
            if inner or not value:
                sent[name] = inner
        elif _known(name, kind, described):
            sent[name] = _fitting(name, value, described, problems)
        elif unknown == "send":
            sent[name] = value
        elif unknown == "reject":
            problems.append(_unknown(name, described))
    problems += _addresses(sent, kind)
    if creates:
        problems += _missing(sent, kind, described)
    return sent, problems


def _addresses(sent: Mapping[str, Any], kind: ResourceType) -> Iterator[FieldError]:
    """The e-mail fields that hold what no address looks like; several may be in one text."""
    for name in _ADDRESSES if kind.name in _WITH_ADDRESSES else ():
        given = sent.get(name)
        for one in given if isinstance(given, list) else [given]:
            text = one.get("value") if isinstance(one, Mapping) else one
            if not isinstance(text, str) or not text.strip():
                continue
            if not all(_ADDRESS.fullmatch(part.strip()) for part in re.split("[,;]", text)):
                yield FieldError(name, "must be an e-mail address", "invalid_value")
                break


def _custom(
    given: dict[str, Any], described: Described, unknown: str, problems: list[FieldError]
) -> dict[str, Any]:
    sent: dict[str, Any] = {}
    for name, value in given.items():
        if described.fields is None or described.custom(name):
            sent[name] = _fitting(name, value, described, problems, "custom_field.")
        elif unknown == "send":
            sent[name] = value
        elif unknown == "reject":
            problems.append(_unknown(f"custom_field.{name}", described))
    return sent


def _known(name: str, kind: ResourceType, described: Described) -> bool:
    return (
        described.fields is None
        or name in described.fields
        or name in _BESIDE
        or any(name in group for group in kind.required)
    )


def _unknown(name: str, described: Described) -> FieldError:
    last = name.rpartition(".")[2]
    near = [
        one
        for one in described.fields or ()
        if one.removeprefix("cf_") == last.removeprefix("cf_")
        or _bare(str((described.fields or {})[one].get("label"))) == _bare(last)
    ]
    hint = f"; did you mean {' or '.join(near[:3])}?" if near else ""
    return FieldError(name, f"the account has no such field{hint}", "unknown_field")


def _bare(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _missing(
    sent: Mapping[str, Any], kind: ResourceType, described: Described
) -> Iterator[FieldError]:
    for group in kind.required:
        if all(sent.get(name) in _EMPTY for name in group):
            said = "is required" if len(group) == 1 else f"give one of {', '.join(group)}"
            yield FieldError(group[0], said, "missing")
    told = {name for group in kind.required for name in group}
    custom = sent.get("custom_field")
    custom = custom if isinstance(custom, dict) else {}
    for name, entry in (described.fields or {}).items():
        if not entry.get("required") or name in told:
            continue
        held = custom.get(name) if name.startswith("cf_") else sent.get(name)
        if held in _EMPTY:
            place = f"custom_field.{name}" if name.startswith("cf_") else name
            yield FieldError(place, "the account requires it", "missing")


def _fitting(
    name: str, value: Any, described: Described, problems: list[FieldError], place: str = ""
) -> Any:
    entry = (described.fields or {}).get(name)
    if entry is None or value in _EMPTY or isinstance(value, WantedRecord):
        return value
    fit = _FITS.get(str(entry.get("type")))
    if fit is None:
        return value
    try:
        return fit(value, entry)
    except Untransformable as error:
        problems.append(FieldError(f"{place}{name}", str(error), "invalid_value"))
        return value


def _text(value: Any, _entry: Mapping[str, Any]) -> Any:
    if isinstance(value, dict | list):
        raise Untransformable("must be a text")
    return value


def _by(transform: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    def fit(value: Any, _entry: Mapping[str, Any]) -> Any:
        try:
            return transformed(value, [transform])
        except Untransformable as error:
            raise Untransformable(str(error).partition(": ")[2]) from None

    return fit


def _choice(value: Any, entry: Mapping[str, Any]) -> Any:
    choices = [one for one in entry.get("choices") or () if isinstance(one, dict)]
    if not choices:
        return value
    wanted = text_of(value).strip().casefold()
    for one in choices:
        by_value = text_of(one.get("value")).strip().casefold() == wanted
        if by_value or text_of(one.get("id")).strip().casefold() == wanted:
            # A custom field holds the text of its choice, one of the product's own its id.
            return one["value"] if _holds_text(entry) else _id(one)
    shown = ", ".join(text_of(one.get("value")) for one in choices[:_MOST_SHOWN])
    more = ", …" if len(choices) > _MOST_SHOWN else ""
    raise Untransformable(f"must be one of {shown}{more}")


def _holds_text(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("name")).startswith("cf_") or entry.get("default") is False


def _id(choice: Mapping[str, Any]) -> Any:
    found = choice.get("id")
    return int(found) if isinstance(found, str) and found.isdecimal() else found


def _choices(value: Any, entry: Mapping[str, Any]) -> Any:
    given = value if isinstance(value, list) else text_of(value).split(";")
    parts = [part for part in given if text_of(part).strip()]
    return ";".join(text_of(_choice(part, entry)) for part in parts)


_FITS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "text": _text,
    "textarea": _text,
    "number": _by("number"),
    "date": _by("date"),
    "date_time_split": _by("datetime"),
    "checkbox": _by("boolean"),
    "multi_select_dropdown": _choices,
    **dict.fromkeys(_CHOSEN, _choice),
}
