"""Freshdesk's own jobs over many tickets: start one, wait for it, and check what it has done.

A job passes in silence over tickets that it cannot change. So the ticket list is read afterwards,
and every ticket that does not show the change is left to be changed by itself, which tells why.
Source: https://developers.freshdesk.com/api/#bulk_update_tickets
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.action import Unfinished
from freshbridge.actions.freshdesk.bulk_run import seconds
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.proof import JOB_TICKETS, JobState, shows
from freshbridge.bulk.reader import TURN_S, begin_round
from freshbridge.bulk.row_item import RowItem
from freshbridge.errors import Forbidden, InvalidRequest, NotFound, Reject, WrongState

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.freshdesk.paging import Record

PATIENCE_S = 1_800
"""A job that takes longer is not waited for: its tickets are checked as they are."""
CLOCK_MARGIN_S = 120
"""How far Freshdesk's clock may be off from ours."""
MOST_PAGES = 5
"""Of the list of changed tickets, read per job; in an account where more changes meanwhile, what
was not seen is changed singly, which costs no more than to look further."""


class TicketJob(ABC):
    """What a job does to tickets, and how that can be seen. `said` is told of each that it did."""

    said: str
    proof: dict[str, Any]

    @abstractmethod
    def start(self, client: FreshdeskClient, ids: Sequence[int]) -> str:
        """Start it and return its id."""

    @abstractmethod
    def done(self, ticket: Record) -> bool:
        """Whether the ticket is as it should be."""

    def asked(self, field: str) -> str:
        """What the caller calls a field that Freshdesk refused."""
        return "ticket_ids" if field.rpartition(".")[2] == "ids" else field


class UpdateJob(TicketJob):
    """Sets properties, which may name the agent by `agent_id`.

    `place` is where the caller gave them: `properties.`, or nothing.
    """

    said = "Ticket updated by a bulk job"
    proof: dict[str, Any] = {}  # noqa: RUF012 - read only

    def __init__(self, properties: dict[str, Any], place: str = "") -> None:
        self._properties = dict(properties)
        self._place = place
        self._by_agent_id = "agent_id" in properties
        if self._by_agent_id:
            self._properties["responder_id"] = self._properties.pop("agent_id")

    def start(self, client: FreshdeskClient, ids: Sequence[int]) -> str:
        return client.bulk_update_tickets(ids, self._properties)

    def done(self, ticket: Record) -> bool:
        return not ticket.get("deleted") and shows(ticket, self._properties)

    def asked(self, field: str) -> str:
        name = field.removeprefix("bulk_action.").removeprefix("properties.")
        if name == "responder_id" and self._by_agent_id:
            name = "agent_id"
        given = name.partition(".")[0]
        if given == "agent_id" or given in self._properties:
            return self._place + name
        return super().asked(field)


class DeleteJob(TicketJob):
    """Moves to the trash."""

    said = "Ticket deleted by a bulk job"
    proof: dict[str, Any] = {"filter": "deleted"}  # noqa: RUF012 - read only

    def start(self, client: FreshdeskClient, ids: Sequence[int]) -> str:
        return client.bulk_delete_tickets(ids)

    def done(self, ticket: Record) -> bool:
        # The list is that of the trash; not each of its tickets need say so once more.
        return ticket.get("deleted", True) is not False


def run_jobs(context: Context, progress: Progress, job: TicketJob) -> Progress:
    """Go on with the jobs; the phase of the answer is RUNNING when there is none left.

    Raises:
        Unfinished: one runs.
        Whatever the provider's client raises for the moment: to be run again.
    """
    store = context.services.bulk.store
    began = seconds(context)
    while seconds(context) - began < TURN_S:
        state = JobState.read(progress.jobs)
        if state.job_id:
            _wait_for(context, progress, state)
            _check(context, progress, state, job)
            state = JobState(first=state.last + 1)
            progress = store.update(progress, jobs=state.text())
            continue
        rows = [] if progress.cancelling else list(islice(_open_rows(context, state), JOB_TICKETS))
        if not rows:
            return begin_round(context.services.bulk, progress, Phase.RUNNING, seconds(context))
        if not _start(context, progress, rows, job):
            progress = store.get(progress.action_id)
            return begin_round(context.services.bulk, progress, Phase.RUNNING, seconds(context))
        raise Unfinished(2)
    raise Unfinished(1)


def _open_rows(context: Context, state: JobState) -> Iterator[RowItem]:
    rows = context.services.bulk.store.rows(context.request.action_id, after=state.first - 1)
    return (row for row in rows if not row.state.settled)


def _start(context: Context, progress: Progress, rows: list[RowItem], job: TicketJob) -> bool:
    """Start a job for these rows; False when the rest is to go singly."""
    # Begun before the call, so that nobody cancels what the job is about to do.
    _move(context, rows, lambda row: replace(row, state=RowState.RUNNING))
    rows = [replace(row, state=RowState.RUNNING) for row in rows]
    try:
        job_id = job.start(context.client, [row.ticket_id for row in rows])
    except InvalidRequest as error:
        # The properties are the same for every ticket, and so is the refusal.
        error.fields = tuple(replace(one, field=job.asked(one.field)) for one in error.fields)
        _give_up(context, list(_open_rows(context, JobState())), error)
        return False
    except (Forbidden, NotFound, WrongState) as error:
        # No bulk jobs on this account, or for this key.
        _leave(context, rows, error)
        return False
    state = JobState(rows[0].number, rows[-1].number, job_id, seconds(context))
    context.services.bulk.store.update(progress, jobs=state.text())
    return True


def _wait_for(context: Context, progress: Progress, state: JobState) -> None:
    """Return once the job is over, or has had its time.

    Raises:
        Unfinished: look again later.
    """
    try:
        over = context.client.job_is_over(state.job_id)
    except NotFound:
        over = True
    if not over and seconds(context) - state.since < PATIENCE_S:
        looked = replace(state, looks=state.looks + 1)
        context.services.bulk.store.update(progress, jobs=looked.text())
        raise Unfinished(min(2 ** (looked.looks + 1), 30))


def _check(context: Context, progress: Progress, state: JobState, job: TicketJob) -> None:
    rows = [row for row in _open_rows(context, state) if row.number <= state.last]
    done = _proven(context, state, job, {row.ticket_id for row in rows})
    _move(
        context,
        [row for row in rows if row.ticket_id in done],
        lambda row: row.ended(RowState.SUCCEEDED, message=job.said),
    )
    rest = [row for row in rows if row.ticket_id not in done]
    if any(not row.action_id for row in rest):
        for row in rest:
            _look_at(context, progress.action_id, row, job)
    else:
        _move(context, rest, lambda row: replace(row, state=RowState.WAITING))


def _proven(context: Context, state: JobState, job: TicketJob, wanted: set[int]) -> set[int]:
    """The tickets among those changed since the job began that are as they should be."""
    since = timestamps.to_text(timestamps.from_epoch(state.since - CLOCK_MARGIN_S))
    asked = {**job.proof, "updated_since": since, "order_by": "updated_at", "order_type": "asc"}
    found: set[int] = set()
    for page in islice(context.client.tickets(asked), MOST_PAGES):
        found |= {ticket["id"] for ticket in page.records if job.done(ticket)} & wanted
        if found == wanted:
            break
    return found


def _look_at(context: Context, action_id: str, row: RowItem, job: TicketJob) -> None:
    """Settle a row whose change only a job can make, by what its ticket looks like."""
    try:
        ticket = context.client.ticket(row.ticket_id)
    except NotFound as error:
        ended = row.ended(RowState.FAILED, error.code, str(error))
    else:
        if job.done(ticket):
            ended = row.ended(RowState.SUCCEEDED, message=job.said)
        elif ticket.get("deleted") or ticket.get("spam"):
            ended = row.ended(
                RowState.FAILED, WrongState.code, "The ticket is deleted or spam; restore it first."
            )
        else:
            ended = row.ended(
                RowState.FAILED,
                "not_changed",
                "Freshdesk's bulk job passed over this ticket, and skip_close_notification and "
                "from_email exist for bulk jobs only.",
            )
    context.services.bulk.store.settle(action_id, ended)


def _leave(context: Context, rows: list[RowItem], error: Reject) -> None:
    """Have the rows changed singly, or say why they cannot be."""
    if any(not row.action_id for row in rows):
        _give_up(context, list(_open_rows(context, JobState())), error)
    else:
        _move(context, rows, lambda row: replace(row, state=RowState.WAITING))


def _give_up(context: Context, rows: list[RowItem], error: Reject) -> None:
    _move(context, rows, lambda row: row.ended(RowState.FAILED, error.code, str(error)))


def _move(context: Context, rows: list[RowItem], change: Callable[[RowItem], RowItem]) -> None:
    pairs = [(row, change(row)) for row in rows]
    context.services.bulk.store.move(context.request.action_id, pairs)
