"""Send a bulk action's rows, a window at a time, and see them through to the last.

Each row is an action request of its own on the queue: budget, attempts, record and dead letter are
those of any action. A row sent twice, because a function died behind the sending, runs once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge.bulk.inputs import piece_of
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.review import is_due, review
from freshbridge.bulk.row_item import RowItem
from freshbridge.bulk.store import CHUNK
from freshbridge.queues.envelope import ActionRequest

if TYPE_CHECKING:
    from freshbridge.bulk.parts import Bulk

ORIGIN = "batch"
RESULTS_ROUTE = "/api/actions/{action_id}/results"
_REASONS = {
    True: ("cancelled", "cancelled before it began"),
    False: ("stopped", "another row failed, and on_error says stop"),
}


def carry_on(bulk: Bulk, request: ActionRequest, progress: Progress, now: float) -> Progress:
    """Do what can be done now; the phase of the answer says whether that was the last of it.

    `request` is the bulk action's own.

    Raises:
        NotQueued, Contended, Overtaken: to be run again; nothing is lost.
    """
    if progress.on_the_way and is_due(progress, now):
        review(bulk, progress)
    if progress.stopping:
        cancel_waiting(bulk, progress)
    elif room := progress.room():
        _send(bulk, request, progress, room)
    progress = bulk.store.get(progress.action_id)
    if progress.waiting:
        return progress
    return bulk.store.update(progress, phase=Phase.FINISHED, finished_at=now)


def cancel_waiting(bulk: Bulk, progress: Progress) -> int:
    """End every row that has not begun; how many those were."""
    code, said = _REASONS[progress.cancelling]
    rows = bulk.store.rows(progress.action_id)
    waiting = (row for row in rows if row.state is RowState.WAITING)
    ended = 0
    while part := list(islice(waiting, CHUNK)):
        pairs = [(row, row.ended(RowState.CANCELLED, code, said)) for row in part]
        ended += bulk.store.move(progress.action_id, pairs)
    return ended


def summary(progress: Progress) -> dict[str, Any]:
    """The data that a finished bulk action answers."""
    return {
        "rows": progress.rows,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "cancelled": progress.cancelled,
        "duplicates": progress.duplicates,
        "results": RESULTS_ROUTE.format(action_id=progress.action_id),
        **({"outcomes": progress.outcomes} if progress.outcomes else {}),
    }


def _send(bulk: Bulk, request: ActionRequest, progress: Progress, room: int) -> None:
    """Send up to `room` rows behind the last position, and keep how far that went."""
    sent, position = progress.sent, progress.position
    rows = bulk.store.rows(progress.action_id, after=position, limit=room)
    for part in _parts(rows):
        held = [row for row in part if row.state is RowState.WAITING][:room]
        if held:
            parameters = bulk.inputs.read(progress.action_id, piece_of(held[0].number))
            bulk.queue.publish_all(
                (row.action_id, _row_request(request, row, parameters[row.number])) for row in held
            )
        room -= len(held)
        sent += len(held)
        # Rows of this part that found no room are the first of the next one.
        position = part[-1].number if room else held[-1].number
        bulk.store.update(progress, sent=sent, position=position)
        if not room:
            return


def _parts(rows: Iterator[RowItem]) -> Iterator[list[RowItem]]:
    """The rows by the piece that their parameters are kept in."""
    part: list[RowItem] = []
    for row in rows:
        if part and piece_of(part[0].number) != piece_of(row.number):
            yield part
            part = []
        part.append(row)
    if part:
        yield part


def _row_request(request: ActionRequest, row: RowItem, parameters: dict[str, Any]) -> ActionRequest:
    return ActionRequest(
        action_id=row.action_id,
        instance_id=request.instance_id,
        platform=request.platform,
        action=row.action,
        parameters=parameters,
        idempotency_key=row.action_id,
        origin={"type": ORIGIN, "parent": request.action_id, "row": row.number},
        submitted_at=request.submitted_at,
    )
