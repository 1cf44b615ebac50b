"""How many credits were granted when: a histogram over time. Pure: no I/O.

Fine enough for the arithmetic (sixty bins a window), small enough for one DynamoDB item.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

BINS_PER_WINDOW = 60
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Grants:
    """`credits[i]` were granted for slots in the bin that begins at `(first + i) * width`."""

    width: float
    first: int = 0
    credits: tuple[int, ...] = ()

    def add(self, at: float, credits: int) -> Grants:
        """With `credits` more (or fewer, when negative) at `at`; a bin never falls below zero."""
        place = math.floor(at / self.width)
        if not self.credits:
            return Grants(self.width, place, (max(credits, 0),)) if credits > 0 else self
        first = min(self.first, place)
        last = max(self.first + len(self.credits) - 1, place)
        bins = [0] * (last - first + 1)
        bins[self.first - first : self.first - first + len(self.credits)] = self.credits
        bins[place - first] = max(0, bins[place - first] + credits)
        return Grants(self.width, first, tuple(bins))

    def between(self, low: float, high: float) -> int:
        """Credits of every bin that touches [low, high]."""
        start = max(math.floor(low / self.width) - self.first, 0)
        stop = min(math.floor(high / self.width) - self.first + 1, len(self.credits))
        return sum(self.credits[start:stop]) if start < stop else 0

    def next_bin(self, at: float) -> float:
        """When the bin after that of `at` begins."""
        return (math.floor(at / self.width) + 1) * self.width

    def since(self, low: float) -> int:
        """Credits of every bin that touches [low, end of time)."""
        return sum(self.credits[max(math.floor(low / self.width) - self.first, 0) :])

    def bins(self) -> Iterator[tuple[float, float, int]]:
        """Begin, end and credits of each bin that holds any, in order of time."""
        for i, credits in enumerate(self.credits):
            if credits:
                yield (self.first + i) * self.width, (self.first + i + 1) * self.width, credits

    def forget(self, before: float) -> Grants:
        """Without the bins that ended before `before`, and without empty ones at the ends."""
        keep = max(math.floor(before / self.width) - self.first, 0)
        bins = self.credits[keep:]
        first = self.first + keep
        while bins and not bins[0]:
            bins, first = bins[1:], first + 1
        while bins and not bins[-1]:
            bins = bins[:-1]
        return Grants(self.width, first if bins else 0, bins)

    def to_json(self) -> str | list[int]:
        """A digit a bin where that is enough."""
        if max(self.credits, default=0) < len(_DIGITS):
            return "".join(_DIGITS[credits] for credits in self.credits)
        return list(self.credits)

    @classmethod
    def from_json(cls, width: float, first: int, bins: str | list[int]) -> Grants:
        """Read what `to_json` wrote; raises ValueError or TypeError for anything else."""
        credits = [int(digit, len(_DIGITS)) for digit in bins] if isinstance(bins, str) else bins
        return cls(width, first, tuple(credits))

    def postponed(self, since: float, until: float) -> Grants:
        """With everything granted from `since` on counted at `until` if that is later."""
        kept, moved = Grants(self.width), []
        for begin, end, credits in self.bins():
            if end <= since or begin >= until:
                kept = kept.add(begin + self.width / 2, credits)
            else:
                moved.append(credits)
        return kept.add(until, sum(moved)) if moved else kept
