"""Many tickets changed alike. Source: https://developers.freshdesk.com/api/#bulk_update_tickets"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Unfinished
from freshbridge.actions.freshdesk.bulk_run import begun, seconds, seen_through
from freshbridge.actions.freshdesk.fields import EmailAddress, PriorityValue, RecordId, TicketId
from freshbridge.actions.freshdesk.statuses import StatusChoice
from freshbridge.actions.freshdesk.ticket_attributes import (
    Assignment,
    DueTimes,
    SourceValue,
    Tag,
    ticket_body,
)
from freshbridge.actions.freshdesk.ticket_jobs import DeleteJob, TicketJob, UpdateJob, run_jobs
from freshbridge.bulk.checked_rows import CheckedRow, runnable
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.proof import FEW_TICKETS, JOB_ONLY, UNPROVABLE
from freshbridge.bulk.reader import begin_round, give_up_reading, keep_rows
from freshbridge.bulk.row_item import RowItem
from freshbridge.bulk.rows import LARGEST_COUNT

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

TicketIds = Annotated[
    list[TicketId],
    Field(
        min_length=1,
        max_length=LARGEST_COUNT,
        description=f"Up to {LARGEST_COUNT}; one that is there twice counts once",
    ),
]
_COST = (
    "For each hundred tickets a job: about four, and one for each ticket that it passed over; up "
    f"to {FEW_TICKETS} tickets one each"
)
Single = tuple[str, dict[str, Any]]
"""The name of an action and its parameters."""


class TicketProperties(Assignment, DueTimes):
    """What many tickets can be given at once."""

    status: StatusChoice | None = None
    priority: PriorityValue | None = None
    source: SourceValue | None = None
    type: str | None = None
    tags: list[Tag] | None = Field(default=None, description="Replaces the tickets' tags")
    custom_fields: dict[str, Any] | None = None
    requester_id: RecordId | None = None
    product_id: RecordId | None = None
    email_config_id: RecordId | None = None
    parent_id: TicketId | None = None
    internal_agent_id: RecordId | None = None
    internal_group_id: RecordId | None = None
    from_email: EmailAddress | None = Field(
        default=None, description="The address that notifications come from"
    )
    skip_close_notification: bool | None = Field(
        default=None, description="Whether requesters are not told that their ticket was closed"
    )


class BulkReply(Parameters):
    """What is said on every ticket."""

    body: str = Field(min_length=1, description="HTML")


class BulkUpdateTickets(Parameters):
    """Change many tickets alike, and reply on each where a reply is given.

    Without a reply it is one of Freshdesk's own jobs per hundred tickets, whose effect is checked
    afterwards. A reply cannot be proven to have been sent by a job, so with one every ticket is
    updated and replied to by itself, once.
    """

    ticket_ids: TicketIds
    properties: TicketProperties | None = None
    reply: BulkReply | None = None

    @model_validator(mode="after")
    def _does_something(self) -> BulkUpdateTickets:
        changed = self.properties.model_fields_set if self.properties else set()
        if not changed - JOB_ONLY and self.reply is None:
            raise ValueError("give properties to change, a reply, or both")
        if self.reply is not None and (both := sorted(changed & JOB_ONLY)):
            raise ValueError(f"{' and '.join(both)} cannot go with a reply; send them apart")
        return self


class BulkAssign(Assignment):
    """Give many tickets to an agent, a group or both; null takes them away."""

    ticket_ids: TicketIds

    @model_validator(mode="after")
    def _assigns(self) -> BulkAssign:
        if self.model_fields_set <= {"ticket_ids"}:
            raise ValueError("give agent_id, group_id or both")
        return self


class BulkDelete(Parameters):
    """Move many tickets to the trash, from where restore_ticket brings each back for 30 days."""

    ticket_ids: TicketIds


def bulk_update_tickets(context: Context, parameters: BulkUpdateTickets) -> Outcome:
    """Run it as jobs, or ticket by ticket."""
    progress = begun(context)
    if progress.phase is Phase.READING:
        changes: dict[str, Any] = {}
        if parameters.properties is not None:
            changes = ticket_body(context, parameters.properties)
            if "agent_id" in parameters.properties.model_fields_set:
                # As the caller says it, so that what is refused is named so too.
                changes["agent_id"] = changes.pop("responder_id")
        singles: list[Single] = []
        if parameters.reply is not None:
            singles.append(("add_reply", {"body": parameters.reply.body}))
        if changes:
            singles.append(("update_ticket", changes))
        by_job = parameters.reply is None and not changes.keys() & UNPROVABLE
        progress = _kept(context, progress, parameters.ticket_ids, singles, by_job=by_job)
    return _update_jobs(context, progress)


def bulk_assign(context: Context, parameters: BulkAssign) -> Outcome:
    """An update of two properties."""
    progress = begun(context)
    if progress.phase is Phase.READING:
        given = parameters.model_dump(exclude={"ticket_ids"}, exclude_unset=True)
        singles = [("update_ticket", given)]
        progress = _kept(context, progress, parameters.ticket_ids, singles, by_job=True)
    return _update_jobs(context, progress)


def bulk_delete(context: Context, parameters: BulkDelete) -> Outcome:
    """Run it as jobs, or ticket by ticket."""
    progress = begun(context)
    if progress.phase is Phase.READING:
        singles: list[Single] = [("delete_ticket", {})]
        progress = _kept(context, progress, parameters.ticket_ids, singles, by_job=True)
    return _with_jobs(context, progress, DeleteJob())


def _update_jobs(context: Context, progress: Progress) -> Outcome:
    if progress.phase is not Phase.JOBS:
        return seen_through(context, progress)
    # As they were when it began: a name looked up anew could have another meaning by now.
    properties = context.services.bulk.inputs.read(progress.action_id, 0)[1]
    del properties["ticket_id"]
    place = "properties." if context.request.action == "bulk_update_tickets" else ""
    return _with_jobs(context, progress, UpdateJob(properties, place))


def _with_jobs(context: Context, progress: Progress, job: TicketJob) -> Outcome:
    if progress.phase is Phase.JOBS:
        progress = run_jobs(context, progress, job)
    return seen_through(context, progress)


def _kept(
    context: Context, progress: Progress, ids: list[int], singles: list[Single], *, by_job: bool
) -> Progress:
    """The rows of all tickets, kept, and the phase that comes next.

    Raises:
        Unfinished: not all are kept yet.
    """
    bulk = context.services.bulk
    unique = list(dict.fromkeys(ids))
    # What only a job can do has to be a job, for however few tickets.
    job_only = any(parameters.keys() & JOB_ONLY for _action, parameters in singles)
    by_job = by_job and (job_only or len(unique) > FEW_TICKETS)
    rows = _rows(progress.action_id, unique, singles, runs_singly=not job_only)
    progress, all_kept = keep_rows(bulk, progress, rows, lambda: seconds(context))
    if not all_kept:
        if progress.cancelling:
            return give_up_reading(bulk, progress, seconds(context))
        raise Unfinished(1)
    progress = bulk.store.update(progress, duplicates=len(ids) - len(unique))
    phase = Phase.JOBS if by_job and not progress.cancelling else Phase.RUNNING
    return begin_round(bulk, progress, phase, seconds(context))


def _rows(
    parent: str, ids: Iterable[int], singles: list[Single], *, runs_singly: bool
) -> Iterator[CheckedRow]:
    number = 0
    for ticket_id in ids:
        for action, parameters in singles:
            number += 1
            item = RowItem(number, RowState.WAITING, action=action, ticket_id=ticket_id)
            kept = runnable(parent, item) if runs_singly else item
            yield CheckedRow(kept, {"ticket_id": ticket_id, **parameters})


ACTIONS = (
    Action(
        "freshdesk",
        "bulk_update_tickets",
        BulkUpdateTickets,
        bulk_update_tickets,
        Effect.ADD,
        {
            "ticket_ids": [12345, 12346, 12347],
            "properties": {"status": 4, "priority": "high", "tags": ["resolved"]},
        },
        credits=4,
        credits_note=_COST + "; with a reply two for each ticket",
        in_background=True,
    ),
    Action(
        "freshdesk",
        "bulk_assign",
        BulkAssign,
        bulk_assign,
        Effect.SET,
        {"ticket_ids": [12345, 12346, 12347], "agent_id": 456, "group_id": 123},
        credits=4,
        credits_note=_COST,
        in_background=True,
    ),
    Action(
        "freshdesk",
        "bulk_delete",
        BulkDelete,
        bulk_delete,
        Effect.SET,
        {"ticket_ids": [12345, 12346, 12347]},
        credits=4,
        credits_note=_COST,
        in_background=True,
    ),
)
