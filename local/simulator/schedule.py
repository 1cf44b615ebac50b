"""Work that is due later on the account's clock: jobs, SLA stamps, index lag, webhook retries.

Nothing runs by itself: ``run_due`` is called by the server before every request, after every jump
of the clock, and by a ticker in between.
"""

import heapq
import itertools
from collections.abc import Callable

from local.simulator.clock import Clock


class Schedule:
    """Callbacks ordered by due time; those due at the same time run in the order they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, delay_s: float, work: Callable[[], None]) -> None:
        """Have ``work`` called ``delay_s`` sim seconds from now; at once when 0 or less."""
        if delay_s <= 0:
            work()
            return
        due = self._clock.seconds() + delay_s
        heapq.heappush(self._entries, (due, next(self._order), work))

    def run_due(self) -> int:
        """Run everything that is due; how many ran. Work may schedule more work."""
        ran = 0
        while self._entries and self._entries[0][0] <= self._clock.seconds():
            _, _, work = heapq.heappop(self._entries)
            work()
            ran += 1
        return ran

    def next_due_in(self) -> float | None:
        """Sim seconds until the next entry, None when there is none."""
        return max(0.0, self._entries[0][0] - self._clock.seconds()) if self._entries else None

    def clear(self) -> None:
        self._entries.clear()
