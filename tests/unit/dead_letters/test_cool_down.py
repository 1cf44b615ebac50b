"""Letters of passing causes come back by themselves, ever later, and not for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.dead_letters.cool_down import (
    COOL_DOWN_S,
    FIRST_LOOK_S,
    LONGEST_LOOK_S,
    asks_circuit,
    look_again_after,
    return_after,
)

HOUR = 3600


@pytest.mark.parametrize(
    "code",
    [
        "exhausted_throttled", "exhausted_provider_down", "exhausted_unreachable",
        "exhausted_aws_unavailable", "exhausted_budget_wait", "exhausted_circuit_open",
    ],
)  # fmt: skip
def test_what_was_busy_or_away_comes_back_four_times(code: str) -> None:
    waits = [return_after(code, returns, spread=0.0) for returns in range(6)]

    assert waits == [HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR, None, None]


@pytest.mark.parametrize(
    "code", ["not_found", "invalid_parameters", "defect", "moved_by_queue", "outcome_unknown"]
)
def test_what_was_refused_waits_for_a_person(code: str) -> None:
    assert return_after(code, 0, spread=0.0) is None


def test_a_refused_key_is_looked_for_soon_and_then_ever_more_seldom() -> None:
    assert return_after("unauthorized", 0, spread=0.9) == FIRST_LOOK_S
    assert return_after("unauthorized", 4, spread=0.0) is None

    assert look_again_after(0) == FIRST_LOOK_S
    assert look_again_after(4_000) == 1_000
    assert look_again_after(10**9) == LONGEST_LOOK_S


def test_only_what_a_circuit_holds_back_waits_for_it() -> None:
    asked = [asks_circuit(code) for code in ("unauthorized", "exhausted_circuit_open", "defect")]

    assert asked == [True, True, False]
    assert not asks_circuit("exhausted_throttled")


@given(st.integers(0, 3), st.floats(0, 1, exclude_max=True))
def test_a_return_is_spread_but_never_early_nor_much_later(returns: int, spread: float) -> None:
    wait = return_after("exhausted_throttled", returns, spread=spread)

    assert wait is not None
    assert COOL_DOWN_S[returns] <= wait <= COOL_DOWN_S[returns] * 1.1
