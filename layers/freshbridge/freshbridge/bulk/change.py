"""Stop a bulk action, or go on with one that has stopped."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.actions.record_store import UnknownActionRecord
from freshbridge.bulk.carry_on import cancel_waiting
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.row_item import RowItem
from freshbridge.bulk.store import CHUNK
from freshbridge.bulk.table import UnknownBulkAction
from freshbridge.errors import InvalidRequest
from freshbridge.queues.envelope import ActionRequest

if TYPE_CHECKING:
    from freshbridge.actions.record import ActionRecord
    from freshbridge.bulk.parts import Bulk


class Which(StrEnum):
    """The rows that a resumed bulk action runs again."""

    ALL = "all"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def states(self) -> tuple[RowState, ...]:
        """The states that such rows are in."""
        return {
            Which.ALL: (RowState.FAILED, RowState.CANCELLED),
            Which.FAILED: (RowState.FAILED,),
            Which.CANCELLED: (RowState.CANCELLED,),
        }[self]


class UnknownChoice(InvalidRequest):
    """`only` names no rows."""

    code = "unknown_choice"


def read_which(text: str | None) -> Which:
    """The rows that a query names; all for none.

    Raises:
        UnknownChoice: naming what there is.
    """
    try:
        return Which((text or "all").lower())
    except ValueError:
        raise UnknownChoice(
            f"`only` cannot be {str(text)[:64]}", advice="failed, cancelled or all."
        ) from None


def progress_of(bulk: Bulk, action_id: str) -> Progress:
    """How far it is; of one that waits in the queue, that it does.

    Raises:
        UnknownBulkAction: there is no such bulk action, or it ended before it had rows.
    """
    progress = bulk.store.find(action_id)
    if progress is not None:
        return progress
    try:
        record = bulk.records.get(action_id)
    except UnknownActionRecord:
        raise UnknownBulkAction(f"no bulk action {action_id[:64]}") from None
    if not _may_begin(record):
        raise UnknownBulkAction(f"{action_id[:64]} is no bulk action that has rows")
    submitted = timestamps.from_text(record.submitted_at).timestamp()
    return Progress(action_id, Phase.QUEUED, submitted, submitted)


def _may_begin(record: ActionRecord) -> bool:
    name = record.action
    bulk = name in ("batch", "send_records") or name.startswith("bulk_")
    return bulk and not record.state.final


def cancel(bulk: Bulk, action_id: str, now: float) -> Progress:
    """End every row that has not begun, and keep others from beginning.

    One that waits to be read is ended before it begins. One that is done stays as it is.

    Raises:
        UnknownActionRecord, UnknownBulkAction: there is nothing to cancel.
        Contended: a part is cancelled; ask again.
    """
    progress = bulk.store.find(action_id)
    if progress is None:
        record = bulk.records.get(action_id)
        if not _may_begin(record):
            raise UnknownBulkAction(f"{action_id[:64]} is no bulk action that could be cancelled")
        progress = bulk.store.create(Progress(action_id, Phase.READING, now, now))
    if progress.phase is Phase.FINISHED:
        return progress
    progress = bulk.store.update(progress, cancelling=True)
    if progress.phase is not Phase.READING:
        cancel_waiting(bulk, progress)
    return bulk.store.get(action_id)


def resume(bulk: Bulk, action_id: str, which: Which, now: float) -> tuple[Progress, int]:
    """Run the rows again that failed or were cancelled, and send anew those that never arrived.

    A row that is on its way all the same has its effect once. How many will be run of those that
    were read; one that was cancelled while it was being read goes on reading.

    Raises:
        UnknownActionRecord, UnknownBulkAction: there is nothing to resume.
        Contended, Overtaken, NotQueued: ask again; nothing is lost.
    """
    progress = bulk.store.get(action_id)
    record = bulk.records.get(action_id)
    # A new round first: the message of the one before stops working then.
    progress = bulk.store.update(progress, cancelling=False, round=progress.round + 1)
    if progress.phase is Phase.JOBS:
        # The rows of the job that runs are checked when it is over; the others follow singly.
        _set_waiting(bulk, action_id, which.states)
        progress = bulk.store.get(action_id)
    elif progress.phase is not Phase.READING:
        # A row whose function died is sent anew as well: one that does run has its effect once.
        _set_waiting(bulk, action_id, (*which.states, RowState.RUNNING))
        progress = bulk.store.get(action_id)
        progress = bulk.store.update(
            progress,
            phase=Phase.READING if progress.unread else Phase.RUNNING,
            position=0,
            sent=0,
            settled_before=progress.settled,
            # Of one that was not read, no row has failed by running.
            failed_before=0 if progress.unread else progress.failed,
            round_at=now,
            finished_at=0.0,
            unread=False,
        )
    # The record of what had come to its end would tell of that end until the next one.
    bulk.records.reopen(record)
    bulk.queue.publish(_request(record, progress.round), action_id)
    return progress, progress.waiting


def _set_waiting(bulk: Bulk, action_id: str, states: tuple[RowState, ...]) -> None:
    chosen = (row for row in bulk.store.rows(action_id) if row.state in states and row.action_id)
    while part := list(islice(chosen, CHUNK)):
        bulk.store.move(action_id, [(row, _anew(row)) for row in part])


def _anew(row: RowItem) -> RowItem:
    return row.ended(RowState.WAITING)


def _request(record: ActionRecord, number: int) -> ActionRequest:
    """The bulk action's own request again, under a key of its own: the first one's is used up."""
    return ActionRequest(
        action_id=record.action_id,
        instance_id=record.instance_id,
        platform=record.platform,
        action=record.action,
        parameters=record.parameters,
        idempotency_key=f"{record.action_id}#round{number}",
        origin={**record.origin, "round": number},
        submitted_at=record.submitted_at,
    )
