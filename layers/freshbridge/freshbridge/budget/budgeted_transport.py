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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Unpack

from freshbridge import timestamps
from freshbridge.budget.ledger import AskLater, Ledger, Turn, Use
from freshbridge.errors import Context, Throttled

if TYPE_CHECKING:
    from freshbridge.budget.limits import Provider
    from freshbridge.budget.store import Store
    from freshbridge.http_message import ProviderReply, ProviderRequest
    from freshbridge.transport import Transport

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
    `within_s` is of no account.
    """

    longest_s: float
    remaining_s: Callable[[], float] = lambda: float("inf")
    reserve_s: float = 0.0
    use: Use = Use(within_s=0.0)  # noqa: RUF009 - frozen


class Budgets:
    """The ledgers of one process, one per provider account."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        *,
        clock: Callable[[], float] = timestamps.epoch,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        """`providers` by platform; a platform without one has no budget.

        `clock` is seconds since the epoch. `on_wait` hears how many seconds each wait was to be.
        """
        self._store = store
        self._providers = providers
        self._clock = clock
        self._sleep = sleep
        self._on_wait = on_wait
        self._ledgers: dict[tuple[str, str], Ledger] = {}

    def around(
        self, transport: Transport, *, platform: str, origin: str, waiting: Waiting
    ) -> Transport:
        """A transport to the account at `origin` whose calls draw on the account's budget."""
        provider = self._providers.get(platform)
        if provider is None:
            return transport
        return _BudgetedTransport(
            self, transport, provider, self._ledger(provider, origin), waiting
        )

    def give_back(self) -> int:
        """Give up the slots that are held; returns how many. For a function that is done."""
        return sum(ledger.give_back() for ledger in self._ledgers.values())

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
        self._await_turn(ledger, charges, waiting, request.where)
        sent = self._clock()
        reply = transport.send(request)
        ledger.report(
            charges,
            provider.spoken(reply, request),
            sent=sent,
            received=self._clock(),
            throttled=reply.status == 429,
            retry_after_s=reply.retry_after_s,
        )
        return reply

    def _ledger(self, provider: Provider, origin: str) -> Ledger:
        key = (origin, type(provider).__name__)
        if key not in self._ledgers:
            self._ledgers[key] = Ledger(
                self._store, origin, provider, clock=self._clock, sleep=self._sleep
            )
        return self._ledgers[key]

    def _await_turn(
        self, ledger: Ledger, charges: Mapping[str, int], waiting: Waiting, where: str
    ) -> None:
        """Return when the call may be sent."""
        give_up = self._clock() + waiting.longest_s
        late = 0
        while late < _MISSES:
            now = self._clock()
            left = min(give_up - now, waiting.remaining_s() - waiting.reserve_s)
            found = ledger.take(charges, replace(waiting.use, within_s=max(left, 0.0)))
            if isinstance(found, Turn):
                if self._slept_until(found):
                    return
                late += 1
            elif isinstance(found, AskLater) and found.after_s <= left:
                self._wait(found.after_s)
            else:
                raise BudgetExhausted(
                    "The account's rate limit is used up for now",
                    after=found.after_s,
                    in_line=not isinstance(found, AskLater) and found.in_line,
                    where=where,
                )
        raise BudgetExhausted("This function was too slow to use its slots", after=1.0, where=where)

    def _slept_until(self, turn: Turn) -> bool:
        """Sleep until the slot begins; False when it is over by then."""
        self._wait(turn.begin - self._clock())
        return self._clock() <= turn.end

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
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
        return self._budgets.send(
            self._transport, request, self._provider, self._ledger, self._waiting
        )
