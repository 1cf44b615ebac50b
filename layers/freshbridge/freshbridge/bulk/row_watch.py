"""Tells a bulk action what becomes of its rows, which run as actions of their own."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from freshbridge.bulk.carry_on import ORIGIN
from freshbridge.bulk.progress import RowState
from freshbridge.bulk.row_item import OPEN
from freshbridge.errors import Conflict, InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.action import Outcome
    from freshbridge.bulk.row_item import RowItem
    from freshbridge.bulk.store import BulkStore
    from freshbridge.queues.envelope import ActionRequest


class RowWatch:
    """Called around every action request; does nothing for those that are no row."""

    def __init__(self, store: BulkStore) -> None:
        """`store`: where the rows are kept."""
        self._store = store

    def may_begin(self, request: ActionRequest) -> bool:
        """False when the row was cancelled: it must not run any more."""
        row = self._row(request)
        if row is None or row.state.settled:
            # A row that failed may be tried again; one that succeeded answers as it did.
            return row is None or row.state is not RowState.CANCELLED
        if row.state is RowState.RUNNING:
            return True
        parent = request.origin["parent"]
        if self._store.swap(parent, row.number, expected=RowState.WAITING, state=RowState.RUNNING):
            return True
        now = self._row(request)
        return now is not None and now.state is not RowState.CANCELLED

    def put_off(self, request: ActionRequest) -> None:
        """The row waits for another attempt, and may be cancelled meanwhile."""
        row = self._row(request)
        if row is not None:
            self._store.swap(
                request.origin["parent"],
                row.number,
                expected=RowState.RUNNING,
                state=RowState.WAITING,
            )

    def succeeded(self, request: ActionRequest, outcome: Outcome) -> None:
        """The row is done.

        Raises:
            Contended: it could not be counted; run the row again, which has no second effect.
        """
        row = self._row(request)
        if row is not None:
            data = json.dumps(outcome.data, separators=(",", ":"))
            ended = row.ended(
                RowState.SUCCEEDED,
                message=outcome.message,
                outcome=str(outcome.data.get("outcome", OPEN)),
            )
            self._store.settle(request.origin["parent"], ended, data)

    def failed(self, request: ActionRequest, error: BaseException, code: str, reason: str) -> bool:
        """The row was refused, or tried for as long as it may be; True when that is kept.

        It is then among its batch's failures, from where it can be resumed.

        Raises:
            Contended: it could not be counted.
        """
        row = self._row(request)
        if row is None:
            return False
        named = error.fields if isinstance(error, InvalidRequest | Conflict) else ()
        fields = json.dumps([asdict(entry) for entry in named]) if named else ""
        unsent = isinstance(error, InvalidRequest) and error.status is None
        outcome = "invalid" if unsent else "rejected"
        ended = row.ended(RowState.FAILED, code, reason, fields, outcome=outcome)
        self._store.settle(request.origin["parent"], ended)
        return True

    def _row(self, request: ActionRequest) -> RowItem | None:
        place = _place(request.origin)
        row = self._store.row(*place) if place else None
        # Anyone may send a message that claims to be a row; only the row's own action counts.
        return row if row is not None and row.action_id == request.action_id else None


def _place(origin: dict[str, Any]) -> tuple[str, int] | None:
    parent, number = origin.get("parent"), origin.get("row")
    if origin.get("type") != ORIGIN or not isinstance(parent, str) or not parent:
        return None
    return (parent, number) if type(number) is int and number > 0 else None
