"""A second with more tickets than its pages reach is read whole, or said not to be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.errors import Forbidden, ProviderDown
from freshbridge.lake.rows import State
from freshbridge.sync.feeds import crowd
from freshbridge.sync.feeds.feed import Scope, TooManyAtOnce
from freshbridge.sync.feeds.id_set import IdSet
from freshbridge.sync.feeds.tickets import TicketFeed
from tests.unit.sync.feeds.moving_list import (
    Action,
    Held,
    MovingList,
    read_all,
    state_of,
    text,
)

SECOND = 50
PER_PAGE, WALL = 2, 4
FEED = TicketFeed("live", State.LIVE, per_page=PER_PAGE, page_limit=WALL)


def crowded(count: int, *, others: int = 0, stride: int = 1, same_birth: int = 0) -> MovingList:
    """`count` tickets of one second, `others` of later ones among them; the wall is at 8."""
    moving = MovingList(clock=10_000, page_limit=WALL, stride=stride)
    for number in range(count):
        moving.create(SECOND, created=0 if number < same_birth else number)
        if number < others:
            moving.create(SECOND + 1 + number, created=number)
    return moving


def orders(moving: MovingList) -> list[str]:
    """The orders asked for, each once, in turn."""
    names = [f"{params['order_by']} {params['order_type']}" for params, _ in moving.calls]
    return list(dict.fromkeys(names))


@settings(max_examples=40)
@given(
    count=st.integers(9, 40),
    moves=st.lists(
        st.tuples(
            st.sampled_from(("create", "update", "delete", "spam", "restore", "purge")),
            st.integers(0, 60),
            st.sampled_from((0, 1, 70)),
        ),
        max_size=25,
    ),
    repeats=st.lists(st.booleans(), max_size=20),
)
def test_whatever_moves_a_crowded_second_is_had_whole_or_named(
    count: int, moves: list[Action], repeats: list[bool]
) -> None:
    moving = crowded(count, others=3)
    moving.actions = iter(moves)
    held = Held()
    lists = [TicketFeed(s.value, s, f, PER_PAGE, 300) for s, f in
             ((State.DELETED, "deleted"), (State.SPAM, "spam"))]  # fmt: skip

    mark = read_all(FEED, moving, Scope(), held, twice=iter(repeats))

    moving.actions, moving.page_limit = iter(()), 300
    for feed in lists:
        read_all(feed, moving, Scope(), held)
    read_all(TicketFeed("live", State.LIVE), moving, Scope(mark), held)
    held.agrees_with(moving)


def test_the_oldest_and_the_newest_pages_meet() -> None:
    moving = crowded(14)
    held = Held()

    read_all(FEED, moving, Scope(), held)

    held.agrees_with(moving)
    assert orders(moving) == ["updated_at asc", "created_at asc", "created_at desc"]
    assert moving.asked_by_id == []
    assert held.rows == 14 + PER_PAGE


def test_the_last_page_that_is_served_need_not_name_a_following_one() -> None:
    moving = crowded(14)
    moving.links_at_wall = False
    held = Held()

    read_all(FEED, moving, Scope(), held)

    held.agrees_with(moving)


def test_a_number_that_no_page_showed_is_asked_for_by_itself() -> None:
    moving = crowded(14)
    del moving.tickets[5]
    hidden = moving.tickets[9]
    moving.tickets[9] = {**hidden, "spam": True}
    held = Held()

    read_all(FEED, moving, Scope(), held)

    assert moving.asked_by_id == [5, 9]
    assert 9 not in held.records


def test_a_ticket_found_by_its_number_looks_as_the_list_shows_it() -> None:
    moving = crowded(30)
    held = Held()

    read_all(FEED, moving, Scope(), held)

    held.agrees_with(moving)
    assert moving.asked_by_id
    found = held.records[moving.asked_by_id[0]][0]
    assert found.keys() == held.records[1][0].keys() | {"associated_tickets_count"}


def test_further_orders_are_asked_where_the_two_do_not_meet() -> None:
    moving = crowded(60)
    for number, ticket in moving.tickets.items():
        ticket["due_by"] = text(number * 7 % 61)
    held = Held()

    read_all(FEED, moving, Scope(), held)

    held.agrees_with(moving)
    assert orders(moving)[3:] == ["due_by asc", "due_by desc", "status asc", "status desc"]


def test_tickets_of_other_times_between_are_not_asked_for_one_by_one() -> None:
    # Given ids with gaps: so many tickets of other times that asking for each is too dear
    moving = crowded(14, stride=9)
    held = Held()

    # When it is read, the pages are read once more, downwards
    read_all(FEED, moving, Scope(), held)

    held.agrees_with(moving)
    assert moving.asked_by_id == []
    pages = [page for params, page in moving.calls if params["order_by"] == "created_at"]
    assert pages == [1, 2, 3, 4, 1, 2, 3, 4, 4, 3, 2, 1, 4, 3, 2, 1]


@settings(max_examples=30)
@given(
    count=st.integers(9, 15),
    moves=st.lists(
        st.tuples(st.sampled_from(("delete", "purge")), st.integers(0, 30), st.just(0)), max_size=4
    ),
)
def test_what_leaves_hides_nothing_from_the_reading_downwards(
    count: int, moves: list[Action]
) -> None:
    moving = crowded(count, stride=9)
    moving.actions = iter([("wait", 0, 0)] * 5 + moves)
    held = Held()

    read_all(FEED, moving, Scope(), held)

    missing = [
        number
        for number, ticket in moving.tickets.items()
        if state_of(ticket) is State.LIVE and number not in held.records
    ]
    assert missing == []


@pytest.mark.parametrize("born_together", [0, 60])
def test_what_cannot_be_told_apart_is_named_with_its_second_and_counts(
    monkeypatch: pytest.MonkeyPatch, born_together: int
) -> None:
    monkeypatch.setattr(crowd, "BY_ID_LIMIT", 12)
    moving = crowded(60, same_birth=born_together)
    with pytest.raises(TooManyAtOnce) as refused:
        read_all(FEED, moving, Scope(), Held())
    assert text(SECOND) in str(refused.value)
    assert "more than 16 tickets" in str(refused.value)
    assert "unaccounted for" in str(refused.value)


def test_ids_too_many_to_keep_are_read_downwards_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freshbridge.sync.feeds.id_set.LARGEST_ID", 5)
    held = Held()
    moving = crowded(14)
    read_all(FEED, moving, Scope(), held)
    held.agrees_with(moving)

    with pytest.raises(TooManyAtOnce, match="too many to keep account of"):
        read_all(FEED, crowded(60), Scope(), Held())


def test_so_many_leave_that_one_list_shows_the_rest() -> None:
    moving = crowded(10)
    moving.actions = iter([("wait", 0, 0)] * 5 + [("purge", 9, 0)] * 3)
    held = Held()

    read_all(FEED, moving, Scope(), held)

    held.agrees_with(moving)
    assert "created_at desc" not in orders(moving)


def test_a_window_ends_behind_a_crowded_second() -> None:
    moving = crowded(14, others=2)
    held = Held()

    mark = read_all(FEED, moving, Scope(until=text(SECOND + 1)), held)

    assert mark == text(SECOND + 1)
    assert {record["updated_at"] for record, _ in held.records.values()} == {text(SECOND)}
    assert len(held.records) == 14


def test_a_page_that_is_not_in_the_order_of_creation_is_refused() -> None:
    moving = crowded(14)

    class Disorderly(MovingList):
        """Lists by id whatever it is asked for."""

        def tickets_(self, params: Any, page: int, per_page: int) -> Any:
            for shown in super().tickets_(params, page, per_page):
                if params["order_by"] == "created_at" and page == WALL:
                    shown.records.reverse()
                yield shown

    disorderly = Disorderly(clock=10_000, page_limit=WALL, tickets=moving.tickets)
    with pytest.raises(ProviderDown, match="created_at"):
        read_all(FEED, disorderly, Scope(), Held())


@pytest.mark.parametrize(
    ("code", "hidden"), [("access_denied", True), ("account_suspended", False)]
)
def test_a_ticket_that_may_not_be_seen_is_passed_over_and_a_refused_account_is_not(
    code: str, hidden: bool
) -> None:
    class Refusing:
        """Shows no ticket."""

        def ticket(self, _id: int, **_: object) -> dict[str, Any]:
            """403."""
            raise Forbidden("Permission denied", provider_code=code)

    client: Any = Refusing()
    if hidden:
        assert crowd.single(client, 7, ()) is None
    else:
        with pytest.raises(Forbidden):
            crowd.single(client, 7, ())


@given(st.sets(st.integers(1, 400)))
def test_an_id_set_knows_what_was_put_in_and_what_lies_between(numbers: set[int]) -> None:
    first = IdSet()
    assert first.add(sorted(numbers)[::2]) == len(sorted(numbers)[::2])
    kept = IdSet(json.loads(json.dumps(first.text())))
    kept.add(numbers)

    assert len(kept) == len(numbers)
    assert {number for number in range(402) if number in kept} == numbers
    between = set(range(min(numbers, default=0), max(numbers, default=0))) - numbers - {0}
    assert kept.unmet == len(between)
    found, last = [], 0
    while number := kept.next_unmet(last):
        found.append(number)
        last = number
    assert found == sorted(between)


def test_an_id_set_of_a_crowd_is_small_and_one_that_is_not_gives_up() -> None:
    crowd_of_60_000 = IdSet()
    crowd_of_60_000.add(range(1_000_000, 1_060_000))
    assert len(crowd_of_60_000.text()) < 1000

    scattered = IdSet()
    scattered.add(number * number % 2_000_003 for number in range(1, 400_000))
    assert scattered.text() == ""
    assert scattered.lost
    assert scattered.add([3]) == 0
