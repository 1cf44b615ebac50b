"""Tickets are listed by page or up to a limit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Outcome
from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport, PagedList, json_reply, query_of

TICKETS = "/api/v2/tickets"


def listing(count: int, *, page_limit: int = 300) -> FakeTransport:
    records = [{"id": number} for number in range(1, count + 1)]
    return FakeTransport().on("GET", TICKETS, PagedList(records, page_limit=page_limit))


def ids(outcome: Outcome) -> list[int]:
    return [ticket["id"] for ticket in outcome.data["tickets"]]


def test_one_page_is_listed() -> None:
    fake = listing(70)
    first = run_action("list_tickets", {}, fake)
    last = run_action("list_tickets", {"page": 3}, fake)

    assert ids(first) == list(range(1, 31))
    assert (first.data["page"], first.data["per_page"], first.data["next_page"]) == (1, 30, 2)
    assert first.message == "30 tickets"
    assert ids(last) == list(range(61, 71))
    assert last.data["next_page"] is None
    assert len(fake.requests) == 2


def test_every_filter_goes_along() -> None:
    fake = listing(0)
    outcome = run_action(
        "list_tickets",
        {
            "filter": "deleted",
            "requester_id": "88001204168",
            "email": "mira@client.example",
            "unique_external_id": "crm-4471",
            "company_id": 5,
            "updated_since": "2026-03-01T01:00:00+01:00",
            "order_by": "updated_at",
            "order_type": "asc",
            "include": ["stats", "requester", "stats"],
            "page": 2,
            "per_page": 50,
        },
        fake,
    )
    assert query_of(fake.requests[0]) == {
        "filter": "deleted",
        "requester_id": "88001204168",
        "email": "mira@client.example",
        "unique_external_id": "crm-4471",
        "company_id": "5",
        "updated_since": "2026-03-01T00:00:00Z",
        "order_by": "updated_at",
        "order_type": "asc",
        "include": "stats,requester",
        "page": "2",
        "per_page": "50",
    }
    assert outcome.data["credits"] == 5
    assert outcome.data["tickets"] == []


def test_a_limit_reads_the_pages_it_needs() -> None:
    fake = listing(1_000)
    outcome = run_action("list_tickets", {"limit": 250, "include": ["stats"]}, fake)

    assert ids(outcome) == list(range(1, 251))
    # The third page was taken in part, so going on begins with it.
    assert (outcome.data["per_page"], outcome.data["next_page"]) == (100, 3)
    assert (len(fake.requests), outcome.data["credits"]) == (3, 9)


def test_a_limit_within_a_page_asks_for_no_more() -> None:
    fake = listing(1_000)
    outcome = run_action("list_tickets", {"limit": 5}, fake)
    assert query_of(fake.requests[0])["per_page"] == "5"
    assert (ids(outcome), outcome.data["next_page"]) == ([1, 2, 3, 4, 5], 2)


def test_a_ticket_that_moved_to_the_next_page_is_listed_once() -> None:
    def second(request: ProviderRequest) -> ProviderReply:  # noqa: ARG001 - as fakes answer
        return json_reply([{"id": 100}, {"id": 101}])

    first = json_reply(
        [{"id": number} for number in range(1, 101)],
        headers={"Link": f'<https://acme.freshdesk.com{TICKETS}?page=2>; rel="next"'},
    )
    fake = FakeTransport().on("GET", TICKETS, first, second)
    assert ids(run_action("list_tickets", {"limit": 200}, fake)) == list(range(1, 102))


def test_the_last_page_that_freshdesk_lists_says_how_to_go_on() -> None:
    fake = listing(40_000)
    outcome = run_action("list_tickets", {"page": 299, "limit": 3_000}, fake)

    assert ids(outcome) == list(range(29_801, 30_001))
    assert outcome.data["next_page"] is None
    assert "updated_since" in outcome.message
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"status": 2}, "status"),
        ({"filter": "all"}, "filter"),
        ({"order_by": "priority"}, "order_by"),
        ({"order_type": "down"}, "order_type"),
        ({"include": ["conversations"]}, "include.0"),
        ({"include": "stats"}, "include"),
        ({"page": 0}, "page"),
        ({"page": 301}, "page"),
        ({"page": "2"}, "page"),
        ({"per_page": 101}, "per_page"),
        ({"limit": 0}, "limit"),
        ({"limit": 3_001}, "limit"),
        ({"limit": 5, "per_page": 5}, ""),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"company_id": "Acme"}, "company_id"),
    ],
)
def test_what_the_list_does_not_know_is_refused(parameters: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidParameters) as raised:
        run_action("list_tickets", parameters, FakeTransport())
    assert {one.field for one in raised.value.fields} == {field}


@given(count=st.integers(0, 450), limit=st.integers(20, 400))
def test_going_on_by_next_page_reaches_every_ticket(count: int, limit: int) -> None:
    fake = listing(count)
    seen: dict[int, None] = {}
    page: int | None = 1
    while page is not None:
        outcome = run_action("list_tickets", {"limit": limit, "page": page}, fake)
        assert len(ids(outcome)) <= limit
        before = len(seen)
        seen |= dict.fromkeys(ids(outcome))
        page = outcome.data["next_page"]
        assert page is None or len(seen) > before
    assert list(seen) == list(range(1, count + 1))
