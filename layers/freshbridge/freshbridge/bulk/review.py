"""Look after rows that nothing has been heard of for long.

A row tells its bulk action how it ended. Should that word get lost, because the table failed just
then, the row's own record still has it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from freshbridge.actions.record import ActionRecord, State
from freshbridge.actions.record_store import UnknownActionRecord
from freshbridge.bulk.progress import LONGEST_WAIT_S, Progress, RowState
from freshbridge.bulk.row_item import OPEN, RowItem

if TYPE_CHECKING:
    from freshbridge.bulk.parts import Bulk

SILENCE_S = 900
"""Without any row ending for so long, and each time that passes again, the records are read."""


def is_due(progress: Progress, now: float) -> bool:
    """Whether it has been quiet for too long; true for one of the looks in that time."""
    quiet = now - max(progress.changed_at, progress.round_at)
    return quiet >= SILENCE_S and quiet % SILENCE_S < LONGEST_WAIT_S


def review(bulk: Bulk, progress: Progress) -> int:
    """Settle rows whose records say that they have ended; how many those were."""
    found = 0
    for row in bulk.store.rows(progress.action_id):
        if row.number > progress.position:
            break
        if row.state.settled or not row.action_id:
            continue
        try:
            record = bulk.records.get(row.action_id)
        except UnknownActionRecord:
            continue
        if record.state.final:
            bulk.store.settle(progress.action_id, _ended(row, record), _data(record))
            found += 1
    return found


def _ended(row: RowItem, record: ActionRecord) -> RowItem:
    if record.state is State.SUCCEEDED:
        outcome = str((record.data or {}).get("outcome", OPEN))
        return row.ended(RowState.SUCCEEDED, message=record.message, outcome=outcome)
    fields = json.dumps(record.fields) if record.fields else ""
    return row.ended(RowState.FAILED, record.code, record.message, fields, outcome="rejected")


def _data(record: ActionRecord) -> str | None:
    return None if record.data is None else json.dumps(record.data, separators=(",", ":"))
