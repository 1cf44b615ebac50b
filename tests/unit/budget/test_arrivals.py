"""How many calls come in a window, by those that came lately."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.budget.arrivals import NONE, NOTICED, Arrivals

NOW = 1_800_000_000.0


def coming(per_window: float, windows: float, window_s: float) -> Arrivals:
    """After calls at one rate, for so many windows from NOW on."""
    found, gap = NONE, window_s / per_window
    for number in range(round(per_window * windows)):
        found = found.more(1, NOW + number * gap, window_s)
    return found


@given(
    per_window=st.floats(4, 200), windows=st.floats(0.5, 5), window_s=st.sampled_from([5.0, 60.0])
)
def test_a_steady_rate_is_found_from_half_a_window_on(
    per_window: float, windows: float, window_s: float
) -> None:
    found = coming(per_window, windows, window_s).per_window(NOW + windows * window_s, window_s)

    # Calls are whole: one more or less in half a window is two and a half in a whole one.
    one_call = 1 / (1 - math.exp(-windows))
    assert found == pytest.approx(per_window, rel=0.15, abs=one_call)


def test_the_first_call_is_taken_for_four_a_window_at_most() -> None:
    assert NONE.more(1, NOW, 60.0).per_window(NOW, 60.0) == 4
    assert NONE.more(3, NOW, 60.0).per_window(NOW, 60.0) == 12


@given(later=st.floats(0, 3600))
def test_what_is_over_is_forgotten(later: float) -> None:
    found = coming(60, 3, 60.0)
    end = NOW + 180

    assert found.per_window(end + later, 60.0) <= found.per_window(end, 60.0)
    assert found.per_window(end + 10 * 60.0, 60.0) == 0
    again = found.more(1, end + 3600, 60.0)
    assert again.since == end + 3600, "nothing before is part of it"


def test_a_clock_that_is_behind_loses_nothing() -> None:
    found = NONE.more(1, NOW, 5.0).more(1, NOW - 1.0, 5.0)

    assert found.weight == 2
    assert found.at == NOW
    assert NONE.per_window(NOW, 5.0) == 0
    assert 0 < NOTICED < 1
