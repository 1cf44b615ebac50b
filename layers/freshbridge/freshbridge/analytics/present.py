"""A report as it is answered: rows with names, and what is to be known of its data. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from freshbridge.analytics.names import Names
from freshbridge.analytics.report import Dimension
from freshbridge.analytics.tally import Tally

Row = dict[str, Any]
# The part of a row that a feed fills: null where the feed may not be read.
_FILLED_BY = {"time_entries": "time", "ratings": "csat"}
_NOT_AVAILABLE = "not available to this key or on this account's plan; the figures are null"


def presented(
    report: Mapping[str, Any],
    names: Names,
    only: Mapping[Dimension, tuple[int, ...]],
    refused: Collection[str],
) -> Row:
    """The report with names beside the keys.

    `only` limits a dimension's rows to these keys, and gives each of them a row, be it empty. The
    totals stay those of the whole account.
    """
    by = {}
    for dimension in map(Dimension, report["by"]):
        rows = report["by"][dimension]
        if dimension in only:
            found = {row["key"]: row for row in rows}
            rows = [found.get(key) or {"key": key, **Tally().shown()} for key in only[dimension]]
        by[dimension.value] = [
            {
                "key": row["key"],
                "name": names.of(dimension, row["key"]),
                **_without(row, refused),
            }
            for row in rows
        ]
    return {**report, "totals": _without(report["totals"], refused), "by": by}


def _without(row: Row, refused: Collection[str]) -> Row:
    empty = {_FILLED_BY[feed]: None for feed in refused}
    return {name: empty.get(name, value) for name, value in row.items() if name != "key"} | empty


def coverage(state: Mapping[str, Any], unnamed: Collection[str]) -> Row:
    """What the data holds and what not, in words."""
    live = "lake_refusal" in state
    told = {
        "lake": f"not used: {state['lake_refusal']}" if live else "used",
        "tickets": _LIVE if live else _LAKE,
        "time_entries": _feed(state, "time_entries"),
        "ratings": _feed(state, "ratings"),
    }
    missed = state["feeds"].get("backlog", {}).get("missed", 0)
    if missed:
        told["backlog_not_listed"] = (
            f"{missed} open tickets are missing: more than 300 were created on one day, and a "
            "search lists no more"
        )
    if unnamed:
        told["names"] = f"this key may not list {', '.join(sorted(set(unnamed)))}"
    return told


_LIVE = (
    "All tickets updated since the period began, with their stats; open ones not updated since, by "
    "search, which lags some minutes behind."
)
_LAKE = (
    "The latest synced version of every ticket. One deleted after it was synced still counts; time "
    "entries and survey answers are live."
)


def _feed(state: Mapping[str, Any], name: str) -> str:
    progress = state["feeds"][name]
    return _NOT_AVAILABLE if progress["refused"] else f"{progress['rows']} read"
