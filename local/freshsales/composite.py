"""Checks of values with parts: e-mail addresses, phone numbers, links to other records.

Facts (developers.freshworks.com/crm/api, Contacts): ``emails`` may be written as one text, a list
of texts or a list of objects with ``id``, ``value``, ``is_primary``, ``_destroy``; it is always
read as objects, and ``email`` is the primary one.
"""

import re
from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.custom_fields import checked_custom_fields
from local.freshsales.errors import Message
from local.freshsales.fields import (
    CHECKS,
    Changes,
    Field,
    Writing,
    Wrong,
    as_id,
    invalid,
    wrong_type,
)

_ADDRESS: Final = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
# Classes that tasks, notes and the like can hang on, and where their records are.
TARGETS: Final = {
    "Contact": "contacts",
    "SalesAccount": "sales_accounts",
    "Deal": "deals",
    "Lead": "leads",
}


def new_email(account: Account, address: str, *, primary: bool, label: Any = None) -> Record:
    return {
        "id": account.next_id("email"), "value": address, "is_primary": primary,
        "label": label, "_destroy": False,
    }  # fmt: skip


def emails(writing: Writing, field: Field, value: Any) -> Changes:
    """All addresses of a contact or lead."""
    given = value if isinstance(value, list) else [value]
    kept: list[Record] = []
    if any(isinstance(one, dict) for one in given):
        kept = [dict(one) for one in writing.before("emails", [])]
    for one in given:
        _put_email(writing.account, field, kept, one)
    chosen = next((one for one in reversed(kept) if one["is_primary"]), kept[0] if kept else None)
    for one in kept:
        one["is_primary"] = one is chosen
    return Changes(emails=kept, email=chosen["value"] if chosen else None)


def _put_email(account: Account, field: Field, kept: list[Record], one: Any) -> None:
    if isinstance(one, str):
        one = {"value": one}
    if not isinstance(one, dict):
        raise wrong_type(field)
    known = _known_email(kept, one)
    if _yes(one.get("_destroy")):
        if known is not None:
            kept.remove(known)
        return
    if known is None:
        known = new_email(account, _address(one.get("value")), primary=False)
        kept.append(known)
    known["value"] = _address(one.get("value", known["value"]))
    known["label"] = one.get("label", known["label"])
    if _yes(one.get("is_primary")):
        for each in kept:
            each["is_primary"] = each is known


def _known_email(kept: list[Record], one: Record) -> Record | None:
    """The address that is meant: by its id, or the same text."""
    return next(
        (each for each in kept if one.get("id") == each["id"] or one.get("value") == each["value"]),
        None,
    )


def _yes(value: object) -> bool:
    return value in (True, "true", 1, "1")


def email(writing: Writing, field: Field, value: Any) -> Changes:
    """The primary address alone; the others stay."""
    if not isinstance(value, str):
        raise wrong_type(field)
    # A composite value of the same request comes first.
    if "emails" in writing.values:
        return Changes()
    address = _address(value)
    others = [dict(one) for one in writing.before("emails", []) if not one["is_primary"]]
    primary = new_email(writing.account, address, primary=True)
    return Changes(
        emails=[primary, *(one for one in others if one["value"] != address)], email=address
    )


def plain_email(_: Writing, _field: Field, value: Any) -> str:
    return _address(value)


def _address(value: Any) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value.strip()):
        raise Wrong(Message("invalid", label="Email"))
    return value.strip()


def phone_numbers(writing: Writing, field: Field, value: Any) -> list[Record]:
    if not isinstance(value, list):
        raise wrong_type(field)
    kept = []
    for one in value:
        given = {"value": one} if isinstance(one, str) else one
        if not isinstance(given, dict) or not isinstance(given.get("value"), str):
            raise wrong_type(field)
        if _yes(given.get("_destroy")):
            continue
        kept.append(
            {
                "id": given.get("id") or writing.account.next_id("phone_number"),
                "value": given["value"], "is_primary": bool(given.get("is_primary")),
                "label": given.get("label"), "_destroy": False,
            }
        )  # fmt: skip
    return kept


def account_links(writing: Writing, field: Field, value: Any) -> list[Record]:
    """``[{"id", "is_primary"}]``: the sales accounts of a contact; the first is primary if none."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise wrong_type(field)
    links: dict[int, bool] = {
        one["id"]: one["is_primary"] for one in writing.before(field.name, [])
    }
    if not any(_yes(one.get("_destroy")) for one in value):
        links = {}
    target = Field("sales_accounts", table="sales_accounts", label="Sales account")
    for one in value:
        found = as_id(field, one.get("id"))
        if _yes(one.get("_destroy")):
            links.pop(found, None)
            continue
        CHECKS["reference"](writing, target, found)
        links[found] = _yes(one.get("is_primary"))
    primary = next((one for one, chosen in links.items() if chosen), next(iter(links), None))
    return [{"id": one, "is_primary": one == primary} for one in links]


def account_link(writing: Writing, field: Field, value: Any) -> Changes:
    """``sales_account_id`` of a contact: its one, primary account."""
    if "sales_accounts" in writing.values:
        return Changes()
    found = CHECKS["reference"](writing, field, value)
    return Changes(sales_accounts=[{"id": found, "is_primary": True}])


def ids(writing: Writing, field: Field, value: Any) -> list[int]:
    """References to records of ``field.table``, as a list of ids or of ``{"id"}``."""
    if not isinstance(value, list):
        raise wrong_type(field)
    plain = [one.get("id") if isinstance(one, dict) else one for one in value]
    return [CHECKS["reference"](writing, field, one) for one in plain]


def contacts_added(writing: Writing, field: Field, value: Any) -> Changes:
    present = [*writing.before("contact_ids", []), *ids(writing, field, value)]
    return Changes(contact_ids=list(dict.fromkeys(present)))


def contacts_removed(writing: Writing, field: Field, value: Any) -> Changes:
    if not isinstance(value, list):
        raise wrong_type(field)
    gone = {as_id(field, one) for one in value}
    return Changes(
        contact_ids=[one for one in writing.before("contact_ids", []) if one not in gone]
    )


def target_type(writing: Writing, field: Field, value: Any) -> Changes:
    """``targetable_type`` with ``targetable_id``: what a task, note or activity is about."""
    if not isinstance(value, str) or value not in TARGETS:
        raise invalid(field)
    target = Field("targetable_id", table=TARGETS[value], label="Targetable")
    found = CHECKS["reference"](writing, target, writing.values.get("targetable_id"))
    return Changes(targetables=[{"id": found, "type": value}])


def task_users(writing: Writing, field: Field, value: Any) -> Changes:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise wrong_type(field)
    user = Field("user_id", table="users")
    chosen = [CHECKS["reference"](writing, user, one.get("user_id")) for one in value]
    return Changes(user_ids=list(dict.fromkeys(chosen)))


def attendees(writing: Writing, field: Field, value: Any) -> Changes:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise wrong_type(field)
    found = []
    for one in value:
        kind = one.get("attendee_type")
        table = "users" if kind == "FdMultitenant::User" else TARGETS.get(str(kind))
        if table is None:
            raise Wrong(Message("invalid", label="Attendee type"))
        attendee = CHECKS["reference"](
            writing, Field("attendee_id", table=table), one.get("attendee_id")
        )
        entry = writing.account.next_id("appointment_attendee")
        found.append({"id": entry, "attendee_type": kind, "attendee_id": attendee})
    return Changes(appointment_attendees=found)


CHECKS.update(
    emails=emails,
    email=email,
    plain_email=plain_email,
    phone_numbers=phone_numbers,
    account_links=account_links,
    account_link=account_link,
    ids=ids,
    contacts_added=contacts_added,
    contacts_removed=contacts_removed,
    target_type=target_type,
    task_users=task_users,
    attendees=attendees,
    custom=checked_custom_fields,
)
