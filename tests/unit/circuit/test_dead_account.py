"""A backlog of 10,000 messages of a dead account, in simulated time: how often it is received.

Five executors take ten messages at a time from a queue that hides what is put off; a second account
has a message every so often in between.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import pytest

from freshbridge.circuit.breaker import LOOK_S
from freshbridge.circuit.circuits import WATCH_S, Circuits
from freshbridge.circuit.passage import Passage
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import ProviderDown, Unauthorized
from freshbridge.queues.backoff import wait_of
from tests.fakes.provider import FakeTransport, empty_reply
from tests.unit.circuit.memory_store import MemoryStore
from tests.unit.circuit.test_circuits import REQUEST

# Thousands of the same calls, which counting the lines again and again would slow to a third.
pytestmark = pytest.mark.no_cover

DEAD, ALIVE = "193000001", "193000002"
EXECUTORS, BATCH = 5, 10
REFUSAL_S, CALL_S = 0.005, 0.5
BEGIN = 1_772_539_400.0
HOUR = 3600.0


@dataclass(order=True)
class Message:
    """Hidden until `visible`."""

    visible: float
    name: str = field(compare=False)
    instance: str = field(compare=False)


class Queue:
    """Hides messages and counts their receives, each one's and all of them in each hour."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages
        heapq.heapify(self._messages)
        self.receives: Counter[str] = Counter()
        self.per_hour: Counter[int] = Counter()

    def take(self, now: float) -> list[Message]:
        """A batch of what is visible."""
        batch: list[Message] = []
        while self._messages and self._messages[0].visible <= now and len(batch) < BATCH:
            message = heapq.heappop(self._messages)
            self.receives[message.name] += 1
            self.per_hour[int((now - BEGIN) // HOUR)] += 1
            batch.append(message)
        return batch

    def hide(self, message: Message, until: float) -> None:
        """Give it back."""
        heapq.heappush(self._messages, Message(until, message.name, message.instance))

    def next(self) -> float:
        """When something is visible."""
        return self._messages[0].visible if self._messages else float("inf")


class Run:
    """The executors at work until `end`; the dead account's provider is up again at `up`.

    With `key_refused` it is up, and refuses the key until it is replaced at `new_key_at`, which
    closes the circuit.
    """

    def __init__(
        self,
        *,
        messages: int,
        up: float,
        end: float,
        key_refused: bool = False,
        new_key_at: float = float("inf"),
    ) -> None:
        self.key_refused = key_refused
        self.new_key_at = new_key_at
        self.random = random.Random(7)  # noqa: S311 - a simulation
        backlog = [Message(BEGIN, f"dead-{n}", DEAD) for n in range(messages)]
        others = [Message(BEGIN + 60.0 * n, f"alive-{n}", ALIVE) for n in range(300)]
        self.sent_at = {m.name: m.visible for m in [*backlog, *others]}
        self.queue = Queue(backlog + others)
        self.store = MemoryStore()
        self.now = BEGIN
        self.up = up
        self.calls: list[float] = []
        self.done: dict[str, float] = {}
        self.replaced = False
        self.executors = [
            Circuits(self.store, clock=lambda: self.now, jitter=self.random.random)
            for _ in range(EXECUTORS)
        ]
        self._work(end)

    def _work(self, end: float) -> None:
        free = [(BEGIN, number) for number in range(EXECUTORS)]
        heapq.heapify(free)
        while True:
            at, number = heapq.heappop(free)
            self.now = max(at, self.queue.next())
            if self.now >= end:
                return
            if self.now >= self.new_key_at and not self.replaced:
                self.replaced = True
                Circuits(self.store, clock=lambda: self.now).close(DEAD)
            for message in self.queue.take(self.now):
                self._try(self.executors[number], message)
            heapq.heappush(free, (self.now + 0.01, number))

    def _try(self, circuits: Circuits, message: Message) -> None:
        try:
            circuits.check(message.instance)
            passage = circuits.enter(message.instance, message.name)
        except CircuitOpen as error:
            self.now += REFUSAL_S
            self.queue.hide(message, self.now + wait_of(error, 1, random=self.random.random()))
            return
        up = message.instance == ALIVE or self.now >= self.up or self.replaced
        if self.key_refused and not up:
            self._refuse(passage, message)
            return
        reply = empty_reply(204 if up else 503)
        self.now += CALL_S if message.instance == DEAD else 0.05
        passage.around(FakeTransport().on("GET", "/api/v2/tickets/7", reply)).send(REQUEST)
        passage.leave()
        if message.instance == DEAD:
            self.calls.append(self.now)
        if up:
            self.done[message.name] = self.now
            return
        receives = self.queue.receives[message.name]
        wait = wait_of(ProviderDown("no"), receives, random=self.random.random())
        self.queue.hide(message, self.now + wait)

    def _refuse(self, passage: Passage, message: Message) -> None:
        self.now += CALL_S
        self.calls.append(self.now)
        error = passage.refused(Unauthorized("no", status=401))
        passage.leave()
        if isinstance(error, CircuitOpen):
            self.queue.hide(message, self.now + wait_of(error, 1, random=self.random.random()))


@cache
def dead_for_six_hours() -> Run:
    return Run(messages=10_000, up=float("inf"), end=BEGIN + 6 * HOUR)


def test_six_hours_cost_few_receives_and_hardly_a_call() -> None:
    run = dead_for_six_hours()
    counts = [run.queue.receives[f"dead-{number}"] for number in range(10_000)]

    # A receive every quarter of an hour or so, where blind retries would make thousands of calls.
    assert sum(counts) / len(counts) <= 28
    assert max(counts) < 45, "SQS would count too many, and each would be sent anew"
    # The calls that found it out, and one for each time the circuit was tried again.
    assert len(run.calls) <= 100
    late = [call for call in run.calls if call > BEGIN + HOUR]
    assert len(late) <= 5 * HOUR / (0.8 * 900) + 1


def test_the_receives_are_spread_out() -> None:
    per_hour = dead_for_six_hours().queue.per_hour

    assert max(per_hour[hour] for hour in range(1, 6)) <= 10_000 * 5


def test_another_account_s_messages_are_not_delayed() -> None:
    run = dead_for_six_hours()
    waits = [run.done[name] - sent for name, sent in run.sent_at.items() if name in run.done]

    assert len(waits) == 300
    # The first ones stand behind the backlog itself, which a fair queue would spare them.
    assert sorted(waits)[int(len(waits) * 0.99)] < 5.0


def test_when_it_is_up_again_all_is_done_by_itself_soon() -> None:
    up = BEGIN + HOUR
    run = Run(messages=2_000, up=up, end=up + 2 * HOUR)
    dead = [done for name, done in run.done.items() if name.startswith("dead")]

    assert len(dead) == 2_000
    assert min(dead) <= up + 1.2 * 900 + 10
    assert max(dead) <= up + 1.2 * 900 + 900 + 2_000 * CALL_S / EXECUTORS


def test_a_short_backlog_of_a_refused_key_is_done_soon_after_a_new_key() -> None:
    new_key_at = BEGIN + HOUR
    run = Run(
        messages=12,
        up=float("inf"),
        end=new_key_at + HOUR,
        key_refused=True,
        new_key_at=new_key_at,
    )
    dead = [done for name, done in run.done.items() if name.startswith("dead")]

    # One met the refusal itself, and was told so for good.
    assert len(dead) == 11
    assert min(dead) > new_key_at
    assert max(dead) <= new_key_at + 2 * WATCH_S + 12 * CALL_S + LOOK_S


def test_a_long_backlog_of_a_refused_key_costs_few_receives() -> None:
    hours = 2
    run = Run(messages=10_000, up=float("inf"), end=BEGIN + hours * HOUR, key_refused=True)
    receives = sum(run.queue.receives[f"dead-{number}"] for number in range(10_000))

    # Less than half a receive an hour of it is for those that look for a new key.
    assert receives / 10_000 / hours <= 5.2
    assert len(run.calls) <= 20
