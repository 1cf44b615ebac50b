"""Putting contacts into companies: one write at most, and none where nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.errors import NotFound, WrongState
from tests.fakes.actions import FakeReference, run_action
from tests.fakes.provider import FakeTransport, json_reply, query_of

CONTACT = "/api/v2/contacts/7"
NAMED = "/api/v2/companies/autocomplete"


def link(
    contact: dict[str, Any], parameters: dict[str, Any], **given: Any
) -> tuple[dict[str, Any], Any]:
    """The answer, and what was written (None when nothing was)."""
    stored = {"id": 7, **contact}
    provider = FakeTransport().on("GET", CONTACT, json_reply(stored))
    provider.on("PUT", CONTACT, json_reply({**stored, "written": True}))
    provider.on("GET", NAMED, json_reply({"companies": [{"id": 50, "name": "Client Ltd"}]}))
    outcome = run_action(
        "link_contact_to_company", {"contact_id": 7, **parameters}, provider, **given
    )
    written = provider.sent("PUT", CONTACT)
    assert len(written) <= 1
    return outcome.data, written[0].json if written else None


@pytest.mark.parametrize(
    ("contact", "parameters", "written"),
    [
        ({"company_id": None}, {}, {"company_id": 50}),
        ({}, {"view_all_tickets": True}, {"company_id": 50, "view_all_tickets": True}),
        ({"company_id": 50}, {}, None),
        ({"company_id": 50, "view_all_tickets": True}, {"view_all_tickets": True}, None),
        (
            {"company_id": 50, "view_all_tickets": False},
            {"view_all_tickets": True},
            {"view_all_tickets": True},
        ),
        ({"company_id": 60}, {}, {"company_id": 50}),
        (
            {"company_id": 60, "other_companies": [{"company_id": 50}, {"company_id": 70}]},
            {},
            {
                "company_id": 50,
                "other_companies": [{"company_id": 70, "view_all_tickets": False}],
            },
        ),
        ({"company_id": None}, {"additional": True}, {"company_id": 50}),
        (
            {"company_id": 60, "other_companies": []},
            {"additional": True},
            {"other_companies": [{"company_id": 50, "view_all_tickets": False}]},
        ),
        (
            {"company_id": 60, "other_companies": [{"company_id": 70, "view_all_tickets": True}]},
            {"additional": True, "view_all_tickets": True},
            {
                "other_companies": [
                    {"company_id": 70, "view_all_tickets": True},
                    {"company_id": 50, "view_all_tickets": True},
                ]
            },
        ),
        ({"company_id": 60, "other_companies": [50]}, {"additional": True}, None),
        (
            {"company_id": 60, "other_companies": [{"company_id": 50, "view_all_tickets": True}]},
            {"additional": True},
            None,
        ),
        (
            {"company_id": 60, "other_companies": [70, 50]},
            {"additional": True, "view_all_tickets": True},
            {
                "other_companies": [
                    {"company_id": 70, "view_all_tickets": False},
                    {"company_id": 50, "view_all_tickets": True},
                ]
            },
        ),
    ],
)
def test_a_link_writes_what_is_missing_and_nothing_else(
    contact: dict[str, Any], parameters: dict[str, Any], written: Any
) -> None:
    data, body = link(contact, {"company_id": 50, **parameters})

    assert body == written
    assert data["changed"] is (written is not None)
    assert data["contact"].get("written", False) is data["changed"]
    assert (data["company_id"], data["previous_company_id"]) == (50, contact.get("company_id"))


def test_the_company_may_be_named() -> None:
    assert link({}, {"company": "client LTD "})[1] == {"company_id": 50}


def test_the_company_may_be_given_by_its_domain() -> None:
    reference = FakeReference(**{"company_of_domain_client.example": [{"id": 51}]})

    data, body = link({}, {"domain": " Client.Example"}, reference=reference)

    assert body == {"company_id": 51}
    assert reference.refreshed == []
    assert data["company_id"] == 51


def test_a_domain_that_is_not_known_yet_is_asked_for_again() -> None:
    reference = FakeReference()

    with pytest.raises(NotFound) as raised:
        link({}, {"domain": "client.example"}, reference=reference)

    assert reference.refreshed == ["company_of_domain"]
    assert "domain" in raised.value.what


def test_a_name_that_no_company_has_is_not_found() -> None:
    provider = FakeTransport().on("GET", NAMED, json_reply({"companies": []}))

    with pytest.raises(NotFound) as raised:
        run_action("link_contact_to_company", {"contact_id": 7, "company": "Klient"}, provider)

    assert query_of(provider.requests[0]) == {"name": "Klient"}
    assert "Create it" in raised.value.advice


def test_a_deleted_contact_is_refused_with_what_to_do() -> None:
    provider = FakeTransport().on("GET", CONTACT, json_reply({"id": 7, "deleted": True}))
    provider.on("PUT", CONTACT, json_reply({"message": "no"}, status=405))

    with pytest.raises(WrongState) as raised:
        run_action("link_contact_to_company", {"contact_id": 7, "company_id": 50}, provider)

    assert "restore_contact" in raised.value.advice


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"contact_id": 7}, {""}),
        ({"contact_id": 7, "company_id": 5, "domain": "client.example"}, {""}),
        ({"contact_id": 7, "domain": "mira@client.example"}, {"domain"}),
        ({"contact_id": 7, "domain": " "}, {"domain"}),
        ({"company_id": 5}, {"contact_id"}),
    ],
)
def test_a_link_to_no_company_or_to_two_is_refused(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", "link_contact_to_company"), parameters)
    assert {field.field for field in raised.value.fields} == fields
