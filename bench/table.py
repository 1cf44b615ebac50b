"""The table: scenarios under each other, subjects side by side, against the bars. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.bars import Bar, bars_of
from bench.results import Result

LABELS: Mapping[str, str] = {
    "load_calls": "calls of the first load",
    "load_seconds": "  its seconds",
    "load_differing": "  differing after it",
    "change_calls": "calls for the changes",
    "change_writes": "  writes among them",
    "rounds": "runs until equal",
    "differing": "differing",
    "second_run_writes": "writes of one run more",
    "second_run_calls": "  its calls",
    "records_per_s": "records/s",
    "list_calls": "list calls",
    "credits": "credits",
    "utilisation": "utilisation",
    "steady_utilisation": "  first and last window left out",
    "throttled": "429s",
    "throttled_share": "  share of all calls",
    "calls_while_blocked": "calls while blocked",
    "missing": "missing",
    "stale": "stale",
    "extra": "extra",
    "missing_first": "  missing after one run alone",
    "stale_first": "  stale after one run alone",
    "lost": "lost",
    "duplicates": "duplicates",
    "dead_letters": "dead letters",
    "done": "done",
    "held": "tickets in the copy",
    "failed": "failed",
    "calls": "calls let through",
    "receives_per_message": "receives per message",
    "ledger_writes_per_call": "ledger writes per call",
    "writes_per_message": "DynamoDB writes per message",
    "killed": "processes killed",
    "duration": "duration",
    "p50": "p50",
    "p99": "p99",
    "samples": "samples",
    "rate": "rate",
    "peak_rss": "peak RSS, MB",
    "writes_per_file": "writes per file of the copy",
}
_MORE_IS_BETTER = ("utilisation", "records_per_s")
_RATIO = (*_MORE_IS_BETTER, "p99", "duration", "peak_rss")


def rows_of(found: Sequence[Result], scenario: str, subjects: Sequence[str]) -> list[list[str]]:
    """The scenario's rows: label, a cell per subject, the bar, its verdict and the ratio."""
    values = {(one.metric, one.subject): one for one in found if one.scenario == scenario}
    bars = {bar.metric: bar for bar in bars_of(scenario)}
    rows = []
    for metric, label in LABELS.items():
        if not any((metric, subject) in values for subject in subjects):
            continue
        cells = [shown(values.get((metric, subject))) for subject in subjects]
        bar = bars.get(metric)
        own = values.get((metric, subjects[0]))
        rows.append([label, *cells, *_verdict(bar, own), _ratio(metric, values, subjects)])
    return rows


def shown(one: Result | None) -> str:
    """A cell: the value as a person reads it."""
    if one is None:
        return "-"
    if one.unit == "share":
        return f"{one.value:.1%}"
    if one.unit == "s":
        return f"{one.value:.1f} s" if one.value >= 10 else f"{one.value * 1000:,.0f} ms"
    if one.unit in ("per s", "receives", "writes"):
        return f"{one.value:.2f}"
    return f"{one.value:,.0f}"


def text(found: Sequence[Result], scenarios: Sequence[str], subjects: Sequence[str]) -> str:
    """The whole table, every column as wide as its widest cell."""
    head = ["", *subjects, "bar", "", "to best peer"]
    parts = {scenario: rows_of(found, scenario, subjects) for scenario in scenarios}
    everything = [head, *(row for rows in parts.values() for row in rows)]
    widths = [max(len(row[column]) for row in everything) for column in range(len(head))]
    lines = [_line(head, widths)]
    for scenario, rows in parts.items():
        if rows:
            lines += ["", scenario, *(_line(row, widths) for row in rows)]
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([f"  {first}", *rest]).rstrip()


def _verdict(bar: Bar | None, own: Result | None) -> tuple[str, str]:
    if bar is None:
        return "", ""
    if own is None:
        return bar.text, "?"
    return bar.text, "✓" if bar.met(own.value) else "✗"


def _ratio(metric: str, values: Mapping[tuple[str, str], Result], subjects: Sequence[str]) -> str:
    """How Freshbridge, the first subject, compares with the best of the others."""
    own = values.get((metric, subjects[0]))
    others = [values[metric, name].value for name in subjects[1:] if (metric, name) in values]
    if metric not in _RATIO or own is None or not others:
        return ""
    best = max(others) if metric in _MORE_IS_BETTER else min(others)
    return f"x{own.value / best:.2f}" if best else ""
