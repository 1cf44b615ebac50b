"""One process's view of one account's budget: slots it holds, lessons it has yet to pass on.

A reservation is one conditional write, and asks for a few slots at once: those that are not used
now are kept for the next calls and expire by themselves; so are places in line. What replies taught
travels with the next reservation; written at once is only what all others must know now: a 429, a
limit that was not known, where the windows begin.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from freshbridge.budget.account import Account
from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.holdings import Holdings, Kind
from freshbridge.budget.learning import Report
from freshbridge.budget.limits import Provider, Spoken
from freshbridge.budget.own_replies import OwnReplies
from freshbridge.budget.reservation import Ask, AskAgain, Deferred, Outcome, Slot
from freshbridge.budget.reset_watch import Seen
from freshbridge.budget.store import BudgetUnavailable, Kept, Store

ATTEMPTS = 16
FIRST_PAUSE_S = 0.01
LONGEST_PAUSE_S = 0.8
_REPORTS_KEPT = 32

_SHARP, _SHARP_S = 1 / 50, 0.2
"""Share of the shortest window, and seconds, that this process's clock may be wrong by at ease."""
_READINGS = 12
_ROUNDED_S = 2.0
_WATCHED = 1 / 50
"""Share of a window after which another reply is told while windows' beginnings are unknown."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Use:
    """What a slot is for, and how far away it may be.

    `returning` work was sent away before with a place in line; `ahead` more calls of the same kind
    are about to follow this one. `lane` names where background work comes from.
    """

    within_s: float
    background: bool = True
    returning: bool = False
    ahead: int = 0
    share: float = 0.1
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A slot in this process's own clock: send from `begin` to `end`.

    `slot` is the beginning in the common clock, by which the slot was granted.
    """

    begin: float
    end: float
    slot: float | None = None


@dataclass(frozen=True, slots=True)
class NoTurn:
    """No slot is near enough; come back in `after_s` seconds. `in_line`: the place is kept."""

    after_s: float
    in_line: bool


@dataclass(frozen=True, slots=True)
class AskLater:
    """No slot yet, but soon: ask again in `after_s` seconds. Nothing is held for the caller."""

    after_s: float


class Ledger:
    """The budget of one account, for one process; its methods may be called by several threads."""

    def __init__(
        self,
        store: Store,
        account: str,
        provider: Provider,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        stamp: Callable[[], str] = lambda: secrets.token_hex(8),
        common: CommonClock | None = None,
    ) -> None:
        """`account` names the budget: the origin of the provider account.

        `clock` is seconds since the epoch; `sleep` and `jitter` (in [0, 1)) serve the pauses after
        lost races only. `common` is shared by the ledgers of one process.
        """
        self._store = store
        self._account = account
        self._rules = provider.rules
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._stamp = stamp
        self._common = common or CommonClock(clock)
        self._seen: Kept | None = None
        self._looks = True
        self._readings = 0
        self._stale = True
        self._held = Holdings(self._common)
        self._pending: deque[Report] = deque(maxlen=_REPORTS_KEPT)
        self._own = OwnReplies(self._common)
        self._provider = provider
        self._lock = threading.RLock()

    def take(self, charges: Mapping[str, int], use: Use) -> Turn | NoTurn | AskLater:
        """A slot for one call that costs `charges`, at most `use.within_s` away.

        Raises BudgetUnavailable when the store does not answer or the race for it is not won.
        """
        ask = Ask(
            charges=charges,
            within_s=use.within_s,
            # Dear calls are seldom followed by their like: what is ahead is mostly cheaper.
            count=1 + max(use.ahead, 0) if max(charges.values(), default=0) <= 1 else 1,
            background=use.background,
            returning=use.returning,
            share=use.share,
            lane=use.lane,
        )
        kind = Kind.of(ask)
        with self._lock:
            if (slot := self._held.slot(kind, use.within_s)) is not None:
                return self._turn(slot)
            if (after_s := self._held.place_s(kind)) is not None:
                return NoTurn(after_s, in_line=True)
            outcome = self._reserve(ask)
            if isinstance(outcome, AskAgain):
                self._stale = True
                return AskLater(self._common.after(outcome.at))
            if isinstance(outcome, Deferred):
                self._held.promise(kind, outcome.rest)
                return NoTurn(self._common.after(outcome.until), outcome.in_line)
            first, *rest = outcome.slots
            self._held.keep(kind, rest)
            return self._turn(first)

    def report(
        self,
        charges: Mapping[str, int],
        spoken: Spoken,
        *,
        sent: float,
        received: float,
        throttled: bool = False,
        retry_after_s: float | None = None,
        passing: str = "",
        slot: float | None = None,
    ) -> None:
        """Learn from a reply; `sent` and `received` are of this process's clock.

        `slot` is the one of the turn that it was sent in, where it is known.

        A 429 is written at once, and the slots held in its buckets are given up. `passing` names
        the bucket that waits when it was refused for a moment, and not for a limit. A store that
        does not answer is left to the next reservation.
        """
        speaker = passing or spoken.bucket
        names = [speaker] if speaker else []
        names += [name for name in charges if name not in names]
        with self._lock:
            report = Report(
                buckets=tuple(names),
                cost=max(charges.values(), default=0),
                sent=self._common.earliest(sent),
                received=self._common.latest(received),
                limit=spoken.limit,
                remaining=spoken.remaining,
                throttled=throttled,
                retry_after_s=retry_after_s,
                reset=None if passing else self._reset(names[0], spoken, sent, received),
                whole=self._provider.whole,
                passing=bool(passing),
            )
            self._pending.append(report)
            if slot is not None:
                self._own.answered(charges, slot, sent=sent, received=received)
            if throttled:
                self._held.drop({passing} if passing else set(names))
            if throttled or self._is_news(report):
                with suppress(BudgetUnavailable):
                    if throttled or self._still_news(report):
                        self._write(_unchanged)

    def clock_set(self) -> Iterator[float]:
        """Yield the seconds to wait between readings until this process's clock is known sharply.

        Short windows need it: what is not known of the clock is lost of each window, at both ends.
        Over soon, about a second, whether it is known then or not.
        """
        for _ in range(_READINGS):
            if self._clock_is_set():
                return
            if (wait := self._common.telling()) > 0:
                yield wait
            with self._lock:
                self._look()

    def set_clock_by_the_way(self) -> None:
        """Read the clock once, if that tells something now: for work that is not to wait for it."""
        with self._lock:
            if self._clock_is_set():
                self._readings = 0
            elif self._readings < _READINGS and self._common.telling() <= 0:
                self._readings += 1
                self._look()

    def give_back(self) -> int:
        """Give up the slots that are held and still ahead; returns how many. One write, if any."""
        with self._lock:
            dropped = self._held.drop(None)
            if dropped:
                self._write(_unchanged)
            return dropped

    def _reserve(self, ask: Ask) -> Outcome:
        def change(account: Account) -> tuple[Account, Outcome]:
            return account.reserve(ask, self._common.moment(), self._rules)

        if self._stale:
            self._look()
        return self._write(change)

    def _clock_is_set(self) -> bool:
        """Whether it is known sharply, or cannot be."""
        shortest = min(rule.window_s for rule in self._rules.values())
        enough = min(_SHARP * shortest, _SHARP_S)
        return not self._looks or self._common.moment().doubt <= enough

    def _look(self) -> None:
        """Read the state: others are at work, and a write on old knowledge would be lost."""
        if not self._looks:
            return
        try:
            now = self._common.ask(lambda: self._store.look(self._account)).now
        except BudgetUnavailable:
            self._looks = False  # a lost write tells the same
            return
        # While nobody else writes, looking first is not worth its while.
        self._stale = now is None or self._seen is None or now.stamp != self._seen.stamp
        self._seen = now

    def _is_news(self, report: Report) -> bool:
        """Whether a reply tells what the state does not know and all others should."""
        if report.limit is None or self._seen is None:
            return False
        bucket = Account.from_text(self._seen.text, self._rules).buckets.get(report.buckets[0])
        if bucket is None:
            return False
        if not bucket.told or bucket.limit != report.limit:
            return True
        # The reset is seen between two replies, and the sooner the less they lie apart.
        since = report.received - bucket.left_at
        return bucket.phase is None and (
            report.reset is not None or since > _WATCHED * bucket.window_s
        )

    def _still_news(self, report: Report) -> bool:
        """Whether nobody else has told it meanwhile: several processes see the same at once."""
        if not (self._stale and self._looks):
            return True
        self._look()
        return self._is_news(report)

    def _write(self, change: Callable[[Account], tuple[Account, T]]) -> T:
        """Make a change of the account's state; `change` is called anew after every lost race."""
        for attempt in range(ATTEMPTS):
            if attempt > 1:  # the first loss may only mean that nothing had been read yet
                longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**attempt)
                self._sleep(self._jitter() * longest)
            known = Account.from_text(self._seen.text, self._rules) if self._seen else Account()
            for report in self._pending:
                known = known.observe(report, self._rules)
            known = known.assuming(self._provider.implied(known.told()), self._rules)
            for charges, slots in self._held.unused:
                known = known.give_back(charges, slots)
            known, again = known.settled(self._own.calls(), self._common.moment().at)
            changed, result = change(known)
            told = not self._pending and not self._held.unused
            if isinstance(result, AskAgain) and told and self._looks:
                return result  # nothing has changed, and the next ask looks first
            if self._swapped(changed):
                self._stale = self._stale or attempt > 0
                self._pending.clear()
                self._held.unused.clear()
                self._own.keep(again)
                return result
        raise BudgetUnavailable(
            f"The rate budget was changed by others {ATTEMPTS} times in a row",
            after=1.0,
            advice="Try again later; if it lasts, lower the number of functions that run at once.",
        )

    def _swapped(self, changed: Account) -> bool:
        new = Kept(self._stamp(), changed.to_text())
        seen = self._seen.stamp if self._seen else None
        swap = self._common.ask(lambda: self._store.swap(self._account, seen, new))
        self._seen = swap.now
        return swap.won

    def _turn(self, slot: Slot) -> Turn:
        return Turn(self._common.local(slot.begin), self._common.local(slot.end), slot.begin)

    def _reset(
        self, bucket: str, spoken: Spoken, sent: float, received: float
    ) -> tuple[float, float] | None:
        if spoken.limit is None or spoken.remaining is None:
            return None
        seen = Seen(sent, received, spoken.limit, spoken.remaining)
        if (found := self._own.reset(bucket, seen)) is not None:
            return found
        if (left := spoken.resets_in_s) is not None and left <= self._rules[bucket].window_s:
            # Two times were rounded to seconds, either may have been down.
            low = self._common.earliest(sent) + left - _ROUNDED_S
            return low, self._common.latest(received) + left + _ROUNDED_S
        return None


def _unchanged(account: Account) -> tuple[Account, None]:
    return account, None
