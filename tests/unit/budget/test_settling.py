"""What was granted for calls that were answered before a window began is not counted in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.budget.account import Account
from freshbridge.budget.bucket import Bucket, Rule
from freshbridge.budget.phase import Phase
from freshbridge.budget.room import granted_at_most, late_s
from freshbridge.budget.settling import Answered, settled

NOW = 1_800_000_000.0
WINDOW_S = 5.0
PHASE = Phase(WINDOW_S, NOW, 0.1, NOW + 0.1)
"""Windows begin at NOW or up to a tenth of a second later."""


def loose(*begins: float, limit: int = 100) -> Bucket:
    """A bucket with a credit granted at each of these times, before it was known when windows
    begin."""
    bucket = Bucket.of(Rule(limit, WINDOW_S))
    grants = bucket.grants
    for begin in begins:
        grants = grants.add(NOW + begin, 1)
    return replace(bucket, phase=PHASE, grants=grants, loose_until=NOW + max(begins))


def answered(begin: float, before: float) -> Answered:
    return Answered("total", 1, NOW + begin, NOW + before)


def counted(bucket: Bucket) -> tuple[int, int]:
    """Credits that the windows before and after NOW may have to count."""
    number = PHASE.number(NOW + 1)
    before, after = (granted_at_most(bucket, PHASE, k) for k in (number - 1, number))
    return before, after


def test_a_call_that_was_answered_before_the_window_is_not_one_of_it() -> None:
    bucket = loose(-0.4, -0.2)
    assert counted(bucket) == (2, 2), "it may have been sent late"

    bucket = settled(bucket, PHASE, answered(-0.4, before=-0.3))

    assert counted(bucket) == (2, 1)


def test_a_call_that_was_answered_while_the_window_may_have_begun_stays() -> None:
    bucket = settled(loose(-0.2), PHASE, answered(-0.2, before=0.05))

    assert counted(bucket) == (1, 1)


def test_a_call_that_was_granted_where_windows_are_known_stays_where_it_is() -> None:
    bucket = replace(loose(-0.2), loose_until=NOW - 0.3)

    assert settled(bucket, PHASE, answered(-0.2, before=-0.1)) == bucket


@given(
    begin=st.floats(-2, 2),
    late=st.floats(0, 0.4),
    doubt=st.floats(0, 2),
    trip=st.floats(0.001, 0.3),
)
def test_wherever_a_call_was_counted_it_still_is(
    begin: float, late: float, doubt: float, trip: float
) -> None:
    """Its window, whichever, has it; and so has every stretch of time, were the phase wrong."""
    bucket = replace(loose(begin), doubt=doubt)
    before = begin + late + trip
    moved = settled(bucket, PHASE, answered(begin, before))

    (place,) = [first for first, _, _ in moved.grants.bins()]
    width = moved.grants.width
    assert place <= NOW + begin
    assert place + width + late_s(moved) + 2 * width >= min(NOW + before, NOW + begin + width)
    for at in (begin + late, before):
        number = PHASE.number(NOW + at)
        if PHASE.opens(number) <= NOW + at:
            assert granted_at_most(moved, PHASE, number) == 1


def account(**changes: object) -> Account:
    bucket = replace(loose(-0.4, -0.2), **changes)  # type: ignore[arg-type]  # each test names its fields
    return Account({"total": bucket})


def test_calls_are_told_again_while_it_is_unknown_where_windows_begin() -> None:
    call = answered(-0.4, before=-0.3)

    same, again = account(phase=None).settled([call], NOW)
    after, no_more = account().settled([call], NOW)

    assert again == [call]
    assert same == account(phase=None)
    assert no_more == []
    assert counted(after.buckets["total"]) == (2, 1)


@pytest.mark.parametrize("phase", [None, PHASE], ids=["unknown", "known"])
def test_once_windows_were_not_where_they_were_believed_to_be_calls_stay(
    phase: Phase | None,
) -> None:
    """What they were granted for has been put off then: nobody knows where they are."""
    misled = account(phase=phase, misled=1)

    same, again = misled.settled([answered(-0.4, before=-0.3)], NOW)

    assert same == misled
    assert again == []


def test_a_call_of_a_bucket_that_is_not_known_is_forgotten() -> None:
    call = replace(answered(-0.4, before=-0.3), bucket="ticket_list")

    assert account().settled([call], NOW) == (account(), [])
