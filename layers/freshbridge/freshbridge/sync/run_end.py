"""Where an object stands once a run has ended: how far its lists are read, what is owed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from freshbridge.sync.feeds.feed import BEGINNING
from freshbridge.sync.run import Kind, Part, PartState, Run, Stage, Standing


def marks_after(run: Run, parts: Iterable[Part]) -> dict[str, str]:
    """How far each list is read after a run.

    A list's mark moves only over windows that are read without a gap: the latest time up to which
    every part of it is done, and merged. The mark of an end that is open is the last one of the
    list's own times, never this machine's.
    """
    marks = {**run.known, **run.presets}
    windows: dict[str, list[Part]] = {}
    for part in parts:
        if part.feed and part.stage is Stage.PULLING and not part.scope.parents:
            windows.setdefault(part.feed, []).append(part)
    for feed, some in windows.items():
        reached = run.known.get(feed, BEGINNING)
        for part in sorted(some, key=lambda one: (one.scope.since, one.scope.until or "~")):
            if part.scope.since > reached or not part.reached or part.is_unfolded:
                # A gap, a list that tells no times, or rows that wait to be merged.
                break
            reached = max(reached, part.reached)
            if part.state is not PartState.DONE:
                break
        if reached > marks.get(feed, BEGINNING):
            marks[feed] = reached
    return marks


def _furthest(some: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """The later mark of each list: what was read stays read, whichever run ends last."""
    return {
        feed: max(some.get(feed, BEGINNING), others.get(feed, BEGINNING))
        for feed in {**some, **others}
    }


def after_run(standing: Standing, run: Run, parts: Sequence[Part]) -> Standing:
    """Where the object stands once a run is done or has failed."""
    failed = run.stage is Stage.FAILED
    reasons = sorted({part.reason for part in parts if part.state is PartState.FAILED})
    after = replace(
        standing,
        run_id="",
        lease_until=0.0,
        marks=_furthest(standing.marks, marks_after(run, parts)),
        last_run=run.run_id,
        last_stage=run.stage.value,
        last_started_at=run.started_at,
        last_finished_at=run.finished_at,
        owed_run=run.run_id if failed else "",
        held=standing.held if run.copied else -1,
        failures=standing.failures + 1 if failed else 0,
        last_error="; ".join(reasons)[:500] if failed else "",
    )
    if failed:
        return after
    if run.kind is Kind.FULL:
        held_back, doubts = _doubts(parts)
        after = replace(after, last_full_at=run.started_at, held_back=held_back, doubts=doubts)
    elif standing.is_new:
        # What has changed of something that is not held as a whole completes nothing.
        return after
    return replace(after, complete_since=max(standing.complete_since, run.started_at))


def _doubts(parts: Sequence[Part]) -> tuple[int, Sequence[str]]:
    """How many removals a full run held back, and why it did not prove the copy complete."""
    for part in parts:
        if part.stage is Stage.RECONCILING and part.report:
            held_back = part.report.get("candidates", {}).get("held_back", 0)
            return held_back, () if part.report.get("complete") else tuple(part.report["why"])
    return 0, ()
