"""Freshsales tasks. Source: https://developers.freshworks.com/crm/api/#tasks"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from freshbridge.actions.action import Action, Effect, Parameters
from freshbridge.actions.freshsales.about import AboutOrNothing, Finding
from freshbridge.actions.freshsales.activity_upserts import (
    reconciling_upsert,
    upserting_about,
)
from freshbridge.actions.freshsales.changes import creating, deleting, reconciling, updating
from freshbridge.actions.freshsales.kinds import TASK
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

WHICH = Literal["open", "due_today", "due_tomorrow", "overdue", "completed"]


class TaskUser(Parameters):
    """A user who works on a task."""

    user_id: RecordId = Field(description="The user's id")


class TaskAttributes(Attributes, AboutOrNothing):
    """Attributes that a task can be created and updated with."""

    title: Text | None = Field(default=None, min_length=1, description="What is to be done")
    description: str | None = Field(default=None, description="More about it")
    due_date: Moment | None = Field(default=None)
    owner_id: RecordId | None = Field(default=None, description="The user whose task it is")
    task_type_id: RecordId | None = Field(default=None, description="Its type")
    outcome_id: RecordId | None = Field(default=None, description="What came of it")
    status: Literal[0, 1] | None = Field(default=None, description="0 open, 1 done")
    task_users_attributes: list[TaskUser] | None = Field(
        default=None, description="Users who work on it too"
    )


class CreateFreshsalesTask(TaskAttributes):
    """Create a task, about a contact, an account, a deal or a lead, or about none."""

    title: Text = Field(min_length=1, description="What is to be done")
    due_date: Moment = Field()


class UpsertFreshsalesTask(TaskAttributes):
    """Update the task with this title about a record, or create it where there is none."""

    title: Text = Field(min_length=1, description="What is to be done; what the task is known by")
    due_date: Moment = Field()
    targetable_type: TargetableType = Field(description="What it is about")
    targetable_id: RecordId = Field(description="That record's id")


class UpdateFreshsalesTask(TaskAttributes, Changing):
    """Change the fields given and leave the others as they are; status 1 marks it done."""

    id_name: ClassVar = "task_id"
    task_id: RecordId = Field(description="The task's id")


class GetFreshsalesTask(Parameters):
    """Read one task."""

    task_id: RecordId = Field(description="The task's id")
    include: Include = Field(default_factory=list)


class SearchFreshsalesTasks(Finding):
    """List tasks: the account's by their state, or those about one record."""

    status: WHICH | None = Field(default=None, description="The account's tasks in this state")
    include: Include = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way(self) -> SearchFreshsalesTasks:
        if (self.status is None) == (self.targetable_id is None):
            raise ValueError("give status, or targetable_type with targetable_id")
        return self


class DeleteFreshsalesTask(Parameters):
    """Delete a task."""

    task_id: RecordId = Field(description="The task's id")


def _found(client: FreshsalesClient, asked: SearchFreshsalesTasks) -> Iterator[Page]:
    if asked.status is None:
        return about(client, TASK, asked)
    return client.tasks.listed(
        asked.status, asked.include, page=asked.page, per_page=asked.per_page
    )


_ID = {"task_id": 70008880001}

ACTIONS = (
    Action(
        "freshsales",
        "create_task",
        CreateFreshsalesTask,
        creating(TASK),
        Effect.ADD,
        {
            "title": "Call about ticket 1042",
            "due_date": "2026-03-06T09:00:00Z",
            "targetable_type": "Contact",
            "targetable_id": 70001234501,
        },
        reconcile=reconciling(TASK),
    ),
    Action(
        "freshsales",
        "update_task",
        UpdateFreshsalesTask,
        updating(TASK),
        Effect.SET,
        {**_ID, "status": 1},
    ),
    Action(
        "freshsales",
        "upsert_task",
        UpsertFreshsalesTask,
        upserting_about(TASK),
        Effect.ADD,
        {
            "title": "Call about ticket 1042",
            "due_date": "2026-03-07T09:00:00Z",
            "targetable_type": "Contact",
            "targetable_id": 70001234501,
        },
        credits=2,
        credits_note="One more for each hundred tasks of the record, two at most",
        reconcile=reconciling_upsert(TASK),
    ),
    Action(
        "freshsales",
        "get_task",
        GetFreshsalesTask,
        getting(TASK),
        Effect.READ,
        {**_ID, "include": ["owner"]},
    ),
    Action(
        "freshsales",
        "search_tasks",
        SearchFreshsalesTasks,
        listing(TASK, _found),
        Effect.READ,
        {"status": "overdue"},
    ),
    Action("freshsales", "delete_task", DeleteFreshsalesTask, deleting(TASK), Effect.SET, _ID),
)
