"""What Freshbridge has to reach in each scenario, and what to look at when it does not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.results import Result


@dataclass(frozen=True)
class Bar:
    """`metric` must be at least `least`, or at most `most`; `otherwise` is what to do next."""

    metric: str
    otherwise: str
    least: float | None = None
    most: float | None = None
    unit: str = ""

    def met(self, value: float) -> bool:
        """Whether the value is on the right side."""
        if self.least is not None and value < self.least:
            return False
        return self.most is None or value <= self.most

    @property
    def text(self) -> str:
        """As the table shows it."""
        bound = self.least if self.least is not None else self.most
        sign = "≥" if self.least is not None else "≤"
        if bound is None:
            return ""
        number = f"{bound:.0%}" if self.unit == "share" else f"{bound:g}{self.unit}"
        return f"{sign} {number}"


LOST = Bar(
    "lost", most=0, otherwise="look the missing subjects up in the dead letters and action records"
)
DUPLICATES = Bar(
    "duplicates", most=0, otherwise="read the timeline of the doubled tickets' action records"
)
NO_429 = Bar(
    "throttled", most=0, otherwise="compare the budget's state with the simulator's windows"
)
FEW_429 = Bar(
    "throttled_share",
    most=0.01,
    unit="share",
    otherwise="look at what the budget takes the other client's use to be",
)
FULL = Bar(
    "utilisation",
    least=0.97,
    unit="share",
    otherwise="compare the calls of each window with its limit: waits, or too slow a machine?",
)
RECEIVES = Bar(
    "receives_per_message", most=3, otherwise="count the messages put off, by code, in the log"
)
WRITES = Bar(
    "ledger_writes_per_call", most=1, otherwise="count lost races: fewer executors, more slots each"
)
INTERACTIVE = Bar("p99", most=2, unit=" s", otherwise="look at how much of the limit is kept free")

DEAD = Bar(
    "dead_letters", most=0, otherwise="read the reasons: `make redrive` against a stack that is up"
)
_SAFE = (LOST, DUPLICATES, DEAD)

_COMPLETE = tuple(
    Bar(metric, most=0, otherwise=otherwise)
    for metric, otherwise in (
        ("missing", "look the ids up in the lake's history: never read, or lost in the merge?"),
        ("stale", "compare their updated_at with the run's marks and the pages' times"),
        ("extra", "look the ids up among the tombstones and in the feed of the deleted"),
        ("duplicates", "see which of the current view's files hold the doubled ids"),
        ("failed", "read the run's state and the dead letters of the sync queue"),
    )
)
LIST_CALLS = Bar(
    "list_calls", most=204, otherwise="count the calls by position: what was read twice, or probed?"
)
FEW_LIST_CALLS = Bar(
    "list_calls",
    # Eight pages hold what has changed, in three lists. Edits of one second fill several pages,
    # whose last one has to be looked for: thrice as many, in an account of any size.
    most=24,
    otherwise="count the calls by feed: each should ask for what is new only",
)
RECORDS = Bar("records_per_s", least=5000, otherwise="profile the worker: fetch, parse, merge, S3?")
MEMORY = Bar("peak_rss", most=150, unit=" MB", otherwise="see how many rows wait for a flush")
WRITTEN = Bar("writes_per_file", most=5, otherwise="see which batches were sparse, and merged")
_SAME = tuple(
    Bar(metric, most=most, otherwise=otherwise)
    for metric, most, otherwise in (
        ("load_differing", 0, "read the run's report: who was skipped or failed?"),
        ("load_calls", 500, "count the calls by endpoint: were customers written one by one?"),
        ("differing", 0, "compare the two records with what the link table holds of them"),
        ("duplicates", 0, "look for the address in the report's created rows"),
        ("rounds", 2, "see which field travels back and forth in the reports"),
        ("change_calls", 1500, "count the calls by endpoint: is everything read anew?"),
        ("second_run_writes", 0, "see what the last run's report says was updated"),
    )
)
_BARS: Mapping[str, tuple[Bar, ...]] = {
    "backlog steady": (FULL, NO_429, *_SAFE, RECEIVES, WRITES),
    "backlog real minutes": (FULL, NO_429, *_SAFE, RECEIVES, WRITES),
    "chaos lost replies": (NO_429, *_SAFE, RECEIVES),
    "chaos outside consumer": (FEW_429, *_SAFE, RECEIVES),
    "chaos killed executors": (NO_429, *_SAFE),
    "interactive": (INTERACTIVE, NO_429, *_SAFE),
    "fairness": (NO_429, *_SAFE),
    "sync 20,000 no limit": (LIST_CALLS, RECORDS, *_COMPLETE, MEMORY),
    "sync 20,000 with includes": (LIST_CALLS, *_COMPLETE, MEMORY),
    "sync 20,000 at 20 requests/s": (FULL, NO_429, *_COMPLETE, MEMORY),
    "sync 60,000 at 20 requests/s": (FULL, NO_429, *_COMPLETE, MEMORY),
    "sync under churn": (*_COMPLETE, MEMORY),
    "sync 60,000": (*_COMPLETE, MEMORY),
    "sync 60,000 shuffled": (*_COMPLETE, WRITTEN, MEMORY),
    "sync 30,500 of one time": (*_COMPLETE, MEMORY),
    "sync killed": (*_COMPLETE, MEMORY),
    "sync incremental 5,000": (FEW_LIST_CALLS, *_COMPLETE, MEMORY),
    "sync incremental 20,000": (FEW_LIST_CALLS, *_COMPLETE, MEMORY),
    "sync 200,000": (*_COMPLETE, MEMORY),
    "freshsales customers": _SAME,
    "freshsales destination": (FULL, NO_429, *_SAFE),
}


def bars_of(scenario: str) -> tuple[Bar, ...]:
    """The scenario's bars; empty for one that only informs."""
    return _BARS.get(scenario, ())


def missed(found: Sequence[Result], subject: str) -> list[str]:
    """A line for every bar that was missed: by how much, and what to do next."""
    lines = []
    for one in found:
        if one.subject != subject:
            continue
        for bar in bars_of(one.scenario):
            if bar.metric == one.metric and not bar.met(one.value):
                lines.append(
                    f"{one.scenario}: {one.metric} is {one.value:g}, wanted {bar.text}: "
                    f"{bar.otherwise}"
                )
    return lines
