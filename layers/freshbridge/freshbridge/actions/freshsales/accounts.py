"""Freshsales accounts: companies. Source: https://developers.freshworks.com/crm/api/#accounts"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, StrictBool

from freshbridge.actions.action import Action, Effect, Parameters
from freshbridge.actions.freshsales.changes import (
    creating,
    deleting,
    reconciling,
    updating,
    upserting,
)
from freshbridge.actions.freshsales.kinds import ACCOUNT
from freshbridge.actions.freshsales.parameters import (
    Attributes,
    Changing,
    Identifier,
    Include,
    OnDuplicate,
    RecordId,
    Text,
)
from freshbridge.actions.freshsales.readings import Search, getting, searching


class AccountAttributes(Attributes):
    """Attributes that an account can be created and updated with."""

    name: Text | None = Field(
        default=None, min_length=1, description="Unique, whatever the letter case"
    )
    phone: Text | None = Field(default=None, description="Phone")
    website: Text | None = Field(default=None, description="Website")
    address: Text | None = Field(default=None, description="Street")
    city: Text | None = Field(default=None, description="City")
    state: Text | None = Field(default=None, description="State")
    zipcode: Text | None = Field(default=None, description="Postal code")
    country: Text | None = Field(default=None, description="Country")
    industry_type_id: RecordId | None = Field(default=None, description="Its industry")
    business_type_id: RecordId | None = Field(default=None, description="Its kind of business")
    number_of_employees: int | None = Field(
        default=None, description="The least of a range: 1, 11, 51, 201, 501, 1001, 5001 or 10001"
    )
    annual_revenue: int | float | None = Field(default=None, description="A number")
    owner_id: RecordId | None = Field(default=None, description="The user who has the account")
    territory_id: RecordId | None = Field(default=None, description="Its territory")
    parent_sales_account_id: RecordId | None = Field(
        default=None, description="The account that it is a part of"
    )
    tags: list[str] | None = Field(default=None, description="Tags")


class CreateFreshsalesAccount(AccountAttributes):
    """Create an account; its name is unique."""

    name: Text = Field(min_length=1, description="Unique, whatever the letter case")
    on_duplicate: OnDuplicate = Field(
        default="fail",
        description="What to do when the account exists already: fail naming it, return it as it "
        "is, or update it with the attributes given here",
    )


class UpdateFreshsalesAccount(AccountAttributes, Changing):
    """Change the fields given and leave the others as they are; null clears a field."""

    id_name: ClassVar = "account_id"
    account_id: RecordId = Field(description="The account's id")


class AccountIdentifier(Identifier):
    """What finds the account; exactly one."""

    name: Text | None = Field(default=None, min_length=1, description="Its name")
    id: RecordId | None = Field(default=None, description="Its id in Freshsales")


class UpsertFreshsalesAccount(AccountAttributes):
    """Update the account that an identifier finds, or create it where it finds none."""

    unique_identifier: AccountIdentifier = Field(description="What finds the account")


class GetFreshsalesAccount(Parameters):
    """Read one account."""

    account_id: RecordId = Field(description="The account's id")
    include: Include = Field(default_factory=list)


class SearchFreshsalesAccounts(Search):
    """Find accounts by text, by one value, by conditions, or in a view.

    The index lags behind changes by seconds.
    """


class DeleteFreshsalesAccount(Parameters):
    """Move an account to the recycle bin, or delete it FOR GOOD."""

    account_id: RecordId = Field(description="The account's id")
    permanently: StrictBool = Field(default=False, description="This cannot be undone")


_ID = {"account_id": 70005550001}

ACTIONS = (
    Action(
        "freshsales",
        "create_account",
        CreateFreshsalesAccount,
        creating(ACCOUNT),
        Effect.ADD,
        {"name": "Ruiz Labs", "website": "ruizlabs.example", "number_of_employees": 11},
        credits_note="One or two more to look up and update an account that exists already",
        reconcile=reconciling(ACCOUNT),
    ),
    Action(
        "freshsales",
        "update_account",
        UpdateFreshsalesAccount,
        updating(ACCOUNT),
        Effect.SET,
        {**_ID, "city": "Lima", "phone": None},
    ),
    Action(
        "freshsales",
        "upsert_account",
        UpsertFreshsalesAccount,
        upserting(ACCOUNT),
        Effect.SET,
        {"unique_identifier": {"name": "Ruiz Labs"}, "city": "Lima"},
        credits_note="Two more when another one creates the account at the same moment",
    ),
    Action(
        "freshsales",
        "get_account",
        GetFreshsalesAccount,
        getting(ACCOUNT),
        Effect.READ,
        {**_ID, "include": ["owner"]},
    ),
    Action(
        "freshsales",
        "search_accounts",
        SearchFreshsalesAccounts,
        searching(ACCOUNT),
        Effect.READ,
        {"query": "Ruiz"},
        credits_note="One more for a view by its name",
    ),
    Action(
        "freshsales",
        "delete_account",
        DeleteFreshsalesAccount,
        deleting(ACCOUNT),
        Effect.SET,
        _ID,
    ),
)
