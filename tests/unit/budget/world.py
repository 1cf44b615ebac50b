"""A world of simulated time: a provider that counts in fixed windows, and processes that call it.

Nothing here sleeps: each process is a generator that yields the seconds it waits, and an event
queue moves the one true time. Every process has a clock of its own that is wrong by its skew; calls
travel for as long as the world's randomness says.
"""

from __future__ import annotations

import dataclasses
import heapq
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from freshbridge.budget.ledger import AskLater, Ledger, NoTurn, Use
from freshbridge.budget.limits import Freshdesk, Provider, Spoken
from freshbridge.budget.store import BudgetUnavailable, Kept, Swap

EPOCH = 1_800_000_000.0
Waits = Iterator[float]


class MemoryStore:
    """A Store in memory whose clock, if it has one, shows whole seconds as an HTTP date does."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.kept: dict[str, Kept] = {}
        self.looks = 0
        self.writes = 0
        self.losses = 0
        self.failing = False
        self._clock = clock

    def look(self, account: str) -> Swap:
        if self.failing:
            raise BudgetUnavailable("made up")
        self.looks += 1
        return Swap(won=False, now=self.kept.get(account), dated=self._date())

    def _date(self) -> float | None:
        return float(math.floor(self._clock())) if self._clock else None

    def swap(self, account: str, seen: str | None, new: Kept) -> Swap:
        if self.failing:
            raise BudgetUnavailable("made up")
        self.writes += 1
        now = self.kept.get(account)
        dated = self._date()
        if (now.stamp if now else None) != seen:
            self.losses += 1
            return Swap(won=False, now=now, dated=dated)
        self.kept[account] = new
        return Swap(won=True, now=new, dated=dated)


@dataclass
class Windows:
    """A provider's counting: fixed windows that begin at `phase` modulo `window_s`.

    `speaks`: which bucket's numbers a reply tells. `counted` is credits by bucket and window,
    refused ones included, as the vendors count them.
    """

    limits: dict[str, int]
    window_s: float
    phase: float = 0.0
    tells: bool = True
    retry_after: bool = True
    counted: Counter[tuple[str, int]] = field(default_factory=Counter)
    ours: Counter[int] = field(default_factory=Counter)
    allowed: Counter[int] = field(default_factory=Counter)
    throttled: int = 0

    def number(self, at: float) -> int:
        return math.floor((at - self.phase) / self.window_s)

    def call(
        self, at: float, charges: Mapping[str, int], *, ours: bool = True
    ) -> tuple[Spoken, bool, float | None]:
        """Count one call; what its reply says, whether it was refused, and its Retry-After."""
        k = self.number(at)
        full = []
        for name, cost in charges.items():
            self.counted[name, k] += cost
            if name in self.limits and self.counted[name, k] > self.limits[name]:
                full.append(name)
        if ours:
            self.ours[k] += 1
            self.throttled += bool(full)
            self.allowed[k] += not full
        # An endpoint without a limit of its own tells the account's.
        speaker = full[0] if full else next(iter([n for n in charges if n in self.limits]), "")
        limit = self.limits.get(speaker)
        spoken = Spoken(None, None)
        if self.tells and limit is not None:
            spoken = Spoken(limit, max(0, limit - self.counted[speaker, k]))
        wait = max(1.0, math.ceil(self.phase + (k + 1) * self.window_s - at))
        return spoken, bool(full), wait if full and self.retry_after else None

    def most(self, name: str) -> int:
        """The most credits that any window counted."""
        return max(
            (count for (bucket, _), count in self.counted.items() if bucket == name), default=0
        )


class World:
    """True time, the store, the provider's windows, and what became of the calls."""

    def __init__(self, windows: Windows, seed: int = 0, *, dated: bool = True) -> None:
        self.now = EPOCH
        self.random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.windows = windows
        self.store = MemoryStore((lambda: self.now) if dated else None)
        self.sent = 0
        self.finished = EPOCH
        self.slots: list[float] = []
        self._events: list[tuple[float, int, Waits]] = []
        self._count = 0

    def ledger(self, provider: Provider, skew: float = 0.0) -> Ledger:
        return Ledger(
            self.store,
            "https://acme.example",
            provider,
            clock=lambda: self.now + skew,
            sleep=lambda _: None,
            jitter=self.random.random,
            stamp=lambda: f"{self.random.getrandbits(64):x}",
        )

    def start(self, process: Waits, after: float = 0.0) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + after, self._count, process))

    def run(self, until: float = math.inf) -> None:
        """Until nothing is left to happen, or `until` seconds of true time have passed."""
        while self._events and self._events[0][0] - EPOCH <= until:
            self.now, _, process = heapq.heappop(self._events)
            wait = next(process, None)
            if wait is not None:
                self.start(process, max(wait, 0.0))
        if until < math.inf:
            self.now = max(self.now, EPOCH + until)

    def drain(
        self,
        ledger: Ledger,
        queue: list[dict[str, int]],
        use: Use,
        *,
        skew: float = 0.0,
        travel_s: float = 0.05,
        oversleep_s: float = 0.02,
        lost: float = 0.0,
    ) -> Waits:
        """A process that takes calls off `queue` and makes them, one after the other.

        Sent away with a place in line, it comes back to it, as the executor does. `lost` is the
        share of calls that are counted and whose reply never comes.
        """
        asked = use
        while queue:
            charges = queue[-1]
            turn = ledger.take(charges, asked)
            if isinstance(turn, NoTurn | AskLater):
                in_line = isinstance(turn, NoTurn) and turn.in_line
                asked = dataclasses.replace(use, returning=in_line or asked.returning)
                yield max(turn.after_s, 0.01)
                continue
            asked = use
            wait = turn.begin - (self.now + skew)
            if wait > 0:
                yield wait + self.random.random() * oversleep_s
            if not queue:
                return
            if self.now + skew > turn.end:
                continue
            queue.pop()
            sent = self.now + skew
            yield self.random.random() * travel_s
            spoken, refused, wait_s = self.windows.call(self.now, charges)
            self.sent += 1
            if refused:
                queue.insert(0, charges)
            else:
                self.finished = self.now
            yield self.random.random() * travel_s
            if self.random.random() < lost:
                continue
            ledger.report(
                charges, spoken, sent=sent, received=self.now + skew,
                throttled=refused, retry_after_s=wait_s, slot=turn.slot,
            )  # fmt: skip

    def outsider(self, per_second: float, charges: dict[str, int]) -> Waits:
        """Somebody else's program on the same account, with pauses of random length."""
        while True:
            yield self.random.expovariate(per_second)
            self.windows.call(self.now, charges, ours=False)


def freshdesk(limit: int, window_s: float) -> Freshdesk:
    """Limits as of an account whose plan is not known."""
    return Freshdesk(limits={"total": limit}, window_s=window_s)


@dataclass
class Message:
    """A queued call and how often it was received."""

    charges: dict[str, int]
    receives: int = 0


class Queue:
    """Messages that are hidden for a while, as Amazon SQS does it: in whole seconds."""

    def __init__(self, world: World, messages: list[Message]) -> None:
        self._world = world
        self._hidden: list[tuple[float, int, Message]] = []
        self._count = 0
        for message in messages:
            self.hide(message, 0)

    def __len__(self) -> int:
        return len(self._hidden)

    def hide(self, message: Message, wait_s: float) -> None:
        self._count += 1
        until = self._world.now + math.ceil(wait_s)
        heapq.heappush(self._hidden, (until, self._count, message))

    def receive(self, most: int = 10) -> list[Message]:
        found: list[Message] = []
        while self._hidden and self._hidden[0][0] <= self._world.now and len(found) < most:
            message = heapq.heappop(self._hidden)[2]
            message.receives += 1
            found.append(message)
        return found


def executor(
    world: World, ledger: Ledger, queue: Queue, done: list[Message], *, longest_s: float
) -> Waits:
    """A function that takes batches: waits for near slots, hides messages whose slot is far."""
    while True:
        batch = queue.receive()
        if not batch:
            yield 1.0
        for i, message in enumerate(batch):
            use = Use(within_s=longest_s, returning=message.receives > 1, ahead=len(batch) - i - 1)
            while isinstance(turn := ledger.take(message.charges, use), AskLater):
                yield turn.after_s
            if isinstance(turn, NoTurn):
                queue.hide(message, turn.after_s)
                yield 0.005
                continue
            yield max(turn.begin - world.now, 0.0)
            if world.now > turn.end:
                queue.hide(message, 1)
                continue
            sent = world.now
            yield 0.02
            spoken, refused, wait_s = world.windows.call(world.now, message.charges)
            yield 0.18
            ledger.report(
                message.charges, spoken, sent=sent, received=world.now,
                throttled=refused, retry_after_s=wait_s, slot=turn.slot,
            )  # fmt: skip
            if refused:
                queue.hide(message, wait_s or 1)
            else:
                done.append(message)
                world.finished = world.now
