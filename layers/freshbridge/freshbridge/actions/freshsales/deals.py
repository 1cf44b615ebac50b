"""Freshsales deals. Source: https://developers.freshworks.com/crm/api/#deals"""

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
from freshbridge.actions.freshsales.kinds import DEAL
from freshbridge.actions.freshsales.parameters import (
    Attributes,
    Changing,
    Day,
    Identifier,
    Include,
    RecordId,
    Text,
)
from freshbridge.actions.freshsales.readings import Search, getting, searching

Amount = int | float | str


class NewAccount(Parameters):
    """An account that is created with the deal."""

    name: Text = Field(min_length=1, description="Its name")


class DealAttributes(Attributes):
    """Attributes that a deal can be created and updated with."""

    name: Text | None = Field(default=None, min_length=1, description="Name; need not be unique")
    amount: Amount | None = Field(default=None, description="In the deal's currency")
    currency_id: RecordId | None = Field(default=None, description="Its currency")
    sales_account_id: RecordId | None = Field(default=None, description="Its account")
    contacts_added_list: list[RecordId] | None = Field(
        default=None, description="Contacts to link, by their ids"
    )
    deal_pipeline_id: RecordId | None = Field(default=None, description="Its pipeline")
    deal_stage_id: RecordId | None = Field(default=None, description="Its stage")
    deal_type_id: RecordId | None = Field(default=None, description="Its type")
    deal_reason_id: RecordId | None = Field(default=None, description="Why it was lost")
    deal_product_id: RecordId | None = Field(default=None, description="Its product")
    deal_payment_status_id: RecordId | None = Field(default=None, description="How it is paid")
    lead_source_id: RecordId | None = Field(default=None, description="Where it came from")
    campaign_id: RecordId | None = Field(default=None, description="Its campaign")
    territory_id: RecordId | None = Field(default=None, description="Its territory")
    owner_id: RecordId | None = Field(default=None, description="The user who has the deal")
    expected_close: Day | None = Field(default=None)
    closed_date: Day | None = Field(default=None)
    probability: int | None = Field(default=None, ge=0, le=100, description="Percent")
    forecast_category: int | None = Field(default=None, description="1 committed, 2 best case")
    tags: list[str] | None = Field(default=None, description="Tags")


class CreateFreshsalesDeal(DealAttributes):
    """Create a deal; several may have one name."""

    name: Text = Field(min_length=1, description="Name; need not be unique")
    amount: Amount = Field(description="In the deal's currency")
    sales_account: NewAccount | None = Field(
        default=None, description="An account to create with it, instead of sales_account_id"
    )

    @model_validator(mode="after")
    def _one_account(self) -> CreateFreshsalesDeal:
        if self.sales_account is not None and self.sales_account_id is not None:
            raise ValueError("give sales_account_id or sales_account")
        return self


class UpdateFreshsalesDeal(DealAttributes, Changing):
    """Change the fields given and leave the others as they are; null clears a field."""

    id_name: ClassVar = "deal_id"
    deal_id: RecordId = Field(description="The deal's id")
    contacts_removed_list: list[RecordId] | None = Field(
        default=None, description="Contacts to unlink, by their ids"
    )


class DealIdentifier(Identifier):
    """What finds the deal; exactly one."""

    id: RecordId | None = Field(default=None, description="Its id")
    name: Text | None = Field(
        default=None, min_length=1, description="Its name; where several have it, any may be meant"
    )


class UpsertFreshsalesDeal(DealAttributes):
    """Update the deal that an identifier finds, or create it where it finds none."""

    unique_identifier: DealIdentifier = Field(description="What finds the deal")


class GetFreshsalesDeal(Parameters):
    """Read one deal."""

    deal_id: RecordId = Field(description="The deal's id")
    include: Include = Field(default_factory=list)


class SearchFreshsalesDeals(Search):
    """Find deals by text, by one value, by conditions, or in a view.

    The index lags behind changes by seconds.
    """


class DeleteFreshsalesDeal(Parameters):
    """Move a deal to the recycle bin, or delete it FOR GOOD."""

    deal_id: RecordId = Field(description="The deal's id")
    permanently: StrictBool = Field(default=False, description="This cannot be undone")


_ID = {"deal_id": 70007770001}

ACTIONS = (
    Action(
        "freshsales",
        "create_deal",
        CreateFreshsalesDeal,
        creating(DEAL),
        Effect.ADD,
        {"name": "Ruiz Labs - 40 seats", "amount": 5600, "expected_close": "2026-09-30"},
        reconcile=reconciling(DEAL),
    ),
    Action(
        "freshsales",
        "update_deal",
        UpdateFreshsalesDeal,
        updating(DEAL),
        Effect.SET,
        {**_ID, "amount": "6100.50", "probability": 80},
    ),
    Action(
        "freshsales",
        "upsert_deal",
        UpsertFreshsalesDeal,
        upserting(DEAL),
        Effect.SET,
        {"unique_identifier": {"id": 70007770001}, "amount": 6100},
    ),
    Action(
        "freshsales",
        "get_deal",
        GetFreshsalesDeal,
        getting(DEAL),
        Effect.READ,
        {**_ID, "include": ["deal_stage", "contacts"]},
    ),
    Action(
        "freshsales",
        "search_deals",
        SearchFreshsalesDeals,
        searching(DEAL),
        Effect.READ,
        {"view": "Open Deals", "sort": "created_at", "sort_type": "desc"},
        credits_note="One more for a view by its name",
    ),
    Action(
        "freshsales",
        "delete_deal",
        DeleteFreshsalesDeal,
        deleting(DEAL),
        Effect.SET,
        _ID,
    ),
)
