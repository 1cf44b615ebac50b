"""Whatever happens between two calls, every ticket is had in its latest version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.errors import ProviderDown
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.feed import BEGINNING, Scope
from freshbridge.sync.feeds.keyset import Keyset, NotInOrder, Shown, advance
from freshbridge.sync.feeds.tickets import TicketFeed
from tests.unit.sync.feeds.moving_list import START, Action, Held, MovingList, read_all, text

KINDS = ("create", "late", "update", "update", "delete", "spam", "restore", "purge")
actions = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 40), st.sampled_from((0, 0, 1, 45))),
    max_size=25,
)
# Few seconds, so that many tickets share one.
stamps = st.lists(st.sampled_from((10, 10, 10, 11, 12, 500)), max_size=25)
EARLY = Scope(BEGINNING)


def feeds(per_page: int, page_limit: int = 300) -> list[TicketFeed]:
    """The three lists, with small pages."""
    chosen = [(State.DELETED, "deleted"), (State.SPAM, "spam"), (State.LIVE, "")]
    return [TicketFeed(state.value, state, asked, per_page, page_limit) for state, asked in chosen]


@settings(max_examples=50)
@given(
    stamps=stamps,
    moves=actions,
    cuts=st.lists(st.integers(5, 600), max_size=3),
    per_page=st.integers(1, 6),
    repeats=st.lists(st.booleans(), max_size=20),
)
def test_after_reading_in_any_windows_and_one_tail_nothing_is_missing_or_stale(
    stamps: list[int], moves: list[Action], cuts: list[int], per_page: int, repeats: list[bool]
) -> None:
    # Given an account, and others who write to it between any two calls
    moving = MovingList(tells_time=per_page % 2 == 0)
    for stamp in stamps:
        moving.create(stamp)
    moving.actions = iter(moves)
    held = Held()
    trash, spam, live = feeds(per_page)

    # When the windows are read, each from any crash's position, and then the open end
    settled = text(moving.clock - 120)
    edges = [BEGINNING, *sorted({text(cut) for cut in cuts}), settled]
    again = iter(repeats)
    for since, until in pairwise(edges):
        read_all(live, moving, Scope(since, until), held, twice=again)
    begins = {trash: BEGINNING, spam: BEGINNING, live: settled}
    marks = {
        feed: read_all(feed, moving, Scope(begin), held, twice=again)
        for feed, begin in begins.items()
    }

    # Then the next run, in which nothing happens, completes it from the marks
    moving.actions = iter(())
    moving.clock += 5
    for feed, mark in marks.items():
        read_all(feed, moving, Scope(mark), held)
    held.agrees_with(moving)


def test_a_reading_of_what_stands_still_asks_once_for_each_page_and_never_for_the_end() -> None:
    moving = MovingList(clock=10_000)
    for second in range(991):
        moving.create(second)
    held = Held()

    mark = read_all(TicketFeed("live", State.LIVE), moving, Scope(), held)

    # Each page but the first has the last ticket of the former once more.
    assert len(moving.calls) == 10
    assert held.rows == 991
    assert mark == text(990)
    held.agrees_with(moving)


def test_a_crowded_second_is_read_from_its_last_page_to_its_first_and_counted_once() -> None:
    moving = MovingList(clock=10_000)
    for _ in range(45):
        moving.create(7)
    for second in range(8, 12):
        moving.create(second)
    held = Held()

    read_all(TicketFeed("live", State.LIVE, per_page=4), moving, Scope(), held)

    of_second = [page for params, page in moving.calls if params["updated_since"] == BEGINNING]
    assert of_second == [1]
    pages = [page for params, page in moving.calls if params["updated_since"] == text(7)]
    assert pages[-12:] == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    # The four of the page that showed it came before; the others came once.
    assert held.rows == 45 + 4 + 4
    held.agrees_with(moving)


def test_a_window_ends_at_the_first_ticket_behind_it_and_keeps_none_of_those() -> None:
    moving = MovingList(clock=10_000)
    for second in range(30):
        moving.create(second)
    held = Held()

    mark = read_all(feeds(10)[2], moving, Scope(text(3), text(15)), held)

    assert sorted(held.records) == list(range(4, 16))
    assert len(moving.calls) == 2
    assert mark == text(15)


def test_a_window_that_ends_with_a_crowded_second_reads_no_further() -> None:
    moving = MovingList(clock=10_000)
    for second in [*[5] * 7, 6, 6]:
        moving.create(second)
    held = Held()

    read_all(feeds(2)[2], moving, Scope(BEGINNING, text(6)), held)

    assert sorted(held.records) == [1, 2, 3, 4, 5, 6, 7]
    assert all(params["updated_since"] <= text(5) for params, _ in moving.calls)


def test_what_was_written_in_the_last_minute_is_read_and_asked_for_again_next_time() -> None:
    moving = MovingList(clock=1000)
    for second in (100, 980, 990):
        moving.create(second)
    held = Held()

    mark = read_all(feeds(10)[2], moving, Scope(), held)

    assert len(held.records) == 3
    assert mark == text(940)


def test_a_second_that_was_passed_too_early_stays_uncertain_to_the_end() -> None:
    # Given a reading that passes a second while it is not over
    moving = MovingList(clock=1000)
    for second in (998, 999, 1000):
        moving.create(second)
    moving.actions = iter([("update", 0, 0), ("create", 0, 300), ("update", 0, 300)])

    # When it ends, ten minutes later
    mark = read_all(feeds(2)[2], moving, Scope(), Held())

    # Then what may have come late is still asked for
    assert mark == text(940)


def test_a_second_change_within_a_second_that_is_not_over_is_met_at_once() -> None:
    # Given the last ticket of a page, which changes again within the second it changed in
    moving = MovingList(clock=1000)
    for second in (998, 1000, 1000):
        moving.create(second)
    moving.actions = iter([("wait", 0, 0), ("update", 1, 0)])
    held = Held()

    # When the next page shows it again, under the same `updated_at`
    read_all(feeds(2)[2], moving, Scope(), held)

    # Then it is not taken for the one that was had
    held.agrees_with(moving)


def test_a_crowded_second_that_is_not_over_stays_uncertain_after_it_is_read() -> None:
    moving = MovingList(clock=1000)
    for _ in range(7):
        moving.create(1000)
    moving.actions = iter([("wait", 0, 0)] * 3 + [("wait", 0, 500)])

    mark = read_all(feeds(2)[2], moving, Scope(text(1000)), Held())

    assert mark == text(940)


def test_an_empty_page_that_names_a_following_one_is_passed_over() -> None:
    shown = [
        Shown([], has_next=True, told=None),
        Shown(_records(3, 4), has_next=True, told=START + timedelta(hours=1)),
    ]
    first = advance(Keyset(), shown[0], page_limit=300, per_page=2)
    second = advance(first.following, shown[1], page_limit=300, per_page=2)

    assert (first.rows, first.following.page) == ([], 2)
    assert [record["id"] for record in second.rows] == [3, 4]
    assert (second.following.since, second.following.page) == (text(4), 1)


def _records(*seconds: int) -> list[dict[str, Any]]:
    return [{"id": second, "updated_at": text(second)} for second in seconds]


@pytest.mark.parametrize("seconds", [(4, 3), (1, 5)])
def test_a_page_out_of_order_or_older_than_asked_for_is_refused(seconds: Sequence[int]) -> None:
    shown = Shown(_records(*seconds), has_next=True, told=None)
    with pytest.raises(NotInOrder):
        advance(Keyset(since=text(2)), shown, page_limit=300, per_page=2)


def test_the_feed_takes_a_page_out_of_order_for_the_providers_fault() -> None:
    moving = MovingList()
    moving.create(3)

    class Unordered(MovingList):
        """Lists by creation whatever it is asked for."""

        def tickets_(self, params: Any, page: int, per_page: int) -> Any:
            return super().tickets_({**params, "order_by": "created_at"}, page, per_page)

    unordered = Unordered(tickets=moving.tickets)
    unordered.tickets[9] = {**unordered.tickets[1], "id": 9, "created_at": text(0)}
    unordered.tickets[9]["updated_at"] = text(8)
    with pytest.raises(ProviderDown, match="order"):
        read_all(feeds(5)[2], unordered, Scope(), Held())


def test_the_included_resources_travel_with_the_position() -> None:
    moving = MovingList()
    moving.create(3)

    read_all(feeds(5)[2], moving, Scope(include=("stats", "requester")), Held())

    assert moving.calls[0][0]["include"] == ["stats", "requester"]
