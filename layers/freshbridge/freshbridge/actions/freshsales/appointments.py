"""Freshsales appointments. Source: https://developers.freshworks.com/crm/api/#appointments"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, StrictBool, model_validator

from freshbridge.actions.action import Action, Effect, Parameters
from freshbridge.actions.freshsales.about import AboutOrNothing, Finding
from freshbridge.actions.freshsales.activity_upserts import (
    reconciling_upsert,
    upserting_about,
)
from freshbridge.actions.freshsales.changes import creating, deleting, reconciling, updating
from freshbridge.actions.freshsales.kinds import APPOINTMENT
from freshbridge.actions.freshsales.parameters import (
    Attributes,
    Changing,
    Include,
    Moment,
    RecordId,
    TargetableType,
    Text,
)
from freshbridge.actions.freshsales.readings import about, getting, listing

if TYPE_CHECKING:
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page


class Attendee(Parameters):
    """Somebody who is asked to come."""

    attendee_type: Literal["FdMultitenant::User", "Contact"] = Field(
        description="A user of the account, or a contact"
    )
    attendee_id: RecordId = Field(description="Their id")


class AppointmentAttributes(Attributes, AboutOrNothing):
    """Attributes that an appointment can be created and updated with."""

    title: Text | None = Field(default=None, min_length=1, description="What it is")
    description: str | None = Field(default=None, description="More about it")
    from_date: Moment | None = Field(default=None)
    end_date: Moment | None = Field(default=None)
    location: Text | None = Field(default=None, description="Where")
    time_zone: Text | None = Field(default=None, description="As Freshsales names it, such as Lima")
    is_allday: StrictBool | None = Field(default=None, description="Whether it takes whole days")
    outcome_id: RecordId | None = Field(default=None, description="What came of it")
    appointment_attendees_attributes: list[Attendee] | None = Field(
        default=None, description="Who comes"
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> AppointmentAttributes:
        if self.from_date and self.end_date and self.end_date < self.from_date:
            raise ValueError("end_date is before from_date")
        return self


class CreateFreshsalesAppointment(AppointmentAttributes):
    """Create an appointment, about a contact, an account, a deal or a lead, or about none."""

    title: Text = Field(min_length=1, description="What it is")
    from_date: Moment = Field()
    end_date: Moment = Field()


class UpsertFreshsalesAppointment(AppointmentAttributes):
    """Update the appointment with this title about a record, or create it where there is none."""

    title: Text = Field(min_length=1, description="What it is, and what it is known by")
    from_date: Moment = Field()
    end_date: Moment = Field()
    targetable_type: TargetableType = Field(description="What it is about")
    targetable_id: RecordId = Field(description="That record's id")


class UpdateFreshsalesAppointment(AppointmentAttributes, Changing):
    """Change the fields given and leave the others as they are; null clears a field."""

    id_name: ClassVar = "appointment_id"
    appointment_id: RecordId = Field(description="The appointment's id")


class GetFreshsalesAppointment(Parameters):
    """Read one appointment."""

    appointment_id: RecordId = Field(description="The appointment's id")
    include: Include = Field(default_factory=list)


class SearchFreshsalesAppointments(Finding):
    """List appointments: the account's past or upcoming ones, or those about one record."""

    when: Literal["past", "upcoming"] | None = Field(default=None, description="The account's")
    include: Include = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way(self) -> SearchFreshsalesAppointments:
        if (self.when is None) == (self.targetable_id is None):
            raise ValueError("give when, or targetable_type with targetable_id")
        return self


class DeleteFreshsalesAppointment(Parameters):
    """Delete an appointment."""

    appointment_id: RecordId = Field(description="The appointment's id")


def _found(client: FreshsalesClient, asked: SearchFreshsalesAppointments) -> Iterator[Page]:
    if asked.when is None:
        return about(client, APPOINTMENT, asked)
    return client.appointments.listed(
        asked.when, asked.include, page=asked.page, per_page=asked.per_page
    )


_ID = {"appointment_id": 70009990001}

ACTIONS = (
    Action(
        "freshsales",
        "create_appointment",
        CreateFreshsalesAppointment,
        creating(APPOINTMENT),
        Effect.ADD,
        {
            "title": "Demonstration",
            "from_date": "2026-03-06T09:00:00Z",
            "end_date": "2026-03-06T09:30:00Z",
            "targetable_type": "Deal",
            "targetable_id": 70007770001,
        },
        reconcile=reconciling(APPOINTMENT),
    ),
    Action(
        "freshsales",
        "update_appointment",
        UpdateFreshsalesAppointment,
        updating(APPOINTMENT),
        Effect.SET,
        {**_ID, "location": "Room 12"},
    ),
    Action(
        "freshsales",
        "upsert_appointment",
        UpsertFreshsalesAppointment,
        upserting_about(APPOINTMENT),
        Effect.ADD,
        {
            "title": "Demonstration",
            "from_date": "2026-03-07T09:00:00Z",
            "end_date": "2026-03-07T09:30:00Z",
            "targetable_type": "Deal",
            "targetable_id": 70007770001,
        },
        credits=2,
        credits_note="One more for each hundred appointments of the record, two at most",
        reconcile=reconciling_upsert(APPOINTMENT),
    ),
    Action(
        "freshsales",
        "get_appointment",
        GetFreshsalesAppointment,
        getting(APPOINTMENT),
        Effect.READ,
        {**_ID, "include": ["creater"]},
    ),
    Action(
        "freshsales",
        "search_appointments",
        SearchFreshsalesAppointments,
        listing(APPOINTMENT, _found),
        Effect.READ,
        {"when": "upcoming"},
    ),
    Action(
        "freshsales",
        "delete_appointment",
        DeleteFreshsalesAppointment,
        deleting(APPOINTMENT),
        Effect.SET,
        _ID,
    ),
)
