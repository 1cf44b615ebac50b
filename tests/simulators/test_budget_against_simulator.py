"""Threads with ledgers of their own drain a backlog at the simulator: not one call is refused."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from freshbridge.budget.budgeted_transport import BudgetExhausted, Budgets, Waiting
from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import Freshdesk
from freshbridge.budget.store import Kept, Swap
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.transport import RequestsTransport
from local.freshdesk.account import DEMO_API_KEY
from local.freshdesk.app import Simulator
from tests.unit.budget.world import MemoryStore

WINDOW_S = 2.0
LIMITS = {"total": 100, "ticket_create": 60}


class SharedStore(MemoryStore):
    """As DynamoDB: many threads, one at a time."""

    def __init__(self) -> None:
        super().__init__(time.time)
        self._lock = threading.Lock()

    def swap(self, account: str, seen: str | None, new: Kept) -> Swap:
        with self._lock:
            return super().swap(account, seen, new)

    def look(self, account: str) -> Swap:
        with self._lock:
            return super().look(account)


class Account:
    """The simulated account and what it counted."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def configure(self, **settings: object) -> None:
        async with self._session.post(f"{self.url}/__sim/config", json=settings) as answer:
            assert answer.status == 200, await answer.text()

    async def counted(self) -> dict[str, Any]:
        async with self._session.get(f"{self.url}/__sim/stats") as answer:
            stats: dict[str, Any] = await answer.json()
        return stats


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    simulator = Simulator()
    async with simulator.serve("127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        running = Account(url, session)
        await running.configure(limits=LIMITS, window_s=WINDOW_S)
        yield running


def function(account: Account, store: SharedStore, provider: Freshdesk, work: deque[str]) -> None:
    """One function's life: its own clock estimate, its own ledger, calls one after the other."""
    budgets = Budgets(store, {"freshdesk": provider})
    waiting = Waiting(10.0, use=Use(within_s=0, ahead=2, returning=True))
    transport = budgets.around(
        RequestsTransport(), platform="freshdesk", origin=account.url, waiting=waiting
    )
    client = FreshdeskClient(transport, account.url, DEMO_API_KEY)
    while work:
        try:
            subject = work.popleft()
        except IndexError:
            return
        try:
            if subject:
                client.create_ticket(
                    {"email": "mira@client.example", "subject": subject, "description": "x"}
                )
            else:
                client.me()
        except BudgetExhausted as error:
            work.append(subject)
            time.sleep(min(error.after or 0.0, 1.0))


async def drained(
    account: Account, provider: Freshdesk, work: deque[str], functions: int
) -> tuple[dict[str, Any], float]:
    """What the simulator counted once the work was done, and the seconds it took."""
    store = SharedStore()
    began = time.monotonic()
    await asyncio.gather(
        *(asyncio.to_thread(function, account, store, provider, work) for _ in range(functions))
    )
    return await account.counted(), time.monotonic() - began


async def test_a_backlog_is_drained_without_one_refusal(account: Account) -> None:
    work = deque([*(f"ticket {i}" for i in range(120)), *[""] * 180])

    stats, took_s = await drained(
        account, Freshdesk(limits=LIMITS, window_s=WINDOW_S), work, functions=6
    )

    assert stats["total"]["throttled"] == 0
    assert stats["total"]["requests"] == 300
    assert stats["total"]["statuses"] == {"200": 180, "201": 120}
    assert len(stats["creates"]["tickets"]) == 120
    assert stats["duplicates"]["tickets"] == {}
    share = 300 / (took_s * LIMITS["total"] / WINDOW_S)
    print(f"300 calls in {took_s:.1f} s: {share:.0%} of the allowed rate")  # noqa: T201 - a figure for a person to read


async def test_limits_that_nobody_told_are_learned_without_one_refusal(account: Account) -> None:
    """The start is 50 a window; the headers say 100, and 60 for new tickets."""
    work = deque([*(f"ticket {i}" for i in range(40)), *[""] * 80])

    stats, took_s = await drained(account, Freshdesk(window_s=WINDOW_S), work, functions=4)

    assert stats["total"]["throttled"] == 0
    assert stats["total"]["requests"] == 120
    print(f"120 calls in {took_s:.1f} s")  # noqa: T201 - as above
