"""Freshsales' sales activities: calls, demonstrations and what else the account has named.

Source: https://developers.freshworks.com/crm/api/#sales_activities
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from freshbridge.actions.action import Action, Effect, Parameters
from freshbridge.actions.freshsales.about import AboutOrNothing
from freshbridge.actions.freshsales.activity_upserts import (
    reconciling_upsert,
    upserting_about,
)
from freshbridge.actions.freshsales.changes import creating, deleting, reconciling, updating
from freshbridge.actions.freshsales.kinds import SALES_ACTIVITY
from freshbridge.actions.freshsales.parameters import (
    About,
    Attributes,
    Changing,
    Include,
    Moment,
    PerPage,
    RecordId,
    Text,
)
from freshbridge.actions.freshsales.readings import getting, listing

if TYPE_CHECKING:
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page


class SalesActivityAttributes(Attributes):
    """Attributes that a sales activity can be created and updated with."""

    title: Text | None = Field(default=None, min_length=1, description="What it was")
    start_date: Moment | None = Field(default=None)
    end_date: Moment | None = Field(default=None)
    sales_activity_type_id: RecordId | None = Field(default=None, description="Its type")
    sales_activity_outcome_id: RecordId | None = Field(default=None, description="What came of it")
    owner_id: RecordId | None = Field(default=None, description="The user who did it")
    notes: str | None = Field(default=None, description="More about it")
    location: Text | None = Field(default=None, description="Where")


class CreateFreshsalesActivity(SalesActivityAttributes, About):
    """Log a sales activity on a contact, an account, a deal or a lead."""

    title: Text = Field(min_length=1, description="What it was")
    start_date: Moment = Field()
    end_date: Moment = Field()
    sales_activity_type_id: RecordId = Field(description="Its type")


class UpsertFreshsalesActivity(CreateFreshsalesActivity):
    """Update the sales activity with this title on a record, or log it where there is none."""


class UpdateFreshsalesActivity(SalesActivityAttributes, AboutOrNothing, Changing):
    """Change the fields given and leave the others as they are; null clears a field."""

    id_name: ClassVar = "sales_activity_id"
    sales_activity_id: RecordId = Field(description="The sales activity's id")


class GetFreshsalesActivity(Parameters):
    """Read one sales activity."""

    sales_activity_id: RecordId = Field(description="The sales activity's id")
    include: Include = Field(default_factory=list)


class SearchFreshsalesActivities(Parameters):
    """List the account's sales activities."""

    page: int = Field(default=1, ge=1, le=100_000, description="From 1")
    per_page: PerPage = 25


class DeleteFreshsalesActivity(Parameters):
    """Delete a sales activity."""

    sales_activity_id: RecordId = Field(description="The sales activity's id")


def _found(client: FreshsalesClient, asked: SearchFreshsalesActivities) -> Iterator[Page]:
    return client.sales_activities.listed(page=asked.page, per_page=asked.per_page)


_ID = {"sales_activity_id": 70004440001}

ACTIONS = (
    Action(
        "freshsales",
        "create_sales_activity",
        CreateFreshsalesActivity,
        creating(SALES_ACTIVITY),
        Effect.ADD,
        {
            "title": "Phone call",
            "start_date": "2026-03-03T12:00:00Z",
            "end_date": "2026-03-03T12:10:00Z",
            "sales_activity_type_id": 70000050001,
            "targetable_type": "Contact",
            "targetable_id": 70001234501,
        },
        reconcile=reconciling(SALES_ACTIVITY),
    ),
    Action(
        "freshsales",
        "update_sales_activity",
        UpdateFreshsalesActivity,
        updating(SALES_ACTIVITY),
        Effect.SET,
        {**_ID, "notes": "Wants 40 seats"},
    ),
    Action(
        "freshsales",
        "upsert_sales_activity",
        UpsertFreshsalesActivity,
        upserting_about(SALES_ACTIVITY),
        Effect.ADD,
        {
            "title": "Phone call",
            "start_date": "2026-03-03T12:00:00Z",
            "end_date": "2026-03-03T12:20:00Z",
            "sales_activity_type_id": 70000050001,
            "targetable_type": "Contact",
            "targetable_id": 70001234501,
        },
        credits=2,
        credits_note="One more for each hundred sales activities of the account, two at most",
        reconcile=reconciling_upsert(SALES_ACTIVITY),
    ),
    Action(
        "freshsales",
        "get_sales_activity",
        GetFreshsalesActivity,
        getting(SALES_ACTIVITY),
        Effect.READ,
        _ID,
    ),
    Action(
        "freshsales",
        "search_sales_activities",
        SearchFreshsalesActivities,
        listing(SALES_ACTIVITY, _found),
        Effect.READ,
        {"page": 1},
    ),
    Action(
        "freshsales",
        "delete_sales_activity",
        DeleteFreshsalesActivity,
        deleting(SALES_ACTIVITY),
        Effect.SET,
        _ID,
    ),
)
