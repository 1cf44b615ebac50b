"""The table in brief, a line for each subject in each scenario: what the pages quote. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bench import table
from bench.results import Result

ACTION_COLUMNS = (
    ("utilisation", "used of the limit"),
    ("throttled", "429s"),
    ("lost", "lost"),
    ("duplicates", "doubled"),
    ("receives_per_message", "receives"),
    ("ledger_writes_per_call", "writes/call"),
    ("p99", "p99"),
)
SYNC_COLUMNS = (
    ("missing", "missing"),
    ("stale", "stale"),
    ("extra", "extra"),
    ("list_calls", "list calls"),
    ("credits", "credits"),
    ("throttled", "429s"),
    ("utilisation", "used of the limit"),
    ("records_per_s", "records/s"),
    ("duration", "duration"),
    ("peak_rss", "MB"),
)
Columns = Sequence[tuple[str, str]]


def text(
    found: Sequence[Result],
    scenarios: Sequence[str],
    subjects: Sequence[str],
    columns: Columns = ACTION_COLUMNS,
    needed: str = "lost",
) -> str:
    """A Markdown table of `columns` (metric, heading), each as wide as its widest cell.

    A run has a line when `needed` was measured in it.
    """
    values = {(one.scenario, one.subject, one.metric): one for one in found}
    rows = [["scenario", "subject", *(label for _, label in columns)]]
    for scenario in scenarios:
        measured = [name for name in subjects if (scenario, name, needed) in values]
        for name in measured:
            cells = [table.shown(values.get((scenario, name, metric))) for metric, _ in columns]
            rows.append([scenario if name == measured[0] else "", name, *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    rule = [
        "-" * width if column < 2 else "-" * (width - 1) + ":"
        for column, width in enumerate(widths)
    ]
    return "\n".join([lines[0], _line(rule, widths), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.ljust(width) if column < 2 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"| {' | '.join(cells)} |"
