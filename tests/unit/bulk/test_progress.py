"""Counts, rate, time left, how many rows to send, and when to look again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.bulk.item_attributes import progress_from, progress_item, row_from, row_item
from freshbridge.bulk.progress import (
    CAREFUL_WINDOW,
    LONGEST_WAIT_S,
    WINDOW,
    Phase,
    Progress,
    RowState,
)
from freshbridge.bulk.row_item import MESSAGE_LENGTH, RowItem, ticket_of

BEGIN = 1_772_539_360.0


def progress(**known: Any) -> Progress:
    """One that runs since BEGIN."""
    values: dict[str, Any] = {"action_id": "act_1", "phase": Phase.RUNNING, "created_at": BEGIN}
    return Progress(**{"round_at": BEGIN, **values, **known})


def test_time_left_follows_from_the_rate() -> None:
    held = progress(rows=1_000, succeeded=190, failed=10, sent=500, position=500)

    shown = held.shown(BEGIN + 100)

    assert (shown["waiting"], shown["rows_per_s"], shown["seconds_left"]) == (800, 2.0, 400)
    assert shown["started_at"] == "2026-03-03T12:02:40Z"
    assert shown["estimated_end"] == "2026-03-03T12:11:00Z"
    assert shown["finished_at"] is None


@pytest.mark.parametrize(
    ("known", "failed", "cancelled"),
    [
        ({"rows": 2, "failed": 2}, True, False),
        ({"rows": 2, "failed": 1, "succeeded": 1}, False, False),
        ({"rows": 2, "failed": 1, "cancelled": 1, "cancelling": True}, True, False),
        ({"rows": 2, "cancelled": 2, "cancelling": True}, False, True),
        ({"rows": 2, "cancelled": 1, "succeeded": 1, "cancelling": True}, False, False),
        ({"rows": 1, "cancelled": 1}, False, False),
        ({"rows": 0, "unread": True}, False, True),
        ({"rows": 0}, False, False),
    ],
)
def test_what_has_had_no_effect_is_known(
    known: dict[str, Any], failed: bool, cancelled: bool
) -> None:
    held = progress(**known)

    assert (held.failed_whole, held.cancelled_whole) == (failed, cancelled)


def test_a_batch_that_was_not_read_says_so() -> None:
    assert progress(unread=True).sentence() == "Cancelled before its rows were read"
    said = "Cancelled before all rows were read; the 99 read ones did not run"
    assert progress(rows=99, cancelled=99, unread=True).sentence() == said


def test_a_resumed_round_is_measured_from_its_own_beginning() -> None:
    held = progress(rows=100, succeeded=80, settled_before=60, round_at=BEGIN + 1_000)

    assert held.rate(BEGIN + 1_010) == 2.0
    assert held.seconds_left(BEGIN + 1_010) == 10


@pytest.mark.parametrize(
    ("known", "left"),
    [
        ({"rows": 10}, None),
        ({"rows": 10, "succeeded": 10}, 0),
        ({"rows": 0, "phase": Phase.READING}, None),
        ({"rows": 10, "succeeded": 3, "phase": Phase.FINISHED, "finished_at": BEGIN + 5}, 0),
    ],
)
def test_time_left_is_told_only_when_it_is_known(known: dict[str, Any], left: int | None) -> None:
    assert progress(**known).seconds_left(BEGIN + 10) == left


def test_the_rate_of_a_finished_action_stays() -> None:
    held = progress(rows=10, succeeded=10, phase=Phase.FINISHED, finished_at=BEGIN + 5)

    assert held.rate(BEGIN + 5_000) == 2.0
    assert held.shown(BEGIN + 5_000)["finished_at"] == "2026-03-03T12:02:45Z"


@pytest.mark.parametrize(
    ("known", "room"),
    [
        ({}, WINDOW),
        ({"sent": WINDOW}, 0),
        ({"sent": WINDOW, "succeeded": WINDOW // 2 - 1}, 0),
        ({"sent": WINDOW, "succeeded": WINDOW // 2}, WINDOW // 2),
        ({"sent": WINDOW, "succeeded": WINDOW, "settled_before": WINDOW}, 0),
        ({"stop_on_error": True}, CAREFUL_WINDOW),
    ],
)
def test_rows_are_sent_once_half_of_the_window_is_free(known: dict[str, Any], room: int) -> None:
    assert progress(rows=10_000, **known).room() == room


@given(
    rows=st.integers(1, 10_000),
    sent=st.floats(0, 1),
    done=st.floats(0, 1),
    elapsed=st.floats(0, 1e6),
)
def test_it_neither_storms_nor_sleeps(rows: int, sent: float, done: float, elapsed: float) -> None:
    on_queue = int(rows * sent)
    held = progress(rows=rows, sent=on_queue, succeeded=int(on_queue * done))

    assert 1 <= held.wait_s(BEGIN + elapsed) <= LONGEST_WAIT_S
    assert 0 <= held.on_the_way <= on_queue
    assert held.waiting + held.settled == rows


def test_the_wait_ends_as_the_last_row_is_expected() -> None:
    # Ten rows a second, forty on the way: all that is left, or the window's first half
    last = progress(rows=140, sent=140, succeeded=100)
    more = progress(rows=1_000, sent=140, succeeded=100)

    assert last.wait_s(BEGIN + 10) == 4
    assert more.wait_s(BEGIN + 10) == 2


def test_before_the_first_row_is_done_it_looks_less_and_less_often() -> None:
    held = progress(rows=10, sent=10)

    assert [held.wait_s(BEGIN + s) for s in (0, 2, 4, 8, 1_000)] == [2, 2, 4, 8, LONGEST_WAIT_S]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"rows": 5, "succeeded": 5}, "All 5 rows succeeded"),
        ({"rows": 1_000, "succeeded": 997, "failed": 3}, "3 of 1000 rows failed, 997 succeeded"),
        ({"rows": 5, "cancelled": 5}, "5 of 5 rows did not run, 0 succeeded"),
        ({}, "There were no rows"),
    ],
)
def test_partial_failure_is_said_plainly(known: dict[str, Any], said: str) -> None:
    assert progress(**known).sentence() == said


def test_stopping_counts_the_failures_of_this_round_only() -> None:
    assert not progress(stop_on_error=True, failed=2, failed_before=2).stopping
    assert progress(stop_on_error=True, failed=3, failed_before=2).stopping
    assert not progress(failed=3).stopping
    assert progress(cancelling=True).stopping


@given(
    st.builds(
        Progress,
        action_id=st.text(min_size=1),
        phase=st.sampled_from(Phase),
        created_at=st.floats(0, 1e10),
        round_at=st.floats(0, 1e10),
        rows=st.integers(0, 10_000),
        cancelling=st.booleans(),
        jobs=st.text(),
    )
)
def test_progress_survives_the_table(held: Progress) -> None:
    assert progress_from(progress_item(held)) == held


@given(
    st.builds(
        RowItem,
        number=st.integers(1, 99_999),
        state=st.sampled_from(RowState),
        action=st.text(),
        line=st.integers(0, 10**6),
        ticket_id=st.integers(0, 2**63),
        message=st.text(),
        fields=st.just(""),
    )
)
def test_a_row_survives_the_table(row: RowItem) -> None:
    assert row_from(row_item("act_1", row)) == row
    assert row.shown()["row"] == row.number


def test_a_row_s_message_is_cut() -> None:
    ended = RowItem(1, RowState.RUNNING).ended(RowState.FAILED, "x", "y" * 5_000)

    assert len(ended.message) == MESSAGE_LENGTH


@pytest.mark.parametrize(
    ("given_id", "found"),
    [(7, 7), ("7", 7), ("x", 0), (None, 0), (True, 0), ("9" * 30, 0), ([1], 0)],
)
def test_the_ticket_of_a_row_is_told_where_it_can_be_read(given_id: Any, found: int) -> None:
    assert ticket_of({"ticket_id": given_id}) == found
