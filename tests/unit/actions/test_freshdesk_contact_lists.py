"""Searching and listing contacts: the query that is sent, and what is refused before it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.freshdesk import ticket_query
from freshbridge.errors import Forbidden, InvalidRequest, NotFound
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.actions import FakeReference, run_action
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of

SEARCH = "/api/v2/search/contacts"
COMPANIES_NAMED = "/api/v2/companies/autocomplete"
FORM = [
    {"name": "department", "type": "custom_text"},
    {"name": "loyalty_points", "type": "custom_number"},
    {"name": "newsletter", "type": "custom_checkbox"},
    {"name": "cf_membership", "type": "custom_dropdown"},
    {"name": "birthday", "type": "custom_date"},
    {"name": "name", "type": "default_name"},
]


def found(*records: dict[str, Any], total: int | None = None) -> ProviderReply:
    """A page of results."""
    return json_reply({"total": len(records) if total is None else total, "results": records})


def asked(parameters: dict[str, Any], **given_services: Any) -> str:
    """The query that a search for nobody sends, without its double quotes."""
    provider = FakeTransport().on("GET", SEARCH, found())
    run_action("search_contacts", parameters, provider, **given_services)
    query = query_of(provider.requests[-1])["query"]
    assert query[0] == query[-1] == '"'
    return query[1:-1]


def refused(name: str, parameters: dict[str, Any]) -> set[str]:
    """The fields that the action's model refuses."""
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", name), parameters)
    return {field.field for field in raised.value.fields}


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"email": "mira@client.example"}, "email:'mira@client.example'"),
        ({"phone": "+44 20"}, "phone:'+44 20'"),
        ({"mobile": "0"}, "mobile:'0'"),
        ({"twitter_id": "mira"}, "twitter_id:'mira'"),
        ({"company_id": "88000596607"}, "company_id:88000596607"),
        ({"tag": "very important"}, "tag:'very important'"),
        ({"active": False}, "active:false"),
        ({"language": "en", "time_zone": "London"}, "language:'en' AND time_zone:'London'"),
        ({"updated_from": "2026-01-02"}, "updated_at:>'2026-01-02'"),
        ({"updated_to": "2026-01-02"}, "updated_at:<'2026-01-02'"),
        ({"created_from": "2026-01-02"}, "created_at:>'2026-01-02'"),
        (
            {"created_from": "2026-01-02", "created_to": "2026-01-02", "tag": "a"},
            "tag:'a' AND created_at:>'2026-01-02' AND created_at:<'2026-01-02'",
        ),
        ({"query": "tag:'a' OR tag:'b'"}, "tag:'a' OR tag:'b'"),
        ({"query": "\"tag:'a'\""}, "tag:'a'"),
        ({"query": "tag:'a' OR tag:'b'", "active": True}, "active:true AND (tag:'a' OR tag:'b')"),
        (
            {"query": "tag:'a' OR tag:'b'", "created_to": "2026-01-02"},
            "(tag:'a' OR tag:'b') AND created_at:<'2026-01-02'",
        ),
    ],
)
def test_conditions_become_a_query(parameters: dict[str, Any], query: str) -> None:
    assert asked(parameters) == query


@pytest.mark.parametrize(
    ("name", "value", "query"),
    [
        ("department", "Finance & Tax", "department:'Finance & Tax'"),
        ("department", None, "department:null"),
        ("loyalty_points", 12, "loyalty_points:12"),
        ("newsletter", True, "newsletter:true"),
        ("cf_membership", "Gold", "cf_membership:'Gold'"),
    ],
)
def test_the_accounts_own_fields_are_searched_by_their_kind(
    name: str, value: Any, query: str
) -> None:
    reference = FakeReference(contact_fields=FORM)

    assert asked({"custom_fields": {name: value}}, reference=reference) == query


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("departement", "Finance", "did you mean"),
        ("loyalty_points", "12", "whole number"),
        ("newsletter", "yes", "true or false"),
        ("department", 7, "single quotes"),
        ("birthday", "2026-01-01", "knows no birthday"),
        ("department", "O'Brien", "cannot be searched for"),
    ],
)
def test_a_custom_field_that_cannot_be_searched_so_is_refused_before_any_call(
    name: str, value: Any, words: str
) -> None:
    provider = FakeTransport()
    reference = FakeReference(contact_fields=FORM)

    with pytest.raises(InvalidRequest) as raised:
        run_action(
            "search_contacts", {"custom_fields": {name: value}}, provider, reference=reference
        )

    assert words in str(raised.value)
    assert provider.requests == []


def test_a_query_may_leave_out_the_prefix_that_a_form_shows() -> None:
    reference = FakeReference(contact_fields=FORM)

    for query in ("membership:'Gold'", "cf_membership:'Gold'"):
        assert asked({"query": query}, reference=reference) == query


def test_a_field_that_is_new_in_the_account_is_found_by_reading_the_form_again() -> None:
    reference = FakeReference(contact_fields=[FORM[:1], FORM])

    assert asked({"custom_fields": {"newsletter": True}}, reference=reference) == "newsletter:true"
    assert reference.refreshed == ["contact_fields"]


def test_fields_of_every_account_need_no_look_at_the_form() -> None:
    class NoReference(FakeReference):
        def get(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("the form was read")

    assert asked({"tag": "vip"}, reference=NoReference()) == "tag:'vip'"


def test_a_key_that_may_not_read_the_form_leaves_the_names_to_freshdesk() -> None:
    class Locked(FakeReference):
        def get(self, *_: Any, **__: Any) -> Any:
            raise Forbidden("not for you")

    reference = Locked()

    assert asked({"custom_fields": {"secret": 1}}, reference=reference) == "secret:1"
    with pytest.raises(InvalidRequest):
        asked({"query": "secret:1 AND active:'yes'"}, reference=reference)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("tag:vip", "character 5"),
        ("tag:'vip' and active:true", "AND or OR"),
        ("(tag:'vip'", "bracket"),
        ("active:true) OR (active:false", "bracket"),
        ("status:2", "knows no status"),
        ("company_id:'7'", "whole number"),
        ("created_at:>'yesterday'", "YYYY-MM-DD"),
        ("   ", "missing"),
        ("tag:'" + "x" * 507 + "'", "512"),
    ],
)
def test_a_query_that_freshdesk_would_not_take_is_not_sent(query: str, words: str) -> None:
    provider = FakeTransport().on("GET", SEARCH, found())

    with pytest.raises(InvalidRequest) as raised:
        run_action("search_contacts", {"query": query}, provider)

    assert words in str(raised.value)
    assert provider.requests == []


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({}, {""}),
        ({"limit": 5}, {""}),
        ({"tag": "a", "limit": 0}, {"limit"}),
        ({"tag": "a", "limit": 2001}, {"limit"}),
        ({"company": "Client Ltd", "company_id": 7}, {""}),
        ({"created_from": "2026-01-02", "created_to": "2026-01-01"}, {""}),
        ({"created_from": "02.01.2026"}, {"created_from"}),
        ({"updated_to": 20260101}, {"updated_to"}),
        ({"active": "true"}, {"active"}),
        ({"email": "client.example"}, {"email"}),
    ],
)
def test_a_search_that_asks_nothing_or_nonsense_is_refused(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    assert refused("search_contacts", parameters) == fields


def test_a_company_is_found_by_its_name_first() -> None:
    provider = FakeTransport().on("GET", SEARCH, found())
    named = {"companies": [{"id": 6, "name": "Client Ltd London"}, {"id": 7, "name": "client ltd"}]}
    provider.on("GET", COMPANIES_NAMED, json_reply(named))

    run_action("search_contacts", {"company": " Client Ltd "}, provider)

    assert query_of(provider.requests[0]) == {"name": "Client Ltd"}
    assert query_of(provider.requests[1])["query"] == '"company_id:7"'


def test_a_company_of_no_name_is_told_what_begins_alike() -> None:
    named = {"companies": [{"id": 6, "name": "Client Ltd London"}]}
    provider = FakeTransport().on("GET", COMPANIES_NAMED, json_reply(named))

    with pytest.raises(NotFound) as raised:
        run_action("search_contacts", {"company": "Client Ltd"}, provider)

    assert "Client Ltd London" in raised.value.advice


def test_the_answer_says_what_was_found_and_whether_that_is_all() -> None:
    people = [{"id": number} for number in range(1, 31)]
    provider = FakeTransport().on("GET", SEARCH, found(*people, total=5000))

    outcome = run_action("search_contacts", {"tag": "vip", "limit": 30}, provider)

    data = outcome.data
    assert (data["contacts"], data["total"], data["complete"]) == (people, 5000, False)
    assert (data["shortfalls"], data["credits"], data["resume_to"]) == (["limit"], 1, None)
    assert "limit" in data["advice"][0]
    assert "minutes" in data["note"]
    assert outcome.message == "30 of 5000 contacts found"


class SearchServer:
    """Answers as the search does, for people created on known days."""

    def __init__(self, days: list[str]) -> None:
        self.people = [{"id": number, "created_at": day} for number, day in enumerate(days, 1)]

    def __call__(self, request: ProviderRequest) -> ProviderReply:
        """One page of 30."""
        query = query_of(request)
        people = self.people
        for one in ticket_query.parse(query["query"]):
            if one.comparison == ">":
                people = [p for p in people if str(p["created_at"]) >= str(one.value)]
            elif one.comparison == "<":
                people = [p for p in people if str(p["created_at"]) <= str(one.value)]
        start = 30 * (int(query["page"]) - 1)
        return found(*people[start : start + 30], total=len(people))


def test_more_than_300_are_read_by_days_and_each_once() -> None:
    days = [f"2026-{month:02}-{day:02}" for month in (1, 2) for day in range(1, 29)] * 12
    provider = FakeTransport().on("GET", SEARCH, SearchServer(days))

    outcome = run_action("search_contacts", {"tag": "vip", "limit": 2000}, provider)

    assert outcome.data["complete"] is True
    assert len(outcome.data["contacts"]) == len(days) == outcome.data["total"]
    assert {one["id"] for one in outcome.data["contacts"]} == set(range(1, len(days) + 1))
    assert outcome.data["credits"] == len(provider.requests) < len(days) / 30 + 12


def test_a_crowded_day_is_owned_up_to() -> None:
    provider = FakeTransport().on("GET", SEARCH, SearchServer(["2026-02-10"] * 450))

    outcome = run_action("search_contacts", {"tag": "vip", "limit": 2000}, provider)

    assert outcome.data["complete"] is False
    assert (len(outcome.data["contacts"]), outcome.data["total"]) == (300, 450)
    assert outcome.data["shortfalls"] == ["crowded_day"]
    assert outcome.data["crowded_days"] == ["2026-02-10"]


SEARCHABLE = st.text(
    st.characters(codec="utf-8", exclude_characters="'\"", exclude_categories=("C", "Z")),
    min_size=1,
    max_size=40,
)


@given(tag=SEARCHABLE, phone=SEARCHABLE, number=st.integers(1, 2**63 - 1))
def test_what_is_asked_for_reads_as_the_same_values(tag: str, phone: str, number: int) -> None:
    query = asked({"tag": tag, "phone": phone, "company_id": number})

    assert {one.field: one.value for one in ticket_query.parse(query)} == {
        "tag": tag,
        "phone": phone,
        "company_id": number,
    }


@given(st.text(max_size=60))
def test_no_tag_can_add_a_condition_of_its_own(tag: str) -> None:
    try:
        query = asked({"tag": f"x{tag}' OR active:true OR tag:'"})
    except InvalidRequest:
        return
    raise AssertionError(f"sent {query}")


def test_a_list_is_read_page_by_page() -> None:
    people = [{"id": number} for number in range(250)]
    provider = FakeTransport().on("GET", "/api/v2/contacts", PagedList(people))
    parameters = {
        "company_id": 7,
        "state": "verified",
        "updated_since": "2026-03-01T01:00:00+01:00",
        "page": 2,
    }

    outcome = run_action("list_contacts", parameters, provider)

    assert query_of(provider.requests[0]) == {
        "company_id": "7",
        "state": "verified",
        "updated_since": "2026-03-01T00:00:00Z",
        "page": "2",
        "per_page": "100",
    }
    assert outcome.data["contacts"] == people[100:200]
    assert outcome.data["next_page"] == 3
    assert outcome.message == "100 contacts listed"


def test_a_list_is_read_up_to_a_limit() -> None:
    people = [{"id": number} for number in range(250)]
    provider = FakeTransport().on("GET", "/api/v2/contacts", PagedList(people))

    outcome = run_action("list_contacts", {"limit": 3000}, provider)

    assert (outcome.data["contacts"], outcome.data["next_page"]) == (people, None)


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"per_page": 101}, {"per_page"}),
        ({"page": 0}, {"page"}),
        ({"state": "spam"}, {"state"}),
        ({"contact_type": "agent"}, {"contact_type"}),
        ({"updated_since": "yesterday"}, {"updated_since"}),
    ],
)
def test_a_list_that_freshdesk_does_not_have_is_refused(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    assert refused("list_contacts", parameters) == fields


def test_a_search_that_freshdesk_refuses_is_an_error() -> None:
    provider = FakeTransport().on("GET", SEARCH, empty_reply(403))

    with pytest.raises(Forbidden):
        run_action("search_contacts", {"tag": "vip"}, provider)
