"""Where a provider's windows begin, as far as its replies have told. Pure: no I/O.

A provider that counts per fixed window starts anew at some moment every `window_s` seconds, and
says nowhere when. But when a call that began after another had ended reports *more* calls left, the
window was reset between the two. Each such pair brackets a reset; brackets of many windows, laid
over one another, narrow it down to little more than a round trip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

DRIFT = 1e-4
"""Seconds per second that the bracket widens by while no reset is seen."""
WIDEST = 1 / 3
"""Share of the window beyond which a bracket is no longer worth having."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Every window begins between `low + k * window_s` and `width` seconds later, for whole k."""

    window_s: float
    low: float
    width: float
    seen_at: float

    def aged(self, now: float) -> Phase | None:
        """As it is known at `now`; None once too little is known."""
        wider = DRIFT * max(0.0, now - self.seen_at)
        width = self.width + 2 * wider
        if width > self.window_s * WIDEST:
            return None
        return replace(self, low=self.low - wider, width=width, seen_at=max(now, self.seen_at))

    def number(self, at: float) -> int:
        """The window that `at` lies in, its uncertain beginning included."""
        return math.floor((at - self.low) / self.window_s)

    def opens(self, number: int) -> float:
        """When window `number` has begun for certain."""
        return self.low + number * self.window_s + self.width

    def closes(self, number: int) -> float:
        """Until when window `number` lasts for certain."""
        return self.low + (number + 1) * self.window_s

    def narrowed(self, low: float, high: float) -> Phase | None:
        """With a reset between `low` and `high` as well; None when the two exclude each other.

        A gap as small as two servers' clocks may differ is no contradiction: the reset is then
        taken to be anywhere from the one bracket to the other.
        """
        known = self.aged(high) or self
        turns = round(((low + high) - (2 * known.low + known.width)) / 2 / self.window_s)
        low, high = low - turns * self.window_s, high - turns * self.window_s
        first, last = max(low, known.low), min(high, known.low + known.width)
        if first > last:
            if first - last > min(0.25, self.window_s / 50):
                return None
            first, last = last, first
        return Phase(self.window_s, first, last - first, high + turns * self.window_s)


def bracketed(window_s: float, low: float, high: float) -> Phase | None:
    """What one reset between `low` and `high` tells; None when that is too little."""
    if not 0 <= high - low <= window_s * WIDEST:
        return None
    return Phase(window_s, low, high - low, high)
