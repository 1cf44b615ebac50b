"""Contacts: attributes, keys, what views show.

Source: developers.freshworks.com/crm/api, Contacts; shapes of recorded answers.
"""

from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import Message
from local.freshsales.fields import MADE_BY, Field
from local.freshsales.includes import (
    ACTIVITY_INCLUDES,
    DEAL_PART,
    PEOPLE,
    SALES_ACCOUNT_PART,
    nested_children,
    one_of,
)
from local.freshsales.model import Include, Model, Parent, Unique, folded, single

SUBSCRIPTION: Final = (
    (0, "Unsubscribed"), (1, "Subscribed"), (2, "Not subscribed"), (3, "Reported as spam"),
    (4, "Bounced"),
)  # fmt: skip
_MESSAGING: Final = SUBSCRIPTION[:3]
_SOURCES: Final = tuple(
    f"{which}_{what}"
    for which in ("first", "last", "latest")
    for what in ("campaign", "medium", "source")
)

FIELDS: Final = (
    Field("first_name"),
    Field("last_name"),
    Field("job_title"),
    Field("emails", "emails", type="group_field"),
    Field("email", "email", listed=False),
    Field("sales_accounts", "account_links", type="group_field", label="Accounts",
          with_includes=("sales_accounts",)),
    Field("sales_account_id", "account_link", table="sales_accounts", listed=False),
    Field("mobile_number", label="Mobile"),
    Field("work_number", label="Work"),
    Field("work_email", "plain_email"),
    Field("phone_numbers", "phone_numbers", type="group_field", label="Other phone numbers"),
    Field("external_id"),
    Field("address"),
    Field("city"),
    Field("state"),
    Field("zipcode"),
    Field("country"),
    Field("time_zone", type="dropdown"),
    Field("locale"),
    Field("facebook"),
    Field("twitter"),
    Field("linkedin"),
    Field("medium"),
    Field("keyword"),
    *(Field(name) for name in _SOURCES),
    Field("owner_id", "reference", label="Sales owner", table="users", with_includes=("owner",)),
    Field("territory_id", "reference", table="territories", with_includes=("territory",)),
    Field("campaign_id", "reference", table="campaigns", with_includes=("campaign",)),
    Field("lead_source_id", "reference", label="Source", table="lead_sources",
          with_includes=("source", "lead_source_id")),
    Field("lifecycle_stage_id", "reference", label="Lifecycle stage", table="lifecycle_stages",
          with_includes=("lifecycle_stage", "contact_status")),
    Field("contact_status_id", "reference", label="Status", table="contact_statuses",
          with_includes=("contact_status",)),
    Field("lost_reason_id", "reference", table="deal_reasons", with_includes=("lost_reason",)),
    Field("subscription_status", "choice", choices=SUBSCRIPTION),
    Field("subscription_types"),
    Field("whatsapp_subscription_status", "choice", choices=_MESSAGING),
    Field("sms_subscription_status", "choice", choices=_MESSAGING),
    Field("tags", "texts", type="auto_complete"),
    Field("lists", "ids", table="lists", listed=False, target="list_ids"),
    Field("custom_field", "custom", listed=False),
    *MADE_BY,
    Field("created_at", "moment", listed=False),
    Field("updated_at", "moment", listed=False),
)  # fmt: skip

_BLANK: Final[dict[str, Any]] = {
    "first_name": None, "last_name": None, "display_name": None, "avatar": None,
    "job_title": None, "city": None, "state": None, "zipcode": None, "country": None,
    "email": None, "emails": [], "time_zone": None, "work_number": None, "mobile_number": None,
    "address": None, "last_seen": None, "lead_score": 0, "last_contacted": None,
    "open_deals_amount": "0.0", "won_deals_amount": "0.0",
    "last_contacted_sales_activity_mode": None, "custom_field": {},
    "created_at": None, "updated_at": None, "keyword": None, "medium": None,
    "last_contacted_mode": None, "recent_note": None, "won_deals_count": 0,
    "last_contacted_via_sales_activity": None, "completed_sales_sequences": None,
    "active_sales_sequences": None, "web_form_ids": None, "open_deals_count": 0,
    "last_assigned_at": None, "tags": [], "facebook": None, "twitter": None, "linkedin": None,
    "is_deleted": False, "team_user_ids": None, "external_id": None, "work_email": None,
    "subscription_status": 1, "subscription_types": "2;3;4;5;1", "unsubscription_reason": None,
    "other_unsubscription_reason": None, "customer_fit": 0, "record_type_id": "71010000001",
    "whatsapp_subscription_status": 2, "sms_subscription_status": 2, "last_seen_chat": None,
    "first_seen_chat": None, "locale": None, "total_sessions": None, "system_tags": [],
    **dict.fromkeys(_SOURCES), "mcr_id": None, "phone_numbers": [],
    "owner_id": None, "territory_id": None, "campaign_id": None, "lead_source_id": None,
    "lifecycle_stage_id": None, "contact_status_id": None, "lost_reason_id": None,
    "creater_id": None, "updater_id": None, "sales_accounts": [], "list_ids": [],
}  # fmt: skip
_CLASSIC: Final = {
    "do_not_disturb": False, "has_authority": False, "department": None, "lead_quality": "Cold",
    "email_status": "Unverified",
}  # fmt: skip


def _blank(account: Account, new_id: int) -> Record:
    record = {"id": new_id, **_BLANK, "mcr_id": 1_200_000_000_000_000_000 + new_id}
    if account.settings.classic:
        record |= _CLASSIC
    stage = next(iter(account.table("lifecycle_stages").values()), None)
    if stage is not None and stage["contact_status_ids"]:
        record["lifecycle_stage_id"] = stage["id"]
        record["contact_status_id"] = stage["contact_status_ids"][0]
    return record


def _derive(_: Account, record: Record, _before: Record | None) -> None:
    names = [record["first_name"], record["last_name"]]
    record["display_name"] = " ".join(name for name in names if name) or record["email"]


def _complaints(account: Account, record: Record | None, values: Record) -> list[Message | str]:
    wanted = account.settings.contact_required
    keys = {
        "any": ("email", "mobile_number", "external_id", "last_name"),
        "email": ("email",),
        "last_name": ("last_name",),
        "none": (),
    }[wanted]
    if record is not None or not keys or any(values.get(key) for key in keys):
        return _status_of_stage(account, record, values)
    return [Message("blank", label="Last name" if wanted == "last_name" else "Email")]


def _status_of_stage(
    account: Account, record: Record | None, values: Record
) -> list[Message | str]:
    """A status belongs to one lifecycle stage; a new stage begins with its first status."""
    stage_id, status_id = values.get("lifecycle_stage_id"), values.get("contact_status_id")
    statuses = account.table("contact_statuses")
    if status_id is not None and stage_id is None:
        values["lifecycle_stage_id"] = statuses[status_id]["lifecycle_stage_id"]
    elif status_id is not None and statuses[status_id]["lifecycle_stage_id"] != stage_id:
        return [Message("invalid", label="Status")]
    elif stage_id is not None and (record is None or record["lifecycle_stage_id"] != stage_id):
        found = account.table("lifecycle_stages")[stage_id]["contact_status_ids"]
        values["contact_status_id"] = found[0] if found else None
    return []


def _addresses(record: Record) -> list[str]:
    return [folded(one["value"]) for one in record.get("emails") or ()]


def _parents(record: Record) -> list[Parent]:
    return [("SalesAccount", one["id"]) for one in record["sales_accounts"]] + [
        ("List", one) for one in record["list_ids"]
    ]


CONTACT: Final = Model(
    "contacts", "contact", "Contact", FIELDS, _blank,
    unique=(
        Unique("emails", "not_unique", "Email", _addresses),
        Unique("mobile_number", "not_unique", "MobileNumber", single("mobile_number")),
        Unique("external_id", "not_unique", "ExternalId", single("external_id")),
        Unique("work_email", "", "", single("work_email")),
    ),
    parents=_parents, derive=_derive, complaints=_complaints,
    includes={
        **PEOPLE, **ACTIVITY_INCLUDES,
        "sales_accounts": Include(
            "", "sales_accounts", lambda _, one: [link["id"] for link in one["sales_accounts"]],
            partial=SALES_ACCOUNT_PART,
        ),
        "deals": nested_children("deals", "Contact", DEAL_PART),
        "campaign": one_of("campaigns", "campaign_id"),
        "contact_status": one_of("contact_statuses", "contact_status_id", "contact_status"),
        "lifecycle_stage": one_of("lifecycle_stages", "lifecycle_stage_id"),
        "source": one_of("lead_sources", "lead_source_id"),
        "territory": one_of("territories", "territory_id"),
    },
    sorts=("lead_score", "created_at", "updated_at", "open_deals_amount", "last_contacted"),
    hidden=frozenset({"list_ids"}),
    identifiers={
        "emails": "emails", "email": "emails", "mobile_number": "mobile_number",
        "external_id": "external_id", "work_email": "work_email", "id": "id",
    },
)  # fmt: skip
