"""Keep a bulk action's rows, piece by piece, so that a crash in the middle loses and doubles none.

Every row is checked before the first one runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from freshbridge.bulk.progress import Phase, Progress
from freshbridge.bulk.store import CHUNK

if TYPE_CHECKING:
    from freshbridge.bulk.checked_rows import CheckedRow
    from freshbridge.bulk.parts import Bulk

TURN_S = 20.0
"""Seconds that one run keeps rows for, well below what the executor reserves for a message."""


def keep_rows(
    bulk: Bulk, progress: Progress, rows: Iterable[CheckedRow], now: Callable[[], float]
) -> tuple[Progress, bool]:
    """Keep the rows that are not kept yet, until it is cancelled; whether these were all.

    Raises:
        Overtaken: somebody else keeps them at the same time.
        UnreadableRows and its like: the source is none; nothing of it has run.
    """
    began = now()
    if progress.cancelling:
        return progress, False
    for piece in _pieces(islice(rows, progress.rows, None)):
        bulk.inputs.keep(
            progress.action_id,
            {
                row.item.number: row.parameters
                for row in piece
                if row.kept or not row.item.state.settled
            },
            first=piece[0].item.number,
        )
        progress = bulk.store.append(progress, [row.item for row in piece])
        if progress.cancelling or now() - began > TURN_S:
            return progress, False
    return progress, True


def begin_round(bulk: Bulk, progress: Progress, phase: Phase, now: float) -> Progress:
    """From here on rows are run; what has settled by now counts for no rate."""
    return bulk.store.update(progress, phase=phase, round_at=now, settled_before=progress.settled)


def give_up_reading(bulk: Bulk, progress: Progress, now: float) -> Progress:
    """It was cancelled with rows left to read: those that are kept will be cancelled."""
    progress = bulk.store.update(progress, unread=True)
    return begin_round(bulk, progress, Phase.RUNNING, now)


def _pieces(rows: Iterator[CheckedRow]) -> Iterator[list[CheckedRow]]:
    while piece := list(islice(rows, CHUNK)):
        yield piece
