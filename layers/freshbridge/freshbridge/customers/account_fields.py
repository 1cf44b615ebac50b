"""Which fields of a link its accounts have, by what they say of themselves. Pure.

An account is only asked where a link names more than what every account has.
Facts: https://developers.freshdesk.com/api/#list_all_contact_fields,
https://developers.freshworks.com/crm/api/#list_all_contact_fields
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from freshbridge.customers.link import Kind, KindRules, Side
from freshbridge.errors import FieldError

_PLACE = frozenset({"address", "city", "state", "zipcode", "country"})
EVERYWHERE: Mapping[Side, Mapping[Kind, frozenset[str]]] = {
    Side.FRESHDESK: {
        Kind.CONTACTS: frozenset(
            {"name", "email", "phone", "mobile", "twitter_id", "unique_external_id", "company_id",
             "address", "description", "job_title", "language", "time_zone"}
        ),
        Kind.COMPANIES: frozenset(
            {"name", "domains", "description", "note", "health_score", "account_tier", "industry",
             "renewal_date"}
        ),
    },
    Side.FRESHSALES: {
        Kind.CONTACTS: _PLACE | {
            "name", "first_name", "last_name", "job_title", "email", "emails", "work_number",
            "mobile_number", "external_id", "sales_account_id", "time_zone", "facebook", "twitter",
            "linkedin", "medium", "keyword",
        },
        Kind.COMPANIES: _PLACE | {
            "name", "phone", "website", "number_of_employees", "annual_revenue", "facebook",
            "twitter", "linkedin", "external_id",
        },
    },
}  # fmt: skip
"""What is in no account's power to leave out; some of it is in no list of fields."""
_NAMED_AT_MOST = 3


def asks(rules: KindRules, side: Side) -> bool:
    """Whether the account has to be asked: it has a field of its own, or one is misspelt."""
    return any(rule.named(side) not in EVERYWHERE[side][rules.kind] for rule in rules.fields)


def unknown_fields(
    rules: KindRules, side: Side, listed: Iterable[Mapping[str, Any]]
) -> list[FieldError]:
    """The fields that the account has not; `listed` are its field records."""
    group = "custom_fields." if side is Side.FRESHDESK else "custom_field."
    own, known = set(), set(EVERYWHERE[side][rules.kind])
    for one in _flat(listed):
        name = str(one.get("name", ""))
        if _is_custom(one, side, name):
            own.add(group + name)
        else:
            known.add(name)
    found = []
    for index, rule in enumerate(rules.fields):
        name = rule.named(side)
        if name not in own | known:
            found.append(
                FieldError(
                    f"objects.{rules.kind}.fields.{index}.{side}",
                    f"{side} has no field {name} of {rules.kind}; {_hint(name, own, known)}",
                    "unknown_field",
                )
            )
    return found


def _is_custom(one: Mapping[str, Any], side: Side, name: str) -> bool:
    if side is Side.FRESHSALES:
        return name.startswith("cf_")
    return one.get("default") is False


def _hint(name: str, own: set[str], known: set[str]) -> str:
    meant = own if "." in name else known | own
    by_plain = {_plain(one): one for one in sorted(meant, reverse=True)}
    near = difflib.get_close_matches(_plain(name), by_plain, n=_NAMED_AT_MOST)
    if near:
        return f"did you mean {' or '.join(by_plain[one] for one in near)}?"
    return f"its own are {', '.join(sorted(own)) or 'none'}"


def _plain(name: str) -> str:
    return name.rpartition(".")[2].casefold().removeprefix("cf_")


def _flat(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Freshsales lists fields in groups."""
    for one in rows:
        inner = one.get("fields")
        if isinstance(inner, list):
            yield from _flat(entry for entry in inner if isinstance(entry, Mapping))
        else:
            yield one
