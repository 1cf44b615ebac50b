"""Company actions: what goes over the wire, what comes back, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.once import FOUND
from freshbridge.errors import Conflict, InvalidRequest, ProviderDown
from freshbridge.http_message import ProviderReply
from tests import builders
from tests.fakes.actions import FakeReference, earlier_attempt, run_action
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of

COMPANIES = "/api/v2/companies"
COMPANY = f"{COMPANIES}/88000596607"
NAMED = f"{COMPANIES}/autocomplete"
SEARCH = "/api/v2/search/companies"
STORED = {"id": 88000596607, "name": "Client Ltd", "org_company_id": 1848295627395445761}
FORM = [{"name": "seats", "type": "custom_number"}, {"name": "segment", "type": "custom_dropdown"}]


def clash(field: str = "name") -> ProviderReply:
    """Freshdesk's 409, which does not name the company."""
    error = {"field": field, "message": "It should be a unique value", "code": "duplicate_value"}
    return json_reply({"description": "Validation failed", "errors": [error]}, status=409)


def named(*companies: tuple[int, str]) -> ProviderReply:
    """An answer of the look-up by name."""
    return json_reply({"companies": [{"id": one, "name": name} for one, name in companies]})


def refused(name: str, parameters: dict[str, Any]) -> set[str]:
    """The fields that the action's model refuses."""
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", name), parameters)
    return {field.field for field in raised.value.fields}


def test_a_company_is_created_with_all_that_is_said_of_it() -> None:
    provider = FakeTransport().on("POST", COMPANIES, json_reply(STORED, status=201))
    parameters = {
        "name": "Client Ltd",
        "domains": ["Client.Example ", "client.example", "client2.example"],
        "renewal_date": "2026-12-31",
        "note": None,
        "health_score": "Happy",
        "custom_fields": {"seats": 12},
    }

    outcome = run_action(
        "create_company", parameters, provider, reference=FakeReference(company_fields=FORM)
    )

    assert provider.requests[0].json == {
        "name": "Client Ltd",
        "domains": ["client.example", "client2.example"],
        "renewal_date": "2026-12-31",
        "health_score": "Happy",
        "custom_fields": {"seats": 12},
    }
    assert outcome.message == "Company created"
    assert outcome.data == {
        "company_id": 88000596607,
        "company_url": "https://acme.freshdesk.com/a/companies/88000596607",
        "created": True,
        "updated": False,
        "company": STORED,
    }


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({}, {"name"}),
        ({"name": ""}, {"name"}),
        ({"name": "x" * 256}, {"name"}),
        ({"name": "Client", "domains": "client.example"}, {"domains"}),
        ({"name": "Client", "domains": ["https://client.example"]}, {"domains.0"}),
        ({"name": "Client", "renewal_date": "soon"}, {"renewal_date"}),
        ({"name": "Client", "renewal_date": 20261231}, {"renewal_date"}),
    ],
)
def test_a_company_that_cannot_be_made_is_refused(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    assert refused("create_company", parameters) == fields


def test_an_existing_company_fails_the_action_with_its_id() -> None:
    provider = FakeTransport().on("POST", COMPANIES, clash())
    provider.on("GET", NAMED, named((1, "Client Ltd London"), (88000596607, "CLIENT LTD")))

    with pytest.raises(Conflict) as raised:
        run_action("create_company", {"name": "Client Ltd"}, provider)

    assert raised.value.existing_id == 88000596607
    assert "on_duplicate" in raised.value.advice
    assert query_of(provider.requests[1]) == {"name": "Client Ltd"}


def test_what_an_attempt_with_a_lost_reply_made_is_told_as_found() -> None:
    provider = FakeTransport().on("POST", COMPANIES, clash())
    provider.on("GET", NAMED, named((88000596607, "Client Ltd")))
    provider.on("GET", COMPANY, json_reply({**STORED, "created_at": builders.RECEIVED_AT}))

    outcome = run_action(
        "create_company", {"name": "Client Ltd"}, provider, unsure=earlier_attempt()
    )

    assert (outcome.data["created"], outcome.data["company_id"]) == (True, 88000596607)
    assert outcome.data["reconciled"] is True
    assert FOUND in outcome.message


def test_an_existing_company_is_returned_where_that_is_asked_for() -> None:
    provider = FakeTransport().on("POST", COMPANIES, clash())
    provider.on("GET", NAMED, named((88000596607, "Client Ltd")))
    provider.on("GET", COMPANY, json_reply(STORED))

    outcome = run_action(
        "create_company", {"name": "Client Ltd", "on_duplicate": "return"}, provider
    )

    assert (outcome.data["created"], outcome.data["company"]) == (False, STORED)


def test_an_existing_company_is_updated_where_that_is_asked_for() -> None:
    provider = FakeTransport().on("POST", COMPANIES, clash())
    provider.on("GET", NAMED, named((88000596607, "Client Ltd")))
    provider.on("PUT", COMPANY, json_reply(STORED))

    outcome = run_action(
        "create_company",
        {"name": "Client Ltd", "note": "Ours", "on_duplicate": "update"},
        provider,
    )

    assert provider.requests[-1].json == {"name": "Client Ltd", "note": "Ours"}
    assert (outcome.data["created"], outcome.data["updated"]) == (False, True)


def test_a_clash_of_domains_leads_to_the_company_that_has_one() -> None:
    provider = FakeTransport().on("POST", COMPANIES, clash("domains"))
    provider.on("GET", COMPANY, json_reply(STORED))
    reference = FakeReference(**{"company_of_domain_two.example": [{"id": 88000596607}]})
    parameters = {
        "name": "Other",
        "domains": ["one.example", "two.example"],
        "on_duplicate": "return",
    }

    outcome = run_action("create_company", parameters, provider, reference=reference)

    assert outcome.data["company_id"] == 88000596607
    assert provider.sent("GET", NAMED) == []


def test_a_clash_with_a_company_that_cannot_be_found_is_a_conflict() -> None:
    provider = FakeTransport().on("POST", COMPANIES, clash())
    provider.on("GET", NAMED, named())

    with pytest.raises(Conflict) as raised:
        run_action("create_company", {"name": "Client", "on_duplicate": "update"}, provider)

    assert raised.value.existing_id is None
    assert "Change the name" in raised.value.advice


def test_an_update_sends_what_is_given_and_nulls_clear() -> None:
    provider = FakeTransport().on("PUT", COMPANY, json_reply(STORED))
    parameters: dict[str, Any] = {
        "company_id": 88000596607,
        "note": None,
        "domains": None,
        "renewal_date": "2026-12-31T00:00:00Z",
    }

    run_action("update_company", parameters, provider)

    assert provider.requests[0].json == {
        "note": None,
        "domains": [],
        "renewal_date": "2026-12-31",
    }


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"company_id": 7}, {""}),
        ({"company_id": 7, "name": None}, {""}),
        ({"company_id": "Client", "note": "x"}, {"company_id"}),
    ],
)
def test_an_update_that_changes_nothing_is_refused(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    assert refused("update_company", parameters) == fields


def test_a_company_is_read() -> None:
    provider = FakeTransport().on("GET", COMPANY, json_reply(STORED))

    assert (
        run_action("get_company", {"company_id": 88000596607}, provider).data["company"] == STORED
    )


def test_a_company_is_deleted() -> None:
    provider = FakeTransport().on("DELETE", COMPANY, empty_reply(204))

    outcome = run_action("delete_company", {"company_id": 88000596607}, provider)

    assert [one.method for one in provider.requests] == ["DELETE"]
    assert outcome.data == {"company_id": 88000596607, "deleted": True}


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"domain": "Client.example"}, "domain:'client.example'"),
        ({"custom_fields": {"seats": 12}}, "seats:12"),
        ({"query": "segment:'SMB' AND seats:>5"}, "segment:'SMB' AND seats:>5"),
        ({"created_from": "2026-01-01"}, "created_at:>'2026-01-01'"),
        (
            {"updated_from": "2026-01-01", "updated_to": "2026-01-31"},
            "updated_at:>'2026-01-01' AND updated_at:<'2026-01-31'",
        ),
    ],
)
def test_companies_are_searched(parameters: dict[str, Any], query: str) -> None:
    provider = FakeTransport().on("GET", SEARCH, json_reply({"total": 1, "results": [STORED]}))

    outcome = run_action(
        "search_companies", parameters, provider, reference=FakeReference(company_fields=FORM)
    )

    assert query_of(provider.requests[0])["query"] == f'"{query}"'
    assert (outcome.data["companies"], outcome.data["complete"]) == ([STORED], True)
    assert outcome.message == "1 companies found"


def test_a_contacts_field_is_none_of_a_companys() -> None:
    with pytest.raises(InvalidRequest) as raised:
        run_action("search_companies", {"query": "tag:'vip'"}, FakeTransport())

    assert "knows no tag" in str(raised.value)


def test_a_name_is_looked_up_by_the_beginnings_of_its_words() -> None:
    provider = FakeTransport().on("GET", NAMED, named((1, "Client Ltd"), (2, "Best Client")))

    outcome = run_action("search_companies", {"name": "cli", "limit": 1}, provider)

    assert query_of(provider.requests[0]) == {"name": "cli"}
    assert outcome.data["companies"] == [{"id": 1, "name": "Client Ltd"}]
    assert (outcome.data["total"], outcome.data["complete"]) == (2, False)
    assert outcome.data["shortfalls"] == ["limit"]


def test_a_name_that_nobody_has_finds_nothing() -> None:
    provider = FakeTransport().on("GET", NAMED, named())

    outcome = run_action("search_companies", {"name": "cli"}, provider)

    assert (outcome.data["companies"], outcome.data["complete"]) == ([], True)


@pytest.mark.parametrize("body", [[], {"companies": None}, {"companies": ["Client"]}])
def test_an_answer_that_is_no_list_of_companies_is_the_providers_failure(body: Any) -> None:
    provider = FakeTransport().on("GET", NAMED, json_reply(body))

    with pytest.raises(ProviderDown):
        run_action("search_companies", {"name": "cli"}, provider)


def test_a_name_cannot_be_joined_to_other_conditions() -> None:
    assert refused("search_companies", {"name": "cli", "domain": "client.example"}) == {""}
    assert refused("search_companies", {}) == {""}


def test_companies_are_listed_by_page() -> None:
    companies = [{"id": number} for number in range(150)]
    provider = FakeTransport().on("GET", COMPANIES, PagedList(companies))

    outcome = run_action("list_companies", {"updated_since": "2026-03-01"}, provider)

    assert query_of(provider.requests[0])["updated_since"] == "2026-03-01T00:00:00Z"
    assert (outcome.data["companies"], outcome.data["next_page"]) == (companies[:100], 2)
    outcome = run_action("list_companies", {"limit": 500}, provider)
    assert (outcome.data["companies"], outcome.data["next_page"]) == (companies, None)


TEXTS = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("\"'\\\n\r\t\u202e\u05d0\U0001f9e1")),
    min_size=1,
    max_size=60,
)


@given(text=TEXTS, number=st.integers(1, 2**63 - 1))
def test_texts_and_large_ids_survive_the_way_out_and_back(text: str, number: int) -> None:
    stored = {"id": number, "name": text, "org_company_id": number}
    path = f"{COMPANIES}/{number}"
    provider = FakeTransport().on("PUT", path, json_reply(stored))

    outcome = run_action(
        "update_company", {"company_id": number, "name": text, "note": text}, provider
    )

    assert provider.requests[0].json == {"name": text, "note": text}
    assert outcome.data["company"] == stored
