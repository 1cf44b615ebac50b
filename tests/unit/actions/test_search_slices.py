"""Slicing reads each record once, whatever the days hold, and with few calls."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.actions.freshdesk.search_slices import (
    DATE_FIELDS,
    REACHABLE,
    Found,
    Shortfall,
    Span,
    query_text,
    search_everything,
)
from freshbridge.freshdesk.search import PAGE_LIMIT, PER_PAGE, QUERY_LIMIT, SearchPage

TODAY = date(2026, 3, 3)
ALL = 10**9
_BOUND = re.compile(r"(created_at|updated_at):([<>])'(\d{4}-\d\d-\d\d)'")

Records = list[dict[str, Any]]


class FakeSearch:
    """Holds records by day, and answers as the search does: 30 a page, ten pages, a total."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.asked: list[tuple[str, int]] = []

    def __call__(self, query: str, page: int) -> SearchPage:
        """One page; a query that is too long or a page beyond the tenth fails the test."""
        assert 1 <= page <= PAGE_LIMIT
        assert 0 < len(query) <= QUERY_LIMIT
        self.asked.append((query, page))
        bounds = _BOUND.findall(query)
        found = self.records
        for field, mark, day in bounds:
            if mark == ">":
                found = [one for one in found if one[field] >= day]
            else:
                found = [one for one in found if one[field] <= day]
        start = (page - 1) * PER_PAGE
        return SearchPage(found[start : start + PER_PAGE], len(found), page, None)


def people(*days: tuple[date, int], updated_later: int = 0) -> Records:
    """So many records on each day; `updated_later` spreads their changes over as many days."""
    records: Records = []
    for day, count in days:
        for number in range(count):
            changed = day + timedelta(days=number % (updated_later + 1))
            records.append(
                {
                    "id": len(records) + 1,
                    "created_at": day.isoformat(),
                    "updated_at": changed.isoformat(),
                }
            )
    return records


def days_ago(days: int) -> date:
    """Before TODAY."""
    return TODAY - timedelta(days=days)


def spread(count: int, days: int) -> Records:
    """`count` records evenly over the last `days` days."""
    per_day = [(days_ago(number), count * (number + 1) // days) for number in range(days)]
    return people(
        *(
            (day, upto - (per_day[number - 1][1] if number else 0))
            for number, (day, upto) in enumerate(per_day)
        )
    )


def search(ask: FakeSearch, limit: int = ALL, query: str = "tag:'vip'", **days: date) -> Found:
    """Everything of a query."""
    return search_everything(ask, query, today=TODAY, limit=limit, fields=DATE_FIELDS, **days)


def ids(records: Records) -> list[int]:
    """Sorted."""
    return sorted(one["id"] for one in records)


def pages(count: int) -> int:
    """The fewest calls that `count` results can be read with."""
    return max(1, -(-count // PER_PAGE))


@pytest.mark.parametrize("count", [0, 1, 30, 31, 299, 300])
def test_what_fits_is_read_without_slices_and_without_a_wasted_call(count: int) -> None:
    ask = FakeSearch(people((TODAY, count)))

    found = search(ask)

    assert (len(found.records), found.total, found.complete) == (count, count, True)
    assert found.calls == len(ask.asked) == pages(count)
    assert {query for query, _ in ask.asked} == {"tag:'vip'"}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6000), st.integers(1, REACHABLE)), min_size=1, max_size=14)
)
def test_every_record_is_read_once_when_no_day_holds_too_many(held: list[tuple[int, int]]) -> None:
    by_day = {days_ago(ago): count for ago, count in held}
    records = people(*by_day.items())
    ask = FakeSearch(records)

    found = search(ask)

    assert found.complete
    assert [one["id"] for one in found.records] == list(
        dict.fromkeys(one["id"] for one in found.records)
    )
    assert ids(found.records) == ids(records)
    assert len(set(ask.asked)) == len(ask.asked), "the same page was asked for twice"
    # Each crowd may have to be searched for by halving, a dozen calls; never more than that.
    assert found.calls <= sum(pages(count) for count in by_day.values()) + 14 * len(by_day) + 14


@settings(max_examples=60, deadline=None)
@given(st.integers(301, 4000), st.integers(0, 3), st.integers(0, 800))
def test_a_crowded_day_is_divided_by_the_other_field_or_owned_up_to(
    crowd: int, updated_later: int, others: int
) -> None:
    day = days_ago(40)
    records = people((day, crowd), updated_later=updated_later)
    records += [
        {**one, "id": crowd + one["id"]}
        for one in spread(others, 30)
    ]  # fmt: skip

    found = search(FakeSearch(records))

    most_at_once = -(-crowd // (updated_later + 1))
    assert found.complete is (most_at_once <= REACHABLE)
    assert found.crowded == (() if found.complete else (day,))
    assert found.shortfalls == (() if found.complete else (Shortfall.CROWDED_DAY,))
    assert len(set(ids(found.records))) == len(found.records)
    assert found.total == crowd + others
    assert len(found.records) >= others + min(crowd, REACHABLE)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 1500), st.integers(12, 900), st.data())
def test_a_limit_is_kept_and_the_next_question_goes_on_from_there(
    limit: int, days: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, min(days * 250, 3000)))
    records = spread(count, days)
    ask = FakeSearch(records)

    found = search(ask, limit)

    assert len(found.records) == min(limit, count)
    assert found.complete is (limit >= count)
    # Up to 300 come in the search's own order, which tells nothing of the days that are left.
    assert (found.resume_to is None) is (found.complete or limit <= REACHABLE)
    gathered = {one["id"] for one in found.records}
    while found.resume_to is not None:
        before = found.resume_to
        found = search(ask, limit, created_to=before)
        gathered |= {one["id"] for one in found.records}
        assert found.resume_to is None or found.resume_to < before
    assert not found.complete or sorted(gathered) == ids(records)
    assert found.complete or limit <= REACHABLE


def test_what_lies_outside_the_days_asked_for_is_not_read() -> None:
    records = spread(2000, 200)
    ask = FakeSearch(records)

    found = search(ask, created_from=days_ago(150), created_to=days_ago(51))

    wanted = [
        one
        for one in records
        if days_ago(150).isoformat() <= one["created_at"] <= days_ago(51).isoformat()
    ]
    assert found.complete
    assert len(wanted) > REACHABLE
    assert ids(found.records) == ids(wanted)


@pytest.mark.parametrize(
    ("records", "spare"),
    [
        (spread(3000, 365), 6),
        (spread(3000, 3650), 6),
        (spread(30_000, 1500), 40),
        (people((days_ago(3000), 290), (days_ago(1500), 290), (TODAY, 290)), 8),
        (people(*((days_ago(number), 12 * (number < 60) + 1) for number in range(1000))), 12),
    ],
    ids=["a year", "ten years", "thousands", "three far days", "grown lately"],
)
def test_few_calls_are_spent_on_finding_the_slices(records: Records, spare: int) -> None:
    ask = FakeSearch(records)

    found = search(ask)

    assert found.complete
    assert ids(found.records) == ids(records)
    # A slice's last page may be short, and slices are a fifth smaller than they might be.
    slices = -(-len(records) // (REACHABLE * 4 // 5))
    assert found.calls <= pages(len(records)) + slices + spare


def test_a_query_without_room_for_days_gives_what_can_be_read_and_says_so() -> None:
    ask = FakeSearch(spread(900, 90))

    found = search(ask, query="tag:'" + "x" * 470 + "'")

    assert found.shortfalls == (Shortfall.LONG_QUERY,)
    assert (len(found.records), found.total, found.resume_to) == (300, 900, None)
    assert found.calls == PAGE_LIMIT


def test_a_query_with_room_for_one_field_is_not_divided_by_the_other() -> None:
    records = people((days_ago(9), 450), updated_later=5)

    found = search(FakeSearch(records), query="tag:'" + "x" * 420 + "'")

    assert found.shortfalls == (Shortfall.CROWDED_DAY,)
    assert len(found.records) == REACHABLE
    assert search(FakeSearch(records), query="tag:'" + "x" * 380 + "'").complete


def test_a_record_that_joins_meanwhile_shows_none_twice_and_pushes_none_out() -> None:
    records = spread(900, 90)
    ask = FakeSearch(records)

    def ask_and_add(query: str, page: int) -> SearchPage:
        answer = ask(query, page)
        if page == 2 and len(records) == 900:
            # What is left of the slice moves on by one, so its next page begins as this one ends.
            records.insert(0, {**people((TODAY, 1))[0], "id": 5000})
        return answer

    found = search_everything(ask_and_add, "", today=TODAY, limit=ALL)

    assert len(ids(found.records)) == len(set(ids(found.records)))
    assert set(ids(found.records)) >= set(range(1, 901))


def test_a_crowd_that_joins_meanwhile_does_not_hide_what_was_there() -> None:
    records = spread(900, 90)
    ask = FakeSearch(records)

    def ask_and_add(query: str, page: int) -> SearchPage:
        answer = ask(query, page)
        if page == 2 and len(records) == 900:
            # In the slice after this one: more than the count so far leaves to be found.
            crowd = people(*((days_ago(number), 250) for number in range(55, 60)))
            records.extend({**one, "id": 5000 + one["id"]} for one in crowd)
        return answer

    found = search_everything(ask_and_add, "", today=TODAY, limit=ALL)

    assert len(records) == 900 + 1250
    assert ids(found.records) == ids(records)


def test_records_that_vanish_meanwhile_are_owned_up_to() -> None:
    records = spread(900, 90)
    ask = FakeSearch(records)

    def ask_and_remove(query: str, page: int) -> SearchPage:
        answer = ask(query, page)
        if len(ask.asked) == 3:
            del records[-50:]
        return answer

    found = search_everything(ask_and_remove, "", today=TODAY, limit=ALL)

    assert found.shortfalls == (Shortfall.CHANGED,)
    assert set(ids(found.records)) >= set(range(1, 851))


def test_a_page_that_holds_nothing_ends_the_reading_whatever_the_total_says() -> None:
    calls = []

    def ask(query: str, page: int) -> SearchPage:
        calls.append(query)
        return SearchPage([], 100, page, None)

    found = search_everything(ask, "active:true", today=TODAY, limit=ALL)

    assert (len(calls), found.shortfalls) == (1, (Shortfall.CHANGED,))


@pytest.mark.parametrize(
    ("query", "spans", "text"),
    [
        ("", [Span("created_at", TODAY, TODAY, True, True)], "created_at:>'2000-01-01'"),
        (
            "",
            [Span("created_at", TODAY, TODAY)],
            "created_at:>'2026-03-03' AND created_at:<'2026-03-03'",
        ),
        ("tag:'a'", [Span("created_at", TODAY, TODAY, True, True)], "tag:'a'"),
        (
            "tag:'a' OR tag:'b'",
            [Span("created_at", TODAY, TODAY, open_end=True)],
            "(tag:'a' OR tag:'b') AND created_at:>'2026-03-03'",
        ),
        (
            "tag:'a' OR tag:'b'",
            [Span("created_at", TODAY, TODAY, True, True)],
            "tag:'a' OR tag:'b'",
        ),
    ],
)
def test_a_span_is_joined_to_the_query_in_its_language(
    query: str, spans: list[Span], text: str
) -> None:
    assert query_text(query, spans) == text
