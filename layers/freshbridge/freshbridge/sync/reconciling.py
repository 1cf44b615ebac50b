"""A run's stage of reconciling: the brake that the instance wants, who is told, and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.sync.brake import brake_of
from freshbridge.sync.invocation import Reconciled
from freshbridge.sync.reconcile import reconcile
from freshbridge.sync.reconcile_report import ran, report_of

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.model import Instance
    from freshbridge.lake.lake import Lake
    from freshbridge.sync.feeds.feed import Position
    from freshbridge.sync.objects import SyncObject
    from freshbridge.sync.run import Part, Run
    from freshbridge.sync.watching import Watcher


@dataclass(frozen=True)
class Reconciling:
    """Implements `freshbridge.sync.reading.Reconcile`; `watcher` makes who is told of changes."""

    lake: Lake
    watcher: Callable[[Instance, Run], Watcher]
    clock: Callable[[], float] = timestamps.epoch

    def __call__(
        self,
        client: FreshdeskClient,
        instance: Instance,
        obj: SyncObject,
        run: Run,
        *,
        parts: Sequence[Part],
        position: Position | None,
        may_go_on: Callable[[], bool],
    ) -> Reconciled:
        """See there; the counts are what this piece did."""
        watcher = self.watcher(instance, run)
        watcher.begin()
        found = reconcile(
            client,
            self.lake,
            run.instance_id,
            obj,
            run_id=run.run_id,
            began=timestamps.to_precise_text(timestamps.from_text(run.started_at)),
            position=position,
            may_go_on=may_go_on,
            now=self._now,
            tell=watcher.told,
            brake=brake_of(instance.config, obj.name, released=run.released),
            selected=instance.sync_objects,
        )
        shown = watcher.shown().get("events", {})
        counts = replace(
            found.changed,
            calls=found.calls,
            told=shown.get("queued", 0),
            remembered=shown.get("remembered", 0),
        )
        report: Mapping[str, Any] = {}
        if found.position is None:
            live = self.lake.counts(run.instance_id, obj)["live"]
            done = replace(run, counts=run.counts + counts)
            before = live - done.counts.created - done.counts.restored + done.counts.removed
            report = report_of(ran(done, parts, held_before=before, held_after=live), found)
        return Reconciled(found.position, report, counts)

    def _now(self) -> str:
        return timestamps.to_precise_text(timestamps.from_epoch(self.clock()))
