"""A queue and the functions that work it off, in simulated time, set up as in production.

The functions wait for their turns with the very code that production waits with. What surrounds it
takes the time that it takes there: a write to the ledger, hiding a message, a call to the provider.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.ledger import Ledger, Use
from freshbridge.budget.limits import Freshdesk, Provider
from freshbridge.budget.turn_taking import BudgetExhausted, Waiting, until_turn
from tests.unit.budget.world import EPOCH, Waits, Windows, World

CREATE = {"ticket_create": 1, "total": 1}
LOOK_UP = {"ticket_list": 3, "total": 3}
LOOKED_UP_AFTER_S = 10.0
"""How long after a call without a reply it is looked up what became of it."""
BEGUN_S = 20.0
"""How long work that has made one call waits for the next."""


@dataclass
class Job:
    """A message: whose account it is for, what its call costs, what became of it.

    `unsure` once a call had no reply: it is looked up then whether the call was `made`.
    """

    account: str = "a"
    charges: Mapping[str, int] = field(default_factory=lambda: CREATE)
    lane: str = ""
    background: bool = True
    receives: int = 0
    unsure: bool = False
    made: bool = False
    submitted: float = EPOCH
    done: float | None = None


def alike(one: Job, other: Job) -> bool:
    """Whether two messages ask for the same: those that follow count as `ahead` of the first."""
    same = (one.account, one.lane, one.background) == (other.account, other.lane, other.background)
    return same and (one.receives > 1) == (other.receives > 1)


class JobQueue:
    """As Amazon SQS: hides in whole seconds; hands out what is visible, the oldest first or any."""

    def __init__(self, world: World, *, in_order: bool) -> None:
        self._world = world
        self._in_order = in_order
        self._hidden: list[tuple[float, int, Job]] = []
        self._visible: list[tuple[float, int, Job]] = []
        self._numbers: dict[int, int] = {}

    def put(self, job: Job, wait_s: float = 0.0) -> None:
        number = self._numbers.setdefault(id(job), len(self._numbers))
        until = self._world.now + math.ceil(wait_s)
        heapq.heappush(self._hidden, (until, number, job))

    def receive(self, most: int = 10) -> list[Job]:
        while self._hidden and self._hidden[0][0] <= self._world.now:
            _, number, job = heapq.heappop(self._hidden)
            key = 0.0 if self._in_order else self._world.random.random()
            heapq.heappush(self._visible, (key, number, job))
        found = [heapq.heappop(self._visible)[2] for _ in range(min(most, len(self._visible)))]
        for job in found:
            job.receives += 1
        return found


@dataclass(frozen=True)
class Pace:
    """How long things take, in seconds."""

    travel: float = 0.03
    around: float = 0.08
    write: float = 0.005
    hide: float = 0.012
    idle: float = 0.25


class Backlog:
    """Accounts, one queue, and functions; `skews` are their clocks' errors."""

    def __init__(
        self,
        windows: Mapping[str, Windows],
        *,
        seed: int = 0,
        in_order: bool = True,
        pace: Pace | None = None,
        lost: float = 0.0,
        world: World | None = None,
        provider: Provider | None = None,
    ) -> None:
        """`lost` is the share of calls that are counted and answered by nothing.

        `world` is another's, to work on the same accounts with a queue of its own.
        """
        self.windows = windows
        first = next(iter(windows.values()))
        self.world = world or World(first, seed)
        self.queue = JobQueue(self.world, in_order=in_order)
        self.pace = pace or Pace()
        self._lost = lost
        self.calls: list[tuple[float, str]] = []
        self.jobs: list[Job] = []
        self._provider = provider or Freshdesk(window_s=first.window_s)

    def add(self, *jobs: Job, after: float = 0.0) -> None:
        def later() -> Waits:
            yield after
            for job in jobs:
                job.submitted = self.world.now
                self.queue.put(job)

        self.jobs.extend(jobs)
        self.world.start(later())

    def function(self, *, longest_s: float, skew: float = 0.0) -> Waits:
        """One function's life: batch after batch, one call after the other."""
        world, pace = self.world, self.pace

        def clock() -> float:
            return world.now + skew

        ledgers: dict[str, Ledger] = {}
        common = CommonClock(clock)
        while True:
            batch = self.queue.receive()
            if not batch:
                yield pace.idle * world.random.random()
                continue
            yield 0.02
            for i, job in enumerate(batch):
                ledger = ledgers.get(job.account) or ledgers.setdefault(
                    job.account, self.ledger(job.account, common)
                )
                ahead = sum(alike(later, job) for later in batch[i + 1 :])
                use = Use(
                    within_s=0.0,
                    background=job.background,
                    returning=job.receives > 1,
                    ahead=ahead,
                    lane=job.lane,
                )
                yield from self._act(job, ledger, Waiting(longest_s, BEGUN_S, use=use), clock)
            for ledger in ledgers.values():
                ledger.give_back()

    def _act(self, job: Job, ledger: Ledger, waiting: Waiting, clock: Callable[[], float]) -> Waits:
        """One receive of a message: its call, or what is left to do after one without a reply."""
        world, pace = self.world, self.pace
        while True:
            charges = LOOK_UP if job.unsure else job.charges
            before = world.store.writes
            try:
                turn = yield from until_turn(ledger, charges, waiting, clock=clock, where="")
            except BudgetExhausted as put_off:
                self.queue.put(job, max(put_off.after or 0.0, 1.0))
                yield pace.hide + pace.write * (world.store.writes - before)
                return
            yield pace.around / 2 + pace.write * (world.store.writes - before)
            sent = clock()
            yield pace.travel * (0.5 + world.random.random())
            self.calls.append((world.now, job.account))
            spoken, refused, wait = self.windows[job.account].call(world.now, charges)
            yield pace.travel * (0.5 + world.random.random())
            if self._lost and not job.unsure and world.random.random() < self._lost:
                job.unsure, job.made = True, not refused and world.random.random() < 0.5
                self.queue.put(job, LOOKED_UP_AFTER_S * (1 + world.random.random()))
                return
            ledger.report(
                charges, spoken, sent=sent, received=clock(),
                throttled=refused, retry_after_s=wait, slot=turn.slot,
            )  # fmt: skip
            if refused:
                self.queue.put(job, wait or 1)
                return
            if not job.unsure or job.made:
                job.done = world.now
                yield pace.around / 2
                return
            job.unsure, waiting = False, waiting.begun()

    def run(self, until: float) -> None:
        """Until every job is done or `until` seconds have passed."""
        while self.world.now - EPOCH < until and any(job.done is None for job in self.jobs):
            self.world.run(self.world.now - EPOCH + 1.0)

    def utilisation(self, account: str = "a") -> float:
        """Credits that were used, of those that were allowed between the first and the last call.

        Where the account's total is not the least limit, calls of that limit.
        """
        times = [at for at, whose in self.calls if whose == account]
        windows = self.windows[account]
        least = min(windows.limits, key=lambda name: windows.limits[name])
        allowed = (max(times) - min(times)) * windows.limits[least] / windows.window_s
        used = sum(count for (name, _), count in windows.counted.items() if name == least)
        return used / allowed

    def whole_windows(self, account: str = "a") -> list[int]:
        """Credits of the total that each window counted, the first and the last three left out."""
        counted = {
            k: n for (name, k), n in self.windows[account].counted.items() if name == "total"
        }
        return [counted.get(k, 0) for k in range(min(counted) + 1, max(counted) - 2)]

    def per_window(self, account: str = "a") -> list[int]:
        allowed = self.windows[account].allowed
        return [allowed[k] for k in range(min(allowed), max(allowed) + 1)]

    def per_call(self, account: str = "a") -> tuple[float, float]:
        """Writes to the ledger and receives, per call."""
        jobs = [job for job in self.jobs if job.account == account]
        done = sum(job.done is not None for job in jobs)
        return self.world.store.writes / done, sum(job.receives for job in jobs) / len(jobs)

    def ledger(self, account: str, common: CommonClock) -> Ledger:
        return Ledger(
            self.world.store, account, self._provider,
            clock=common.here, common=common, sleep=lambda _: None, jitter=self.world.random.random,
            stamp=lambda: f"{self.world.random.getrandbits(64):x}",
        )  # fmt: skip
