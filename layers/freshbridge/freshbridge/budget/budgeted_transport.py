"""Makes every call of a client wait for its slot in the account's budget, and learn from its reply.

A near slot is waited for here, inside the function. When the slot is further away than the
function may wait, nothing is reserved and nothing sent: BudgetExhausted says when to come back. For
background work that time is a place in line (see `account`): the caller hides its message until
then, and says `returning` when it brings it again.

    message ──► slot within `longest_s`? ──yes──► wait, send, report the reply
                    │ no
                    └──► BudgetExhausted(after) ──► hide it for `after` seconds: no attempt used

A backlog's messages are thus received once while the functions that take them can wait for their
turn one after the other, and twice, seldom more, when they cannot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.ledger import Ledger, Turn
from freshbridge.budget.store import BudgetUnavailable
from freshbridge.budget.turn_taking import BudgetExhausted, Waiting, until_turn

__all__ = ["BudgetExhausted", "Budgets", "Waiting"]

if TYPE_CHECKING:
    from freshbridge.budget.limits import Provider
    from freshbridge.budget.store import Store
    from freshbridge.http_message import ProviderReply, ProviderRequest
    from freshbridge.transport import Transport


class Budgets:
    """The ledgers of one process, one per provider account."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        *,
        clock: Callable[[], float] = timestamps.epoch,
        sleep: Callable[[float], None] = time.sleep,
        share: float = 0.1,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        """`providers` by platform; a platform without one has no budget.

        `clock` is seconds since the epoch. `share` of each limit is kept from background work,
        whatever a call's own `use` says. `on_wait` hears how many seconds each wait was to be.
        """
        self._store = store
        self._providers = providers
        self._clock = clock
        self._sleep = sleep
        self.share = share
        self._on_wait = on_wait
        self._common = CommonClock(clock)
        self._ledgers: dict[tuple[str, str], Ledger] = {}

    def around(
        self, transport: Transport, *, platform: str, origin: str, waiting: Waiting
    ) -> Transport:
        """A transport to the account at `origin` whose calls draw on the account's budget."""
        provider = self._providers.get(platform)
        if provider is None:
            return transport
        return _BudgetedTransport(
            self,
            transport,
            provider,
            self._ledger(provider, origin),
            replace(waiting, use=replace(waiting.use, share=self.share)),
        )

    def give_back(self) -> int:
        """Give up the slots that are held; returns how many. For a function that is done.

        What cannot be given up expires by itself within seconds: it must never fail work that was
        done, as an error here would send the whole batch back to the queue.
        """
        given_back = 0
        for ledger in self._ledgers.values():
            with suppress(BudgetUnavailable):
                given_back += ledger.give_back()
        return given_back

    def send(
        self,
        transport: Transport,
        request: ProviderRequest,
        provider: Provider,
        ledger: Ledger,
        waiting: Waiting,
    ) -> ProviderReply:
        """Send `request` in its slot.

        Raises BudgetExhausted or BudgetUnavailable (nothing was sent), or what `transport` does.
        """
        charges = provider.charges(request)
        turn = self._turn(
            until_turn(ledger, charges, waiting, clock=self._clock, where=request.where)
        )
        sent = self._clock()
        reply = transport.send(request)
        refusal = provider.refusal(reply, request)
        ledger.report(
            charges,
            provider.spoken(reply, request),
            sent=sent,
            received=self._clock(),
            throttled=refusal is not None,
            retry_after_s=refusal.after_s if refusal else None,
            passing=(refusal.bucket or "") if refusal and refusal.passing else "",
            slot=turn.slot,
        )
        return reply

    def _ledger(self, provider: Provider, origin: str) -> Ledger:
        key = (origin, type(provider).__name__)
        if key not in self._ledgers:
            self._ledgers[key] = Ledger(
                self._store,
                origin,
                provider,
                clock=self._clock,
                sleep=self._sleep,
                common=self._common,
            )
        return self._ledgers[key]

    def _turn(self, waits: Generator[float, None, Turn]) -> Turn:
        while True:
            try:
                seconds = next(waits)
            except StopIteration as over:
                turn: Turn = over.value
                return turn
            self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        if self._on_wait is not None:
            self._on_wait(seconds)
        self._sleep(seconds)


class _BudgetedTransport:
    """A Transport of one account and one caller's patience."""

    def __init__(
        self,
        budgets: Budgets,
        transport: Transport,
        provider: Provider,
        ledger: Ledger,
        waiting: Waiting,
    ) -> None:
        self._budgets = budgets
        self._transport = transport
        self._provider = provider
        self._ledger = ledger
        self._waiting = waiting

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Send `request` once, in its slot."""
        reply = self._budgets.send(
            self._transport, request, self._provider, self._ledger, self._waiting
        )
        self._waiting = self._waiting.begun()
        return reply
