"""The kinds of records that a destination may make, by whatever name they are called. Pure.

Source: https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}(?:/[a-z][a-z0-9_]{0,59}){0,2}")
_ALIASES = {
    "account": "sales_accounts",
    "accounts": "sales_accounts",
    "company": "sales_accounts",
    "companies": "sales_accounts",
    "sales_account": "sales_accounts",
    "contact": "contacts",
    "lead": "leads",
    "deal": "deals",
    "user": "users",
    "task": "tasks",
    "note": "notes",
    "appointment": "appointments",
    "sales_activity": "sales_activities",
    "products": "cpq/products",
    "product": "cpq/products",
}
_FLAT = frozenset({"lists"})
"""Bodies that have no wrapper."""


@dataclass(frozen=True)
class ResourceType:
    """One kind of record.

    `name` is its collection in the API's paths, `wrapper` what a body is wrapped in, "" for
    nothing. `described`: the account tells of its fields. `searched`: records can be looked up.
    `keys` are what one may be matched by; those of `bulk_keys` a bulk upsert matches by itself,
    those of `native_keys` a single upsert. `unique`: what no two records have alike. `required` is
    what a new one needs whatever the account says, one of each tuple.
    """

    name: str
    wrapper: str
    described: bool = False
    searched: bool = False
    keys: tuple[str, ...] = ("id",)
    bulk_keys: tuple[str, ...] = ()
    native_keys: tuple[str, ...] = ("id",)
    unique: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    instead: str = ""


_LIST = (
    ResourceType(
        "contacts",
        "contact",
        described=True,
        searched=True,
        keys=("emails", "mobile_number", "external_id", "id"),
        bulk_keys=("emails", "id"),
        native_keys=("emails", "mobile_number", "external_id", "id"),
        unique=("emails", "email", "mobile_number", "external_id"),
        required=(("emails", "email", "mobile_number", "external_id", "last_name"),),
    ),
    ResourceType(
        "sales_accounts",
        "sales_account",
        described=True,
        searched=True,
        keys=("name", "website", "id"),
        bulk_keys=("name", "id"),
        native_keys=("name", "id"),
        unique=("name",),
        required=(("name",),),
    ),
    ResourceType(
        "deals",
        "deal",
        described=True,
        searched=True,
        keys=("name", "id"),
        bulk_keys=("name", "id"),
        native_keys=("name", "id"),
        required=(("name",), ("amount",)),
    ),
    ResourceType(
        "leads",
        "lead",
        described=True,
        searched=True,
        keys=("emails", "mobile_number", "id"),
        native_keys=("emails", "id"),
        required=(("last_name", "email", "emails"),),
        instead="The suite has no leads: use contacts, with a lifecycle_stage_id.",
    ),
    ResourceType("tasks", "task", required=(("title",), ("due_date",))),
    ResourceType(
        "appointments", "appointment", required=(("title",), ("from_date",), ("end_date",))
    ),
    ResourceType(
        "notes", "note", required=(("description",), ("targetable_type",), ("targetable_id",))
    ),
    ResourceType(
        "sales_activities",
        "sales_activity",
        described=True,
        required=(
            ("title",),
            ("start_date",),
            ("end_date",),
            ("sales_activity_type_id",),
            ("targetable_type",),
            ("targetable_id",),
        ),
    ),
    ResourceType("cpq/products", "product", required=(("name",),)),
    ResourceType("cpq/cpq_documents", "cpq_document", required=(("deal_id",), ("document_type",))),
    ResourceType(
        "users",
        "user",
        instead="Freshsales makes no users through its API: an administrator invites them under "
        "Admin Settings. Where a record needs its owner, use the lookup `owner`.",
    ),
)
TYPES = {one.name: one for one in _LIST}
OFFERED = "contacts, accounts, deals, leads (classic), tasks, appointments, notes, sales_activities"


def resource_type(text: str) -> ResourceType:
    """The kind that somebody means: `accounts` are `sales_accounts` to the API.

    Raises:
        ValueError: it cannot be a part of a path.
    """
    name = text.strip().strip("/").lower().replace("-", "_").replace(" ", "_")
    name = _ALIASES.get(name, name)
    if name in TYPES:
        return TYPES[name]
    if not _NAME.fullmatch(name):
        raise ValueError(f"use letters, digits and _ only, such as {OFFERED}")
    return ResourceType(name, _wrapper(name), instead=f"Use one of {OFFERED}.")


def _wrapper(name: str) -> str:
    last = name.rpartition("/")[2]
    if last in _FLAT:
        return ""
    if name.startswith("custom_module/"):
        return last
    if last.endswith("ies"):
        return f"{last[:-3]}y"
    return last.removesuffix("s")
