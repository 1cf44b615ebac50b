"""Exact mean, median and percentiles of many whole numbers, eight bytes each. Pure."""

from __future__ import annotations

from array import array
from typing import Any


class Distribution:
    """Durations in seconds, added one by one."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values = array("q")

    def add(self, seconds: int) -> None:
        """Take in one duration."""
        self._values.append(seconds)

    def shown(self) -> dict[str, Any]:
        """`count`, `mean_s`, `median_s`, `p90_s`, to a tenth of a second; null for none."""
        ordered = sorted(self._values)
        if not ordered:
            return {"count": 0, "mean_s": None, "median_s": None, "p90_s": None}
        return {
            "count": len(ordered),
            "mean_s": round(sum(ordered) / len(ordered), 1),
            "median_s": round(percentile(ordered, 50), 1),
            "p90_s": round(percentile(ordered, 90), 1),
        }


def percentile(ordered: list[int], percent: int) -> float:
    """The percentile of ascending, non-empty values, between the two nearest by their distance.

    This is what spreadsheets call PERCENTILE or PERCENTILE.INC; at 50 it is the usual median.
    """
    whole, rest = divmod((len(ordered) - 1) * percent, 100)
    below = ordered[whole]
    above = ordered[min(whole + 1, len(ordered) - 1)]
    return below + (above - below) * rest / 100
