"""What people are shown of a sync: where each object stands, how far a run is, what runs did.

Pure. What is said of the share that is read and of the time that is left is an estimate: of a list
that is read in the order of time by how far that time is, else by how much the last full run held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from freshbridge import timestamps
from freshbridge.sync.feeds.feed import BEGINNING
from freshbridge.sync.report_words import release_of
from freshbridge.sync.run import Kind, Part, PartState, Run, Stage, Standing
from freshbridge.sync.selection import Wanted, due

RUNNING, IDLE, FAILED, NEVER, STALLED = "running", "idle", "failed", "never", "stalled"
PAUSED = "paused"
DISABLED = "the instance is disabled; the first tick of SyncSchedule after it is enabled goes on"
TAKEN_OVER = "by the next tick of SyncSchedule"
# What is left after the lists: reconciling and the manifest.
MOST_PERCENT = 99.0
# What the lists take of a run whose rows wait to be merged: the provider is slower than the lake.
PULLED = 0.9


def shown(
    wanted: Wanted,
    standing: Standing,
    run: Run | None,
    parts: Sequence[Part],
    now: str,
    *,
    held_open: bool = False,
    disabled: bool = False,
) -> dict[str, Any]:
    """Where one object stands at `now`, UTC, ISO 8601; `run` and `parts` are of the run under way.

    `lag_s` counts from the moment up to which everything that had changed is held. `held_open`:
    another run may still add to this one, so that nobody need be at work. `disabled`: nothing is
    read of the instance until it is enabled.
    """
    running = run is not None and run.is_active
    state = _state(standing, run, now)
    if state == STALLED and held_open:
        state = RUNNING
    if disabled:
        state = PAUSED
    lag = _seconds(standing.complete_since, now)
    told = due(wanted, standing, now)
    shown_now: dict[str, Any] = {
        "state": state,
        "paused": DISABLED if disabled else None,
        "copied": wanted.copied,
        "stage": run.stage.value if run and running else None,
        "kind": run.kind.value if run and running else None,
        "run_id": standing.run_id or None,
        "progress": progress(run, parts, standing, now) if run and running else None,
        "lease_until": _lease(standing) if running else None,
        "taken_over": TAKEN_OVER if state == STALLED else None,
        "retry": dict(standing.retry) or None if running else None,
        "cursor": dict(standing.marks),
        "complete": bool(standing.complete_since) and not standing.doubts,
        "held_back": _held_back(wanted, standing),
        "complete_since": standing.complete_since or None,
        "lag_s": lag,
        "held": standing.held if standing.held >= 0 else None,
        "last_run": _last(standing),
        "next_due_at": None if running or disabled or wanted.object.parent else max(told.at, now),
        "failures": standing.failures,
        "last_error": standing.last_error or None,
        "owed_run": standing.owed_run or None,
    }
    if wanted.weighed.reasons:
        shown_now["include"] = wanted.weighed.shown()
    if standing.events:
        shown_now["events"] = dict(standing.events)
    return shown_now


def _state(standing: Standing, run: Run | None, now: str) -> str:
    if run is not None and run.is_active:
        expired = standing.lease_until < timestamps.from_text(now).timestamp()
        return STALLED if expired else RUNNING
    if standing.failures:
        return FAILED
    return IDLE if standing.last_finished_at else NEVER


def _lease(standing: Standing) -> str:
    return timestamps.to_text(timestamps.from_epoch(standing.lease_until))


def _held_back(wanted: Wanted, standing: Standing) -> dict[str, Any] | None:
    if not standing.held_back:
        return None
    return {
        "count": standing.held_back,
        "why": " ".join(standing.doubts),
        "release": release_of(wanted.name),
    }


def _last(standing: Standing) -> dict[str, Any] | None:
    if not standing.last_finished_at:
        return None
    return {
        "run_id": standing.last_run,
        "state": standing.last_stage,
        "started_at": standing.last_started_at,
        "finished_at": standing.last_finished_at,
    }


def needs_parts(wanted: Wanted, run: Run, standing: Standing) -> bool:
    """Whether a run's parts have to be known to say how far it is; of children there are many."""
    counted = run.kind is Kind.FULL and standing.held > 0
    return run.stage is Stage.PULLING and not counted and not wanted.object.parent


def progress(run: Run, parts: Sequence[Part], standing: Standing, now: str) -> dict[str, Any]:
    """How far a run is; `percent` and `seconds_left` are estimates, None where none can be made."""
    elapsed = _seconds(run.started_at, now) or 0
    share = _share(run, parts, standing, now)
    left = round(elapsed * (1 - share) / share) if share and elapsed else None
    return {
        "rows": run.counts.rows,
        "pages": run.counts.pages,
        "calls": run.counts.calls,
        "changed": run.counts.changed,
        "open_parts": run.open,
        "failed_parts": run.failed,
        "percent": None if share is None else round(min(share * 100, MOST_PERCENT), 1),
        "seconds_left": left,
        "estimated": True,
    }


def _share(run: Run, parts: Sequence[Part], standing: Standing, now: str) -> float | None:
    if run.stage is Stage.FOLDING:
        folded = min(run.counts.folded / max(run.counts.staged, 1), 1.0)
        return PULLED + (1 - PULLED) * folded
    if run.stage is not Stage.PULLING:
        return MOST_PERCENT / 100
    read = _read(run, parts, standing, now)
    return read * PULLED if read and run.counts.staged else read


def _read(run: Run, parts: Sequence[Part], standing: Standing, now: str) -> float | None:
    if run.kind is Kind.FULL and standing.held > 0:
        return min(run.counts.rows / standing.held, 1.0)
    return _by_time([part for part in parts if part.feed and not part.scope.parents], now)


def _by_time(parts: Sequence[Part], now: str) -> float | None:
    """The part of the time from the first window's start to now that is read; by no list's rows."""
    wide = [_span(part, now) for part in parts]
    whole = sum(length for _, length in wide)
    if not whole or any(part.scope.since == BEGINNING for part in parts):
        done = sum(part.state is PartState.DONE for part in parts)
        return done / len(parts) if done else None
    return sum(read for read, _ in wide) / whole


def _span(part: Part, now: str) -> tuple[float, float]:
    end = part.scope.until or now
    length = float(_seconds(part.scope.since, end) or 0)
    if part.state is PartState.DONE:
        return length, length
    return float(
        min(_seconds(part.scope.since, part.mark or part.scope.since) or 0, length)
    ), length


def _seconds(since: str, until: str) -> int | None:
    """Whole seconds, never less than none; None where nothing is known of the one."""
    if not since:
        return None
    passed = timestamps.from_text(until) - timestamps.from_text(since)
    return max(0, round(passed.total_seconds()))


def shown_run(run: Run) -> dict[str, Any]:
    """A run of one object in a list of runs."""
    counts = asdict(run.counts)
    return {
        "run_id": run.run_id,
        "object": run.object,
        "kind": run.kind.value,
        "state": RUNNING if run.is_active else run.stage.value,
        "stage": run.stage.value,
        "started_at": run.started_at,
        "finished_at": run.finished_at or None,
        "failed_parts": run.failed,
        "counts": {name: counts[name] for name in ("rows", "pages", "calls", "changed")},
    }
