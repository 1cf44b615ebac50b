"""A lead becomes a contact, with an account and a deal when it names them. Classic only.

Source: developers.freshsales.io/api, "Convert a lead". The lead leaves every view; its tasks, notes
and appointments go over to the contact.
"""

from typing import Final

from local.freshsales import records
from local.freshsales.account import Account, Record
from local.freshsales.crm import found
from local.freshsales.models import (
    APPOINTMENT,
    CONTACT,
    DEAL,
    LEAD,
    NOTE,
    SALES_ACCOUNT,
    SALES_ACTIVITY,
    TASK,
)
from local.freshsales.rendering import View
from local.freshsales.routing import Reply, Request, Route

_KEPT: Final = (
    "first_name", "last_name", "job_title", "email", "mobile_number", "work_number", "address",
    "city", "state", "zipcode", "country", "time_zone", "facebook", "twitter", "linkedin",
    "medium", "keyword", "lead_source_id", "campaign_id", "owner_id", "territory_id", "tags",
)  # fmt: skip


def _convert(request: Request) -> Reply:
    """``{"lead": {…overrides, "company", "deal"}}``; a contact that is refused leaves a lead."""
    account, lead = request.account, found(request, LEAD)
    overrides = request.body.get("lead") if isinstance(request.body, dict) else None
    if isinstance(overrides, dict):
        records.update(account, LEAD, lead, overrides, request.user)
    values = {name: lead[name] for name in _KEPT if lead[name] not in (None, [])}
    sales_account = _sales_account(account, lead, request.user)
    if sales_account is not None:
        values["sales_accounts"] = [{"id": sales_account["id"], "is_primary": True}]
    contact = records.create(account, CONTACT, values, request.user)
    deal = _deal(account, lead, contact, sales_account, request.user)
    _hand_over(account, lead["id"], contact["id"])
    records.delete(account, LEAD, lead)
    lead["converted_contact_id"] = contact["id"]
    body: Record = {"contact": View(account, CONTACT, ("sales_accounts",)).show(contact)}
    if sales_account is not None:
        body["sales_account"] = View(account, SALES_ACCOUNT).show(sales_account)
    if deal is not None:
        body["deal"] = View(account, DEAL).show(deal)
    return Reply(200, {**body, "meta": None})


def _sales_account(account: Account, lead: Record, user: Record) -> Record | None:
    company = lead["company"] or {}
    if not company.get("name"):
        return None
    known = records.find_by(account, SALES_ACCOUNT, "name", company["name"])
    if known:
        return known[0]
    values = {name: value for name, value in company.items() if value is not None}
    return records.create(account, SALES_ACCOUNT, values, user)


def _deal(
    account: Account, lead: Record, contact: Record, sales_account: Record | None, user: Record
) -> Record | None:
    wanted = lead["deal"] or {}
    if not wanted.get("name"):
        return None
    values = {name: value for name, value in wanted.items() if value is not None}
    values.setdefault("amount", "0")
    values["contacts_added_list"] = [contact["id"]]
    if sales_account is not None:
        values["sales_account_id"] = sales_account["id"]
    return records.create(account, DEAL, values, user)


def _hand_over(account: Account, lead_id: int, contact_id: int) -> None:
    old, new = {"id": lead_id, "type": "Lead"}, {"id": contact_id, "type": "Contact"}
    for model in (TASK, APPOINTMENT, NOTE, SALES_ACTIVITY):
        for one in records.children(account, model.table, "Lead", lead_id):
            records.unindex(account, model, one)
            one["targetables"] = [new if target == old else target for target in one["targetables"]]
            records.index(account, model, one)


ROUTES = (Route("POST", "/leads/{id}/convert", _convert, resource="leads", personas=("classic",)),)
