"""A copy so short that what is learned in its first window is much of it, in simulated time.

An account of 20,000 tickets is 203 calls: ten seconds at 100 per five. Nothing is known at first:
neither the limit nor where windows begin nor what time it is.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.budget.copying import Copy, Pace
from tests.unit.budget.world import EPOCH, Waits, Windows, World

# Thousands of the same calls, which counting the lines again and again would slow to a third.
pytestmark = pytest.mark.no_cover

WINDOW_S = 5.0
PAGES = 203
Clock = Callable[[], float]


def world(seed: int, limit: int = 100, window_s: float = WINDOW_S) -> World:
    return World(Windows({"total": limit}, window_s), seed)


def skewed(where: World, skew: float = 0.0, drift: float = 0.0) -> Clock:
    return lambda: where.now + skew + drift * (where.now - EPOCH)


def copied(
    begin: float, *, seed: int = 0, skew: float = 0.0, drift: float = 0.0, pages: int = PAGES
) -> Copy:
    """A copy that one worker made; it began `begin` seconds after a window did."""
    where = world(seed)
    copy = Copy(where, pages)
    where.start(copy.worker(skewed(where, skew, drift)), after=begin)
    where.run(120.0)
    assert copy.pages == 0
    return copy


def each_window(copy: Copy) -> list[int]:
    allowed = copy.world.windows.allowed
    return [allowed[k] for k in range(min(allowed), max(allowed) + 1)]


@pytest.mark.parametrize("skew", [0.0, -1.8, 0.9], ids=lambda skew: f"clock {skew:+} s")
@pytest.mark.parametrize("begin", [0.0, 0.1, 0.4, 1.7, 3.5, 4.5, 4.9])
def test_a_short_copy_uses_97_percent_whenever_it_begins(begin: float, skew: float) -> None:
    found = [copied(begin, seed=seed, skew=skew) for seed in range(4)]

    assert min(copy.used() for copy in found) >= 0.97
    for copy in found:
        assert copy.world.windows.throttled == 0
        assert copy.world.windows.most("total") <= 100


def test_the_first_window_that_is_known_is_used_whole() -> None:
    """What was granted and answered before it began takes nothing from it."""
    second = [each_window(copied(begin))[1] for begin in (0.4, 1.7, 3.5)]

    assert min(second) >= 99


def test_the_clock_is_set_while_calls_go_on() -> None:
    copy = copied(0.4, skew=0.9)

    first, second, *_ = copy.calls
    assert second - first < 0.1, "the second call does not wait for the clock"
    assert copy.world.store.looks <= 13


def test_another_process_copies_at_full_speed_at_once() -> None:
    """It knows from the ledger where windows begin, and not what time it is."""
    slow = Pace(travel=0.012, work=0.018)
    used = []
    for seed in range(4):
        where = world(seed)
        first = Copy(where, 150)
        where.start(first.worker(skewed(where)), after=0.4)
        where.run(20.0 + 1.3 * seed)
        second = Copy(where, PAGES, slow)
        where.start(second.worker(skewed(where, skew=0.3)))
        where.run(60.0)
        assert first.pages == second.pages == where.windows.throttled == 0
        used.append(second.used())

    assert statistics.mean(used) >= 0.97


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_however_many_copy_no_window_sees_too_much(data: st.DataObject) -> None:
    """Any limit, window, beginning, clocks that are wrong and run askew, ways that take long."""
    window_s = data.draw(st.sampled_from([2.0, 5.0, 60.0]), "window")
    limit = data.draw(st.integers(3, 150), "limit")
    where = world(data.draw(st.integers(0, 2**32), "seed"), limit, window_s)
    longest = min(1.0, window_s / 20) / 1.5
    pace = Pace(
        travel=data.draw(st.floats(0.001, longest), "travel"),
        work=data.draw(st.floats(0.001, 0.1), "work"),
    )
    copy = Copy(where, data.draw(st.integers(20, 3 * limit + 20), "pages"), pace)
    for _ in range(data.draw(st.integers(1, 5), "workers")):
        skew, drift = data.draw(st.floats(-1.9, 1.9), "skew"), data.draw(st.floats(-1e-4, 1e-4))
        begin = data.draw(st.floats(0, 2 * window_s), "begin")
        where.start(copy.worker(skewed(where, skew, drift)), after=begin)

    where.run(60 * window_s)

    assert copy.pages == 0
    assert where.windows.throttled == 0
    assert where.windows.most("total") <= limit


@pytest.mark.parametrize("per_second", [2.0, 6.0, 10.0])
def test_another_consumer_at_the_same_time_is_yielded_to(per_second: float) -> None:
    """It calls at random, from the first call on: what its next calls will be nobody knows."""
    throttled = made = 0
    for seed in range(8):
        where = world(seed)
        copy = Copy(where, PAGES)
        where.start(where.outsider(per_second, {"total": 1}))
        where.start(copy.worker(skewed(where)), after=0.1 + 0.6 * seed)
        where.run(80.0)
        assert copy.pages == 0
        throttled, made = throttled + where.windows.throttled, made + len(copy.calls)

    assert throttled < 0.01 * made


@pytest.mark.parametrize("to", [40, 50, 80])
@pytest.mark.parametrize("at", [3.0, 7.5, 9.0, 10.0])
def test_a_limit_that_falls_costs_one_call_where_more_has_been_used_by_then(
    at: float, to: int
) -> None:
    for seed in range(3):
        where = world(seed)
        copy = Copy(where, PAGES + 100)

        def falls(where: World = where) -> Waits:
            yield at
            where.windows.limits["total"] = to

        where.start(falls())
        where.start(copy.worker(skewed(where)), after=0.3 + 0.7 * seed)
        where.run(120.0)

        assert copy.pages == 0
        assert where.windows.throttled <= 1
        allowed = each_window(copy)
        assert max(allowed[int(at // WINDOW_S) + 1 :]) <= to


@pytest.mark.parametrize("step", [-1.5, -0.5, 0.5, 4.0], ids=lambda step: f"by {step:+} s")
def test_a_clock_that_is_set_in_between_is_found_out(step: float) -> None:
    """Until an answer contradicts it calls go by a wrong time; that costs one of them at most."""
    for seed in range(8):
        where = world(seed)
        copy = Copy(where, PAGES)
        at = 1.0 + 1.3 * seed

        def clock(where: World = where, at: float = at) -> float:
            return where.now + (step if where.now - EPOCH > at else 0.0)

        where.start(copy.worker(clock), after=0.4)
        where.run(120.0)

        assert copy.pages == 0
        assert where.windows.throttled <= 1
