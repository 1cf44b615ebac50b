"""Move a run on when none of its parts is open: to its tail, its closing stages, its end.

Whoever ends the last open part does it; each step is one conditional write, so that it happens once
even where that one died between the two, and another comes by later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge.sync.children import CHILDREN_OF, work_of
from freshbridge.sync.manifest import manifest_of, object_of
from freshbridge.sync.planning import next_stage, stage_part
from freshbridge.sync.run import Kind, Part, PartState, Run, Stage
from freshbridge.sync.run_end import after_run
from freshbridge.sync.staging import are_folded, are_unfolded, fold_parts

if TYPE_CHECKING:
    from freshbridge.lake.lake import Lake
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.children import Children
    from freshbridge.sync.run_store import RunStore


@dataclass(frozen=True)
class Stages:
    """What moves runs on."""

    store: RunStore
    lake: Lake
    queue: Publisher
    children: Children
    now: Callable[[], str]

    def after(self, run: Run, finish: Callable[[Run], None], *, again: bool = False) -> list[Part]:
        """What is to be read now that a part of the run is ended; [] where others are still open.

        `finish` tells who is told of the run that everything is in. `again`: the part was ended
        before, and whoever did it may have died before this.
        """
        while True:
            fresh = self.store.run(run.instance_id, run.object, run.run_id)
            if fresh is None or not fresh.is_active:
                return []
            if fresh.open:
                return self._late(fresh) if again else []
            parts = self.store.parts(fresh)
            waiting = [part for part in parts if part.state is PartState.WAITING]
            if waiting:
                if self.store.open_waiting(fresh, waiting):
                    return waiting
            elif are_folded(parts):
                self.store.note_folded(fresh, [part for part in parts if part.is_unfolded])
            elif (opened := self._moved(fresh, parts, finish)) is not None:
                return opened

    def _late(self, run: Run) -> list[Part]:
        return [
            part
            for part in self.store.unclaimed(run)
            if part.late or part.stage is not Stage.PULLING
        ]

    def _moved(
        self, run: Run, parts: Sequence[Part], finish: Callable[[Run], None]
    ) -> list[Part] | None:
        """What the next stage has to do; None where another was faster."""
        stage = next_stage(run, unfolded=are_unfolded(parts))
        if stage is Stage.FOLDING:
            folds = fold_parts(parts)
            return folds if self.store.move(run, *folds) else None
        if run.stage in (Stage.PULLING, Stage.FOLDING):
            if stage is not Stage.FAILED:
                finish(run)
            for name in CHILDREN_OF.get(run.object, ()):
                self.children.release(run, name)
        if stage is Stage.FAILED:
            self.end(run, Stage.FAILED)
            return []
        part = stage_part(stage)
        return [part] if self.store.move(run, part) else None

    def publish(self, run: Run, parts: Sequence[Part]) -> None:
        """Have these parts worked on.

        Raises:
            NotQueued: not all of them will be.
        """
        self.queue.publish_all((f"{run.run_id}-{part.name}", work_of(run, part)) for part in parts)

    def end(
        self,
        run: Run,
        stage: Stage,
        part: Part | None = None,
        token: str = "",
        events: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the manifest of a run, move its marks, give its lease back.

        Raises:
            RunOver: it was ended before.
        """
        parts = self.store.parts(run)
        ended = replace(run, stage=stage, finished_at=self.now())
        standing = self.store.standing(run.instance_id, run.object)
        after = after_run(standing, ended, parts)
        if events:
            after = replace(after, events=events)
        if run.copied:
            manifest = manifest_of(ended, parts)
            if run.kind is Kind.FULL and stage is Stage.DONE:
                held = dict(self.lake.counts(run.instance_id, object_of(run)))
                manifest["held"] = held
                after = replace(after, held=held.get("live", -1))
            self.lake.write_manifest(run.instance_id, object_of(run).name, run.run_id, manifest)
        self.store.close(ended, after, part, token)
