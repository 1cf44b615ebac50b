"""The Freshsales client: what it sends, what it makes of replies, where it finds the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import (
    InvalidRequest,
    Misconfigured,
    NotFound,
    ProviderDown,
    Redirected,
    Throttled,
    Unauthorized,
    Unreachable,
)
from freshbridge.freshsales.caller import PROBE
from freshbridge.freshsales.client import FreshsalesClient
from freshbridge.freshsales.paging import Page, records_of
from freshbridge.freshsales.roots import CLASSIC, SUITE, Roots
from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts
from tests.fakes.provider import FakeTransport, empty_reply, html_reply, json_reply, query_of

KEY = "key-made-up-4d1f"
ORIGIN = "https://acme.myfreshworks.com"
OWNERS = json_reply({"users": [{"id": 1}]})
NOT_HERE = json_reply({"status": 404, "error": "Not Found"}, 404)


def client_of(transport: FakeTransport, origin: str = ORIGIN, **more: Any) -> FreshsalesClient:
    return FreshsalesClient(transport, origin, KEY, **{"known": Roots(), **more})


def answering(method: str, path: str, *answers: Any) -> tuple[FreshsalesClient, FakeTransport]:
    transport = FakeTransport().on(method, SUITE + path, *answers)
    return client_of(transport), transport


def single(wrapper: str, record_id: int = 7, **beside: Any) -> ProviderReply:
    return json_reply({**beside, wrapper: {"id": record_id}, "meta": None})


KINDS = {
    "contacts": "contact",
    "sales_accounts": "sales_account",
    "deals": "deal",
    "leads": "lead",
    "tasks": "task",
    "appointments": "appointment",
    "notes": "note",
    "sales_activities": "sales_activity",
}
CRM = ("contacts", "sales_accounts", "deals", "leads")


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_written_in_its_wrapper_and_read_out_of_it(kind: str) -> None:
    wrapper = KINDS[kind]
    transport = FakeTransport()
    transport.on("POST", f"{SUITE}/{kind}", single(wrapper))
    transport.on("PUT", f"{SUITE}/{kind}/7", single(wrapper))
    transport.on("DELETE", f"{SUITE}/{kind}/7", json_reply({"success": "200"}))
    records = getattr(client_of(transport), kind)

    assert records.create({"a": 1}) == {"id": 7}
    assert records.update(7, {"b": None}) == {"id": 7}
    records.delete(7)

    assert [request.json for request in transport.requests] == [
        {wrapper: {"a": 1}},
        {wrapper: {"b": None}},
        None,
    ]
    first = transport.requests[0]
    assert first.headers["authorization"] == f"Token token={KEY}"
    assert first.headers["content-type"] == "application/json"
    assert "content-type" not in transport.requests[2].headers


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "notes"])
def test_a_record_is_read_with_what_belongs_to_it(kind: str) -> None:
    reply = single(KINDS[kind], users=[{"id": 1}])
    client, transport = answering("GET", f"/{kind}/7", reply)

    found = getattr(client, kind).get(7, ["owner", "source"])

    assert (found.record, found.beside) == ({"id": 7}, {"users": [{"id": 1}]})
    assert query_of(transport.requests[0]) == {"include": "owner,source"}


@pytest.mark.parametrize("kind", CRM)
def test_what_a_crm_is_about_can_do_more(kind: str) -> None:
    wrapper = KINDS[kind]
    transport = FakeTransport()
    transport.on("DELETE", f"{SUITE}/{kind}/7/forget", ProviderReply(200, {}, b"true"))
    transport.on("POST", f"{SUITE}/{kind}/7/clone", single(wrapper, 8))
    transport.on("POST", f"{SUITE}/{kind}/upsert", single(wrapper, 9))
    transport.on("POST", f"{SUITE}/{kind}/bulk_destroy", json_reply({"message": "ok"}))
    transport.on("GET", f"{SUITE}/{kind}/filters", json_reply({"filters": [{"id": 3}]}))
    transport.on("GET", f"{SUITE}/settings/{kind}/fields", json_reply({"fields": [{"id": 4}]}))
    transport.on("GET", f"{SUITE}/{kind}/7/activities", json_reply({"activities": [{"id": 5}]}))
    records = getattr(client_of(transport), kind)

    records.forget(7)
    assert records.clone(7, {"name": "Copy"})["id"] == 8
    assert records.upsert({"name": "Acme"}, {"city": "Lima"})["id"] == 9
    records.bulk_destroy([1, 2])
    assert records.views() == [{"id": 3}]
    assert records.fields() == [{"id": 4}]
    assert records.activities(7) == [{"id": 5}]

    upsert = transport.sent("POST", f"{SUITE}/{kind}/upsert")[0]
    assert upsert.json == {"unique_identifier": {"name": "Acme"}, wrapper: {"city": "Lima"}}
    assert (upsert.idempotent, upsert.read_only) == (True, False)


def test_contacts_are_assigned_and_listed_and_accounts_tell_theirs() -> None:
    transport = FakeTransport()
    transport.on("POST", f"{SUITE}/contacts/bulk_assign_owner", json_reply({"message": "ok"}))
    members = json_reply({"contacts": [{"id": 1}], "meta": {"total_pages": 1}})
    transport.on("GET", f"{SUITE}/contacts/lists/5", members)
    transport.on("GET", f"{SUITE}/sales_accounts/6/contacts", members)
    client = client_of(transport)

    client.contacts.assign([1], 9)

    assert transport.requests[0].json == {"selected_ids": [1], "owner_id": 9}
    assert list(records_of(client.contacts.of_list(5))) == [{"id": 1}]
    assert list(records_of(client.sales_accounts.contacts(6))) == [{"id": 1}]


@pytest.mark.parametrize(
    ("reply", "record", "beside"),
    [
        ({"contact": {"id": 1}, "deal": {"id": 2}}, {"id": 1}, {"deal": {"id": 2}}),
        ({"lead": {"id": 7, "contact_id": 1}}, {"id": 7, "contact_id": 1}, {}),
        ({"message": "converted"}, {}, {}),
        (True, {}, {}),
    ],
)
def test_a_lead_is_converted_whatever_the_reply_shows(
    reply: Any, record: dict[str, Any], beside: dict[str, Any]
) -> None:
    client, transport = answering("POST", "/leads/7/convert", json_reply(reply))

    found = client.leads.convert(7, {"deal": {"name": "Seats"}})

    assert transport.requests[0].json == {"lead": {"deal": {"name": "Seats"}}}
    assert (found.record, found.beside) == (record, beside)


def test_a_record_may_come_without_its_wrapper() -> None:
    client, _ = answering("GET", "/contacts/7", json_reply({"id": 7, "city": "Lima"}))

    found = client.contacts.get(7)

    assert (found.record, found.beside) == ({"id": 7, "city": "Lima"}, {})


@pytest.mark.parametrize("body", [{"deal": []}, {"deal": None}, [], {}, True, {"deal": {"a": 1}}])
def test_what_is_no_record_is_no_success(body: Any) -> None:
    client, _ = answering("POST", "/deals", json_reply(body))

    with pytest.raises(ProviderDown, match="not a record") as raised:
        client.deals.create({})
    assert raised.value.outcome_unknown


def test_tokens_of_a_deal_are_not_passed_on() -> None:
    deal = {"id": 7, "fc_widget_collaboration": {"auth_token": "secret"}}
    client, _ = answering("GET", "/deals/7", json_reply({"deal": deal}))

    assert client.deals.get(7).record == {"id": 7}


@given(st.integers(1, 10**30))
def test_numbers_of_any_size_are_kept_exactly(number: int) -> None:
    client, _ = answering(
        "GET", f"/contacts/{number}", json_reply({"id": number, "mcr_id": number})
    )

    assert client.contacts.get(number).record == {"id": number, "mcr_id": number}


@pytest.mark.parametrize("wrong", [0, -1, True, "7", "7/forget", 1.0])
def test_an_id_that_is_none_is_not_sent(wrong: Any) -> None:
    transport = FakeTransport()

    with pytest.raises(InvalidRequest, match="positive whole number"):
        client_of(transport).contacts.delete(wrong)
    assert transport.requests == []


@pytest.mark.parametrize("key", ["", " ", "a b", 'a"b', "ключ", "a\nb", "a,b", "Token token="])
def test_a_key_that_is_none_is_not_sent(key: str) -> None:
    transport = FakeTransport()

    with pytest.raises(Misconfigured, match="API key"):
        FreshsalesClient(transport, ORIGIN, key).contacts.get(7)
    assert transport.requests == []


@pytest.mark.parametrize("key", [f" {KEY}\n", f"Token token={KEY}", f'token TOKEN="{KEY}"'])
def test_a_key_is_taken_as_people_paste_it(key: str) -> None:
    transport = FakeTransport().on("GET", f"{SUITE}/contacts/7", single("contact"))

    FreshsalesClient(transport, ORIGIN, key, known=Roots()).contacts.get(7)

    assert transport.requests[0].headers["authorization"] == f"Token token={KEY}"


def test_the_client_tells_what_happened_and_hides_its_key() -> None:
    date = {"Date": "Fri, 07 Jun 2024 12:59:30 GMT"}
    heard: list[int] = []
    transport = FakeTransport()
    transport.on("GET", f"{SUITE}/contacts/7", json_reply({"contact": {"id": 7}}, headers=date))
    transport.on("POST", f"{SUITE}/contacts", json_reply({"errors": {}}, 400), single("contact"))
    client = client_of(
        transport,
        on_reply=lambda _request, reply, _limit: heard.append(reply.status),
        timeouts=Timeouts(read_s=1.5),
    )

    client.contacts.get(7)
    told = client.told_time
    with pytest.raises(InvalidRequest):
        client.contacts.create({})
    before = client.wrote
    client.contacts.create({})

    assert told is not None
    assert told.isoformat() == "2024-06-07T12:59:30+00:00"
    assert (before, client.wrote, client.told_time) == (False, True, None)
    assert heard == [200, 400, 200]
    assert transport.requests[0].timeouts.read_s == 1.5
    assert KEY not in repr(client)


@pytest.mark.parametrize("method", ["search", "view"])
def test_reading_writes_nothing(method: str) -> None:
    empty = json_reply({"contacts": [], "meta": {"total": 0}})
    transport = FakeTransport()
    transport.on("POST", f"{SUITE}/filtered_search/contact", empty)
    transport.on("GET", f"{SUITE}/contacts/view/3", empty)
    client = client_of(transport)

    pages = client.contacts.search([]) if method == "search" else client.contacts.view(3)

    assert list(records_of(pages)) == []
    assert not client.wrote
    assert all(request.read_only for request in transport.requests)


# Where the API is


def test_the_host_tells_the_path() -> None:
    for origin, root in (
        ("https://acme.myfreshworks.com", SUITE),
        ("https://acme.freshworks.com", SUITE),
        ("https://acme.freshsales.io", CLASSIC),
    ):
        transport = FakeTransport().on("GET", root + PROBE, OWNERS)
        assert client_of(transport, origin).directory.owners() == [{"id": 1}]
        assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "answer", [html_reply(404), html_reply(200), NOT_HERE, empty_reply(404), Redirected("login")]
)
@pytest.mark.parametrize("origin", ["http://127.0.0.1:4020", "https://acme.myfreshworks.com"])
def test_the_other_path_is_tried_once_and_remembered(answer: Any, origin: str) -> None:
    # Given an account whose API is where its host does not say
    transport = FakeTransport()
    transport.on("GET", f"{SUITE}/contacts/7", answer)
    transport.on("GET", CLASSIC + PROBE, OWNERS)
    transport.on("GET", f"{CLASSIC}/contacts/7", single("contact"))
    known = Roots()

    # When it is asked, and asked again by another client of this process
    first = client_of(transport, origin, known=known).contacts.get(7)
    asked = len(transport.requests)
    client_of(transport, origin, known=known).contacts.get(7)

    # Then the answer is its API's, and the second goes there at once
    assert first.record == {"id": 7}
    assert asked == 3
    assert [request.path for request in transport.requests[3:]] == [f"{CLASSIC}/contacts/7"]


def test_a_write_at_the_wrong_path_is_made_at_the_right_one() -> None:
    transport = FakeTransport()
    transport.on("POST", f"{SUITE}/notes", html_reply(404))
    transport.on("GET", CLASSIC + PROBE, json_reply({"message": "no"}, 403))
    transport.on("POST", f"{CLASSIC}/notes", single("note"))
    client = client_of(transport)

    assert client.notes.create({"description": "x"}) == {"id": 7}

    assert transport.requests[-1].json == {"note": {"description": "x"}}
    assert client.wrote


def test_a_write_that_a_page_answers_with_success_is_not_sent_twice() -> None:
    transport = FakeTransport()
    transport.on("POST", f"{SUITE}/notes", html_reply(200))
    transport.on("GET", CLASSIC + PROBE, OWNERS)
    transport.on("POST", f"{CLASSIC}/notes", single("note"))
    client = client_of(transport)

    with pytest.raises(ProviderDown) as raised:
        client.notes.create({})

    # Nobody knows what that was; from now on the right path is used.
    assert raised.value.outcome_unknown
    assert not client.wrote
    assert client.notes.create({}) == {"id": 7}


@pytest.mark.parametrize(
    ("probe", "kind"),
    [
        (html_reply(404), NotFound),
        (NOT_HERE, NotFound),
        (empty_reply(200), NotFound),
        (html_reply(503), NotFound),
        (json_reply({"message": "bad gateway"}, 502), NotFound),
        (Redirected("login"), NotFound),
        (Unreachable("reset"), Unreachable),
    ],
)
def test_where_neither_path_answers_the_first_answer_counts_unless_one_was_not_reached(
    probe: Any, kind: type[Exception]
) -> None:
    transport = FakeTransport()
    transport.on("GET", f"{SUITE}/contacts/7", html_reply(404))
    transport.on("GET", CLASSIC + PROBE, probe)

    with pytest.raises(kind):
        client_of(transport).contacts.get(7)
    assert len(transport.requests) == 2


def test_a_redirect_of_both_paths_is_told() -> None:
    transport = FakeTransport()
    transport.on("GET", f"{SUITE}/contacts/7", Redirected("login"))
    transport.on("GET", CLASSIC + PROBE, Redirected("login"))

    with pytest.raises(Redirected):
        client_of(transport).contacts.get(7)


@pytest.mark.parametrize(
    ("answer", "kind"), [(NOT_HERE, NotFound), (html_reply(404), NotFound),
                         (html_reply(200), ProviderDown), (Redirected("x"), Redirected)]
)  # fmt: skip
def test_once_the_api_has_answered_no_other_path_is_tried(
    answer: Any, kind: type[Exception]
) -> None:
    client, transport = answering("GET", "/contacts/7", single("contact"), answer)
    client.contacts.get(7)

    with pytest.raises(kind):
        client.contacts.get(7)
    assert len(transport.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (json_reply({"login": "failed", "message": "no"}, 401), Unauthorized),
        (html_reply(429), Throttled),
        (html_reply(502), ProviderDown),
        (Unreachable("reset"), Unreachable),
    ],
)
def test_a_failure_is_no_sign_of_a_wrong_path(answer: Any, kind: type[Exception]) -> None:
    client, transport = answering("GET", "/contacts/7", answer)

    with pytest.raises(kind):
        client.contacts.get(7)
    assert len(transport.requests) == 1


# Lists


class Listed:
    """A list with `total_pages`, `total`, both or neither in its meta; pages may be short."""

    def __init__(self, sizes: list[int], *, pages: bool, total: bool) -> None:
        ids = iter(range(1, sum(sizes) + 1))
        self.pages = [[{"id": next(ids)} for _ in range(size)] for size in sizes]
        self.meta: dict[str, Any] = {"total_pages": len(sizes)} if pages else {}
        if total:
            self.meta["total"] = sum(sizes)

    def __call__(self, request: ProviderRequest) -> ProviderReply:
        asked = request.json if request.method == "POST" else query_of(request)
        number = int(asked["page"])
        rows = self.pages[number - 1] if number <= len(self.pages) else []
        return json_reply({"contacts": rows, "users": [], "meta": self.meta})


def view(client: FreshsalesClient, page: int = 1) -> Iterator[Page]:
    return client.contacts.view(3, {"sort": "updated_at", "sort_type": "desc"}, page=page)


def search(client: FreshsalesClient, page: int = 1) -> Iterator[Page]:
    return client.contacts.search([{"attribute": "city"}], sort="id", page=page)


@pytest.mark.parametrize("listing", [view, search])
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    pages=st.booleans(),
    total=st.booleans(),
    start=st.integers(1, 4),
)
def test_a_list_is_read_to_its_end_and_no_further(
    listing: Callable[..., Iterator[Page]], sizes: list[int], pages: bool, total: bool, start: int
) -> None:
    listed = Listed(sizes, pages=pages, total=total)
    transport = FakeTransport()
    transport.on("GET", f"{SUITE}/contacts/view/3", listed)
    transport.on("POST", f"{SUITE}/filtered_search/contact", listed)

    found = list(listing(client_of(transport), start))

    wanted = [row for page in listed.pages[start - 1 :] for row in page]
    assert list(records_of(found)) == wanted
    assert [page.number for page in found] == list(range(start, start + len(found)))
    assert [page.last for page in found] == [False] * (len(found) - 1) + [True]
    # One empty page more where nothing tells the end.
    told = pages or (total and start == 1)
    most = max(len(sizes) - start + 1, 1) if told else max(len(sizes) - start + 2, 1)
    assert len(transport.requests) == most


def test_a_page_says_how_many_there_are_and_what_came_along() -> None:
    client, transport = answering("GET", "/contacts/view/3", Listed([2], pages=True, total=True))

    (page,) = view(client)

    assert (page.total, page.beside) == (2, {"users": []})
    assert query_of(transport.requests[0]) == {
        "sort": "updated_at",
        "sort_type": "desc",
        "page": "1",
        "per_page": "100",
    }


def test_a_search_says_what_it_looks_for() -> None:
    client, transport = answering(
        "POST", "/filtered_search/deal", json_reply({"deals": [], "meta": {"total": 0}})
    )
    rule = {"attribute": "updated_at", "operator": "is_after", "value": "2026-03-03"}

    list(client.deals.search([rule], sort="created_at"))

    assert transport.requests[0].json == {
        "filter_rule": [rule],
        "detail": True,
        "sort": "created_at",
        "sort_type": "asc",
        "page": 1,
        "per_page": 100,
    }


def test_a_list_that_gives_the_same_page_again_ends_with_an_error() -> None:
    same = json_reply({"tasks": [{"id": 1}, {"id": 2}], "meta": {}})
    client, _ = answering("GET", "/tasks", same)

    with pytest.raises(ProviderDown, match="the same as the one before"):
        list(client.tasks.listed("open"))


def test_a_record_that_moves_to_a_later_page_comes_once() -> None:
    pages = [json_reply({"tasks": [{"id": n}, {"id": n + 1}]}) for n in (1, 2)]
    client, _ = answering("GET", "/tasks", *pages, json_reply({"tasks": []}))

    found = records_of(client.tasks.listed("open", ["owner"]))

    assert [record["id"] for record in found] == [1, 2, 3]


@pytest.mark.parametrize("meta", [None, [], {"total": True}, {"total_pages": "2"}, {"total": -1}])
def test_a_meta_that_makes_no_sense_tells_nothing(meta: Any) -> None:
    pages = [json_reply({"tasks": rows, "meta": meta}) for rows in ([{"id": 1}], [])]
    client, transport = answering("GET", "/tasks", *pages)

    assert [page.total for page in client.tasks.listed("open")] == [None, None]
    assert len(transport.requests) == 2


def test_what_is_about_a_record_is_listed_there() -> None:
    transport = FakeTransport()
    for plural in ("notes", "tasks", "appointments"):
        rows = json_reply({plural: [{"id": 1}], "meta": {"total": 1}})
        transport.on("GET", f"{SUITE}/deals/7/{plural}", rows)
    deals = client_of(transport).deals

    for listed in (deals.notes(7), deals.tasks(7), deals.appointments(7)):
        assert list(records_of(listed)) == [{"id": 1}]


def test_appointments_and_activities_are_listed() -> None:
    transport = FakeTransport()
    transport.on("GET", f"{SUITE}/appointments", json_reply({"appointments": []}))
    transport.on("GET", f"{SUITE}/sales_activities", json_reply({"sales_activities": []}))
    fields = json_reply({"fields": [{"id": 1}]})
    transport.on("GET", f"{SUITE}/settings/sales_activities/fields", fields)
    client = client_of(transport)

    assert list(records_of(client.appointments.listed("past"))) == []
    assert list(records_of(client.sales_activities.listed())) == []
    assert client.sales_activities.fields() == [{"id": 1}]
    assert query_of(transport.requests[0])["filter"] == "past"


@pytest.mark.parametrize("body", [{}, [], {"tasks": None}, {"tasks": [1]}, {"tasks": {"id": 1}}])
def test_what_is_no_list_is_no_success(body: Any) -> None:
    client, _ = answering("GET", "/tasks", json_reply(body))

    with pytest.raises(ProviderDown, match="not a list") as raised:
        list(client.tasks.listed("open"))
    assert not raised.value.outcome_unknown


@pytest.mark.parametrize("text", ['{"contact": NaN}', "{", "", "[" * 100_000])
def test_a_reply_that_is_not_json_is_no_success(text: str) -> None:
    client, _ = answering("GET", "/contacts/7", ProviderReply(200, {}, text.encode()))

    with pytest.raises(ProviderDown):
        client.contacts.get(7)


# Searches and selectors


@pytest.mark.parametrize(
    ("body", "rows", "whole"),
    [
        ({"contacts": {"contacts": [{"id": 1}], "meta": {"total": 1}}}, [{"id": 1}], True),
        ({"contacts": {"contacts": [{"id": 1}], "meta": {"total": 9}}}, [{"id": 1}], False),
        ({"contacts": {"contacts": [{"id": 1}, 5]}}, [{"id": 1}], True),
        ({"contacts": [{"id": 1}]}, [{"id": 1}], True),
        ({}, [], True),
    ],
)
def test_a_lookup_is_nested(body: Any, rows: list[Any], whole: bool) -> None:
    client, transport = answering("GET", "/lookup", json_reply(body))

    assert client.contacts.lookup("email", "a+b@acme.example") == (rows, whole)
    assert query_of(transport.requests[0]) == {
        "q": "a+b@acme.example",
        "f": "email",
        "entities": "contact",
    }


@pytest.mark.parametrize("body", [[], True, {"contacts": {"contacts": 1}}, {"contacts": "x"}])
def test_a_lookup_that_makes_no_sense_finds_not_nothing(body: Any) -> None:
    client, _ = answering("GET", "/lookup", json_reply(body))

    with pytest.raises(ProviderDown, match="no list"):
        client.contacts.lookup("email", "a@acme.example")


def test_a_search_finds_ids_as_numbers() -> None:
    rows = [{"id": "70001234501", "type": "contact"}, {"id": "x"}, {"id": 5}, {}]
    client, transport = answering("GET", "/search", json_reply(rows))

    found = client.directory.search("ana", ["contact", "deal"])

    assert [row["id"] for row in found] == [70001234501, "x", 5, None]
    assert query_of(transport.requests[0])["include"] == "contact,deal"


@pytest.mark.parametrize("body", [{}, [1], None])
def test_a_search_that_makes_no_sense_finds_not_nothing(body: Any) -> None:
    client, _ = answering("GET", "/search", json_reply(body))

    with pytest.raises(ProviderDown, match="no list"):
        client.directory.search("ana", ["contact"])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("owners", {"users": [{"id": 1}], "territories": []}),
        ("deal_stages", {"deal_stages": [{"id": 1}], "meta": {}}),
        ("deal_pipelines/7/deal_stages", {"deal_stages": [{"id": 1}]}),
        ("contact_statuses", {"contact_status": [{"id": 1}]}),
    ],
)
def test_a_selector_s_choices_are_its_list(kind: str, body: Any) -> None:
    client, _ = answering("GET", f"/selector/{kind}", json_reply(body))

    assert client.directory.selector(kind) == [{"id": 1}]


@pytest.mark.parametrize("kind", ["", "../contacts", "owners?x=1", "a/b", "deal_pipelines/7"])
def test_a_selector_that_is_none_is_not_asked_for(kind: str) -> None:
    transport = FakeTransport()

    with pytest.raises(InvalidRequest, match="No selector"):
        client_of(transport).directory.selector(kind)
    assert transport.requests == []


@pytest.mark.parametrize("body", [{}, [], {"a": [], "b": []}])
def test_a_selector_without_its_list_is_no_success(body: Any) -> None:
    client, _ = answering("GET", "/selector/currencies", json_reply(body))

    with pytest.raises(ProviderDown, match="no list"):
        client.directory.selector("currencies")


# Jobs


def test_a_bulk_upsert_gives_a_job_that_can_be_asked_for() -> None:
    url = f"{ORIGIN}{SUITE}/job_statuses/70000987654"
    transport = FakeTransport()
    transport.on("POST", f"{SUITE}/contacts/bulk_upsert", json_reply({"job_status_url": url}, 202))
    told = {"status": "IN_PROGRESS", "progress": 10, "data": None}
    transport.on("GET", f"{SUITE}/job_statuses/70000987654", json_reply(told))
    client = client_of(transport)

    job_id = client.contacts.bulk_upsert([{"emails": "a@acme.example", "data": {"city": "Lima"}}])

    assert job_id == 70000987654
    assert client.directory.job(job_id).progress == 10
    assert transport.requests[0].json == {
        "contacts": [{"emails": "a@acme.example", "data": {"city": "Lima"}}]
    }


@pytest.mark.parametrize("body", [{}, [], {"job_status_url": 5}, {"job_status_url": "/jobs/5"}])
def test_a_bulk_upsert_without_a_job_has_an_unknown_outcome(body: Any) -> None:
    client, _ = answering("POST", "/deals/bulk_upsert", json_reply(body))

    with pytest.raises(ProviderDown, match="names no job") as raised:
        client.deals.bulk_upsert([{"name": "Seats", "data": {}}])
    assert raised.value.outcome_unknown


def test_a_job_without_a_status_is_no_success() -> None:
    client, _ = answering("GET", "/job_statuses/5", json_reply({"progress": 100}))

    with pytest.raises(ProviderDown, match="no job's status"):
        client.directory.job(5)


def test_a_bulk_upsert_that_met_another_one_is_throttled() -> None:
    client, _ = answering("POST", "/contacts/bulk_upsert", json_reply({}, 405))

    with pytest.raises(Throttled) as raised:
        client.contacts.bulk_upsert([{"id": 5, "data": {}}])
    assert raised.value.after == 5


def test_a_body_reads_as_json() -> None:
    client, transport = answering("POST", "/contacts", single("contact"))
    client.contacts.create({"last_name": "Ruíz", "id": 2**70})

    content = transport.requests[0].content()

    assert content is not None
    assert json.loads(content) == {"contact": {"last_name": "Ruíz", "id": 2**70}}
