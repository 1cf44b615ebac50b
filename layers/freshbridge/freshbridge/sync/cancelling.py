"""End a run before its time: whoever works for it stops at its next write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freshbridge.sync.children import CHILDREN_OF
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run import Kind, Run, Stage, Standing
from freshbridge.sync.run_end import marks_after
from freshbridge.sync.run_store import RunOver

if TYPE_CHECKING:
    from freshbridge.sync.children import Children
    from freshbridge.sync.run_store import RunStore


@dataclass(frozen=True)
class Cancelling:
    """Ends runs; `now` is UTC, ISO 8601."""

    store: RunStore
    children: Children
    now: Callable[[], str]

    def cancel(self, instance_id: str, name: str) -> Run | None:
        """End the run that an object has, or the one that it owes; None where there is neither.

        What is read of an incremental run is not read again: the next one goes on from there. But
        children have no marks: after theirs was ended, they are read of every parent.
        """
        standing = self.store.standing(instance_id, name)
        if not standing.run_id:
            if not standing.owed_run:
                return None
            # Nobody works for a run that failed; it is just not gone on with.
            forgotten = replace(
                standing,
                owed_run="",
                failures=0,
                last_error="",
                complete_since=_complete_since(name, standing),
            )
            self.store.forget(instance_id, name, forgotten)
            return self.store.run(instance_id, name, standing.owed_run)
        run = self.store.run(instance_id, name, standing.run_id)
        if run is None or not run.is_active:
            return None
        ended = replace(run, stage=Stage.CANCELLED, finished_at=self.now())
        after = replace(
            standing,
            run_id="",
            lease_until=0.0,
            marks=self._marks(run),
            last_run=run.run_id,
            last_stage=Stage.CANCELLED.value,
            last_started_at=run.started_at,
            last_finished_at=ended.finished_at,
            held=standing.held if run.copied else -1,
            complete_since=_complete_since(name, standing),
        )
        try:
            self.store.close(ended, after, None, "")
        except RunOver:
            return None
        for child in CHILDREN_OF.get(run.object, ()):
            self.children.release(ended, child)
        return ended

    def _marks(self, run: Run) -> dict[str, str]:
        return dict(run.known) if run.kind is Kind.FULL else marks_after(run, self.store.parts(run))


def _complete_since(name: str, standing: Standing) -> str:
    is_child = name in OBJECTS and bool(OBJECTS[name].parent)
    return "" if is_child else standing.complete_since
