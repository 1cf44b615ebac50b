"""How many calls of one kind come in the time of a window, by those that came lately. Pure: no I/O.

A count that fades: what came a window ago weighs 1/e of what comes now. Calls that keep coming at
one rate make it as large as their number per window, once they have come for a few; until then it
is taken for the part of it that they can have made. It needs neither the beginnings of windows nor
a list of times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

NOTICED = 0.1
"""A count below which there are no such calls."""
LEAST_PART = 0.25
"""What came in less than so much of a window's weight is not taken for more than four times it."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Credits of the calls that came from `since` on, weighed as of `at`, both epoch seconds."""

    weight: float = 0.0
    since: float = 0.0
    at: float = 0.0

    def per_window(self, now: float, window_s: float) -> float:
        """Credits that such calls cost in a window, as it looks at `now`."""
        weight = self._faded(now, window_s)
        if weight < NOTICED:
            return 0.0
        part = 1 - math.exp(-max(now - self.since, 0.0) / window_s)
        return weight / max(part, LEAST_PART)

    def more(self, credits: int, now: float, window_s: float) -> Arrivals:
        """With a call that costs `credits`."""
        weight = self._faded(now, window_s)
        since = self.since if weight >= NOTICED else now
        return Arrivals(weight + credits, since, max(now, self.at))

    def _faded(self, now: float, window_s: float) -> float:
        return self.weight * math.exp(-max(now - self.at, 0.0) / window_s)


NONE = Arrivals()
