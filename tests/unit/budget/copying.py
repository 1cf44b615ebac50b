"""A sync's worker that reads a list page by page, in simulated time.

It waits for its turns with the very code that production waits with, and what surrounds a call
takes the time that it takes there: a read or a write of the ledger, a page on its way and in work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.ledger import Ledger, Use
from freshbridge.budget.limits import Freshdesk
from freshbridge.budget.turn_taking import BudgetExhausted, Waiting, until_turn
from tests.unit.budget.world import EPOCH, Waits, World

PAGE = {"ticket_list": 1, "total": 1}
PAGES_AHEAD = 20
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True)
class Pace:
    """How long things take, in seconds: a call's way, a page's work, the ledger's answer."""

    travel: float = 0.003
    work: float = 0.006
    ledger: float = 0.005


@dataclass
class Copy:
    """A list of `pages` that is read by one worker or several; `calls` are when each was counted.

    Seconds since the world began.
    """

    world: World
    pages: int
    pace: Pace = Pace()
    calls: list[float] = field(default_factory=list)

    def worker(self, clock: Callable[[], float]) -> Waits:
        """Read until nothing is left to read; `clock` is the worker's own."""
        world, pace, store = self.world, self.pace, self.world.store
        ledger = Ledger(
            store, "https://acme.example", Freshdesk(window_s=world.windows.window_s),
            clock=clock, common=CommonClock(clock),
            sleep=lambda _: None, jitter=world.random.random,
            stamp=lambda: f"{world.random.getrandbits(64):x}",
        )  # fmt: skip
        waiting = self._waiting(returning=False)
        while self.pages:
            self.pages -= 1
            turns = until_turn(ledger, PAGE, waiting, clock=clock, where="")
            turn, asked, put_off_s = None, store.looks + store.writes, 0.0
            while turn is None and not put_off_s:
                try:
                    wait_s = next(turns)
                except StopIteration as over:
                    turn, wait_s = over.value, 0.0
                except BudgetExhausted as exhausted:
                    wait_s = put_off_s = max(exhausted.after or 0.0, 1.0)
                answers, asked = store.looks + store.writes - asked, store.looks + store.writes
                yield max(wait_s, answers * pace.ledger) + 0.002 * world.random.random()
            if turn is None:
                self.pages += 1
                waiting = self._waiting(returning=True)
                continue
            sent = clock()
            yield self._travel()
            self.calls.append(world.now - EPOCH)
            spoken, refused, retry_after_s = world.windows.call(world.now, PAGE)
            yield self._travel()
            ledger.report(
                PAGE, spoken, sent=sent, received=clock(),
                throttled=refused, retry_after_s=retry_after_s, slot=turn.slot,
            )  # fmt: skip
            if refused:
                self.pages += 1
            yield pace.work + (store.looks + store.writes - asked) * pace.ledger
            waiting = waiting.begun()
        ledger.give_back()

    def used(self) -> float:
        """Share of the limit from the first call to the last.

        It is above 1 where much of a window's limit is used in the end of it.
        """
        windows = self.world.windows
        allowed = windows.limits["total"] / windows.window_s * (self.calls[-1] - self.calls[0])
        return len(self.calls) / allowed

    def _waiting(self, *, returning: bool) -> Waiting:
        use = Use(within_s=0.0, returning=returning)
        return Waiting(LONGEST_WAIT_S, use=use, then_ahead=PAGES_AHEAD)

    def _travel(self) -> float:
        return self.pace.travel * (0.5 + self.world.random.random())
