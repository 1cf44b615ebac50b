"""Where windows begin is narrowed down from resets that were seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.budget.phase import Phase, bracketed
from freshbridge.budget.reset_watch import ResetWatch, Seen

NOW = 1_800_000_000.0


@given(
    begin=st.floats(0, 60),
    brackets=st.lists(
        st.tuples(st.integers(0, 30), st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=20
    ),
)
def test_windows_begin_within_what_is_known(
    begin: float, brackets: list[tuple[int, float, float]]
) -> None:
    phase: Phase | None = None
    for k, before, after in sorted(brackets):
        reset = NOW + begin + 60 * k
        if phase is None:
            phase = bracketed(60, reset - before, reset + after)
        else:
            phase = phase.narrowed(reset - before, reset + after)
        assert phase is not None

    assert phase is not None
    true = NOW + begin + 60 * 40
    known = phase.aged(true)
    assert known is not None
    assert known.opens(known.number(true)) - known.width - 1e-6 <= true
    assert true <= known.opens(known.number(true)) + 1e-6


def test_brackets_of_many_windows_are_laid_over_one_another() -> None:
    phase = bracketed(60, NOW - 8, NOW + 1)
    assert phase is not None

    phase = phase.narrowed(NOW + 60 - 1, NOW + 60 + 7)

    assert phase is not None
    assert phase.width == pytest.approx(2, abs=0.1)


def test_a_contradiction_is_told_and_a_hair_is_none() -> None:
    phase = bracketed(60, NOW, NOW + 1)
    assert phase is not None

    assert phase.narrowed(NOW + 90, NOW + 91) is None
    assert (nearly := phase.narrowed(NOW + 61.1, NOW + 62)) is not None
    assert nearly.width == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("width", [-1.0, 20.5])
def test_a_bracket_that_tells_too_little_is_not_taken(width: float) -> None:
    assert bracketed(60, NOW, NOW + width) is None


def test_what_was_known_fades() -> None:
    phase = bracketed(60, NOW, NOW + 1)
    assert phase is not None

    day = phase.aged(NOW + 86_400)
    assert day is not None
    assert day.width > 15
    assert phase.aged(NOW + 10 * 86_400) is None


def seen(at: float, remaining: int, limit: int = 100) -> Seen:
    return Seen(at, at + 0.2, limit, remaining)


def test_a_rise_of_what_is_left_brackets_a_reset() -> None:
    watch = ResetWatch()

    assert watch.bracket("total", seen(0, 50)) is None
    assert watch.bracket("total", seen(1, 49)) is None
    assert watch.bracket("total", seen(2, 98)) == (1, 2.2)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (Seen(0.1, 3, 100, 99), "it overlaps the first: which was counted first is not certain"),
        (Seen(2, 3, 200, 99), "the limit itself has changed"),
        (Seen(2, 3, 100, 52), "counters of several servers differ by a few"),
    ],
)
def test_what_is_no_reset(second: Seen, why: str) -> None:
    watch = ResetWatch()
    watch.bracket("total", seen(0, 50))

    assert watch.bracket("total", second) is None, why


def test_buckets_are_watched_apart() -> None:
    watch = ResetWatch()
    watch.bracket("total", seen(0, 50))

    assert watch.bracket("ticket_create", seen(1, 99)) is None
