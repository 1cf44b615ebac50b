"""From what the simulated account counted to the figures of a sync. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench import measures
from bench.rates import Rates
from bench.sync.comparison import Comparison

LIST = "GET /tickets"


@dataclass(frozen=True)
class Ran:
    """How a run went: when it was over, in epoch seconds; why it failed, "" when it did not;
    `killed` processes; the largest one's memory in bytes; how often a file of the copy was written,
    0 where nobody counts."""

    over_at: float
    failure: str = ""
    killed: int = 0
    peak_rss: int = 0
    writes_per_file: float = 0.0


def figures(
    stats: Mapping[str, Any], rates: Rates | None, ran: Ran, seen: Comparison
) -> dict[str, float | None]:
    """Every figure of a run, by metric; `rates` is None where there is no limit."""
    windows = measures.windows_of(stats)
    begin = windows[0].first_at if windows else ran.over_at
    duration = max(ran.over_at - begin, 0.001)
    found: dict[str, float | None] = {
        "duration": duration,
        "list_calls": float(stats["endpoints"].get(LIST, {}).get("requests", 0)),
        "calls": float(stats["total"]["requests"] - stats["total"]["throttled"]),
        "credits": float(stats["total"]["credits"]),
        "throttled": float(stats["total"]["throttled"]),
        "held": float(seen.held),
        "failed": float(bool(ran.failure)),
        **completeness(seen),
    }
    if ran.peak_rss:
        found["peak_rss"] = ran.peak_rss / 1e6
    if ran.writes_per_file:
        found["writes_per_file"] = ran.writes_per_file
    if rates is not None:
        found["utilisation"] = measures.utilisation(windows, rates.total, rates.window_s)
    if ran.killed:
        found["killed"] = float(ran.killed)
    return found


def completeness(seen: Comparison) -> dict[str, float | None]:
    """What the copy has too little and too much."""
    return {
        "missing": float(seen.missing),
        "stale": float(seen.stale),
        "extra": float(seen.extra),
        "duplicates": float(seen.duplicates),
    }
