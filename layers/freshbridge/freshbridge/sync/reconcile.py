"""The last stage of a full run: what is held and was in none of the lists.

Such a record was deleted for good, merged, destroyed with its contact or archived, or the lists
have missed it. Each is asked for by its id, one call of background traffic; of lists that are read
whole in one go, absence is proof enough. What is gone becomes a tombstone, what is there is merged
and counted as missed. A record that the key may not see says nothing, so it stays.

Before anything is removed it is counted how many would be: see Brake. Whatever is found out is kept
at once, so a stage that died goes on with what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from freshbridge.lake.rows import Row, State
from freshbridge.sync.belonging import Hook, with_what_belongs
from freshbridge.sync.brake import Brake
from freshbridge.sync.candidates import BATCH, Position, batches, counted_candidates
from freshbridge.sync.objects import Shape, SyncObject
from freshbridge.sync.orphans import Orphans
from freshbridge.sync.reconcile_report import counted
from freshbridge.sync.run import Counts
from freshbridge.sync.verification import BY_ID, BY_PARENT, Finding, verified
from freshbridge.sync.versions import Verdict, tombstone

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.lake.lake import Lake

MOST_KEPT = 500
"""Records that nobody can say anything of; after that many, asking for more is no use."""


@dataclass(frozen=True)
class Reconciled:
    """What came of it so far: `position` says where to go on, None at the end.

    `verdicts` counts all invocations of the stage, by Verdict; `changed` what this one changed.
    `candidates` were held and not seen; `held_back` of them would have been removed and were not,
    because they were too many. `unsettled` says that the stage gave up asking. `calls` were made,
    further pages not counted.
    """

    position: Position | None
    verdicts: Mapping[str, int] = field(default_factory=dict)
    candidates: int = 0
    held_back: int = 0
    unsettled: bool = False
    changed: Counts = field(default_factory=Counts)
    calls: int = 0


@dataclass
class _Stage:
    """One invocation's work."""

    client: FreshdeskClient
    lake: Lake
    instance_id: str
    obj: SyncObject
    run_id: str
    now: Callable[[], str]
    tell: Hook | None
    orphans: Orphans
    counts: Counter[str]
    kept: list[str]
    found: list[Finding] = field(default_factory=list)
    changed: Counts = field(default_factory=Counts)
    calls: int = 0

    def note(self, finding: Finding) -> None:
        """Keep it in mind, and at times in the lake."""
        if finding.verdict is Verdict.KEPT:
            self.counts[finding.verdict] += 1
            self.kept.append(finding.row.id)
            return
        self.found.append(finding)
        if len(self.found) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Bring the lake up to what was found."""
        found, self.found = self.found, []
        if found:
            rows = [one.row for one in found]
            merged = self.lake.merge(
                self.instance_id,
                self.obj,
                rows,
                run_id=self.run_id,
                keep_seen=True,
                tell=self.tell,
            )
            self.orphans.remove(self.obj, merged, (), ())
            self.changed += counted(merged.changes)
        for finding in found:
            self.counts[finding.verdict] += 1


def reconcile(
    client: FreshdeskClient,
    lake: Lake,
    instance_id: str,
    obj: SyncObject,
    *,
    run_id: str,
    began: str,
    position: Position | None,
    may_go_on: Callable[[], bool],
    now: Callable[[], str],
    tell: Hook | None = None,
    brake: Brake | None = None,
    selected: Collection[str] = (),
) -> Reconciled:
    """Settle what was not seen since the run began; at least one call's worth, then as time allows.

    `began` is when the run's first page was asked for, `now` the present, both as Row.seen_at has
    it. `position` is None to begin with, later what the last call returned. `tell` hears of every
    change before it is kept. `selected` are the objects that the instance copies.

    Raises what the client raises when the provider does not answer: come again with the same
    position. What was found out until then is kept.
    """
    if obj.shape is not Shape.SNAPSHOT and obj.name not in (*BY_ID, *BY_PARENT):
        # Children are settled with the record that they belong to.
        return Reconciled(None)
    known = dict(position) if position else counted_candidates(lake, instance_id, obj, began, now)
    brake = brake or Brake()
    if brake.holds(known["vanishing"], known["held"]):
        counts = dict(known["verdicts"])
        return Reconciled(None, counts, known["candidates"], held_back=known["vanishing"])
    stage = _Stage(
        client,
        lake,
        instance_id,
        obj,
        run_id,
        now,
        with_what_belongs(lake, instance_id, obj, run_id=run_id, selected=selected, tell=tell),
        Orphans(lake, instance_id, run_id, selected),
        Counter(known["verdicts"]),
        list(known["kept"]),
    )
    open_ends, gave_up = False, False
    try:
        for rows in batches(stage.lake, stage.instance_id, stage.obj, began, stage.kept):
            if brake.holds(stage.counts[Verdict.GONE] + _pending(stage), known["held"]):
                # More are gone than the first count could tell.
                known["vanishing"] = stage.counts[Verdict.GONE] + _pending(stage)
                gave_up = True
                break
            if len(stage.kept) >= MOST_KEPT:
                gave_up = True
                break
            for finding in _findings(stage, rows):
                stage.note(finding)
            if not may_go_on():
                open_ends = True
                break
    finally:
        stage.flush()
    here = known | {"verdicts": dict(stage.counts), "kept": stage.kept}
    held = brake.holds(known["vanishing"], known["held"])
    return Reconciled(
        here if open_ends else None,
        dict(stage.counts),
        known["candidates"],
        held_back=known["vanishing"] if held else 0,
        unsettled=gave_up and not held,
        changed=stage.changed,
        calls=stage.calls,
    )


def _findings(stage: _Stage, rows: Sequence[Row]) -> Iterator[Finding]:
    seen_at = stage.now()
    if stage.obj.shape is Shape.SNAPSHOT:
        for row in rows:
            yield Finding(Verdict.GONE, tombstone(row, State.GONE, seen_at))
    else:
        stage.calls += 1
        yield from verified(stage.client, stage.obj, rows, seen_at=seen_at)


def _pending(stage: _Stage) -> int:
    return sum(one.verdict is Verdict.GONE for one in stage.found)
