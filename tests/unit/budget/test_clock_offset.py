"""The common clock is learned from dates in whole seconds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.budget.clock_offset import ClockOffset

NOW = 1_800_000_000.0


def after_answers(skew: float, times: list[float], trip_s: float) -> tuple[ClockOffset, float]:
    """What a clock that is `skew` ahead knows after answers at `times`; and its last reading."""
    offset, local = ClockOffset(), NOW
    for at in times:
        asked, local = at + skew, at + trip_s + skew
        offset = offset.narrowed(
            dated=float(math.floor(at + trip_s / 2)), asked=asked, received=local
        )
    return offset, local


@given(
    skew=st.floats(-2, 2),
    steps=st.lists(st.floats(0.001, 3), min_size=1, max_size=40),
    trip_s=st.floats(0.001, 0.5),
)
def test_the_true_time_lies_within_the_doubt(
    skew: float, steps: list[float], trip_s: float
) -> None:
    times = [NOW + sum(steps[: i + 1]) for i in range(len(steps))]

    offset, local = after_answers(skew, times, trip_s)
    moment = offset.moment(local)

    assert abs(moment.at - (local - skew)) <= moment.doubt + 1e-6
    assert offset.local(moment.at) == pytest.approx(local, abs=1e-3)


def test_one_answer_leaves_a_second_and_thirty_leave_the_round_trip() -> None:
    steps = [NOW + i * 0.317 for i in range(30)]

    first, _ = after_answers(1.5, steps[:1], 0.02)
    many, local = after_answers(1.5, steps, 0.02)

    assert first.moment(NOW).doubt <= 0.52
    assert many.moment(local).doubt <= 0.06


def test_before_any_answer_two_seconds_are_assumed() -> None:
    assert ClockOffset().moment(NOW).doubt == 2.0


def test_a_clock_that_was_set_is_followed() -> None:
    offset, local = after_answers(0.0, [NOW + i * 0.3 for i in range(20)], 0.01)

    offset = offset.narrowed(dated=NOW + 6, asked=local + 60, received=local + 60.01)

    assert offset.moment(local + 60).at == pytest.approx(NOW + 6.5, abs=0.6)


def test_an_answer_that_came_before_it_was_asked_for_says_nothing() -> None:
    offset = ClockOffset()

    assert offset.narrowed(dated=NOW, asked=NOW, received=NOW - 1) == offset


def test_doubt_grows_while_there_are_no_answers() -> None:
    offset, local = after_answers(0.0, [NOW + i * 0.3 for i in range(20)], 0.01)

    assert offset.moment(local + 3600).doubt > offset.moment(local).doubt + 0.5


@given(skew=st.floats(-2, 2), begin=st.floats(0, 1), trip_s=st.floats(0.001, 0.05))
def test_readings_at_the_turn_of_a_second_tell_the_time_within_a_second_or_so(
    skew: float, begin: float, trip_s: float
) -> None:
    offset, true = ClockOffset(), NOW + begin
    for _ in range(12):
        if offset.moment(true + skew).doubt <= 0.1:
            break
        true = max(true, offset.next_reading(true + skew) - skew)
        asked, true = true, true + trip_s
        dated = float(math.floor(asked + trip_s / 2))
        offset = offset.narrowed(dated=dated, asked=asked + skew, received=true + skew)

    moment = offset.moment(true + skew)
    assert moment.doubt <= 0.1
    assert abs(moment.at - true) <= moment.doubt + 1e-6
    assert true - NOW - begin < 2


def test_servers_whose_clocks_differ_a_little_are_no_clock_that_was_set() -> None:
    offset = ClockOffset(-0.01, 0.01, NOW)

    found = offset.narrowed(dated=NOW + 1.04, asked=NOW + 1, received=NOW + 1.005)

    assert found.moment(NOW + 1).doubt < 0.1
