"""People who call through the API while functions work off a backlog, in simulated time.

Each call is an invocation of its own: it takes a process that is free, or starts a new one, which
knows nothing yet of the budget or of how wrong its clock is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.ledger import Ledger, Use
from freshbridge.budget.turn_taking import Waiting, until_turn
from tests.unit.budget.backlog import Backlog
from tests.unit.budget.world import EPOCH, Waits

LONGEST_S = 8.0
"""How long the API has a call wait for its slot; BudgetExhausted after that ends the test."""
READ = {"total": 1}


@dataclass(frozen=True)
class Process:
    """One process of the API's function; `clock` is wrong by its skew."""

    clock: Callable[[], float]
    ledger: Ledger


@dataclass(frozen=True)
class Answered:
    """A call that was made `after` seconds, and how many more passed until it was answered."""

    after: float
    seconds: float


class Callers:
    """Calls of one account's `backlog`; `answered` are those that had their reply."""

    def __init__(self, backlog: Backlog, *, skew: float) -> None:
        """Clocks are wrong by up to `skew` seconds either way."""
        self._backlog = backlog
        self._skew = skew
        self._free: list[Process] = []
        self.answered: list[Answered] = []

    def every(self, seconds: Callable[[], float]) -> Waits:
        """Call until the backlog is worked off; `seconds` lie between two calls."""
        world = self._backlog.world
        while any(job.done is None for job in self._backlog.jobs):
            world.start(self._call())
            yield seconds()

    def _call(self) -> Waits:
        backlog, world, pace = self._backlog, self._backlog.world, self._backlog.pace
        asked, writes = world.now, world.store.writes
        process = self._free.pop() if self._free else self._started()
        waiting = Waiting(LONGEST_S, use=Use(within_s=0.0, background=False))
        turn = yield from until_turn(process.ledger, READ, waiting, clock=process.clock, where="")
        yield pace.around / 2 + pace.write * (world.store.writes - writes)
        sent = process.clock()
        yield pace.travel * (0.5 + world.random.random())
        backlog.calls.append((world.now, "a"))
        spoken, refused, wait = backlog.windows["a"].call(world.now, READ)
        yield pace.travel * (0.5 + world.random.random())
        process.ledger.report(
            READ, spoken, sent=sent, received=process.clock(),
            throttled=refused, retry_after_s=wait, slot=turn.slot,
        )  # fmt: skip
        self._free.append(process)
        self.answered.append(Answered(asked - EPOCH, world.now - asked))

    def _started(self) -> Process:
        world = self._backlog.world
        skew = world.random.uniform(-self._skew, self._skew)

        def clock() -> float:
            return world.now + skew

        return Process(clock, self._backlog.ledger("a", CommonClock(clock)))
