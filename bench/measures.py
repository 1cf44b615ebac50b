"""From what the simulated account counted to the figures of the table. Pure.

`utilisation` is the mean rate as a share of the allowed one:

    calls let through / (limit x seconds from the first call to the last / window)

at most 1: who sends a whole window's calls at once, at its beginning, would come out a little
above it. What another client of the account used is left out of both sides. `steady_utilisation`
counts whole windows, all but the first and the last one that saw a call.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from bench.rates import Rates


@dataclass(frozen=True)
class Window:
    """One rate window that saw calls: what was let through of it, between which two times."""

    begins: float
    calls: int
    first_at: float
    last_at: float


@dataclass(frozen=True)
class Counts:
    """What an account counted of the calls of one kind."""

    accepted: int = 0
    throttled: int = 0
    while_blocked: int = 0


@dataclass(frozen=True)
class Effects:
    """What became of the messages: how many of them have no ticket, and surplus tickets."""

    done: int
    lost: int
    duplicates: int


def windows_of(stats: Mapping[str, Any]) -> list[Window]:
    """The windows of the simulator's statistics that let anything through, in order of time."""
    found = [
        Window(one["begins"], one["credits"], one["first_at"], one["last_at"])
        for one in stats["windows"]
        if one["first_at"] is not None
    ]
    return sorted(found, key=lambda window: window.begins)


def counts_of(stats: Mapping[str, Any], *, of_others: Iterable[str] = ()) -> Counts:
    """The calls of the one who is measured: of every endpoint but `of_others`."""
    theirs = set(of_others)
    own = [one for name, one in stats["endpoints"].items() if name not in theirs]
    return Counts(
        accepted=sum(one["credits"] for one in own),
        throttled=sum(one["throttled"] for one in own),
        while_blocked=sum(one["calls_while_blocked"] for one in own),
    )


def utilisation(windows: Sequence[Window], limit: int, window_s: float, others: int = 0) -> float:
    """Share of the allowed rate that was used; `others` calls were another client's."""
    if not windows:
        return 0.0
    span = (windows[-1].last_at - windows[0].first_at) / window_s
    used = sum(window.calls for window in windows) - others
    allowed = limit * span - others
    return min(1.0, used / allowed) if allowed > 0 else 1.0


def steady_utilisation(
    windows: Sequence[Window], limit: int, window_s: float, others: int = 0
) -> float | None:
    """The same over whole windows; None when there is none between the first and the last."""
    if not windows:
        return None
    between = round((windows[-1].begins - windows[0].begins) / window_s) - 1
    if between < 1:
        return None
    inner = windows[1:-1]
    share = between / (between + 2)
    # Another client comes at random: as many in every window as in any other.
    theirs = others * share
    allowed = limit * between - theirs
    return min(1.0, (sum(window.calls for window in inner) - theirs) / allowed)


def effects(expected: Iterable[str], made: Iterable[str]) -> Effects:
    """Compare the subjects that were asked for with those of the tickets that there are."""
    wanted = set(expected)
    counts = Counter(subject for subject in made if subject in wanted)
    surplus = sum(count - 1 for count in counts.values())
    return Effects(done=len(counts), lost=len(wanted) - len(counts), duplicates=surplus)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of all are no larger than; None of no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def seconds_after(begin: float, times: Iterable[str]) -> list[float]:
    """How long after `begin`, in epoch seconds, each of the ISO 8601 times is."""
    return [max(0.0, datetime.fromisoformat(text).timestamp() - begin) for text in times]


def duration_s(windows: Sequence[Window]) -> float:
    """Seconds from the first call to the last."""
    return windows[-1].last_at - windows[0].first_at if windows else 0.0


def figures(
    stats: Mapping[str, Any], rates: Rates, *, of_others: Iterable[str] = ()
) -> dict[str, float]:
    """Every figure that the statistics alone give, by metric."""
    names = set(of_others)
    windows = windows_of(stats)
    own = counts_of(stats, of_others=names)
    others = sum(one["credits"] for name, one in stats["endpoints"].items() if name in names)
    limit, window_s = rates.creations, rates.window_s
    found = {
        "utilisation": utilisation(windows, limit, window_s, others),
        "throttled": float(own.throttled),
        "calls_while_blocked": float(own.while_blocked),
        "calls": float(own.accepted),
        "duration": duration_s(windows),
    }
    steady = steady_utilisation(windows, limit, window_s, others)
    if steady is not None:
        found["steady_utilisation"] = steady
    attempts = own.accepted + own.throttled
    found["throttled_share"] = own.throttled / attempts if attempts else 0.0
    return found


def in_short(numbers: Sequence[int]) -> str:
    """Numbers in order, repeated ones once with how often: `39 60 99x18 4`."""
    runs = [(value, len(list(same))) for value, same in groupby(numbers)]
    return " ".join(f"{value}x{count}" if count > 1 else str(value) for value, count in runs)
