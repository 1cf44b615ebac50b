"""How far this process's clock is from everyone's common clock. Pure: no I/O.

The functions that share a budget must agree on the time, and their clocks may not. All of them
write to one ledger, so its server's clock is the common one: each answer carries it in the `Date`
field (RFC 9110, section 6.6.1) in whole seconds. An answer dated D, asked for at t0 and received at
t1 of this process's clock, was made at some moment in [D, D + 1) of the common clock and in
[t0, t1] of this one, so the difference lies in (D - t1, D + 1 - t0). Each answer narrows that
interval; the first leaves a second and the round trip, a few dozen little more than the round trip.
Answers that are asked for just when the second may turn need not be many: see `next_reading`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

LARGEST_SKEW_S = 2.0
"""What is assumed of a clock before any answer has been seen, either way."""
DRIFT = 2e-4
"""Seconds per second that the interval widens by: a clock in a virtual machine may run askew."""
NARROWEST_S = 0.005
"""Half-width below which nothing is believed: servers' own clocks differ by milliseconds."""
SERVERS_APART_S = 0.1
"""Contradictions up to this are taken for servers' clocks that differ, larger ones for a clock that
was set."""
STEP_S = 1 / 8
"""Time between readings while they wait for the turn of the second."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in epoch seconds of the common clock, known to within `doubt` seconds either way."""

    at: float
    doubt: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The common clock minus this process's, somewhere in [`low`, `high`] as known at `since`."""

    low: float = -LARGEST_SKEW_S
    high: float = LARGEST_SKEW_S
    since: float | None = None

    def narrowed(self, *, dated: float, asked: float, received: float) -> ClockOffset:
        """What is known after an answer dated `dated`; `asked`, `received` are of this clock.

        An answer that contradicts what was known is believed: this clock may have been set. When it
        does so by little, the truth is taken to lie between the two.
        """
        if received < asked:  # set back in between: the answer says nothing
            return self
        low, high = dated - received, dated + 1.0 - asked
        known = self._aged(received)
        first, last = max(low, known.low), min(high, known.high)
        if first - last > SERVERS_APART_S:
            return ClockOffset(low, high, received)
        return ClockOffset(min(first, last), max(first, last), received)

    def next_reading(self, local: float) -> float:
        """When, from `local` on, the next answer would tell most; both of this process's clock.

        The common clock's second turns, as far as is known, between two times of this one; answers
        at steps through them tell between which two it did.
        """
        known = self._aged(local)
        width = known.high - known.low
        if width > 2.0:
            return local
        second = math.ceil(local + known.low)
        while second - known.low <= local:
            second += 1
        # It turns between second - high and second - low.
        return max(local, second - known.high + min(STEP_S, width / 2))

    def moment(self, local: float) -> Moment:
        """The common clock's time when this process's shows `local`."""
        known = self._aged(local)
        middle = (known.low + known.high) / 2
        return Moment(local + middle, max((known.high - known.low) / 2, NARROWEST_S))

    def local(self, common: float) -> float:
        """What this process's clock will show when the common one shows `common`."""
        return common - (self.low + self.high) / 2

    def _aged(self, local: float) -> ClockOffset:
        wider = DRIFT * max(0.0, local - self.since) if self.since is not None else 0.0
        return replace(self, low=self.low - wider, high=self.high + wider)
