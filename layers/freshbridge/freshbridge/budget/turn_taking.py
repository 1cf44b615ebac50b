"""How a call waits for its slot: here for a near one, not at all for a far one.

No sleeping and no sending: `until_turn` says how long to wait, and whoever drives it does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Unpack

from freshbridge.budget.ledger import AskLater, Ledger, Turn, Use
from freshbridge.errors import Context, Throttled

_MISSES = 4
"""Slots that may pass unused, since the process was held up, before the work is put off."""


class BudgetExhausted(Throttled):
    """No slot is near enough. The call was not sent, and waiting for it counts as no attempt.

    `after` is when to come back, exactly: no jitter belongs on top, for the places are spread
    already. `in_line`: that time was kept for this work, so pass `returning` then.
    """

    code = "budget_wait"
    default_advice = "It is sent as soon as the account's rate limit allows."
    costs_no_attempt: ClassVar[bool] = True

    def __init__(
        self, what: str, *, after: float, in_line: bool = False, **context: Unpack[Context]
    ) -> None:
        super().__init__(what, after=after, **context)
        self.in_line = in_line


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a call may wait for its slot here, and for whom it is made.

    It waits at most `longest_s`, and never so long that less than `reserve_s` of `remaining_s()`,
    the invocation's seconds left, would remain for the call itself. `use` says more; its
    `within_s` is of no account. Work that has made one call may wait `begun_s` for each further
    one, if that is longer: to leave it there would cost the calls that it has made, or leave their
    effect half done. It is `under_way` then, and `then_ahead` more calls like it are expected to
    follow each one.
    """

    longest_s: float
    begun_s: float = 0.0
    remaining_s: Callable[[], float] = lambda: float("inf")
    reserve_s: float = 0.0
    use: Use = Use(within_s=0.0)  # noqa: RUF009 - frozen
    under_way: bool = False
    then_ahead: int = 0

    @property
    def in_numbers(self) -> bool:
        """Whether it is work of which there is much, for which it is worth setting the clock.

        It has a second for that before its first call, and none where it `goes_on`.
        """
        put_off = self.use.returning and not self.under_way
        return self.use.background and (self.use.ahead > 0 or put_off)

    @property
    def goes_on(self) -> bool:
        """Whether calls follow one another, so that the clock may be set beside them."""
        return self.under_way or self.then_ahead > 0

    def begun(self) -> Waiting:
        """As it is once a call has been made: its work has had its place in line."""
        longest_s = max(self.longest_s, self.begun_s)
        use = replace(self.use, returning=True, ahead=max(self.use.ahead, self.then_ahead))
        return replace(self, longest_s=longest_s, use=use, under_way=True)


def until_turn(
    ledger: Ledger,
    charges: Mapping[str, int],
    waiting: Waiting,
    *,
    clock: Callable[[], float],
    where: str,
) -> Generator[float, None, Turn]:
    """Yield the seconds to wait, once and again; over when the call may be sent, in that turn.

    Raises BudgetExhausted (nothing is held for the call) or BudgetUnavailable.
    """
    if waiting.in_numbers and waiting.goes_on:
        ledger.set_clock_by_the_way()
    elif waiting.in_numbers:
        yield from ledger.clock_set()
    give_up = clock() + waiting.longest_s
    late = 0
    while late < _MISSES:
        left = min(give_up - clock(), waiting.remaining_s() - waiting.reserve_s)
        found = ledger.take(charges, replace(waiting.use, within_s=max(left, 0.0)))
        if isinstance(found, Turn):
            if (wait := found.begin - clock()) > 0:
                yield wait
            if clock() <= found.end:
                return found
            late += 1
        elif isinstance(found, AskLater) and found.after_s <= left:
            yield found.after_s
        else:
            raise BudgetExhausted(
                "The account's rate limit is used up for now",
                after=found.after_s,
                in_line=not isinstance(found, AskLater) and found.in_line,
                where=where,
            )
    raise BudgetExhausted("This function was too slow to use its slots", after=1.0, where=where)
