"""Sales accounts (companies): attributes, keys, what views show.

Source: developers.freshworks.com/crm/api, Accounts; shapes of recorded answers.
"""

from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import Message
from local.freshsales.fields import MADE_BY, Field
from local.freshsales.includes import (
    CONTACT_PART,
    DEAL_PART,
    PEOPLE,
    activity_includes,
    nested_children,
    one_of,
    side_children,
)
from local.freshsales.model import Model, Parent, Unique, single

EMPLOYEES: Final = (
    (1, "1-10"), (11, "11-50"), (51, "51-200"), (201, "201-500"), (501, "501-1000"),
    (1001, "1001-5000"), (5001, "5001-10,000"), (10001, "10,000 and above"),
)  # fmt: skip

FIELDS: Final = (
    Field("name", required=True),
    Field("phone"),
    Field("website"),
    Field("address"),
    Field("city"),
    Field("state"),
    Field("zipcode"),
    Field("country"),
    Field("industry_type_id", "reference", label="Industry type", table="industry_types",
          with_includes=("industry_type",)),
    Field("business_type_id", "reference", label="Business type", table="business_types",
          with_includes=("business_type",)),
    Field("number_of_employees", "choice", choices=EMPLOYEES),
    Field("annual_revenue", "number"),
    Field("owner_id", "reference", label="Sales owner", table="users"),
    Field("territory_id", "reference", table="territories", with_includes=("territory",)),
    Field("parent_sales_account_id", "reference", label="Parent account", table="sales_accounts"),
    Field("facebook"),
    Field("twitter"),
    Field("linkedin"),
    Field("tags", "texts", type="auto_complete"),
    Field("custom_field", "custom", listed=False),
    *MADE_BY,
    Field("created_at", "moment", listed=False),
    Field("updated_at", "moment", listed=False),
)  # fmt: skip

_BLANK: Final[dict[str, Any]] = {
    "name": None, "address": None, "city": None, "state": None, "zipcode": None, "country": None,
    "number_of_employees": None, "annual_revenue": None, "website": None, "owner_id": None,
    "phone": None, "open_deals_amount": "0.0", "open_deals_count": 0, "won_deals_amount": "0.0",
    "won_deals_count": 0, "last_contacted": None, "last_contacted_mode": None, "facebook": None,
    "twitter": None, "linkedin": None, "custom_field": {}, "created_at": None, "updated_at": None,
    "avatar": None, "parent_sales_account_id": None, "recent_note": None,
    "last_contacted_via_sales_activity": None, "last_contacted_sales_activity_mode": None,
    "completed_sales_sequences": None, "active_sales_sequences": None, "last_assigned_at": None,
    "tags": [], "is_deleted": False, "team_user_ids": None, "has_connections": False,
    "record_type_id": "71010000002", "web_form_ids": None, "industry_type_id": None,
    "business_type_id": None, "territory_id": None, "creater_id": None, "updater_id": None,
}  # fmt: skip


def _blank(_: Account, new_id: int) -> Record:
    return {"id": new_id, **_BLANK}


def _parents(record: Record) -> list[Parent]:
    parent = record["parent_sales_account_id"]
    return [] if parent is None else [("SalesAccount", parent)]


def _complaints(_: Account, record: Record | None, values: Record) -> list[Message | str]:
    own = record is not None and values.get("parent_sales_account_id") == record["id"]
    return [Message("invalid", label="Parent account")] if own else []


SALES_ACCOUNT: Final = Model(
    "sales_accounts", "sales_account", "SalesAccount", FIELDS, _blank,
    unique=(Unique("name", "taken", "Name", single("name")),),
    parents=_parents, complaints=_complaints,
    includes={
        **PEOPLE, **activity_includes("SalesAccount"),
        "territory": one_of("territories", "territory_id"),
        "business_type": one_of("business_types", "business_type_id"),
        "industry_type": one_of("industry_types", "industry_type_id"),
        "contacts": nested_children("contacts", "SalesAccount", CONTACT_PART),
        "deals": nested_children("deals", "SalesAccount", DEAL_PART),
        "child_sales_accounts": side_children(
            "sales_accounts", "SalesAccount", "child_sales_account_ids", "child_sales_accounts"
        ),
    },
    sorts=("open_deals_amount", "created_at", "updated_at", "last_contacted"),
    identifiers={"name": "name", "id": "id"},
)  # fmt: skip
