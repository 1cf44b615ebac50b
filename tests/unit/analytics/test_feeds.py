"""Single pages of the lists, where the whole report would take too many of them to show it."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.analytics import feeds
from freshbridge.analytics.feeds import Position, TouchedTickets, UntouchedBacklog, feeds_of
from freshbridge.analytics.period import Period, instant_of
from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.tickets import TicketFeed
from tests import builders
from tests.fakes import report_rows as rows
from tests.fakes.report_desk import FakeDesk

PERIOD = Period(instant_of("2026-03-06"), instant_of("2026-03-10"), ZoneInfo("UTC"))


def client(desk: FakeDesk) -> FreshdeskClient:
    return FreshdeskClient(desk, "https://acme.freshdesk.com", builders.API_KEY)


def test_a_second_with_more_tickets_than_the_list_has_pages_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a list that serves three pages of ten, and 45 tickets of one second
    monkeypatch.setattr(feeds, "_LIVE", TicketFeed("live", State.LIVE, "", 10, 3))
    stamp = "2026-03-07T00:00:00Z"
    births = [f"2026-03-06T00:00:{n:02}Z" for n in range(45)]
    tickets = [
        rows.ticket(n, updated_at=stamp, created_at=born) for n, born in enumerate(births, 1)
    ]
    desk = FakeDesk(tickets, [], [])

    position: Position | None = TouchedTickets(PERIOD).first()
    found: set[int] = set()
    while position is not None:
        page = TouchedTickets(PERIOD).fetch(client(desk), position)
        assert page.credits == 3
        found |= {row["id"] for row in page.rows}
        position = page.following

    assert found == set(range(1, 46))


@pytest.mark.parametrize(("at_once", "later"), [(250, 0), (150, 10), (150, 200), (100, 0)])
def test_tickets_of_one_second_are_read_page_by_page(at_once: int, later: int) -> None:
    # Given tickets with one update time, and some with a later one
    stamps = ["2026-03-07T00:00:00Z"] * at_once + ["2026-03-07T00:00:01Z"] * later
    desk = FakeDesk([rows.ticket(n, updated_at=at) for n, at in enumerate(stamps)], [], [])
    feed = TouchedTickets(PERIOD)
    found: set[int] = set()

    position = feed.first()
    while position is not None:
        page = feed.fetch(client(desk), position)
        found |= {row["id"] for row in page.rows}
        position = page.following  # type: ignore[assignment]  # the loop ends on None

    assert found == set(range(at_once + later))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.dates(date(2011, 1, 1), date(2026, 3, 5)), max_size=60),
    st.integers(0, 700),
)
def test_the_days_of_the_backlog_are_halved_without_loss(days: list[date], crowd: int) -> None:
    # Given open tickets of many days, and a crowd spread over the last weeks
    births = [day.isoformat() for day in days]
    births += [f"2026-02-{1 + n % 28:02d}" for n in range(crowd)]
    tickets = [
        rows.ticket(n, created_at=f"{day}T00:00:00Z", updated_at=f"{day}T00:00:00Z")
        for n, day in enumerate(births)
    ]
    desk = FakeDesk(tickets, [], [])
    feed = UntouchedBacklog(PERIOD, (2, 3))
    found: list[int] = []

    position = feed.first()
    while position is not None:
        page = feed.fetch(client(desk), position)
        found += [row["id"] for row in page.rows]
        assert page.missed == 0
        position = page.following  # type: ignore[assignment]  # the loop ends on None

    assert sorted(found) == [row["id"] for row in tickets]


@given(st.integers(1, 80))
def test_a_query_always_fits_the_search(statuses: int) -> None:
    feed = UntouchedBacklog(PERIOD, tuple(range(1000, 1000 + statuses)))

    for part in feed.first()["parts"]:
        try:
            client(FakeDesk([], [], [])).search_tickets(feed.query(*part))
        except InvalidRequest as error:
            raise AssertionError(f"too long: {feed.query(*part)}") from error


def test_a_position_is_plain_and_asks_for_stats_since_the_periods_beginning() -> None:
    position = json.loads(json.dumps(TouchedTickets(PERIOD).first()))

    assert position == {
        "since": "2026-03-06T00:00:00Z",
        "until": "",
        "include": ["stats"],
        "page": 1,
    }


def test_the_backlog_is_read_before_the_tickets_that_may_leave_it() -> None:
    assert [feed.name for feed in feeds_of(PERIOD, (2,), tickets=True)][-2:] == [
        "backlog",
        "tickets",
    ]
