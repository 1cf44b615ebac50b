"""What a lookup turns into an id: names of choices, addresses of users, keys of records. Pure.

Choices are read whole, once for many records (see `facts`); records are looked up one by one.
Source: https://developers.freshworks.com/crm/api/#selector
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from freshbridge.destinations.transforms import text_of


@dataclass(frozen=True)
class Choices:
    """A selector, and the attributes that a choice of it may be named by."""

    selector: str
    names: tuple[str, ...] = ("name",)


@dataclass(frozen=True)
class Records:
    """A kind of record, and what it is looked up by where the lookup does not say."""

    collection: str
    by: str


CHOICES: dict[str, Choices] = {
    "owner": Choices("owners", ("email", "display_name", "name")),
    "territory": Choices("territories"),
    "deal_stage": Choices("deal_stages"),
    "deal_pipeline": Choices("deal_pipelines"),
    "deal_type": Choices("deal_types"),
    "deal_reason": Choices("deal_reasons"),
    "deal_payment_status": Choices("deal_payment_statuses"),
    "deal_product": Choices("deal_products"),
    "currency": Choices("currencies", ("currency_code", "name")),
    "lead_source": Choices("lead_sources"),
    "industry_type": Choices("industry_types"),
    "business_type": Choices("business_types"),
    "campaign": Choices("campaigns"),
    "contact_status": Choices("contact_statuses"),
    "lifecycle_stage": Choices("lifecycle_stages"),
    "sales_activity_type": Choices("sales_activity_types", ("name", "internal_name")),
    "sales_activity_outcome": Choices("sales_activity_outcomes"),
    "lead_stage": Choices("lead_stages"),
    "lead_reason": Choices("lead_reasons"),
}
RECORDS: dict[str, Records] = {
    "account": Records("sales_accounts", "name"),
    "contact": Records("contacts", "email"),
    "deal": Records("deals", "name"),
    "lead": Records("leads", "email"),
}
KINDS = (*CHOICES, *RECORDS)


@dataclass(frozen=True)
class WantedRecord:
    """A value that is the id of a record, not looked up yet; `optional`: left out if not found."""

    kind: str
    by: str
    value: str
    optional: bool = False


def chosen(rows: Iterable[Mapping[str, Any]], kind: str, value: Any) -> Any | None:
    """The id of the choice that is called so, letter case aside; None for none.

    A number, or the text of one, is taken for the id itself where a choice has it.
    """
    wanted = text_of(value).strip().casefold()
    by_name = None
    for row in rows:
        if text_of(row.get("id")) == wanted:
            return row["id"]
        if by_name is None and any(
            text_of(row.get(name)).strip().casefold() == wanted for name in CHOICES[kind].names
        ):
            by_name = row.get("id")
    return by_name
