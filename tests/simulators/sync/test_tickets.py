"""Every ticket of the account, in its latest version, whatever its age, number or fate."""

from __future__ import annotations

import random

import pytest

from freshbridge.lake.rows import State
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.feeds.feed import Feed, Scope
from freshbridge.sync.feeds.tickets import TicketFeed
from freshbridge.sync.objects import OBJECTS
from tests.simulators.sync.conftest import Copy, Desk

LISTED = "GET /tickets"


def ticket_feeds() -> dict[str, Feed]:
    """By name."""
    return {feed.name: feed for feed in feeds_of(OBJECTS["tickets"])}


def check(copy: Copy, desk: Desk) -> None:
    """The copy holds what the account holds."""
    for number, ticket in desk.table("tickets").items():
        record, state = copy.records[number]
        expected = State.DELETED if ticket["deleted"] else State.SPAM if ticket["spam"] else None
        assert state is (expected or State.LIVE)
        assert record["updated_at"] == ticket["updated_at"]
        assert (record["priority"], record["status"]) == (ticket["priority"], ticket["status"])


def test_20_000_tickets_cost_203_calls(desk: Desk) -> None:
    desk.seed(tickets=20_000)
    copy = Copy()

    copy.read(desk, ticket_feeds()["live"], Scope())

    check(copy, desk)
    assert desk.calls(LISTED) == copy.calls == 203


def test_tickets_beyond_page_300_and_beyond_30_days_are_read(desk: Desk) -> None:
    desk.seed(tickets=3_500, created_within_days=400)
    copy = Copy()

    copy.read(desk, TicketFeed("live", State.LIVE, per_page=10), Scope())

    check(copy, desk)


def test_31_500_tickets_of_which_30_500_carry_one_stamp_are_complete(desk: Desk) -> None:
    desk.seed(tickets=31_500, same_updated_at=30_500)
    copy = Copy()

    copy.read(desk, ticket_feeds()["live"], Scope())

    check(copy, desk)
    assert copy.rows < 31_700
    assert copy.calls < 360


def test_a_crowded_second_with_deleted_tickets_and_churn_is_complete(desk: Desk) -> None:
    desk.seed(tickets=200, same_updated_at=180, deleted_share=0.03, spam_share=0.02)
    chance = random.Random(3)  # noqa: S311 - data, not secrets

    def churn(number: int) -> None:
        chosen = chance.randrange(1, 201)
        ticket = desk.table("tickets")[chosen]
        if ticket["deleted"]:
            desk.client.restore_ticket(chosen)
        elif not ticket["spam"] and number % 4 == 0:
            desk.client.delete_ticket(chosen)
        elif not ticket["spam"]:
            desk.client.update_ticket(chosen, {"priority": 1 + number % 4})

    copy = Copy()
    feeds = [
        TicketFeed(name, feed.state, "" if name == "live" else name, per_page=2, page_limit=60)
        for name, feed in ticket_feeds().items()
    ]
    marks = {feed: copy.read(desk, feed, Scope(), between=churn).mark for feed in feeds}
    for feed, mark in marks.items():
        copy.read(desk, feed, Scope(mark))

    check(copy, desk)


def test_the_trash_and_spam_are_lists_of_their_own(desk: Desk) -> None:
    desk.seed(tickets=900, deleted_share=0.2, spam_share=0.2)
    copy = Copy()

    for feed in ticket_feeds().values():
        copy.read(desk, feed, Scope())

    check(copy, desk)
    assert len(copy.ids(State.DELETED)) > 100
    assert len(copy.ids(State.SPAM)) > 100


def test_what_changes_while_it_is_read_is_had_by_the_next_run(desk: Desk) -> None:
    desk.seed(tickets=400)
    chance = random.Random(5)  # noqa: S311 - data, not secrets

    def churn(number: int) -> None:
        for _ in range(3):
            chosen = chance.randrange(1, len(desk.table("tickets")) + 1)
            if desk.table("tickets")[chosen]["deleted"]:
                desk.client.restore_ticket(chosen)
            elif chance.random() < 0.2:
                desk.client.delete_ticket(chosen)
            else:
                desk.client.update_ticket(chosen, {"status": 2 + number % 4})
        if number < 10:
            desk.client.create_ticket(
                {"email": "new@people.example", "subject": "New", "description": "As it says",
                 "status": 2, "priority": 1}
            )  # fmt: skip

    copy = Copy()
    feeds = [
        TicketFeed(name, feed.state, "" if name == "live" else name, per_page=20)
        for name, feed in ticket_feeds().items()
    ]
    marks = {feed: copy.read(desk, feed, Scope(), between=churn).mark for feed in feeds}
    for feed, mark in marks.items():
        copy.read(desk, feed, Scope(mark))

    check(copy, desk)


def test_windows_share_the_account_without_a_gap(desk: Desk) -> None:
    desk.seed(tickets=500)
    stamps = sorted(ticket["updated_at"] for ticket in desk.table("tickets").values())
    live = ticket_feeds()["live"]
    copy = Copy()

    for since, until in (("1970-01-01T00:00:00Z", stamps[200]), (stamps[200], stamps[201]),
                         (stamps[201], "")):  # fmt: skip
        copy.read(desk, live, Scope(since, until))

    check(copy, desk)
    assert copy.rows < 500 + 10


@pytest.mark.parametrize("include", [(), ("stats", "requester", "description")])
def test_a_ticket_asked_for_by_its_number_has_the_members_of_a_listed_one(
    desk: Desk, include: tuple[str, ...]
) -> None:
    # Given a crowd whose middle no two lists reach
    desk.seed(tickets=100, same_updated_at=100)
    copy = Copy()
    feed = TicketFeed("live", State.LIVE, per_page=2, page_limit=8)

    copy.read(desk, feed, Scope(include=include))

    check(copy, desk)
    assert desk.calls("GET /tickets/{id}") > 0
    assert len({frozenset(record) for record, _ in copy.records.values()}) == 1
