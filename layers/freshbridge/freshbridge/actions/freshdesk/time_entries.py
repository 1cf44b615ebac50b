"""Freshdesk time entry actions. Source: https://developers.freshdesk.com/api/#time-entries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from freshbridge import timestamps
from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.earlier import unknown
from freshbridge.actions.freshdesk.earlier_entries import earlier_time_entry
from freshbridge.actions.freshdesk.fields import Moment, RecordId, TicketId
from freshbridge.actions.freshdesk.time_spent import time_spent
from freshbridge.errors import FieldError, InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record

CLOCK_TOLERANCE = timedelta(minutes=1)
TimeSpent = Annotated[
    str,
    BeforeValidator(time_spent, json_schema_input_type=int | str),
]
TimeEntryId = Annotated[RecordId, Field(description="The time entry's id")]


class _Entry(Parameters):
    """What a time entry consists of."""

    time_spent: TimeSpent | None = Field(
        default=None, description='"02:30", "2h 30m", or whole minutes as a number'
    )
    billable: bool | None = Field(default=None, description="A new entry is unless told otherwise")
    agent_id: RecordId | None = Field(
        default=None, description="Who worked; of a new entry, the key's owner by default"
    )
    note: str | None = Field(default=None, description="What the time went into")
    executed_at: Moment | None = Field(default=None, description="When the work was done")
    start_time: Moment | None = Field(default=None, description="When the timer was started")
    timer_running: bool | None = Field(
        default=None, description="One timer runs per agent: starting one stops the others"
    )


class AddTimeEntry(_Entry):
    """Log time on a ticket, or start a timer: it starts when no time is given."""

    ticket_id: TicketId

    @model_validator(mode="after")
    def _started_timer_runs(self) -> AddTimeEntry:
        if self.start_time is not None and self.timer_running is False:
            raise ValueError("start_time is when a timer was started; leave it out, or let it run")
        return self


def add_time_entry(context: Context, parameters: AddTimeEntry) -> Outcome:
    """Log one entry; repeating it logs another."""
    body = _body(context, parameters)
    return _shown(context, context.client.add_time_entry(parameters.ticket_id, body), "added")


def _logged_before(context: Context, unsure: Unsure, parameters: AddTimeEntry) -> Outcome | None:
    asked = _body(context, parameters)
    entry = earlier_time_entry(context, unsure, parameters.ticket_id, asked)
    return None if entry is None else _shown(context, entry, "added")


class UpdateTimeEntry(_Entry):
    """Change the fields given of a time entry and leave the others as they are.

    The agent of a running timer cannot be changed, and its start only while it is stopped by the
    same update.
    """

    time_entry_id: TimeEntryId

    @model_validator(mode="after")
    def _changes_something(self) -> UpdateTimeEntry:
        if all(getattr(self, name) is None for name in _Entry.model_fields):
            raise ValueError("give at least one field to change")
        if self.start_time is not None and self.timer_running is not False:
            raise ValueError("start_time can only be changed together with timer_running: false")
        return self


def update_time_entry(context: Context, parameters: UpdateTimeEntry) -> Outcome:
    """Change one entry."""
    body = _body(context, parameters)
    entry = context.client.update_time_entry(parameters.time_entry_id, body)
    return _shown(context, entry, "changed")


class ToggleTimer(Parameters):
    """Stop the timer of a time entry, or start it again; `running` says which one is wanted.

    Without `running` it is turned over whatever it is, and Freshdesk does not say to what.
    """

    time_entry_id: TimeEntryId
    running: bool | None = Field(default=None, description="true to start it, false to stop it")


def toggle_timer(context: Context, parameters: ToggleTimer) -> Outcome:
    """Turn one timer; repeating it without `running` turns it back."""
    entry_id, wanted = parameters.time_entry_id, parameters.running
    if wanted is None:
        context.client.toggle_timer(entry_id)
        return Outcome({"time_entry_id": entry_id, "timer_running": None}, "Timer toggled")
    word = "running" if wanted else "stopped"
    try:
        entry = context.client.update_time_entry(entry_id, {"timer_running": wanted})
    except InvalidRequest as error:
        # Freshdesk refuses to set a timer to what it is.
        if [found.field for found in error.fields] != ["timer_running"]:
            raise
        data = {"time_entry_id": entry_id, "timer_running": wanted}
        return Outcome(data, f"Timer was {word} already")
    return _shown(context, entry, f"timer is {word}")


def _toggled_before(_context: Context, _unsure: Unsure, _parameters: ToggleTimer) -> Outcome | None:
    raise unknown("change of the timer", "nothing tells how it was before")


class DeleteTimeEntry(Parameters):
    """Remove a time entry for good."""

    time_entry_id: TimeEntryId


def delete_time_entry(context: Context, parameters: DeleteTimeEntry) -> Outcome:
    """Delete one entry."""
    context.client.delete_time_entry(parameters.time_entry_id)
    return Outcome({"time_entry_id": parameters.time_entry_id}, "Time entry deleted")


def _body(context: Context, parameters: _Entry) -> dict[str, Any]:
    """The fields that say something, times as Freshdesk reads them.

    Raises:
        InvalidRequest: a start in the future.
    """
    start = parameters.start_time
    if start is not None and start > context.clock() + CLOCK_TOLERANCE:
        raise InvalidRequest(
            "A timer cannot have been started in the future",
            fields=[FieldError("start_time", "It should not be in the future", "invalid_value")],
        )
    given = parameters.model_dump(include=set(_Entry.model_fields), exclude_none=True)
    return {
        name: timestamps.to_text(value) if isinstance(value, datetime) else value
        for name, value in given.items()
    }


def _shown(context: Context, entry: Record, done: str) -> Outcome:
    data = {
        "ticket_id": entry["ticket_id"],
        "ticket_url": context.ticket_url(entry["ticket_id"]),
        "time_entry_id": entry["id"],
        "timer_running": entry.get("timer_running"),
        "time_entry": entry,
    }
    return Outcome(data, f"Time entry {done}")


ACTIONS = (
    Action(
        "freshdesk",
        "add_time_entry",
        AddTimeEntry,
        add_time_entry,
        Effect.ADD,
        {
            "ticket_id": 12345,
            "time_spent": "02:30",
            "note": "Troubleshooting customer issue",
            "billable": True,
        },
        reconcile=Reconciliation(_logged_before, makes="time_entry_id"),
    ),
    Action(
        "freshdesk",
        "update_time_entry",
        UpdateTimeEntry,
        update_time_entry,
        Effect.SET,
        {"time_entry_id": 88000772826, "time_spent": "2h 45m"},
    ),
    Action(
        "freshdesk",
        "toggle_timer",
        ToggleTimer,
        toggle_timer,
        Effect.ADD,
        {"time_entry_id": 88000772826, "running": False},
        reconcile=Reconciliation(_toggled_before, doubles=lambda asked: asked.running is None),
    ),
    Action(
        "freshdesk",
        "delete_time_entry",
        DeleteTimeEntry,
        delete_time_entry,
        Effect.SET,
        {"time_entry_id": 88000772826},
    ),
)
