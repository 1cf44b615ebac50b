"""What one process's own replies show, told anew as its clock is known better."""

from __future__ import annotations

import pytest

from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.own_replies import KEPT_S, OwnReplies
from freshbridge.budget.reset_watch import Seen
from freshbridge.budget.store import Swap

NOW = 1_800_000_000.0
ONE = {"total": 1}


class Clock:
    """A process's clock; `skew` is how far it is ahead of the common one."""

    def __init__(self, skew: float = 0.0) -> None:
        self.now = NOW + skew
        self.skew = skew
        self.common = CommonClock(lambda: self.now)

    def reading(self, at: float) -> None:
        """An answer that is dated, at the common time NOW + `at`."""
        self.now = NOW + at + self.skew
        self.common.ask(lambda: Swap(won=False, now=None, dated=float(int(NOW + at))))


def seen(at: float, remaining: int, trip_s: float = 0.02) -> Seen:
    return Seen(NOW + at, NOW + at + trip_s, 100, remaining)


def call(own: OwnReplies, at: float, received: float | None = None) -> None:
    """A call in the slot at `at`, sent then."""
    received = at + 0.02 if received is None else received
    own.answered(ONE, NOW + at, sent=NOW + at, received=NOW + received)


def told_before(own: OwnReplies) -> list[float]:
    return [round(one.before - NOW, 3) for one in own.calls()]


def sharp() -> Clock:
    """A clock that is right, and known to be to within milliseconds."""
    clock = Clock()
    clock.reading(-0.999)
    clock.reading(-0.001)
    clock.reading(0.0)
    return clock


def test_calls_that_were_answered_before_the_last_one_was_sent_came_before_its_reset() -> None:
    """Its clock says what came first, to the microsecond, whatever the time is."""
    own = OwnReplies(Clock().common)
    for at, remaining in ((1.0, 42), (1.1, 41), (1.2, 99)):
        call(own, at)
        found = own.reset("total", seen(at, remaining))

    assert found is not None
    low, high = found
    assert low == pytest.approx(NOW + 1.1 - 2)
    assert high == pytest.approx(NOW + 1.22 + 2)
    first, last, after = (one.before for one in own.calls())
    assert first < low
    assert last < low
    assert after > high - 0.01


def test_a_call_that_was_still_out_when_the_last_one_was_sent_may_have_come_after() -> None:
    own = OwnReplies(sharp().common)
    own.reset("total", seen(1.0, 40))
    call(own, 1.0)
    call(own, 0.9, received=1.015)

    assert own.reset("total", seen(1.1, 99)) is not None

    assert told_before(own)[0] < 1.0
    assert told_before(own)[1] > 1.0


def test_a_reset_is_told_again_once_the_time_is_known_better() -> None:
    clock = Clock(skew=0.3)
    clock.reading(0.4)
    own = OwnReplies(clock.common)
    own.reset("total", seen(0.5 + 0.3, 40))
    wide = own.reset("total", seen(0.6 + 0.3, 99))
    assert own.reset("total", seen(0.7 + 0.3, 98)) is None, "nothing new"

    clock.reading(0.99)
    clock.reading(1.01)
    found = own.reset("total", seen(1.1 + 0.3, 97))
    again = own.reset("total", seen(1.2 + 0.3, 96))

    assert wide is not None
    assert wide[1] - wide[0] > 1
    assert found is not None
    assert found[1] - found[0] < 0.25
    assert found[0] <= NOW + 0.5 < NOW + 0.62 <= found[1]
    assert again is None


def test_what_was_seen_long_ago_or_of_another_bucket_is_not_told_again() -> None:
    clock = Clock()
    clock.reading(0.4)
    own = OwnReplies(clock.common)
    own.reset("total", seen(0.5, 40))
    assert own.reset("total", seen(0.6, 99)) is not None
    clock.reading(0.99)
    clock.reading(1.01)

    assert own.reset("ticket_list", seen(1.1, 97)) is None
    assert own.reset("total", seen(0.7 + KEPT_S, 97)) is None


def test_a_clock_that_was_set_ends_what_was_known_by_it() -> None:
    clock = Clock()
    clock.reading(0.4)
    own = OwnReplies(clock.common)
    own.reset("total", seen(0.5, 40))
    assert own.reset("total", seen(0.6, 99)) is not None

    clock.skew = 3.0
    clock.reading(0.99)
    clock.reading(1.01)

    assert own.reset("total", seen(1.1 + 3.0, 97)) is None


def test_calls_that_are_settled_are_forgotten_and_old_ones_too() -> None:
    own = OwnReplies(sharp().common)
    call(own, 1.0)
    call(own, 1.1)

    own.keep(own.calls()[1:])
    assert [one.begin for one in own.calls()] == [NOW + 1.1]

    call(own, 1.2 + KEPT_S)
    assert [one.begin for one in own.calls()] == [NOW + 1.2 + KEPT_S]
