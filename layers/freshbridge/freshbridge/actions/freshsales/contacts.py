"""Freshsales contacts. Source: https://developers.freshworks.com/crm/api/#contacts"""

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
from freshbridge.actions.freshsales.kinds import CONTACT
from freshbridge.actions.freshsales.parameters import (
    Attributes,
    Changing,
    EmailAddress,
    Emails,
    Identifier,
    Include,
    OnDuplicate,
    RecordId,
    Text,
)
from freshbridge.actions.freshsales.readings import Search, getting, searching

NAMED_BY = ("emails", "email", "mobile_number", "external_id", "last_name")


class LinkedAccount(Parameters):
    """An account of a contact."""

    id: RecordId = Field(description="The account's id")
    is_primary: StrictBool | None = Field(default=None, description="Whether it is the first one")


class ContactAttributes(Attributes):
    """Attributes that a contact can be created and updated with."""

    first_name: Text | None = Field(default=None, description="First name")
    last_name: Text | None = Field(default=None, description="Last name")
    emails: Emails | None = Field(
        default=None, description="One address or several, each unique in the account"
    )
    email: EmailAddress | None = Field(default=None, description="The primary address")
    mobile_number: Text | None = Field(default=None, description="Unique in the account")
    work_number: Text | None = Field(default=None, description="Work phone")
    external_id: Text | None = Field(
        default=None, description="The contact's id in a system of yours; unique in the account"
    )
    job_title: Text | None = Field(default=None, description="Title")
    address: Text | None = Field(default=None, description="Street")
    city: Text | None = Field(default=None, description="City")
    state: Text | None = Field(default=None, description="State")
    zipcode: Text | None = Field(default=None, description="Postal code")
    country: Text | None = Field(default=None, description="Country")
    time_zone: Text | None = Field(default=None, description="As Freshsales names it, such as Lima")
    owner_id: RecordId | None = Field(default=None, description="The user who has the contact")
    territory_id: RecordId | None = Field(default=None, description="Its territory")
    lead_source_id: RecordId | None = Field(default=None, description="Where it came from")
    campaign_id: RecordId | None = Field(default=None, description="Its campaign")
    lifecycle_stage_id: RecordId | None = Field(default=None, description="Suite: its stage")
    contact_status_id: RecordId | None = Field(
        default=None, description="Suite: its status within the stage"
    )
    sales_accounts: list[LinkedAccount] | None = Field(default=None, description="Its accounts")
    tags: list[str] | None = Field(default=None, description="Tags")


class CreateFreshsalesContact(ContactAttributes):
    """Create a contact: an email, a mobile_number, an external_id or a last_name at least.

    E-mail addresses, mobile numbers and external ids belong to one contact only.
    """

    on_duplicate: OnDuplicate = Field(
        default="fail",
        description="What to do when the contact exists already: fail naming it, return it as it "
        "is, or update it with the attributes given here",
    )

    @model_validator(mode="after")
    def _is_somebody(self) -> CreateFreshsalesContact:
        if not any(getattr(self, name) for name in NAMED_BY):
            raise ValueError(f"give at least one of {', '.join(NAMED_BY)}")
        return self


class UpdateFreshsalesContact(ContactAttributes, Changing):
    """Change the fields given and leave the others as they are; null clears a field."""

    id_name: ClassVar = "contact_id"
    contact_id: RecordId = Field(description="The contact's id")


class ContactIdentifier(Identifier):
    """What finds the contact; exactly one."""

    emails: EmailAddress | None = Field(default=None, description="One of its addresses")
    mobile_number: Text | None = Field(default=None, description="Its mobile number")
    external_id: Text | None = Field(default=None, description="Its id in a system of yours")
    id: RecordId | None = Field(default=None, description="Its id in Freshsales")


class UpsertFreshsalesContact(ContactAttributes):
    """Update the contact that an identifier finds, or create it where it finds none."""

    unique_identifier: ContactIdentifier = Field(description="What finds the contact")


class GetFreshsalesContact(Parameters):
    """Read one contact."""

    contact_id: RecordId = Field(description="The contact's id")
    include: Include = Field(default_factory=list)


class SearchFreshsalesContacts(Search):
    """Find contacts by text, by one value, by conditions, or in a view.

    The index lags behind changes by seconds.
    """


class DeleteFreshsalesContact(Parameters):
    """Move a contact to the recycle bin, or delete it FOR GOOD."""

    contact_id: RecordId = Field(description="The contact's id")
    permanently: StrictBool = Field(default=False, description="This cannot be undone")


_ID = {"contact_id": 70001234501}

ACTIONS = (
    Action(
        "freshsales",
        "create_contact",
        CreateFreshsalesContact,
        creating(CONTACT),
        Effect.ADD,
        {
            "first_name": "Ana",
            "last_name": "Ruiz",
            "emails": "ana.ruiz@ruizlabs.example",
            "job_title": "CTO",
            "custom_field": {"cf_tier": "Gold"},
        },
        credits_note="One to four more to look up and update a contact that exists already",
        reconcile=reconciling(CONTACT),
    ),
    Action(
        "freshsales",
        "update_contact",
        UpdateFreshsalesContact,
        updating(CONTACT),
        Effect.SET,
        {**_ID, "job_title": "CEO", "city": None},
    ),
    Action(
        "freshsales",
        "upsert_contact",
        UpsertFreshsalesContact,
        upserting(CONTACT),
        Effect.SET,
        {"unique_identifier": {"emails": "ana.ruiz@ruizlabs.example"}, "job_title": "CTO"},
        credits_note="Two more when another one creates the contact at the same moment",
    ),
    Action(
        "freshsales",
        "get_contact",
        GetFreshsalesContact,
        getting(CONTACT),
        Effect.READ,
        {**_ID, "include": ["owner", "sales_accounts"]},
    ),
    Action(
        "freshsales",
        "search_contacts",
        SearchFreshsalesContacts,
        searching(CONTACT),
        Effect.READ,
        {"field": "email", "value": "ana.ruiz@ruizlabs.example"},
        credits_note="One more for a view by its name",
    ),
    Action(
        "freshsales",
        "delete_contact",
        DeleteFreshsalesContact,
        deleting(CONTACT),
        Effect.SET,
        _ID,
    ),
)
