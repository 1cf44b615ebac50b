"""Deals: attributes, stages and probabilities, and the sums they add to contacts and accounts.

Source: developers.freshworks.com/crm/api, Deals; shapes of recorded answers. Money is read as
text with a fraction. Deal names need not be unique.
"""

from typing import Any, Final

from local.freshsales.account import Account, Event, Record
from local.freshsales.errors import Message
from local.freshsales.fields import CHECKS, MADE_BY, Changes, Field, Writing, Wrong
from local.freshsales.includes import (
    CONTACT_PART,
    PEOPLE,
    activity_includes,
    one_of,
)
from local.freshsales.model import Include, Model, Parent, Unique, single
from local.freshsales.stamps import parse_moment

FORECAST: Final = ((1, "Committed"), (2, "Best case"))

FIELDS: Final = (
    Field("name", required=True),
    Field("amount", "decimal", required=True, label="Deal value", type="number"),
    Field("base_currency_amount", "decimal", type="number"),
    Field("currency_id", "reference", table="currencies", with_includes=("currency",)),
    Field("sales_account_id", "reference", label="Account", table="sales_accounts",
          with_includes=("sales_account",)),
    Field("deal_pipeline_id", "reference", label="Deal pipeline", table="deal_pipelines"),
    Field("deal_stage_id", "reference", label="Deal stage", table="deal_stages"),
    Field("deal_reason_id", "reference", label="Lost reason", table="deal_reasons",
          with_includes=("deal_reason",)),
    Field("deal_type_id", "reference", label="Type", table="deal_types",
          with_includes=("deal_type",)),
    Field("owner_id", "reference", label="Sales owner", table="users", with_includes=("owner",)),
    Field("expected_close", "date"),
    Field("closed_date", "date"),
    Field("lead_source_id", "reference", label="Source", table="lead_sources",
          with_includes=("source",)),
    Field("campaign_id", "reference", table="campaigns", with_includes=("campaign",)),
    Field("deal_product_id", "reference", label="Product", table="deal_products",
          with_includes=("deal_product",)),
    Field("deal_payment_status_id", "reference", label="Payment status",
          table="deal_payment_statuses", with_includes=("deal_payment_status",)),
    Field("probability", "integer"),
    Field("territory_id", "reference", table="territories", with_includes=("territory",)),
    Field("forecast_category", "choice", choices=FORECAST),
    Field("contacts_added_list", "contacts_added", table="contacts", listed=False),
    Field("contacts_removed_list", "contacts_removed", table="contacts", listed=False),
    Field("products", "line_items", listed=False, with_includes=("products",)),
    Field("tags", "texts", type="auto_complete"),
    Field("custom_field", "custom", listed=False),
    *MADE_BY,
    Field("created_at", "moment", listed=False),
    Field("updated_at", "moment", listed=False),
)  # fmt: skip

_BLANK: Final[dict[str, Any]] = {
    "name": None, "amount": "0.0", "base_currency_amount": None, "expected_close": None,
    "closed_date": None, "stage_updated_time": None, "custom_field": {}, "probability": None,
    "updated_at": None, "created_at": None, "deal_pipeline_id": None, "deal_stage_id": None,
    "age": 0, "recent_note": None, "completed_sales_sequences": None,
    "active_sales_sequences": None, "web_form_id": None, "upcoming_activities_time": None,
    "collaboration": {}, "last_assigned_at": None, "last_contacted_sales_activity_mode": None,
    "last_contacted_via_sales_activity": None, "expected_deal_value": "0.0", "is_deleted": False,
    "team_user_ids": None, "avatar": None,
    "fc_widget_collaboration": {
        "convo_token": "made-up", "auth_token": "made-up", "encoded_jwt_token": "made-up"
    },
    "forecast_category": 2, "deal_prediction": 0, "deal_prediction_last_updated_at": None,
    "freddy_forecast_metrics": None, "last_deal_prediction": None, "has_products": False,
    "rotten_days": None, "tags": [], "products": [], "contact_ids": [],
    "sales_account_id": None, "owner_id": None, "currency_id": None, "deal_reason_id": None,
    "deal_type_id": None, "lead_source_id": None, "campaign_id": None, "deal_product_id": None,
    "deal_payment_status_id": None, "territory_id": None, "creater_id": None, "updater_id": None,
}  # fmt: skip


def _blank(account: Account, new_id: int) -> Record:
    record = {"id": new_id, **_BLANK}
    pipelines = account.table("deal_pipelines").values()
    chosen = next((one for one in pipelines if one["is_default"]), None)
    if chosen is not None:
        record["deal_pipeline_id"] = chosen["id"]
        record["deal_stage_id"] = stages_of(account, chosen["id"])[0]["id"]
    return record


def stages_of(account: Account, pipeline_id: int) -> list[Record]:
    stages = account.table("deal_stages").values()
    return [one for one in stages if one["deal_pipeline_id"] == pipeline_id]


def _complaints(account: Account, _: Record | None, values: Record) -> list[Message | str]:
    """A stage belongs to one pipeline; a pipeline alone begins with its first stage."""
    stage_id, pipeline_id = values.get("deal_stage_id"), values.get("deal_pipeline_id")
    if stage_id is not None:
        own = account.table("deal_stages")[stage_id]["deal_pipeline_id"]
        if pipeline_id not in (None, own):
            return [Message("invalid", label="Deal stage")]
        values["deal_pipeline_id"] = own
    elif pipeline_id is not None:
        values["deal_stage_id"] = stages_of(account, pipeline_id)[0]["id"]
    return []


def _derive(account: Account, record: Record, before: Record | None) -> None:
    old = before or {}
    if old.get("deal_stage_id") != record["deal_stage_id"]:
        _stage_reached(account, record, moved=before is not None)
    if record["base_currency_amount"] is None or old.get("amount") != record["amount"]:
        currency = account.table("currencies").get(record["currency_id"]) or {}
        rate = float(currency.get("exchange_rate", "1.0"))
        record["base_currency_amount"] = str(round(float(record["amount"]) * rate, 2))
    share = (record["probability"] or 0) / 100
    record["expected_deal_value"] = str(round(float(record["amount"]) * share, 2))
    record["has_products"] = bool(record["products"])
    born = parse_moment(record["created_at"]).timestamp()
    record["age"] = max(0, int((account.clock.seconds() - born) // 86_400))


def _stage_reached(account: Account, record: Record, *, moved: bool) -> None:
    stage = account.table("deal_stages")[record["deal_stage_id"]]
    now = account.stamp()
    record["stage_updated_time"] = now
    if moved or record["probability"] is None:
        record["probability"] = stage["probability"]
    closed = stage["forecast_type"] != "Open"
    record["closed_date"] = (record["closed_date"] or now[:10]) if closed else None


def _parents(record: Record) -> list[Parent]:
    links: list[Parent] = [("Contact", one) for one in record["contact_ids"]]
    if record["sales_account_id"] is not None:
        links.append(("SalesAccount", record["sales_account_id"]))
    return links


def _figure(writing: Writing, line: Record, name: str, default: int | None) -> float | None:
    """A number of one line. Raises Wrong for what is none."""
    given = line.get(name)
    if given is None:
        return default
    found: float = CHECKS["number"](writing, Field(name), given)
    return found


def line_items(writing: Writing, field: Field, value: Any) -> Changes:
    """``[{id, quantity, unit_price, discount, _destroy}]``; an empty list takes all away."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Wrong(Message("type", field.name))
    lines = {one["id"]: one for one in writing.before("products", [])} if value else {}
    product = Field("products", label="Product", table="products")
    for one in value:
        found = CHECKS["reference"](writing, product, one.get("id"))
        if one.get("_destroy") in (True, "true", 1):
            lines.pop(found, None)
            continue
        named = writing.account.table("products")[found]["name"]
        lines[found] = {
            "id": found, "name": named, "quantity": _figure(writing, one, "quantity", 1),
            "unit_price": _figure(writing, one, "unit_price", None),
            "discount": _figure(writing, one, "discount", 0),
        }  # fmt: skip
    return Changes(products=list(lines.values()))


CHECKS["line_items"] = line_items


def on_deal_event(account: Account, event: Event) -> None:
    """Keep the open and won sums of the contacts and accounts that the deal touches, or touched."""
    if event.table != "deals":
        return
    touched = set(_parents(event.record))
    for old in event.changes.get("contact_ids", ((), ()))[0]:
        touched.add(("Contact", old))
    if old_account := event.changes.get("sales_account_id", (None, None))[0]:
        touched.add(("SalesAccount", old_account))
    for parent, parent_id in touched:
        add_up(account, parent, parent_id)


def add_up(account: Account, parent: str, parent_id: int) -> None:
    table = account.table("contacts" if parent == "Contact" else "sales_accounts")
    record = table.get(parent_id)
    if record is None:
        return
    stages, deals = account.table("deal_stages"), account.table("deals")
    sums = {"Open": [0, 0.0], "Closed Won": [0, 0.0], "Closed Lost": [0, 0.0]}
    for one in account.children.get(("deals", parent, parent_id), ()):
        deal = deals[one]
        stage = stages.get(deal["deal_stage_id"])
        entry = sums[stage["forecast_type"] if stage else "Open"]
        entry[0] += 1
        entry[1] += float(deal["amount"])
    record["open_deals_count"], record["open_deals_amount"] = sums["Open"][0], str(sums["Open"][1])
    record["won_deals_count"] = sums["Closed Won"][0]
    record["won_deals_amount"] = str(sums["Closed Won"][1])


DEAL: Final = Model(
    "deals", "deal", "Deal", FIELDS, _blank,
    unique=(Unique("name", "", "", single("name")),),
    parents=_parents, derive=_derive, complaints=_complaints,
    includes={
        **PEOPLE, **activity_includes("Deal"),
        "sales_account": one_of("sales_accounts", "sales_account_id"),
        "contacts": Include(
            "contacts", "contacts", lambda _, one: one["contact_ids"],
            listing="contact_ids", partial=CONTACT_PART,
        ),
        "source": one_of("lead_sources", "lead_source_id"),
        "campaign": one_of("campaigns", "campaign_id"),
        "deal_stage": one_of("deal_stages", "deal_stage_id"),
        "deal_type": one_of("deal_types", "deal_type_id"),
        "deal_reason": one_of("deal_reasons", "deal_reason_id"),
        "deal_payment_status": one_of("deal_payment_statuses", "deal_payment_status_id"),
        "deal_product": one_of("deal_products", "deal_product_id"),
        "currency": one_of("currencies", "currency_id"),
        "territory": one_of("territories", "territory_id"),
    },
    sorts=("created_at", "updated_at", "expected_close", "amount"),
    identifiers={"name": "name", "id": "id"},
)  # fmt: skip


def keep_sums(account: Account) -> None:
    """Have the sums follow every write to a deal."""
    account.on_event(lambda event: on_deal_event(account, event))
