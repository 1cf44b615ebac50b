"""The figures of one row, counted up event by event. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from freshbridge.analytics.distribution import Distribution

DURATIONS = ("first_response", "resolution")


class Tally:
    """Counts and durations; memory is a few counters and eight bytes for each duration."""

    __slots__ = ("_counts", "_durations", "_score")

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._durations: dict[str, Distribution] = {}
        self._score = 0.0

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a count."""
        self._counts[name] += amount

    def duration(self, name: str, seconds: int) -> None:
        """Add one of DURATIONS."""
        self._durations.setdefault(name, Distribution()).add(seconds)

    def rate(self, score: float) -> None:
        """Add a survey's answer, from -1 to 1."""
        self._score += score
        self.count("neutral" if score == 0 else "positive" if score > 0 else "negative")

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    def shown(self, *, backlog_at_start: int | None = None) -> dict[str, Any]:
        """The row's figures; `backlog_at_start` overrides what was counted, for a day's row."""
        n = self._counts
        start = n["backlog_at_start"] if backlog_at_start is None else backlog_at_start
        due = n["first_response_due"] + n["resolution_due"]
        breached = n["first_response_breached"] + n["resolution_breached"]
        ratings = n["positive"] + n["neutral"] + n["negative"]
        empty = Distribution()
        return {
            "volume_in": n["volume_in"],
            "volume_out": n["volume_out"],
            "backlog_at_start": start,
            "backlog": start + n["volume_in"] - n["volume_out"],
            **{name: self._durations.get(name, empty).shown() for name in DURATIONS},
            "sla": {
                "first_response_due": n["first_response_due"],
                "first_response_breached": n["first_response_breached"],
                "resolution_due": n["resolution_due"],
                "resolution_breached": n["resolution_breached"],
                "escalated": n["escalated"],
                "breach_rate": share(breached, due),
            },
            "reopened": n["reopened"],
            "reopen_rate": share(n["reopened"], n["finished_or_reopened"]),
            "csat": {
                "ratings": ratings,
                "positive": n["positive"],
                "neutral": n["neutral"],
                "negative": n["negative"],
                "positive_share": share(n["positive"], ratings),
                "mean_score": round(self._score / ratings, 4) if ratings else None,
            },
            "time": {
                "entries": n["time_entries"],
                "logged_s": n["logged_s"],
                "billable_s": n["billable_s"],
            },
            "tickets": {"counted": n["tickets"]},
        }


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`, to four places; None of nothing."""
    return round(part / whole, 4) if whole else None
