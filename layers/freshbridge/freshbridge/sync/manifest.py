"""What is kept of a run in the lake: its windows, what was read in each, how far each list is read.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from freshbridge.sync.objects import OBJECTS, SyncObject
from freshbridge.sync.reconcile_report import ran, report_of
from freshbridge.sync.run import Counts, Part, Run, Stage
from freshbridge.sync.run_end import marks_after
from freshbridge.sync.selection import TRASH

MOST_PARTS_SHOWN = 1000


def object_of(run: Run) -> SyncObject:
    """What a run reads."""
    return OBJECTS["tickets" if run.object == TRASH else run.object]


def manifest_of(run: Run, parts: Sequence[Part]) -> dict[str, Any]:
    """What a run did: its windows, what was read in each, how far each list is read."""
    pulled = [part for part in parts if part.stage is Stage.PULLING and part.feed]
    folds = [part for part in parts if part.stage is Stage.FOLDING]
    counts = sum((part.counts for part in (*pulled, *folds)), start=Counts())
    staged = {
        "files": sum(part.staged for part in pulled),
        "folded_files": sum(part.folded for part in pulled),
        "rows": counts.staged,
        "folded_rows": counts.folded,
    }
    found = [dict(part.report) for part in parts if part.stage is Stage.RECONCILING]
    proof = next((report for report in found if report), None) or report_of(ran(run, parts), None)
    return {
        "run_id": run.run_id,
        "instance_id": run.instance_id,
        "object": run.object,
        "kind": run.kind.value,
        "first": run.first,
        "state": run.stage.value,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "complete": run.stage is Stage.DONE and proof["complete"],
        "counts": asdict(counts),
        "marks": {"before": dict(run.known), "after": marks_after(run, parts)},
        "not_read": dict(run.presets),
        "staged": staged,
        "parts": len(pulled),
        "windows": [window_of(part) for part in pulled[:MOST_PARTS_SHOWN]],
        "proof": proof,
    }


def window_of(part: Part) -> dict[str, Any]:
    """One part as it is shown; what is folded is no window's."""
    counts = asdict(part.counts)
    del counts["folded"]
    return {
        "part": part.name,
        "feed": part.feed,
        "since": part.scope.since,
        "until": part.scope.until or None,
        "state": part.state.value,
        "read_up_to": part.reached or None,
        "stable": part.stable,
        **counts,
        **({"reason": part.reason} if part.reason else {}),
    }
