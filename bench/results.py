"""The results: a list of one figure each, written to bench/results.json. Pure but for the writing.

{"scenario": "backlog steady", "subject": "freshbridge", "metric": "utilisation",
 "value": 0.98, "unit": "share"}
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

UNITS: Mapping[str, str] = {
    "utilisation": "share",
    "steady_utilisation": "share",
    "throttled_share": "share",
    "throttled": "calls",
    "calls_while_blocked": "calls",
    "calls": "calls",
    "done": "messages",
    "lost": "messages",
    "duplicates": "tickets",
    "dead_letters": "messages",
    "receives_per_message": "receives",
    "ledger_writes_per_call": "writes",
    "writes_per_message": "writes",
    "killed": "processes",
    "duration": "s",
    "p50": "s",
    "p99": "s",
    "samples": "actions",
    "messages": "messages",
    "limit": "calls",
    "window_s": "s",
    "rate": "per s",
    "records_per_s": "records per s",
    "list_calls": "calls",
    "credits": "credits",
    "missing": "tickets",
    "stale": "tickets",
    "extra": "tickets",
    "missing_first": "tickets",
    "stale_first": "tickets",
    "held": "tickets",
    "peak_rss": "MB",
    "writes_per_file": "writes",
    "failed": "runs",
    "customers": "customers",
    "load_calls": "calls",
    "load_seconds": "s",
    "load_differing": "customers",
    "change_calls": "calls",
    "change_writes": "calls",
    "rounds": "runs",
    "differing": "customers",
    "second_run_writes": "calls",
    "second_run_calls": "calls",
    "cpus": "count",
    "memory": "GiB",
}


@dataclass(frozen=True)
class Result:
    """One figure of one subject in one scenario."""

    scenario: str
    subject: str
    metric: str
    value: float
    unit: str


def result(scenario: str, subject: str, metric: str, value: float) -> Result:
    """A result in the metric's own unit.

    Raises:
        ValueError: no such metric, or no number that JSON can hold.
    """
    if metric not in UNITS:
        raise ValueError(f"no metric is called {metric!r}; known: {', '.join(UNITS)}")
    if not math.isfinite(value):
        raise ValueError(f"{scenario}, {subject}: {metric} is {value}")
    return Result(scenario, subject, metric, round(float(value), 6), UNITS[metric])


def results(scenario: str, subject: str, figures: Mapping[str, float | None]) -> list[Result]:
    """A result for every figure that there is."""
    return [
        result(scenario, subject, metric, value)
        for metric, value in figures.items()
        if value is not None
    ]


def to_text(found: Iterable[Result]) -> str:
    """As the file holds them: a JSON list, one result a line, so that two runs can be compared."""
    lines = [f"  {json.dumps(asdict(one))}" for one in found]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def together(earlier: Iterable[Result], found: Sequence[Result]) -> list[Result]:
    """What was found, and earlier figures of the scenarios that were not run this time.

    A scenario's figures come from one run for all its subjects, or they could not be compared.
    """
    run = {one.scenario for one in found}
    return [*found, *(one for one in earlier if one.scenario not in run)]


def read(path: Path) -> list[Result]:
    """The figures of earlier runs; none where there is no file."""
    return [Result(**one) for one in json.loads(path.read_text())] if path.exists() else []


def write(found: Sequence[Result], path: Path) -> None:
    """Put the figures in the file, at once, so that a run cut short leaves the one before."""
    part = path.with_suffix(".part")
    part.write_text(to_text(together(read(path), found)))
    part.replace(path)
