"""One process's estimate of the common clock, shared by all its ledgers.

How far this process's clock is from the store's is the same whichever account the store is asked
about: what one ledger's answers have told serves every other.
"""

from __future__ import annotations

from collections.abc import Callable

from freshbridge.budget.clock_offset import ClockOffset, Moment
from freshbridge.budget.store import Swap


class CommonClock:
    """This process's clock, and what is known of the common one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds since the epoch, as this process has it."""
        self.here = clock
        self._offset = ClockOffset()

    def moment(self, local: float | None = None) -> Moment:
        """The common time when this process's clock shows `local`, or now."""
        return self._offset.moment(self.here() if local is None else local)

    def earliest(self, local: float) -> float:
        """The earliest that the common time may be when this process's clock shows `local`."""
        moment = self.moment(local)
        return moment.at - moment.doubt

    def latest(self, local: float) -> float:
        """The latest that it may be then."""
        moment = self.moment(local)
        return moment.at + moment.doubt

    def local(self, common: float) -> float:
        """What this process's clock will show when the common one shows `common`."""
        return self._offset.local(common)

    def after(self, common: float) -> float:
        """Seconds from now until `common`, none if it has passed."""
        return max(self.local(common) - self.here(), 0.0)

    def ask(self, question: Callable[[], Swap]) -> Swap:
        """The store's answer to `question`, whose date is learned from."""
        asked = self.here()
        answer = question()
        if answer.dated is not None:
            self._offset = self._offset.narrowed(
                dated=answer.dated, asked=asked, received=self.here()
            )
        return answer

    def telling(self) -> float:
        """Seconds from now until the next answer would tell most."""
        local = self.here()
        return max(self._offset.next_reading(local) - local, 0.0)
