"""How it was proved that a run left a complete copy, in numbers and in words.

Pure. Three things make a copy complete: every list was read from where the last run left off (or
from the beginning) to its open end without a gap, no part of the run failed, and what is held but
was in no list has been asked for one by one. Where one of them is missing, the report says which,
and what to do about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge.lake.rows import Change, State
from freshbridge.sync.feeds.feed import BEGINNING
from freshbridge.sync.report_words import doubts, proof
from freshbridge.sync.run import Counts, Kind, PartState, Stage

if TYPE_CHECKING:
    from freshbridge.sync.reconcile import Reconciled
    from freshbridge.sync.run import Part, Run

MOST_SHOWN = 200
"""Windows and gaps that are listed one by one; of more, the first and how many."""


@dataclass(frozen=True)
class Window:
    """A part of a list that a run read: from `since` up to and without `until`, "" for its end.

    `done` is False for one that ended in the dead-letter queue, or whose rows wait to be merged.
    Times are UTC, ISO 8601.
    """

    feed: str
    since: str = BEGINNING
    until: str = ""
    rows: int = 0
    pages: int = 0
    calls: int = 0
    done: bool = True


@dataclass(frozen=True)
class Ran:
    """A run, as far as its report needs it.

    `known` are the times that each list had been read up to before; a list that is not in it was
    to be read from the beginning. `held_before` and `held_after` count live
    records, None where nobody counted. `full` runs look for what is gone; `first` ones need not.
    """

    object: str
    full: bool
    first: bool
    windows: Sequence[Window]
    known: Mapping[str, str]
    counts: Counts
    held_before: int | None
    held_after: int | None
    failed_parts: int = 0


def counted(changes: Sequence[Change]) -> Counts:
    """What a merge did to live records; tombstones of what was never held alive are changes too."""
    kinds: Counter[str] = Counter()
    for change in changes:
        live = change.after.state is State.LIVE
        was_live = change.before is not None and change.before.state is State.LIVE
        if live:
            kinds[
                "created" if change.before is None else "updated" if was_live else "restored"
            ] += 1
        elif was_live:
            kinds["removed"] += 1
    return Counts(changed=len(changes), **kinds)


def ran(
    run: Run,
    parts: Iterable[Part],
    *,
    held_before: int | None = None,
    held_after: int | None = None,
) -> Ran:
    """A run as its report needs it. Parts that read single records' children are no windows."""
    parts = list(parts)
    pulled = [part for part in parts if part.feed and part.stage is Stage.PULLING]
    folds = [part for part in parts if part.stage is Stage.FOLDING]
    return Ran(
        object=run.object,
        full=run.kind is Kind.FULL,
        first=run.first,
        windows=[
            Window(
                part.feed,
                part.scope.since,
                part.scope.until,
                part.counts.rows,
                part.counts.pages,
                part.counts.calls,
                done=part.state is PartState.DONE and not part.is_unfolded,
            )
            for part in pulled
            if not part.scope.parents
        ],
        known={} if run.kind is Kind.FULL else run.known,
        counts=run.counts,
        held_before=held_before,
        held_after=held_after,
        failed_parts=sum(part.state is PartState.FAILED for part in (*pulled, *folds)),
    )


def gaps(windows: Iterable[Window], known: Mapping[str, str]) -> list[dict[str, str]]:
    """What of the lists was not read: `{"feed", "since", "until"}`, an open end as ""."""
    of: dict[str, list[Window]] = {}
    for window in windows:
        of.setdefault(window.feed, []).append(window)
    found = []
    for feed, some in of.items():
        reached, open_ended = known.get(feed, BEGINNING), False
        for window in sorted((one for one in some if one.done), key=lambda one: one.since):
            if window.since > reached and not open_ended:
                found.append({"feed": feed, "since": reached, "until": window.since})
            reached = max(reached, window.until or window.since)
            open_ended = open_ended or not window.until
        if not open_ended:
            found.append({"feed": feed, "since": reached, "until": ""})
    return found


def report_of(ran: Ran, reconciled: Reconciled | None) -> dict[str, Any]:
    """The report; `reconciled` is None where nothing had to be looked for.

    {"feeds": [{"feed", "since", "until", "windows", "rows", "pages", "calls"}],
     "windows": [{"feed", "since", "until", "rows", "done"}], "gaps": [...],
     "held": {"before", "after"}, "changed": {"created", "updated", …},
     "candidates": {"count", "held_back", "verdicts": {"gone", …}}, "complete", "why": [...]}
    """
    missing = gaps(ran.windows, ran.known)
    report: dict[str, Any] = {
        "feeds": _feeds(ran.windows),
        "windows": [
            {"feed": w.feed, "since": w.since, "until": w.until, "rows": w.rows, "done": w.done}
            for w in ran.windows[:MOST_SHOWN]
        ],
        "windows_in_all": len(ran.windows),
        "gaps": missing[:MOST_SHOWN],
        "held": {"before": ran.held_before, "after": ran.held_after},
        "changed": {
            "created": ran.counts.created,
            "updated": ran.counts.updated,
            "removed": ran.counts.removed,
            "restored": ran.counts.restored,
            "unchanged": max(0, ran.counts.rows - ran.counts.changed),
        },
    }
    if reconciled is not None:
        report["candidates"] = {
            "count": reconciled.candidates,
            "held_back": reconciled.held_back,
            "verdicts": dict(reconciled.verdicts),
        }
    wrong = doubts(ran, len(missing), reconciled)
    report["complete"] = not wrong
    report["why"] = wrong or [proof(ran, reconciled)]
    return report


def _feeds(windows: Sequence[Window]) -> list[dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {}
    for window in windows:
        one = shown.setdefault(
            window.feed,
            {"feed": window.feed, "since": window.since, "until": window.until, "windows": 0}
            | {"rows": 0, "pages": 0, "calls": 0},
        )
        one["since"] = min(one["since"], window.since)
        # An open end is the latest of all.
        one["until"] = max(one["until"], window.until) if one["until"] and window.until else ""
        one["windows"] += 1
        for name in ("rows", "pages", "calls"):
            one[name] += getattr(window, name)
    return list(shown.values())
