"""The client against an account that remembers: endpoints, paging, search, what it shows."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import (
    FreshbridgeError,
    InvalidRequest,
    PageLimitReached,
    ProviderDown,
    Throttled,
    Unreachable,
)
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshdesk.paging import records_of
from freshbridge.freshdesk.rate_limit import Bucket, RateLimit
from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of

BASE = "https://acme.freshdesk.com"
API = "/api/v2"
KEY = "Kq7secretZ"


def _client(provider: FakeTransport, **options: Any) -> FreshdeskClient:
    return FreshdeskClient(provider, BASE, KEY, **options)


def _tickets(count: int) -> list[dict[str, Any]]:
    return [{"id": number} for number in range(1, count + 1)]


ONE_RECORD: list[tuple[str, str, Callable[[FreshdeskClient], Any], Any]] = [
    ("GET", "/agents/me", lambda c: c.me(), None),
    ("GET", "/account", lambda c: c.account(), None),
    ("GET", "/tickets/7", lambda c: c.ticket(7), None),
    ("POST", "/tickets", lambda c: c.create_ticket({"subject": "x"}), {"subject": "x"}),
    ("PUT", "/tickets/7", lambda c: c.update_ticket(7, {"priority": 3}), {"priority": 3}),
    ("POST", "/tickets/7/notes", lambda c: c.add_note(7, "hi"), {"body": "hi", "private": True}),
    (
        "POST",
        "/tickets/7/notes",
        lambda c: c.add_note(
            7, "hi", private=False, notify_emails=["a@b.example"], user_id=9, incoming=True
        ),
        {
            "body": "hi",
            "private": False,
            "notify_emails": ["a@b.example"],
            "user_id": 9,
            "incoming": True,
        },
    ),
    ("POST", "/tickets/7/reply", lambda c: c.add_reply(7, "hi"), {"body": "hi"}),
    (
        "POST",
        "/tickets/7/reply",
        lambda c: c.add_reply(
            7,
            "hi",
            cc_emails=["c@x.example"],
            bcc_emails=("b@x.example",),
            from_email="f@x.example",
        ),
        {
            "body": "hi",
            "cc_emails": ["c@x.example"],
            "bcc_emails": ["b@x.example"],
            "from_email": "f@x.example",
        },
    ),
    ("POST", "/contacts", lambda c: c.create_contact({"name": "x"}), {"name": "x"}),
    ("GET", "/contacts/9", lambda c: c.contact(9), None),
]


@pytest.mark.parametrize(("method", "path", "call", "body"), ONE_RECORD)
def test_a_method_makes_one_call_and_returns_the_record(
    method: str, path: str, call: Callable[[FreshdeskClient], Any], body: Any
) -> None:
    # Given an account that knows this one endpoint
    provider = FakeTransport().on(method, API + path, json_reply({"id": 7, "new_key": None}))

    # When the method is called
    record = call(_client(provider))

    # Then one request was sent, and the record is the provider's own
    (sent,) = provider.requests
    assert sent.json == body
    assert sent.params == ()
    assert record == {"id": 7, "new_key": None}


@pytest.mark.parametrize(("method", "path", "call", "body"), ONE_RECORD)
@pytest.mark.parametrize("reply", [json_reply([]), empty_reply(204), json_reply("x")])
def test_a_success_that_is_no_record_makes_no_sense(
    reply: ProviderReply, method: str, path: str, call: Callable[[FreshdeskClient], Any], body: Any
) -> None:
    with pytest.raises(ProviderDown, match="not a record") as caught:
        call(_client(FakeTransport().on(method, API + path, reply)))
    assert caught.value.outcome_unknown is (body is not None)


def test_delete_and_restore_return_nothing() -> None:
    provider = FakeTransport()
    provider.on("DELETE", f"{API}/tickets/7", empty_reply(204))
    provider.on("PUT", f"{API}/tickets/7/restore", empty_reply(204))
    client = _client(provider)
    client.delete_ticket(7)
    client.restore_ticket(7)
    assert [sent.where for sent in provider.requests] == [
        "DELETE /api/v2/tickets/7",
        "PUT /api/v2/tickets/7/restore",
    ]
    assert all(sent.content() is None for sent in provider.requests)


@pytest.mark.parametrize("include", [["stats", "requester"], "stats,requester"])
def test_embedded_resources_are_asked_for_in_one_parameter(include: Any) -> None:
    provider = FakeTransport().on("GET", f"{API}/tickets/7", json_reply({"id": 7}))
    _client(provider).ticket(7, include=include)
    assert query_of(provider.requests[0]) == {"include": "stats,requester"}


@given(st.integers(0, 60), st.integers(1, 12))
def test_pages_hold_every_record_once_and_in_order(count: int, per_page: int) -> None:
    # Given a list of any length
    provider = FakeTransport().on("GET", f"{API}/tickets", PagedList(_tickets(count)))

    # When it is read in pages of any size
    pages = list(_client(provider).tickets({"filter": "deleted"}, per_page=per_page))

    # Then nothing is missing or doubled, with not one call too many
    assert [record["id"] for record in records_of(pages)] == list(range(1, count + 1))
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    assert len(provider.requests) == max(1, -(-count // per_page))
    assert all(query_of(sent)["filter"] == "deleted" for sent in provider.requests)
    assert [page.next_url is None for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_short_page_with_a_link_is_not_the_end() -> None:
    # Given a provider whose first page is shorter than asked for, yet links to a second
    link = {"Link": f'<{BASE}{API}/tickets?page=2>; rel="next"'}
    provider = FakeTransport().on(
        "GET", f"{API}/tickets", json_reply([{"id": 1}], headers=link), json_reply([{"id": 2}])
    )
    assert [record["id"] for record in records_of(_client(provider).tickets())] == [1, 2]


def test_reading_can_start_at_a_later_page() -> None:
    provider = FakeTransport().on("GET", f"{API}/tickets", PagedList(_tickets(5)))
    pages = list(_client(provider).tickets(page=2, per_page=2))
    assert [page.number for page in pages] == [2, 3]
    assert [record["id"] for record in records_of(pages)] == [3, 4, 5]


def test_a_page_is_asked_for_only_when_it_is_wanted() -> None:
    provider = FakeTransport().on("GET", f"{API}/tickets", PagedList(_tickets(5)))
    pages = _client(provider).tickets(per_page=2)
    assert provider.requests == []
    next(pages)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("more", [0, 1])
def test_the_ticket_list_ends_at_page_300_and_says_when_more_exists(more: int) -> None:
    # Given as many tickets as the list serves, or one more
    tickets = PagedList(_tickets(600 + more), page_limit=300)
    provider = FakeTransport().on("GET", f"{API}/tickets", tickets)

    # When all are read
    seen: list[int] = []

    def read() -> None:
        for page in _client(provider).tickets(per_page=2):
            seen.extend(record["id"] for record in page.records)

    if more:
        with pytest.raises(PageLimitReached, match="updated_since"):
            read()
    else:
        read()

    # Then 300 pages came, the refused one was never asked for, and what is left was not hidden
    assert seen == list(range(1, 601))
    assert len(provider.requests) == 300


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/contacts", lambda c: c.contacts({"state": "verified"}, per_page=30)),
        ("/agents", lambda c: c.agents()),
        ("/groups", lambda c: c.groups()),
        ("/tickets/7/conversations", lambda c: c.conversations(7)),
    ],
)
def test_every_other_list_has_no_page_limit(path: str, read: Callable[..., Any]) -> None:
    provider = FakeTransport().on("GET", API + path, PagedList(_tickets(120)))
    assert len(list(records_of(read(_client(provider))))) == 120


def test_a_link_to_another_host_never_gets_the_key() -> None:
    link = {"Link": '<https://evil.example/api/v2/tickets?page=2>; rel="next"'}
    provider = FakeTransport().on("GET", f"{API}/tickets", json_reply([{"id": 1}], headers=link))
    with pytest.raises(ProviderDown, match="was not followed"):
        list(_client(provider).tickets())
    assert len(provider.requests) == 1


def test_a_link_in_a_circle_ends() -> None:
    link = {"Link": f'<{BASE}{API}/tickets?page=1>; rel="next"'}
    provider = FakeTransport().on("GET", f"{API}/tickets", json_reply([{"id": 1}], headers=link))
    with pytest.raises(ProviderDown, match="leads back"):
        list(_client(provider).tickets())


@pytest.mark.parametrize("data", [{"tickets": []}, [1], "x", None])
def test_a_list_that_is_none_makes_no_sense(data: object) -> None:
    provider = FakeTransport().on("GET", f"{API}/ticket_fields", json_reply(data))
    with pytest.raises(ProviderDown, match="not a list of records"):
        _client(provider).ticket_fields()


def test_ticket_fields_come_in_one_call() -> None:
    provider = FakeTransport().on("GET", f"{API}/ticket_fields", json_reply([{"name": "status"}]))
    assert _client(provider).ticket_fields() == [{"name": "status"}]
    assert provider.requests[0].params == ()


@pytest.mark.parametrize("query", ["status:2 AND tag:'x'", "\"status:2 AND tag:'x'\""])
def test_a_search_is_quoted_once(query: str) -> None:
    found = json_reply({"total": 31, "results": [{"id": 1}]})
    provider = FakeTransport().on("GET", f"{API}/search/tickets", found)
    page = _client(provider).search_tickets(query)
    assert query_of(provider.requests[0]) == {"query": "\"status:2 AND tag:'x'\"", "page": "1"}
    assert (page.records, page.total, page.number, page.has_more) == ([{"id": 1}], 31, 1, True)


@pytest.mark.parametrize(
    ("total", "page", "more"),
    [(0, 1, False), (30, 1, False), (60, 2, False), (61, 2, True), (999, 10, False)],
)
def test_a_search_knows_its_last_page(total: int, page: int, more: bool) -> None:
    found = json_reply({"total": total, "results": []})
    provider = FakeTransport().on("GET", f"{API}/search/tickets", found)
    assert _client(provider).search_tickets("status:2", page).has_more is more


@pytest.mark.parametrize("query", ["", '""', '"', "a" * 513, 'tag:"x"y'])
def test_a_query_the_grammar_cannot_hold_is_not_sent(query: str) -> None:
    provider = FakeTransport()
    with pytest.raises(InvalidRequest, match="The search query"):
        _client(provider).search_tickets(query)
    assert provider.requests == []


@pytest.mark.parametrize("page", [0, 11])
def test_a_search_page_that_does_not_exist_is_not_asked_for(page: int) -> None:
    with pytest.raises(InvalidRequest, match="pages 1 to 10"):
        _client(FakeTransport()).search_tickets("status:2", page)


@pytest.mark.parametrize(
    "data",
    [[], {}, {"total": "1", "results": []}, {"total": 1}, {"total": 1, "results": [1]}],
)
def test_a_search_reply_of_another_shape_makes_no_sense(data: object) -> None:
    provider = FakeTransport().on("GET", f"{API}/search/tickets", json_reply(data))
    with pytest.raises(ProviderDown, match="no total and results"):
        _client(provider).search_tickets("status:2")


def test_every_reply_is_reported_errors_included() -> None:
    # Given an account that answers, then throttles
    provider = FakeTransport()
    counted = {"X-Ratelimit-Total": "50", "X-Ratelimit-Remaining": "9"}
    provider.on("GET", f"{API}/agents/me", json_reply({"id": 1}, headers=counted))
    provider.on("POST", f"{API}/tickets", empty_reply(429, {"Retry-After": "30"}))
    seen: list[tuple[str, int, RateLimit | None]] = []

    def remember(request: ProviderRequest, reply: ProviderReply, limit: RateLimit | None) -> None:
        seen.append((request.where, reply.status, limit))

    client = _client(provider, on_reply=remember, timeouts=Timeouts(read_s=4))

    # When both are called
    client.me()
    with pytest.raises(Throttled):
        client.create_ticket({})

    # Then both were reported, and the last limit seen is remembered
    expected = RateLimit(Bucket.TOTAL, 50, 9, None)
    assert seen == [
        ("GET /api/v2/agents/me", 200, expected),
        ("POST /api/v2/tickets", 429, None),
    ]
    assert client.rate_limit == expected
    assert {sent.timeouts.read_s for sent in provider.requests} == {4}


def test_a_failure_of_the_transport_passes_through_unchanged() -> None:
    gone = Unreachable("Gone", outcome_unknown=True)
    provider = FakeTransport().on("POST", f"{API}/tickets", gone)
    with pytest.raises(Unreachable) as caught:
        _client(provider).create_ticket({})
    assert caught.value is gone


def test_the_key_shows_nowhere() -> None:
    # Given an account that refuses, quoting the key
    refusal = json_reply({"code": "invalid_credentials", "message": f"{KEY}?"}, 401)
    provider = FakeTransport().on("GET", f"{API}/agents/me", refusal)
    client = _client(provider)

    # When it is called
    with pytest.raises(FreshbridgeError) as caught:
        client.me()

    # Then neither client, request, reply nor error shows the key
    secret = provider.requests[0].headers["authorization"]
    shown = f"{client!r} {client} {provider.requests!r} {refusal!r} {caught.value!r} {caught.value}"
    assert KEY not in shown
    assert secret not in shown


def test_the_fake_names_what_it_did_not_expect() -> None:
    with pytest.raises(AssertionError, match="Unexpected GET /api/v2/account"):
        _client(FakeTransport().on("GET", f"{API}/agents/me", empty_reply(204))).account()


def test_the_fake_refuses_pages_as_freshdesk_does() -> None:
    provider = FakeTransport().on("GET", f"{API}/tickets", PagedList([], page_limit=2))
    for page, per_page in ((0, 10), (1, 101), (3, 10)):
        with pytest.raises(InvalidRequest, match="Validation failed"):
            next(_client(provider).tickets(page=page, per_page=per_page))
    assert len(provider.sent("GET", f"{API}/tickets")) == 3


def test_it_remembers_that_something_was_carried_out() -> None:
    provider = FakeTransport()
    provider.on("GET", f"{API}/tickets/7", json_reply({"id": 7}))
    provider.on("POST", f"{API}/tickets", empty_reply(429), json_reply({"id": 7}, 201))
    client = _client(provider)

    client.ticket(7)
    with pytest.raises(Throttled):
        client.create_ticket({})
    before = client.wrote
    client.create_ticket({})
    made = client.wrote
    client.ticket(7)

    assert (before, made, client.wrote) == (False, True, True)


def test_it_knows_the_time_there_only_by_a_reply_that_came_promptly() -> None:
    headers = {"Date": "Tue, 03 Mar 2026 12:00:00 GMT"}
    late = ProviderReply(200, headers, b"{}", elapsed_s=4.0)
    provider = FakeTransport().on(
        "GET", f"{API}/tickets/7", json_reply({}, headers=headers), late, json_reply({})
    )
    client = _client(provider)

    told = []
    for _ in range(3):
        client.ticket(7)
        told.append(client.told_time)

    assert told == [datetime(2026, 3, 3, 12, tzinfo=UTC), None, None]
