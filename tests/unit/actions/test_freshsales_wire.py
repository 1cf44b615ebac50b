"""What each Freshsales action sends, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Effect, Outcome
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.errors import InvalidRequest, NotFound
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.actions import FakeLocks, earlier_attempt
from tests.fakes.freshsales import ORIGIN, ROOT, run_freshsales
from tests.fakes.provider import FakeTransport, json_reply, query_of

WRAPPERS = {
    "contacts": "contact",
    "sales_accounts": "sales_account",
    "deals": "deal",
    "leads": "lead",
    "tasks": "task",
    "appointments": "appointment",
    "notes": "note",
    "sales_activities": "sales_activity",
}
ABOUT = {"targetable_type": "Deal", "targetable_id": 3}
TIMES = {"from_date": "2026-03-06T10:00:00+01:00", "end_date": "2026-03-06T09:30:00Z"}
SENT_TIMES = {"from_date": "2026-03-06T09:00:00Z", "end_date": "2026-03-06T09:30:00Z"}
SEATS = {"name": "Seats", "amount": "5600.50", "expected_close": "2026-09-30"}
CALL = {
    "title": "Call",
    "start_date": "2026-03-03T12:00:00Z",
    "end_date": "2026-03-03T12:10:00Z",
    "sales_activity_type_id": 5,
    **ABOUT,
}
# action, what it is given, what is sent: verb, path, and the record in its wrapper
WRITES: list[tuple[str, dict[str, Any], str, str, dict[str, Any]]] = [
    (
        "create_contact",
        {"last_name": "Ruiz", "emails": ["ana@acme.example"], "custom_field": {"cf_tier": "Gold"},
         "owner_id": "9", "other_fields": {"medium": "web", "last_name": "Passed over"}},
        "POST",
        "contacts",
        {"last_name": "Ruiz", "emails": ["ana@acme.example"], "custom_field": {"cf_tier": "Gold"},
         "owner_id": 9, "medium": "web"},
    ),
    (
        "update_contact",
        {"contact_id": "7", "city": None, "sales_accounts": [{"id": 5, "is_primary": True}]},
        "PUT",
        "contacts/7",
        {"city": None, "sales_accounts": [{"id": 5, "is_primary": True}]},
    ),
    ("create_account", {"name": "Acme", "on_duplicate": "update"}, "POST", "sales_accounts",
     {"name": "Acme"}),
    ("update_account", {"account_id": 7, "annual_revenue": 1.5}, "PUT", "sales_accounts/7",
     {"annual_revenue": 1.5}),
    ("create_deal", {**SEATS, "sales_account": {"name": "Acme"}}, "POST", "deals",
     {**SEATS, "sales_account": {"name": "Acme"}}),
    ("update_deal", {"deal_id": 7, "contacts_removed_list": ["4"]}, "PUT", "deals/7",
     {"contacts_removed_list": [4]}),
    ("create_lead", {"email": "leo@berg.example", "company": {"name": "Berg AS"}}, "POST", "leads",
     {"email": "leo@berg.example", "company": {"name": "Berg AS"}}),
    ("update_lead", {"lead_id": 7, "deal": {"name": "Seats"}}, "PUT", "leads/7",
     {"deal": {"name": "Seats"}}),
    ("create_task", {"title": "Call", "due_date": "2026-03-06T09:00:00Z", **ABOUT}, "POST", "tasks",
     {"title": "Call", "due_date": "2026-03-06T09:00:00Z", **ABOUT}),
    ("update_task", {"task_id": 7, "status": 1}, "PUT", "tasks/7", {"status": 1}),
    ("create_appointment", {"title": "Demo", **TIMES}, "POST", "appointments",
     {"title": "Demo", **SENT_TIMES}),
    ("update_appointment", {"appointment_id": 7, "location": None}, "PUT", "appointments/7",
     {"location": None}),
    ("create_note", {"description": "Asked", **ABOUT}, "POST", "notes",
     {"description": "Asked", **ABOUT}),
    ("update_note", {"note_id": 7, "description": "Got"}, "PUT", "notes/7", {"description": "Got"}),
    ("create_sales_activity", CALL, "POST", "sales_activities", CALL),
    ("update_sales_activity", {"sales_activity_id": 7, "notes": "x"}, "PUT", "sales_activities/7",
     {"notes": "x"}),
]  # fmt: skip
WORDS = {
    collection: wrapper for collection, wrapper in WRAPPERS.items() if wrapper != "sales_account"
}
WORDS["sales_accounts"] = "account"


def run(
    name: str, parameters: dict[str, Any], method: str, path: str, *answers: Any, **given: Any
) -> tuple[Outcome, FakeTransport]:
    transport = FakeTransport().on(method, f"{ROOT}/{path}", *answers)
    return run_freshsales(name, parameters, transport, **given), transport


def single(collection: str, **fields: Any) -> ProviderReply:
    return json_reply({WRAPPERS[collection]: {"id": 7, **fields}})


@pytest.mark.parametrize(
    ("name", "parameters", "method", "path", "sent"), WRITES, ids=[row[0] for row in WRITES]
)
def test_what_is_written_is_sent_in_its_wrapper(
    name: str, parameters: dict[str, Any], method: str, path: str, sent: dict[str, Any]
) -> None:
    collection = path.partition("/")[0]
    word = WORDS[collection]

    outcome, transport = run(name, parameters, method, path, single(collection))

    assert [request.json for request in transport.requests] == [{WRAPPERS[collection]: sent}]
    assert (outcome.data[f"{word}_id"], outcome.data[word]) == (7, {"id": 7})
    done = "created" if method == "POST" else "updated"
    assert outcome.message == f"{word.replace('_', ' ').capitalize()} {done}"
    has_page = collection in ("contacts", "sales_accounts", "deals", "leads")
    page = f"{ORIGIN}/crm/sales/{collection}/7"
    assert outcome.data.get(f"{word}_url") == (page if has_page else None)


def test_what_the_account_has_no_field_for_is_named() -> None:
    asked = {"deal_id": 7, "custom_field": {"cf_none": 1, "cf_tier": "Gold"}}
    outcome, _ = run(
        "update_deal", asked, "PUT", "deals/7", single("deals", custom_field={"cf_tier": "Gold"})
    )
    silent, _ = run("update_deal", asked, "PUT", "deals/7", single("deals"))

    assert outcome.data["ignored_fields"] == ["cf_none"]
    assert outcome.message == "Deal updated; there is no custom field cf_none"
    assert "ignored_fields" not in silent.data


def test_a_classic_account_s_page_has_another_address() -> None:
    transport = FakeTransport().on("GET", "/api/leads/7", single("leads"))

    outcome = run_freshsales(
        "get_lead", {"lead_id": 7}, transport, origin="https://acme.freshsales.io"
    )

    assert outcome.data["lead_url"] == "https://acme.freshsales.io/leads/7"


READS = [
    ("get_contact", "contacts", "contact"),
    ("get_account", "sales_accounts", "account"),
    ("get_deal", "deals", "deal"),
    ("get_lead", "leads", "lead"),
    ("get_task", "tasks", "task"),
    ("get_appointment", "appointments", "appointment"),
    ("get_sales_activity", "sales_activities", "sales_activity"),
]


@pytest.mark.parametrize(("name", "collection", "word"), READS)
def test_one_is_read_with_what_was_asked_for(name: str, collection: str, word: str) -> None:
    body = json_reply({WRAPPERS[collection]: {"id": 7}, "users": [{"id": 1}]})

    outcome, transport = run(
        name, {f"{word}_id": 7, "include": ["owner"]}, "GET", f"{collection}/7", body
    )
    plain, _ = run(name, {f"{word}_id": 7}, "GET", f"{collection}/7", body)

    assert query_of(transport.requests[0]) == {"include": "owner"}
    assert (outcome.data[word], outcome.data["included"]) == ({"id": 7}, {"users": [{"id": 1}]})
    assert "included" not in plain.data
    assert CATALOGUE.find("freshsales", name).effect is Effect.READ


def pages_of(plural: str, *pages: list[dict[str, Any]]) -> Callable[[ProviderRequest], Any]:
    def answer(request: ProviderRequest) -> ProviderReply:
        number = int(query_of(request)["page"])
        return json_reply({plural: pages[number - 1] if number <= len(pages) else []})

    return answer


def test_a_note_is_read_out_of_those_of_its_record() -> None:
    listed = pages_of("notes", [{"id": 1}], [{"id": 7, "description": "Asked"}])
    outcome, transport = run("get_note", {"note_id": 7, **ABOUT}, "GET", "deals/3/notes", listed)

    assert outcome.data["note"] == {"id": 7, "description": "Asked"}
    assert [query_of(request)["page"] for request in transport.requests] == ["1", "2"]


@pytest.mark.parametrize("pages", [0, 1, 2, 5])
def test_a_note_that_is_not_there_costs_three_calls_at_most(pages: int) -> None:
    transport = FakeTransport()
    listed = pages_of("notes", *([{"id": 100 + number}] for number in range(pages)))
    transport.on("GET", f"{ROOT}/deals/3/notes", listed)

    with pytest.raises(NotFound, match="The deal has no such note"):
        run_freshsales("get_note", {"note_id": 7, **ABOUT}, transport)
    assert len(transport.requests) == min(pages + 1, 3)


DELETES = [
    ("delete_contact", "contacts", "contact", True),
    ("delete_account", "sales_accounts", "account", True),
    ("delete_deal", "deals", "deal", True),
    ("delete_lead", "leads", "lead", True),
    ("delete_task", "tasks", "task", False),
    ("delete_appointment", "appointments", "appointment", False),
    ("delete_note", "notes", "note", False),
    ("delete_sales_activity", "sales_activities", "sales_activity", False),
]


@pytest.mark.parametrize(("name", "collection", "word", "binned"), DELETES)
def test_one_is_deleted(name: str, collection: str, word: str, *, binned: bool) -> None:
    gone = ProviderReply(200, {}, b"true")
    wanted: dict[str, Any] = {f"{word}_id": 7, "deleted": True}

    outcome, _ = run(name, {f"{word}_id": 7}, "DELETE", f"{collection}/7", gone)

    assert outcome.data == wanted | ({"permanently": False} if binned else {})
    assert ("recycle bin" in outcome.message) is binned
    if binned:
        asked = {f"{word}_id": 7, "permanently": True}
        forgotten, _ = run(name, asked, "DELETE", f"{collection}/7/forget", gone)
        assert forgotten.data == wanted | {"permanently": True}
        assert forgotten.message.endswith("deleted for good")


def test_what_an_earlier_attempt_may_have_deleted_is_gone_by_right() -> None:
    missing = json_reply({"errors": {"code": 404, "message": ["Not found"]}}, 404)
    transport = FakeTransport().on("DELETE", f"{ROOT}/deals/7", missing)
    transport.on("GET", "/api/selector/owners", missing)

    with pytest.raises(NotFound):
        run_freshsales("delete_deal", {"deal_id": 7}, transport)
    outcome = run_freshsales("delete_deal", {"deal_id": 7}, transport, unsure=earlier_attempt())

    assert outcome.data["deleted"] is True


SEARCHES = [
    ("search_contacts", "contacts", "contacts", "contact"),
    ("search_accounts", "sales_accounts", "accounts", "sales_account"),
    ("search_deals", "deals", "deals", "deal"),
    ("search_leads", "leads", "leads", "lead"),
]


@pytest.mark.parametrize(("name", "collection", "plural", "wrapper"), SEARCHES)
def test_a_text_is_searched_for_among_one_kind(
    name: str, collection: str, plural: str, wrapper: str
) -> None:
    del collection
    rows = [{"id": "5", "type": wrapper}, {"id": "6", "type": "user"}, {"id": "8"}]

    outcome, transport = run(name, {"query": "ruiz"}, "GET", "search", json_reply(rows))

    assert query_of(transport.requests[0]) == {"q": "ruiz", "include": wrapper, "per_page": "25"}
    assert [row["id"] for row in outcome.data[plural]] == [5, 8]
    assert (outcome.data["count"], outcome.message) == (2, f"2 {plural} found")


@pytest.mark.parametrize(("name", "collection", "plural", "wrapper"), SEARCHES)
def test_a_value_is_looked_up(name: str, collection: str, plural: str, wrapper: str) -> None:
    rows = {collection: {collection: [{"id": 5}], "meta": {"total": 9}}}
    asked = {"field": "email", "value": "ana@acme.example"}

    outcome, transport = run(name, asked, "GET", "lookup", json_reply(rows))

    assert query_of(transport.requests[0]) == {
        "q": "ana@acme.example",
        "f": "email",
        "entities": wrapper,
    }
    assert outcome.data == {plural: [{"id": 5}], "count": 1, "has_more": True}


@pytest.mark.parametrize(("name", "collection", "plural", "wrapper"), SEARCHES)
def test_conditions_and_views_have_pages(
    name: str, collection: str, plural: str, wrapper: str
) -> None:
    rows = json_reply({collection: [{"id": 5}], "users": [{"id": 1}], "meta": {"total_pages": 3}})
    filters = [{"attribute": "city", "operator": "is_in", "value": ["Lima"]}]
    place = {"page": 2, "per_page": 50, "sort": "updated_at", "sort_type": "desc"}
    views = json_reply({"filters": [{"id": 3, "name": "My View"}, {"id": 4, "name": "All"}]})

    found, searched = run(
        name, {"filters": filters, **place}, "POST", f"filtered_search/{wrapper}", rows
    )
    transport = FakeTransport().on("GET", f"{ROOT}/{collection}/filters", views)
    transport.on("GET", f"{ROOT}/{collection}/view/3", rows)
    asked = {"view": " my view", "include": ["owner"], **place}
    listed = run_freshsales(name, asked, transport)
    by_id = run_freshsales(name, {"view": 3}, transport)
    by_text = run_freshsales(name, {"view": "3"}, transport)

    assert searched.requests[0].json == {"filter_rule": filters, "detail": True, **place}
    assert query_of(transport.requests[1]) == {
        "include": "owner", "page": "2", "per_page": "50", "sort": "updated_at",
        "sort_type": "desc",
    }  # fmt: skip
    wanted = {
        plural: [{"id": 5}], "count": 1, "page": 2, "total": None, "has_more": True,
        "included": {"users": [{"id": 1}]},
    }  # fmt: skip
    assert found.data == listed.data == wanted
    assert by_id.data == by_text.data
    assert by_id.data["page"] == 1


@pytest.mark.parametrize(("names", "advice"), [(["Open Deals"], "Open Deals"), ([], "none")])
def test_a_view_that_is_not_there_is_told_from_those_that_are(
    names: list[str], advice: str
) -> None:
    views = json_reply({"filters": [{"id": 3, "name": name} for name in names]})

    with pytest.raises(NotFound, match="no view of deals") as raised:
        run("search_deals", {"view": "All Deals"}, "GET", "deals/filters", views)
    assert advice in raised.value.advice


LISTS = [
    ("search_tasks", {"status": "overdue"}, "tasks", "tasks", {"filter": "overdue"}),
    ("search_tasks", ABOUT, "deals/3/tasks", "tasks", {}),
    ("search_appointments", {"when": "past"}, "appointments", "appointments", {"filter": "past"}),
    ("search_appointments", ABOUT, "deals/3/appointments", "appointments", {}),
    ("search_notes", ABOUT, "deals/3/notes", "notes", {}),
    ("search_sales_activities", {}, "sales_activities", "sales_activities", {}),
]


@pytest.mark.parametrize(("name", "parameters", "path", "plural", "query"), LISTS)
def test_what_is_about_records_is_listed(
    name: str, parameters: dict[str, Any], path: str, plural: str, query: dict[str, str]
) -> None:
    rows = json_reply({plural: [{"id": 5}], "meta": {"total": 1}})
    asked = {**parameters, "page": 1, "per_page": 10}

    outcome, transport = run(name, asked, "GET", path, rows)

    assert query_of(transport.requests[0]) == {**query, "page": "1", "per_page": "10"}
    assert outcome.data == {
        plural: [{"id": 5}], "count": 1, "page": 1, "total": 1, "has_more": False
    }  # fmt: skip


UPSERTS = [
    ("upsert_contact", "contacts", {"emails": "ana@acme.example"}, {"job_title": "CTO"}),
    ("upsert_account", "sales_accounts", {"name": "Acme"}, {"city": None}),
    ("upsert_deal", "deals", {"id": 7}, {"amount": 5}),
    ("upsert_lead", "leads", {"emails": "leo@berg.example"}, {"city": "Oslo"}),
]


@pytest.mark.parametrize(("name", "collection", "identifier", "fields"), UPSERTS)
@pytest.mark.parametrize(
    ("times", "new"),
    [
        (("2026-03-03T13:02:35+01:00", "2026-03-03T12:02:35Z"), True),
        (("2026-03-03T12:02:30Z", "2026-03-03T12:02:35Z"), False),
        (("2025-03-03T12:02:35Z", "2025-03-03T12:02:35Z"), False),
        ((None, None), False),
        (("2026-03-03T12:02:35Z", None), False),
    ],
)
def test_an_upsert_tells_what_it_was_as_far_as_times_tell(
    name: str, collection: str, identifier: Any, fields: Any, *, times: tuple[Any, Any], new: bool
) -> None:
    reply = single(collection, created_at=times[0], updated_at=times[1])

    outcome, transport = run(
        name, {"unique_identifier": identifier, **fields}, "POST", f"{collection}/upsert", reply
    )

    assert transport.requests[0].json == {
        "unique_identifier": identifier,
        WRAPPERS[collection]: fields,
    }
    assert outcome.data["created"] is new
    assert outcome.message.endswith("created" if new else "updated")
    assert CATALOGUE.find("freshsales", name).effect is Effect.SET


UPSERTS_ABOUT: list[tuple[str, str, dict[str, Any]]] = [
    ("upsert_task", "tasks", {"title": "Call", "due_date": "2026-03-06T09:00:00Z"}),
    ("upsert_appointment", "appointments", {"title": "Demo", **SENT_TIMES}),
    ("upsert_note", "notes", {"marker": "Ticket 7", "description": "Ticket 7: solved"}),
    ("upsert_sales_activity", "sales_activities", {n: CALL[n] for n in CALL if n not in ABOUT}),
]


def shown_about(asked: dict[str, Any], **fields: Any) -> dict[str, Any]:
    row = {name: value for name, value in asked.items() if name != "marker"}
    return {"id": 7, **row, "targetables": [{"id": 3, "type": "Deal"}], **fields}


def upserted(
    name: str, collection: str, asked: dict[str, Any], *pages: list[dict[str, Any]], **meta: Any
) -> tuple[dict[str, Any], FakeTransport, FakeLocks]:
    transport, locks = FakeTransport(), FakeLocks()
    place = collection if collection == "sales_activities" else f"deals/3/{collection}"
    answers = [json_reply({collection: page, "meta": meta}) for page in pages]
    transport.on("GET", f"{ROOT}/{place}", *answers)
    transport.on("POST", f"{ROOT}/{collection}", single(collection))
    for number in (7, 8):
        path = f"{ROOT}/{collection}/{number}"
        transport.on("PUT", path, json_reply({WRAPPERS[collection]: {"id": number}}))
    outcome = run_freshsales(name, {**asked, **ABOUT}, transport, locks=locks)
    return outcome.data, transport, locks


@pytest.mark.parametrize(("name", "collection", "asked"), UPSERTS_ABOUT)
def test_the_one_that_is_there_is_updated(
    name: str, collection: str, asked: dict[str, Any]
) -> None:
    title = "description" if collection == "notes" else "title"
    rows = [
        shown_about(asked, id=5, **{title: "Something else"}),
        shown_about(asked),
        shown_about(asked, id=8, **{title: str(asked[title]).upper()}),
    ]
    word = WORDS[collection]

    data, transport, locks = upserted(name, collection, asked, rows, total=3)

    assert (data[f"{word}_id"], data["created"]) == (8, False)
    assert [request.method for request in transport.requests] == ["GET", "PUT"]
    sent: Any = transport.requests[-1].json
    assert sent == {WRAPPERS[collection]: {n: v for n, v in asked.items() if n != "marker"} | ABOUT}
    assert locks.held == locks.released == [f"freshsales#193000002#{word}#Deal#3"]


@pytest.mark.parametrize(("name", "collection", "asked"), UPSERTS_ABOUT)
def test_where_there_is_none_it_is_created(
    name: str, collection: str, asked: dict[str, Any]
) -> None:
    title = "description" if collection == "notes" else "title"
    other = shown_about(asked, **{title: "Something else"})
    elsewhere = shown_about(asked, targetables=[{"id": 4, "type": "Deal"}])
    rows = [other] if collection == "notes" else [other, elsewhere]

    data, transport, _ = upserted(name, collection, asked, rows, [])

    assert data["created"] is True
    assert [request.method for request in transport.requests] == ["GET", "GET", "POST"]


@pytest.mark.parametrize(("name", "collection", "asked"), UPSERTS_ABOUT)
def test_more_than_can_be_looked_through_are_refused_unless_one_fits(
    name: str, collection: str, asked: dict[str, Any]
) -> None:
    title = "description" if collection == "notes" else "title"
    pages = [[shown_about(asked, id=100 + n, **{title: "Other"})] for n in range(5)]

    with pytest.raises(InvalidRequest, match="than can be looked through") as raised:
        upserted(name, collection, asked, *pages)
    assert "update_" in raised.value.advice
    data, transport, _ = upserted(name, collection, asked, pages[0], [shown_about(asked)], *pages)

    assert data["created"] is False
    assert len(transport.requests) == 4


def test_a_note_is_known_by_what_it_begins_with() -> None:
    asked = {"marker": "Ticket #7", "description": "Ticket 7: solved"}
    rows = [
        shown_about(asked, id=5, description="Re: ticket 7"),
        shown_about(asked, id=6, description=None),
        shown_about(asked, description="<p><b>Ticket</b> 7 &mdash; open</p>"),
        shown_about(asked, id=8, description="Ticket 77"),
    ]

    data, _, _ = upserted("upsert_note", "notes", asked, rows, total=4)

    assert data["note_id"] == 7


def test_a_lead_is_converted_with_what_it_became() -> None:
    reply = json_reply({"contact": {"id": 1}, "sales_account": {"id": 2}, "deal": {"id": 3}})
    asked = {"lead_id": 7, "company": {"name": "Berg AS"}, "deal": {"name": "Seats"}}

    outcome, transport = run("convert_lead", asked, "POST", "leads/7/convert", reply)

    assert transport.requests[0].json == {
        "lead": {"company": {"name": "Berg AS"}, "deal": {"name": "Seats"}}
    }
    data = outcome.data
    assert (data["contact_id"], data["account_id"], data["deal_id"]) == (1, 2, 3)
    assert data["account_url"] == f"{ORIGIN}/crm/sales/sales_accounts/2"
    assert (data["lead_id"], data["converted"]) == (7, True)


@pytest.mark.parametrize(
    ("name", "parameters", "named"),
    [
        ("create_contact", {"first_name": "Ana"}, {""}),
        ("create_contact", {"last_name": "R", "custom_field": {"tier": "Gold"}}, {"custom_field"}),
        ("create_contact", {"emails": "hot-secret"}, {"emails.0"}),
        ("create_contact", {"last_name": "R", "on_duplicate": "hot-secret"}, {"on_duplicate"}),
        ("create_contact", {"last_name": "R", "owner_id": True}, {"owner_id"}),
        ("create_contact", {"last_name": "R", "nickname": "x"}, {"nickname"}),
        ("update_contact", {"contact_id": 7}, {""}),
        ("upsert_contact", {"unique_identifier": {}}, {"unique_identifier"}),
        ("upsert_contact", {"unique_identifier": {"id": 1, "external_id": "2"}},
         {"unique_identifier"}),
        ("upsert_account", {"unique_identifier": {"name": "A", "id": 1}}, {"unique_identifier"}),
        ("upsert_deal", {"unique_identifier": {"name": None}}, {"unique_identifier"}),
        ("upsert_lead", {"unique_identifier": {}}, {"unique_identifier"}),
        ("create_account", {}, {"name"}),
        ("create_account", {"name": ""}, {"name"}),
        ("create_deal", {"name": "Seats"}, {"amount"}),
        ("create_deal", {**SEATS, "sales_account": {"name": "A"}, "sales_account_id": 1}, {""}),
        ("create_lead", {"first_name": "Leo"}, {""}),
        ("create_task", {"title": "Call"}, {"due_date"}),
        ("create_task", {"title": "Call", "due_date": "2026-03-06", "targetable_id": 1}, {""}),
        ("create_appointment", {"title": "Demo", "from_date": "2026-03-06T10:00:00Z",
                                "end_date": "2026-03-06T09:00:00Z"}, {""}),
        ("upsert_note", {"marker": "Ticket 7", "description": "Solved", **ABOUT}, {""}),
        ("upsert_note", {"marker": "!!!", "description": "!!! x", **ABOUT}, {""}),
        ("upsert_task", {"title": "Call", "due_date": "2026-03-06"},
         {"targetable_type", "targetable_id"}),
        ("create_note", {"description": "x", "targetable_type": "Ticket", "targetable_id": 1},
         {"targetable_type"}),
        ("create_sales_activity", {"title": "Call"},
         {"start_date", "end_date", "sales_activity_type_id", "targetable_type", "targetable_id"}),
        ("search_contacts", {}, {""}),
        ("search_contacts", {"query": "ana", "view": 3}, {""}),
        ("search_contacts", {"field": "email"}, {""}),
        ("search_contacts", {"query": "ana", "include": ["owner&x=1"]}, {"include.0"}),
        ("search_tasks", {}, {""}),
        ("search_tasks", {"status": "open", **ABOUT}, {""}),
        ("search_appointments", {}, {""}),
        ("get_contact", {"contact_id": "7/forget"}, {"contact_id"}),
        ("delete_note", {"note_id": 0}, {"note_id"}),
    ],
)  # fmt: skip
def test_wrong_parameters_are_named_and_not_quoted(
    name: str, parameters: dict[str, Any], named: set[str]
) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshsales", name), parameters)

    found = {field.field for field in raised.value.fields}
    assert {place.partition(".")[0] for place in found} == {n.partition(".")[0] for n in named}
    assert "hot-secret" not in str(raised.value)


@given(st.integers(2**53, 2**63 - 1))
def test_ids_beyond_what_a_float_holds_arrive_unchanged(number: int) -> None:
    transport = FakeTransport()
    path = f"{ROOT}/deals/{number}"
    transport.on("PUT", path, json_reply({"deal": {"id": number, "mcr_id": number}}))

    for given_id in (number, str(number)):
        outcome = run_freshsales(
            "update_deal", {"deal_id": given_id, "owner_id": given_id}, transport
        )
        assert outcome.data["deal_id"] == outcome.data["deal"]["mcr_id"] == number
        sent: Any = transport.requests[-1].json
        assert sent == {"deal": {"owner_id": number}}


def test_an_instance_s_own_names_are_freshdesk_s_alone() -> None:
    outcome, transport = run(
        "search_contacts", {"query": "category: vip"}, "GET", "search", json_reply([])
    )

    assert query_of(transport.requests[0])["q"] == "category: vip"
    assert outcome.message == "0 contacts found"
