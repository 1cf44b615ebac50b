"""Making a contact of a lead, with an account and a deal where it names them.

When the answer to a conversion was lost the lead itself tells, with one call: one that is converted
says so, one that is as it was has not been converted. Where it is gone, which it would be after a
deletion as well, a contact of that time with its address proves the conversion, with a second call.
It cannot be proved, and a person is asked, when the lead is gone and there is no such contact: a
lead without an address, or one that became part of a contact that was there before.
Source: https://developers.freshsales.io/api/#convert_lead
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import Field

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.earlier import Period, unknown
from freshbridge.actions.freshsales.deals import Amount
from freshbridge.actions.freshsales.kinds import ACCOUNT, CONTACT, DEAL, page_of
from freshbridge.actions.freshsales.parameters import (
    Attributes,
    Day,
    EmailAddress,
    RecordId,
    Text,
    sent,
)
from freshbridge.actions.freshsales.same_record import identified
from freshbridge.errors import NotFound

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.wire import Record

_TOLD_BY = ("converted_at", "is_converted", "converted")
"""What a lead may have, beside its contact's id, once it is converted."""


class LeadCompany(Parameters):
    """The company of a lead."""

    name: Text = Field(min_length=1, description="Name")
    website: Text | None = Field(default=None, description="Website")
    phone: Text | None = Field(default=None, description="Phone")
    address: Text | None = Field(default=None, description="Street")
    city: Text | None = Field(default=None, description="City")
    state: Text | None = Field(default=None, description="State")
    zipcode: Text | None = Field(default=None, description="Postal code")
    country: Text | None = Field(default=None, description="Country")
    number_of_employees: int | None = Field(default=None, description="The least of a range")
    annual_revenue: int | float | None = Field(default=None, description="A number")
    industry_type_id: RecordId | None = Field(default=None, description="Its industry")
    business_type_id: RecordId | None = Field(default=None, description="Its kind of business")


class LeadDeal(Parameters):
    """The deal of a lead."""

    name: Text = Field(min_length=1, description="Name")
    amount: Amount | None = Field(default=None, description="In the deal's currency")
    currency_id: RecordId | None = Field(default=None, description="Its currency")
    deal_product_id: RecordId | None = Field(default=None, description="Its product")
    expected_close: Day | None = Field(default=None)


class ConvertFreshsalesLead(Attributes):
    """Make a contact of a lead, and an account and a deal where they are named."""

    lead_id: RecordId = Field(description="The lead's id")
    first_name: Text | None = Field(default=None, description="Instead of the lead's own")
    last_name: Text | None = Field(default=None, description="Instead of the lead's own")
    email: EmailAddress | None = Field(default=None, description="Instead of the lead's own")
    owner_id: RecordId | None = Field(default=None, description="The user who has the contact")
    company: LeadCompany | None = Field(default=None, description="The account to make")
    deal: LeadDeal | None = Field(default=None, description="The deal to make")


def convert_lead(context: Context[FreshsalesClient], parameters: ConvertFreshsalesLead) -> Outcome:
    """Convert one."""
    found = context.client.leads.convert(parameters.lead_id, sent(parameters, "lead_id"))
    return _converted(context, parameters.lead_id, {"contact": found.record, **found.beside})


def _converted(context: Context[FreshsalesClient], lead_id: int, made: dict[str, Any]) -> Outcome:
    data: dict[str, Any] = {"lead_id": lead_id, "converted": True}
    for kind, wrapper in ((CONTACT, "contact"), (ACCOUNT, "sales_account"), (DEAL, "deal")):
        record = made.get(wrapper)
        if isinstance(record, dict) and isinstance(record.get("id"), int):
            data |= {
                kind.id_name: record["id"],
                f"{kind.word}_url": page_of(context, kind, record["id"]),
                kind.word: record,
            }
    return Outcome(data, "Lead converted")


def _converted_before(
    context: Context[FreshsalesClient], unsure: Unsure, parameters: ConvertFreshsalesLead
) -> Outcome | None:
    lead: Record = {}
    with suppress(NotFound):
        lead = context.client.leads.get(parameters.lead_id).record
    told = lead.get("converted_contact_id") or lead.get("contact_id")
    if told or any(lead.get(name) for name in _TOLD_BY):
        contact = {"id": told} if isinstance(told, int) else None
        return _converted(context, parameters.lead_id, {"contact": contact})
    if lead and not lead.get("is_deleted"):
        return None
    contact = _contact_of(context, unsure, parameters.email or lead.get("email"))
    if contact is None:
        raise unknown("conversion of the lead", "the lead is gone, converted or deleted")
    return _converted(context, parameters.lead_id, {"contact": contact})


def _contact_of(
    context: Context[FreshsalesClient], unsure: Unsure, address: str | None
) -> Record | None:
    """The contact with the lead's address, where it was made in the attempt's time."""
    if not address:
        return None
    period = Period.of(unsure)
    rows, _whole = context.client.contacts.lookup("email", address)
    near = [row for row in rows if period.has(row) and identified("email", address, row)]
    return next((row for row in near if context.claim(CONTACT.word, row)), None)


CONVERT_LEAD = Action(
    "freshsales",
    "convert_lead",
    ConvertFreshsalesLead,
    convert_lead,
    Effect.ADD,
    {"lead_id": 5000654321, "deal": {"name": "Berg AS - 5 seats", "amount": 500}},
    reconcile=Reconciliation(_converted_before),
)
