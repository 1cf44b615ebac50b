"""What marks tell of attempts that nobody knows the outcome of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from freshbridge import timestamps
from freshbridge.actions.attempt_marks import new_mark, unsure_of

BEGIN = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def text(second: int) -> str:
    return timestamps.to_text(BEGIN + timedelta(seconds=second))


def test_without_marks_nothing_is_in_doubt() -> None:
    assert unsure_of([], [{"started_at": text(0), "ended_at": text(1)}]) is None


def test_attempts_of_one_second_have_marks_of_their_own() -> None:
    assert new_mark(text(0), text(60)) != new_mark(text(0), text(60))


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 90), st.booleans()), min_size=1))
def test_the_doubt_spans_all_marked_attempts(attempts: list[tuple[int, int, bool]]) -> None:
    # Given attempts that began, ran, and lived to tell of their end or did not
    cut_off = 900
    marks = [new_mark(text(began), text(began + cut_off)) for began, _ran, _told in attempts]
    ended = [
        {"started_at": text(began), "ended_at": text(began + ran)}
        for began, ran, told in attempts
        if told
    ]

    unsure = unsure_of(marks, ended)

    assert unsure is not None
    assert unsure.marks == frozenset(marks)
    assert unsure.since == BEGIN + timedelta(seconds=min(began for began, _, _ in attempts))
    told = {began for began, _, known in attempts if known}
    ends = [
        began + (ran if known else 0 if began in told else cut_off)
        for began, ran, known in attempts
    ]
    assert unsure.until == BEGIN + timedelta(seconds=max(ends))
