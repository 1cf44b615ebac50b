"""Leads, which the classic Freshsales has; the suite refuses every call on them.

Source: https://developers.freshsales.io/api/#leads
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, StrictBool, model_validator

from freshbridge.actions.action import Action, Effect, Parameters
from freshbridge.actions.freshsales.changes import (
    creating,
    deleting,
    reconciling,
    updating,
    upserting,
)
from freshbridge.actions.freshsales.kinds import LEAD
from freshbridge.actions.freshsales.lead_conversion import CONVERT_LEAD, LeadCompany, LeadDeal
from freshbridge.actions.freshsales.parameters import (
    Attributes,
    Changing,
    EmailAddress,
    Identifier,
    Include,
    RecordId,
    Text,
)
from freshbridge.actions.freshsales.readings import Search, getting, searching


class LeadAttributes(Attributes):
    """Attributes that a lead can be created and updated with."""

    first_name: Text | None = Field(default=None, description="First name")
    last_name: Text | None = Field(default=None, description="Last name")
    email: EmailAddress | None = Field(default=None, description="Address; need not be unique")
    mobile_number: Text | None = Field(default=None, description="Mobile phone")
    work_number: Text | None = Field(default=None, description="Work phone")
    job_title: Text | None = Field(default=None, description="Title")
    department: Text | None = Field(default=None, description="Department")
    address: Text | None = Field(default=None, description="Street")
    city: Text | None = Field(default=None, description="City")
    state: Text | None = Field(default=None, description="State")
    zipcode: Text | None = Field(default=None, description="Postal code")
    country: Text | None = Field(default=None, description="Country")
    time_zone: Text | None = Field(default=None, description="As Freshsales names it, such as Oslo")
    owner_id: RecordId | None = Field(default=None, description="The user who has the lead")
    territory_id: RecordId | None = Field(default=None, description="Its territory")
    lead_stage_id: RecordId | None = Field(default=None, description="Its stage")
    lead_reason_id: RecordId | None = Field(default=None, description="Why it was unqualified")
    lead_source_id: RecordId | None = Field(default=None, description="Where it came from")
    campaign_id: RecordId | None = Field(default=None, description="Its campaign")
    company: LeadCompany | None = Field(default=None, description="Its company")
    deal: LeadDeal | None = Field(default=None, description="The deal that it may become")
    tags: list[str] | None = Field(default=None, description="Tags")


class CreateFreshsalesLead(LeadAttributes):
    """Create a lead: a last_name or an email at least. Several may have one address."""

    @model_validator(mode="after")
    def _is_somebody(self) -> CreateFreshsalesLead:
        if not (self.last_name or self.email):
            raise ValueError("give last_name or email")
        return self


class UpdateFreshsalesLead(LeadAttributes, Changing):
    """Change the fields given and leave the others as they are; null clears a field."""

    id_name: ClassVar = "lead_id"
    lead_id: RecordId = Field(description="The lead's id")


class LeadIdentifier(Identifier):
    """What finds the lead; exactly one."""

    emails: EmailAddress | None = Field(default=None, description="Its address")
    id: RecordId | None = Field(default=None, description="Its id")


class UpsertFreshsalesLead(LeadAttributes):
    """Update the lead that an identifier finds, or create it where it finds none."""

    unique_identifier: LeadIdentifier = Field(description="What finds the lead")


class GetFreshsalesLead(Parameters):
    """Read one lead."""

    lead_id: RecordId = Field(description="The lead's id")
    include: Include = Field(default_factory=list)


class SearchFreshsalesLeads(Search):
    """Find leads by text, by one value, by conditions, or in a view.

    The index lags behind changes by seconds.
    """


class DeleteFreshsalesLead(Parameters):
    """Move a lead to the recycle bin, or delete it FOR GOOD."""

    lead_id: RecordId = Field(description="The lead's id")
    permanently: StrictBool = Field(default=False, description="This cannot be undone")


_ID = {"lead_id": 5000654321}

ACTIONS = (
    Action(
        "freshsales",
        "create_lead",
        CreateFreshsalesLead,
        creating(LEAD),
        Effect.ADD,
        {"last_name": "Berg", "email": "leo@berg.example", "company": {"name": "Berg AS"}},
        reconcile=reconciling(LEAD),
    ),
    Action(
        "freshsales",
        "update_lead",
        UpdateFreshsalesLead,
        updating(LEAD),
        Effect.SET,
        {**_ID, "city": "Oslo"},
    ),
    Action(
        "freshsales",
        "upsert_lead",
        UpsertFreshsalesLead,
        upserting(LEAD),
        Effect.SET,
        {"unique_identifier": {"emails": "leo@berg.example"}, "city": "Oslo"},
    ),
    Action(
        "freshsales",
        "get_lead",
        GetFreshsalesLead,
        getting(LEAD),
        Effect.READ,
        {**_ID, "include": ["owner"]},
    ),
    Action(
        "freshsales",
        "search_leads",
        SearchFreshsalesLeads,
        searching(LEAD),
        Effect.READ,
        {"filters": [{"attribute": "lead_email.email", "operator": "is_in", "value":
                      "leo@berg.example"}]},
        credits_note="One more for a view by its name",
    ),
    Action(
        "freshsales",
        "delete_lead",
        DeleteFreshsalesLead,
        deleting(LEAD),
        Effect.SET,
        _ID,
    ),
    CONVERT_LEAD,
)  # fmt: skip
