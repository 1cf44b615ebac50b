"""Tickets are searched by query and by filters, and the query is right before it is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Outcome
from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.actions.freshdesk.ticket_query import parse
from freshbridge.errors import InvalidRequest
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests import builders
from tests.fakes.actions import FakeReference, run_action
from tests.fakes.provider import FakeTransport, json_reply, query_of

SEARCH = "/api/v2/search/tickets"
FIELDS: list[dict[str, Any]] = [
    {
        "name": "status",
        "type": "default_status",
        "choices": {"2": ["Open", ""], "3": ["Pending", ""], "8": ["In Review", ""]},
    },
    {"name": "cf_region", "type": "custom_dropdown"},
    {"name": "cf_vip", "type": "custom_checkbox"},
    {"name": "cf_size", "type": "custom_number"},
    {"name": "cf_renewal", "type": "custom_date"},
    {"name": "cf_order", "type": "custom_text"},
    {"name": "cf_root_cause", "type": "custom_paragraph"},
    {"name": "cf_country", "type": "nested_field"},
]


def one_page(total: int = 1) -> FakeTransport:
    return FakeTransport().on("GET", SEARCH, json_reply({"total": total, "results": [{"id": 7}]}))


def query_sent(parameters: dict[str, Any], **services: Any) -> str:
    """The query of the one request, without its double quotes."""
    fake = one_page()
    run_action("search_tickets", parameters, fake, **services)
    (request,) = fake.requests
    query = query_of(request)["query"]
    assert (query[0], query[-1]) == ('"', '"')
    parse(query)
    return query[1:-1]


def refused(parameters: dict[str, Any]) -> dict[str, str]:
    fake = one_page()
    with pytest.raises(InvalidParameters) as raised:
        run_action("search_tickets", parameters, fake)
    assert fake.requests == []
    return {field.field: field.message for field in raised.value.fields}


def test_a_query_is_sent_as_it_is() -> None:
    fake = one_page(total=61)
    query = "(status:2 OR status:3) AND tag:'müller & co' AND created_at:>'2026-01-31'"

    outcome = run_action("search_tickets", {"query": query, "page": 2}, fake)

    assert query_of(fake.requests[0]) == {"query": f'"{query}"', "page": "2"}
    assert outcome.data == {"tickets": [{"id": 7}], "total": 61, "page": 2, "next_page": 3}
    assert outcome.message == "1 of 61 tickets"


def test_the_last_page_has_none_after_it() -> None:
    last = run_action("search_tickets", {"query": "status:2", "page": 10}, one_page(total=900))
    only = run_action("search_tickets", {"query": "status:2"}, one_page(total=30))
    assert (last.data["next_page"], only.data["next_page"]) == (None, None)


def test_double_quotes_around_a_query_are_its_users_habit() -> None:
    assert query_sent({"query": ' "status:2" '}) == "status:2"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("status:2 AND", "is missing, at character 13"),
        ("status:'2'", "status takes a whole number without quotes, at character 1"),
        ("responder_id:5", "did you mean agent_id"),
        ("tag:'it's'", "a blank was expected after the value, at character 9"),
        ("", "is missing"),
        ("tag:'" + "x" * 520 + "'", "at most 512 characters, this one 526"),
    ],
)
def test_a_query_that_is_wrong_says_where(query: str, words: str) -> None:
    said = refused({"query": query})
    assert words in said["query"]


def test_a_query_may_be_512_characters_long_and_no_longer() -> None:
    longest = "tag:'" + "x" * 506 + "'"
    assert len(query_sent({"query": f'"{longest}"'})) == 512
    assert "this one 513" in refused({"query": longest.replace("x", "xx", 1)})["query"]


def test_filters_may_not_make_it_longer() -> None:
    fake = one_page()
    long = {"query": "tag:'" + "x" * 490 + "'", "filters": {"agent_id": 2**62}}
    with pytest.raises(InvalidRequest, match="longer than 512"):
        run_action("search_tickets", long, fake)
    assert fake.requests == []


def test_filters_are_written_as_a_query() -> None:
    filters = {
        "status": ["open", 3, "In Review"],
        "priority": "urgent",
        "agent_id": [None, 456],
        "group_id": 123,
        "type": "Feature Request",
        "tag": ["a b", "c"],
        "created_from": "2026-01-01",
        "created_to": "2026-01-31",
        "updated_from": "2026-02-01",
        "due_to": "2026-03-01",
        "fr_due_from": "2026-02-28",
        "custom_fields": {"cf_region": ["EMEA", "APAC"], "cf_vip": True, "cf_size": None},
    }
    query = query_sent({"filters": filters}, reference=FakeReference(ticket_fields=FIELDS))
    assert query == (
        "(status:2 OR status:3 OR status:8) AND priority:4"
        " AND (agent_id:null OR agent_id:456) AND group_id:123 AND type:'Feature Request'"
        " AND (tag:'a b' OR tag:'c') AND (cf_region:'EMEA' OR cf_region:'APAC') AND cf_vip:true"
        " AND cf_size:null AND created_at:>'2026-01-01' AND created_at:<'2026-01-31'"
        " AND updated_at:>'2026-02-01' AND due_by:<'2026-03-01' AND fr_due_by:>'2026-02-28'"
    )


def test_nobody_and_nothing_are_null() -> None:
    nobody = {"filters": {"agent_id": None, "type": None}}
    assert query_sent(nobody) == "agent_id:null AND type:null"


def test_a_persons_own_name_of_a_field_is_freshdesks_in_the_query() -> None:
    named = builders.instance(config={"custom_field_mapping": {"cf_region": "sales region"}})
    query = query_sent(
        {"filters": {"custom_fields": {"sales region": "EMEA"}}},
        reference=FakeReference(ticket_fields=FIELDS),
        instance=named,
    )
    assert query == "cf_region:'EMEA'"


@pytest.mark.parametrize("name", ["cf_a:1 OR status", "status", "", "cf_é", "cf_" + "x" * 260])
def test_a_custom_fields_name_cannot_change_what_is_asked(name: str) -> None:
    # Where the account's fields cannot be told, names are not compared with them.
    fake = one_page()
    with pytest.raises(InvalidRequest) as raised:
        run_action("search_tickets", {"filters": {"custom_fields": {name: 1}}}, fake)
    assert [field.field for field in raised.value.fields] == [f"filters.custom_fields.{name}"]
    assert fake.requests == []


def test_a_query_and_filters_both_have_to_hold() -> None:
    both = {"query": "status:2 OR status:3", "filters": {"group_id": 5}}
    assert query_sent(both) == "(status:2 OR status:3) AND group_id:5"


@pytest.mark.parametrize(
    ("filters", "field", "words"),
    [
        ({"tag": "it's"}, "filters.tag.0", "character 3 cannot be searched for"),
        ({"tag": ["ok", 'a"b']}, "filters.tag.1", "character 2"),
        ({"type": "a\nb"}, "filters.type.0", "line break"),
        ({"status": []}, "filters.status", "at least 1"),
        ({"status": None}, "filters.status.0", "2 Open"),
        ({"priority": "hot"}, "filters.priority.0", "Urgent"),
        ({"agent_id": True}, "filters.agent_id.0", "id"),
        ({"created_from": "2026-03-03T10:00:00Z"}, "filters.created_from", "give a day"),
        ({"created_from": 20260303}, "filters.created_from", "give a day"),
        ({"created_from": "2026-02-30"}, "filters.created_from", "give a day"),
        ({"due_from": "2026-03-02", "due_to": "2026-03-01"}, "filters", "later than due_to"),
        ({"responder_id": 5}, "filters.responder_id", "no such parameter"),
        ({"custom_fields": {"cf_a": ["it's"]}}, "filters.custom_fields.cf_a.0", "searched"),
        ({}, "", "give query, filters, or both"),
    ],
)
def test_a_filter_that_cannot_be_written_is_refused(
    filters: dict[str, Any], field: str, words: str
) -> None:
    said = refused({"filters": filters})
    found = [message for name, message in said.items() if name.startswith(field)]
    assert any(words in message for message in found), said


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": "status:2", "page": 11},
        {"query": "status:2", "page": 1, "limit": 5},
        {"query": "status:2", "page": 1, "all": True},
        {"query": "status:2", "limit": 10_001},
        {"query": "status:2", "limit": "5"},
    ],
)
def test_pages_and_limits_are_checked(parameters: dict[str, Any]) -> None:
    refused(parameters)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("cf_regio:'EMEA'", "did you mean cf_region?, at character 1"),
        ("status:2 AND cf_vip:'yes'", "cf_vip takes true or false, at character 14"),
        ("cf_size:>'5'", "cf_size takes a whole number"),
        ("cf_renewal:5", "cf_renewal takes a day"),
        ("cf_order:>'a'", "cannot be compared"),
        ("cf_root_cause:'x'", "knows no cf_root_cause"),
    ],
)
def test_the_accounts_own_fields_are_checked(query: str, words: str) -> None:
    reference = FakeReference(ticket_fields=FIELDS)
    fake = one_page()
    with pytest.raises(InvalidRequest) as raised:
        run_action("search_tickets", {"query": query}, fake, reference=reference)

    (field,) = raised.value.fields
    assert (field.field, words in field.message) == ("query", True), field.message
    assert fake.requests == []
    # What is kept may be older than the field.
    assert reference.refreshed == ["ticket_fields"]


def test_a_field_made_since_is_found_by_reading_them_again() -> None:
    reference = FakeReference(ticket_fields=[FIELDS[:1], FIELDS])
    assert query_sent({"query": "cf_vip:true"}, reference=reference) == "cf_vip:true"
    assert reference.refreshed == ["ticket_fields"]


def test_a_field_of_a_kind_unknown_here_is_left_to_freshdesk() -> None:
    reference = FakeReference(ticket_fields=FIELDS)
    assert query_sent({"query": "cf_country:'Peru'"}, reference=reference)
    assert reference.refreshed == []


def test_a_fresh_answer_is_believed_at_once() -> None:
    class Uncached(FakeReference):
        def get(self, *given: Any, **named: Any) -> Any:
            found = super().get(*given, **named)
            return type(found)(found.records, cached=False)

    reference = Uncached(ticket_fields=FIELDS)
    with pytest.raises(InvalidRequest):
        run_action("search_tickets", {"query": "cf_x:1"}, one_page(), reference=reference)
    assert reference.refreshed == []


class Index:
    """A search over tickets of known days, 30 a page and 300 at most, as Freshdesk's."""

    def __init__(self, days: list[date]) -> None:
        self.tickets = dict(enumerate(days, 1))
        self.transport = FakeTransport().on("GET", SEARCH, self._answer)

    def _answer(self, request: ProviderRequest) -> ProviderReply:
        asked = query_of(request)
        found = [number for number in self.tickets if self._holds(asked["query"], number)]
        page = int(asked["page"])
        assert page <= 10
        results = [{"id": number} for number in found[(page - 1) * 30 : page * 30]]
        return json_reply({"total": len(found), "results": results})

    def _holds(self, query: str, number: int) -> bool:
        day = self.tickets[number].isoformat()
        for condition in parse(query):
            value = str(condition.value)
            if condition.field == "created_at" and condition.comparison == ">" and day < value:
                return False
            if condition.field == "created_at" and condition.comparison == "<" and day > value:
                return False
        return True

    def run(self, **parameters: Any) -> Outcome:
        return run_action("search_tickets", parameters, self.transport, now=NOW)


NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
TODAY = NOW.date()


def test_more_than_300_are_read_by_days_of_creation() -> None:
    index = Index([TODAY - timedelta(days=number % 400) for number in range(1_000)])

    outcome = index.run(query="status:2 OR status:3", all=True)

    assert {ticket["id"] for ticket in outcome.data["tickets"]} == set(index.tickets)
    assert (outcome.data["total"], outcome.data["complete"]) == (1_000, True)
    assert outcome.data["credits"] == len(index.transport.requests) < 60
    assert outcome.message == "1,000 of 1,000 tickets"
    narrowed = [query_of(one)["query"] for one in index.transport.requests if "created" in one.url]
    assert all(query.startswith('"(status:2 OR status:3) AND ') for query in narrowed)


def test_a_limit_ends_the_reading_and_says_so() -> None:
    index = Index([TODAY - timedelta(days=number % 400) for number in range(1_000)])
    outcome = index.run(filters={"priority": 1}, limit=45)

    assert len(outcome.data["tickets"]) == 45
    assert (outcome.data["complete"], outcome.data["shortfalls"]) == (False, ["limit"])
    assert len(index.transport.requests) == 2


def test_days_of_creation_bound_the_reading() -> None:
    index = Index([TODAY - timedelta(days=number % 100) for number in range(1_000)])
    first, last = TODAY - timedelta(days=60), TODAY - timedelta(days=10)
    outcome = index.run(
        filters={"created_from": first.isoformat(), "created_to": last.isoformat()}, all=True
    )
    wanted = {number for number, day in index.tickets.items() if first <= day <= last}
    assert {ticket["id"] for ticket in outcome.data["tickets"]} == wanted
    assert outcome.data["complete"]


TEXTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="'\""),
    min_size=1,
    max_size=40,
)


@given(TEXTS, st.integers(1, 2**63 - 1))
def test_any_text_and_id_of_a_filter_arrive(text: str, agent_id: int) -> None:
    query = query_sent({"filters": {"tag": text, "agent_id": agent_id}})
    assert [one.value for one in parse(query)] == [agent_id, text]
