"""Leads: only on Classic accounts.

Source: developers.freshsales.io/api, Leads; a recorded answer. Leads need not be unique.
"""

from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import Message
from local.freshsales.fields import CHECKS, MADE_BY, Field, Writing, Wrong
from local.freshsales.includes import PEOPLE, activity_includes, one_of
from local.freshsales.model import Model, Unique, folded, single
from local.freshsales.sales_account_model import EMPLOYEES

_COMPANY: Final = (
    "name", "address", "city", "state", "zipcode", "country", "number_of_employees",
    "annual_revenue", "website", "phone", "industry_type_id", "business_type_id",
)  # fmt: skip
_DEAL: Final = ("name", "amount", "currency_id", "deal_product_id", "expected_close")
_PARTS: Final = {
    "number_of_employees": Field("number_of_employees", "choice", choices=EMPLOYEES),
    "annual_revenue": Field("annual_revenue", "number"),
    "industry_type_id": Field("industry_type_id", "reference", table="industry_types"),
    "business_type_id": Field("business_type_id", "reference", table="business_types"),
    "amount": Field("amount", "decimal"),
    "currency_id": Field("currency_id", "reference", table="currencies"),
    "deal_product_id": Field("deal_product_id", "reference", table="deal_products"),
    "expected_close": Field("expected_close", "date"),
}

FIELDS: Final = (
    Field("first_name"),
    Field("last_name"),
    Field("job_title"),
    Field("department"),
    Field("email", "plain_email"),
    Field("emails", "emails", listed=False),
    Field("mobile_number", label="Mobile"),
    Field("work_number", label="Work"),
    Field("address"),
    Field("city"),
    Field("state"),
    Field("zipcode"),
    Field("country"),
    Field("time_zone", type="dropdown"),
    Field("do_not_disturb", "boolean"),
    Field("has_authority", "boolean"),
    Field("facebook"),
    Field("twitter"),
    Field("linkedin"),
    Field("medium"),
    Field("keyword"),
    Field("company", "lead_company", type="group_field"),
    Field("deal", "lead_deal", type="group_field"),
    Field("lead_stage_id", "reference", label="Lead stage", table="lead_stages",
          with_includes=("lead_stage",)),
    Field("lead_reason_id", "reference", label="Unqualified reason", table="lead_reasons",
          with_includes=("lead_reason",)),
    Field("lead_source_id", "reference", label="Source", table="lead_sources",
          with_includes=("source",)),
    Field("campaign_id", "reference", table="campaigns", with_includes=("campaign",)),
    Field("owner_id", "reference", label="Sales owner", table="users", with_includes=("owner",)),
    Field("territory_id", "reference", table="territories", with_includes=("territory",)),
    Field("tags", "texts", type="auto_complete"),
    Field("custom_field", "custom", listed=False),
    *MADE_BY,
    Field("created_at", "moment", listed=False),
    Field("updated_at", "moment", listed=False),
)  # fmt: skip

_BLANK: Final[dict[str, Any]] = {
    "job_title": None, "department": None, "email": None, "emails": [], "work_number": None,
    "mobile_number": None, "address": None, "city": None, "state": None, "zipcode": None,
    "country": None, "time_zone": None, "do_not_disturb": False, "display_name": None,
    "avatar": None, "keyword": None, "medium": None, "last_seen": None, "last_contacted": None,
    "lead_score": 0, "lead_quality": "Cold", "stage_updated_time": None, "first_name": None,
    "last_name": None, "company": None, "deal": None, "custom_field": {}, "created_at": None,
    "updated_at": None, "last_contacted_sales_activity_mode": None, "has_authority": False,
    "email_status": "Unverified", "last_contacted_mode": None, "recent_note": None,
    "last_contacted_via_chat": None, "last_contacted_via_sales_activity": None,
    "completed_sales_sequences": None, "active_sales_sequences": None, "web_form_ids": None,
    "facebook": None, "twitter": None, "linkedin": None, "is_deleted": False, "tags": [],
    "owner_id": None, "lead_stage_id": None, "lead_reason_id": None, "lead_source_id": None,
    "campaign_id": None, "territory_id": None, "creater_id": None, "updater_id": None,
}  # fmt: skip


def _blank(account: Account, new_id: int) -> Record:
    stage = next(iter(account.table("lead_stages")), None)
    return {"id": new_id, **_BLANK, "lead_stage_id": stage}


def _derive(account: Account, record: Record, before: Record | None) -> None:
    names = [record["first_name"], record["last_name"]]
    record["display_name"] = " ".join(name for name in names if name) or record["email"]
    if before is None or before["lead_stage_id"] != record["lead_stage_id"]:
        record["stage_updated_time"] = account.stamp()


def _complaints(_: Account, record: Record | None, values: Record) -> list[Message | str]:
    if record is not None or values.get("last_name") or values.get("email"):
        return []
    return [Message("blank", label="Last name")]


def _part(names: tuple[str, ...], kind: str) -> None:
    def check(writing: Writing, field: Field, value: Any) -> Record:
        if not isinstance(value, dict):
            raise Wrong(Message("type", field.name))
        kept = dict(writing.before(field.name) or {"id": None, **dict.fromkeys(names)})
        kept["id"] = kept["id"] or writing.account.next_id("company")
        for name in names:
            if name in value:
                part = _PARTS.get(name, Field(name))
                given = value[name]
                kept[name] = None if given is None else CHECKS[part.kind](writing, part, given)
        return kept

    CHECKS[kind] = check


_part(_COMPANY, "lead_company")
_part(_DEAL, "lead_deal")


def _addresses(record: Record) -> list[str]:
    return [folded(record["email"])] if record.get("email") else []


LEAD: Final = Model(
    "leads", "lead", "Lead", FIELDS, _blank,
    unique=(
        Unique("emails", "", "", _addresses),
        Unique("mobile_number", "", "", single("mobile_number")),
    ),
    derive=_derive, complaints=_complaints,
    includes={
        **PEOPLE, **activity_includes("Lead"),
        "source": one_of("lead_sources", "lead_source_id"),
        "lead_stage": one_of("lead_stages", "lead_stage_id"),
        "lead_reason": one_of("lead_reasons", "lead_reason_id"),
        "territory": one_of("territories", "territory_id"),
        "campaign": one_of("campaigns", "campaign_id"),
    },
    sorts=("lead_score", "created_at", "updated_at", "last_contacted"),
    hidden=frozenset({"emails", "converted_contact_id"}), personas=("classic",),
    identifiers={
        "emails": "emails", "email": "emails", "mobile_number": "mobile_number", "id": "id",
    },
)  # fmt: skip
