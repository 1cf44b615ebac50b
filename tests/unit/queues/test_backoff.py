"""The wait is never before the server's moment, never zero, never more than SQS allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from freshbridge.queues.backoff import CEILING_S, LONGEST_VISIBILITY_S, wait_seconds

ATTEMPTS = st.integers(-5, 10_000)
RANDOM = st.floats(0, 1, exclude_max=True)
FLOOR = st.none() | st.floats(0, 90_000)
SQS_LIMIT_S = 43_200
LONGEST_FUNCTION_S = 900


@given(ATTEMPTS, RANDOM, FLOOR)
def test_the_wait_is_whole_positive_and_accepted_by_sqs(
    attempt: int, random: float, floor: float | None
) -> None:
    wait = wait_seconds(attempt, random=random, floor=floor)

    assert isinstance(wait, int)
    assert 1 <= wait <= SQS_LIMIT_S - LONGEST_FUNCTION_S


@given(ATTEMPTS, RANDOM, st.floats(0, LONGEST_VISIBILITY_S))
def test_the_wait_is_never_before_the_server_s_moment(
    attempt: int, random: float, floor: float
) -> None:
    assert wait_seconds(attempt, random=random, floor=floor) >= floor


@given(ATTEMPTS, FLOOR)
def test_the_wait_is_spread_above_the_floor_but_not_far(attempt: int, floor: float | None) -> None:
    least = wait_seconds(attempt, random=0.0, floor=floor)
    most = wait_seconds(attempt, random=0.999_999, floor=floor)

    assert least <= most
    assert most - least <= (31 if floor else CEILING_S)


@given(st.integers(1, 40), RANDOM)
def test_the_ceiling_grows_with_each_attempt_up_to_its_cap(attempt: int, random: float) -> None:
    now, later = (wait_seconds(n, random=random) for n in (attempt, attempt + 1))

    assert now <= later <= CEILING_S


def test_the_first_attempts_double() -> None:
    assert [wait_seconds(n, random=0.999_999) for n in (1, 2, 3, 4, 10, 99)] == [
        2, 4, 8, 16, 900, 900,
    ]  # fmt: skip
    assert wait_seconds(1, random=0.0) == 1
    assert wait_seconds(1, random=0.0, floor=2.0005) == 3
