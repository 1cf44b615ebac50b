"""How every bulk action is seen through: rows are sent, looked after, and summed up at the end.

A bulk action runs again and again, each time for a moment, until its last row has settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshbridge.actions.action import NothingDone, Outcome, Unfinished
from freshbridge.bulk.carry_on import carry_on, summary
from freshbridge.bulk.progress import Phase, Progress

if TYPE_CHECKING:
    from freshbridge.actions.context import Context


class EveryRowFailed(NothingDone):
    """Rows failed, and none succeeded."""

    code = "rows_failed"
    default_advice = "The rows say why; resume it once the cause is gone."


class CancelledWhole(NothingDone):
    """Somebody cancelled it before any row had run."""

    code = "cancelled"
    default_advice = "Resume it to run its rows after all."


SUPERSEDED_S = 60
"""How often a round that was overtaken by a later one looks whether that one is done."""


def begun(context: Context[Any], *, stop_on_error: bool = False) -> Progress:
    """The bulk action of this request, made at its first run.

    Raises:
        Unfinished: a later round of it, which somebody's resuming began, does the work.
    """
    store, action_id = context.services.bulk.store, context.request.action_id
    progress = store.find(action_id)
    if progress is None:
        now = seconds(context)
        progress = store.create(
            Progress(action_id, Phase.READING, now, now, stop_on_error=stop_on_error)
        )
    own_round = context.request.origin.get("round", 0)
    if progress.phase is not Phase.FINISHED and own_round != progress.round:
        raise Unfinished(SUPERSEDED_S)
    return progress


def seen_through(context: Context[Any], progress: Progress) -> Outcome:
    """The summary once every row has settled.

    Raises:
        Unfinished: rows are on their way.
        EveryRowFailed, CancelledWhole: it is over, without any effect.
        NotQueued, Contended, Overtaken: to be run again.
    """
    if progress.phase is not Phase.FINISHED:
        now = seconds(context)
        progress = carry_on(context.services.bulk, context.request, progress, now)
        if progress.phase is not Phase.FINISHED:
            raise Unfinished(progress.wait_s(now))
    if progress.cancelled_whole:
        raise CancelledWhole(progress.sentence(), summary(progress))
    if progress.failed_whole:
        raise EveryRowFailed(progress.sentence(), summary(progress))
    return Outcome(summary(progress), progress.sentence())


def seconds(context: Context[Any]) -> float:
    """The present, in seconds since the epoch."""
    return context.clock().timestamp()
