"""Merging contacts: what is said of the merged one, and what keeps a merge from being sent."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.errors import InvalidRequest, NotFound, WrongState
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport, empty_reply, json_reply

MERGE = "/api/v2/contacts/merge"


def contact(contact_id: int, **fields: Any) -> dict[str, Any]:
    """A contact as its view shows it, with nothing but what is given."""
    return {
        "id": contact_id,
        "email": None,
        "phone": None,
        "mobile": None,
        "twitter_id": None,
        "unique_external_id": None,
        "other_emails": [],
        "company_id": None,
        "other_companies": [],
        "deleted": False,
        **fields,
    }


def provider_of(*contacts: dict[str, Any]) -> FakeTransport:
    """Holds these contacts and takes a merge."""
    provider = FakeTransport().on("POST", MERGE, empty_reply(204))
    for one in contacts:
        provider.on("GET", f"/api/v2/contacts/{one['id']}", json_reply(one))
    return provider


def stated(provider: FakeTransport, **parameters: Any) -> Any:
    """What a merge of 2, and 3 where there is one, into 1 says of the merged contact."""
    others = parameters.pop("others", [2])
    asked = {"primary_contact_id": 1, "secondary_contact_ids": others, **parameters}
    run_action("merge_contacts", asked, provider)
    body = provider.sent("POST", MERGE)[0].json or {}
    assert body["primary_contact_id"] == 1
    assert body["secondary_contact_ids"] == others
    return body["contact"]


def test_what_the_primary_has_stays_and_what_it_lacks_is_taken_over() -> None:
    provider = provider_of(
        contact(1, email="a@client.example", phone="1"),
        contact(2, email="b@client.example", phone="2", mobile="20", other_emails=["c@x.example"]),
        contact(3, email="A@client.example", mobile="30", twitter_id="t", unique_external_id="u"),
    )

    assert stated(provider, others=[2, 3]) == {
        "phone": "1",
        "mobile": "20",
        "twitter_id": "t",
        "unique_external_id": "u",
        "email": "a@client.example",
        "other_emails": ["b@client.example", "c@x.example"],
    }


def test_the_caller_decides_what_stays() -> None:
    provider = provider_of(
        contact(1, email="a@client.example", phone="1", company_id=11),
        contact(2, email="b@client.example", phone="2", company_id=12),
    )

    assert stated(provider, phone="2", email="b@client.example", company_ids=[12]) == {
        "phone": "2",
        "email": "b@client.example",
        "other_emails": ["a@client.example"],
        "company_ids": [12],
    }


def test_all_companies_stay_where_a_contact_can_have_several() -> None:
    further = [{"company_id": 13, "view_all_tickets": True}, {"company_id": 11}]
    provider = provider_of(
        contact(1, company_id=11), contact(2, company_id=12, other_companies=further)
    )

    assert stated(provider) == {"company_ids": [11, 12, 13]}


def test_an_account_with_one_company_to_a_contact_is_told_none() -> None:
    first, second = contact(1, company_id=11), contact(2, company_id=12)
    del first["other_companies"], second["other_companies"]

    assert stated(provider_of(first, second)) == {}


def test_a_dry_run_shows_what_would_stay_and_sends_nothing() -> None:
    provider = provider_of(contact(1, phone="1"), contact(2, phone="2"))

    outcome = run_action(
        "merge_contacts",
        {"primary_contact_id": 1, "secondary_contact_ids": [2, 2], "dry_run": True},
        provider,
    )

    assert {one.method for one in provider.requests} == {"GET"}
    assert outcome.data["stays"] == {"phone": "1"}
    assert (outcome.data["merged_contact_ids"], outcome.data["dry_run"]) == ([], True)
    assert outcome.message == "1 contacts would be merged"


def test_the_answer_names_the_contacts_that_went() -> None:
    provider = provider_of(contact(1), contact(2))

    outcome = run_action(
        "merge_contacts", {"primary_contact_id": 1, "secondary_contact_ids": ["2"]}, provider
    )

    assert outcome.data == {
        "contact_id": 1,
        "contact_url": "https://acme.freshdesk.com/a/contacts/1",
        "merged_contact_ids": [2],
        "dry_run": False,
        "stays": {},
    }
    # Nothing may fail after the merge, since a second run of it is refused.
    assert provider.requests[-1].method == "POST"


def test_a_contact_that_is_gone_may_have_been_merged_already() -> None:
    provider = provider_of(contact(1)).on("GET", "/api/v2/contacts/2", empty_reply(404))

    with pytest.raises(NotFound) as raised:
        run_action(
            "merge_contacts", {"primary_contact_id": 1, "secondary_contact_ids": [2]}, provider
        )

    assert "contact 2" in raised.value.what
    assert "merged already" in raised.value.advice


def test_a_deleted_contact_is_not_merged() -> None:
    provider = provider_of(contact(1), contact(2, deleted=True))

    with pytest.raises(WrongState) as raised:
        run_action(
            "merge_contacts", {"primary_contact_id": 1, "secondary_contact_ids": [2]}, provider
        )

    assert "restore" in raised.value.advice
    assert provider.sent("POST", MERGE) == []


def test_more_addresses_than_a_contact_can_have_are_refused_before_the_merge() -> None:
    many = [f"a{number}@client.example" for number in range(9)]
    provider = provider_of(
        contact(1, email="a@client.example", other_emails=many),
        contact(2, email="b@client.example"),
    )

    with pytest.raises(InvalidRequest) as raised:
        run_action(
            "merge_contacts", {"primary_contact_id": 1, "secondary_contact_ids": [2]}, provider
        )

    assert "11 addresses" in str(raised.value)
    assert provider.sent("POST", MERGE) == []


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"primary_contact_id": 1, "secondary_contact_ids": []}, {"secondary_contact_ids"}),
        ({"primary_contact_id": 1, "secondary_contact_ids": [2, 1]}, {""}),
        (
            {"primary_contact_id": 1, "secondary_contact_ids": list(range(2, 23))},
            {"secondary_contact_ids"},
        ),
        ({"secondary_contact_ids": [2]}, {"primary_contact_id"}),
    ],
)
def test_a_merge_of_nobody_or_of_one_with_itself_is_refused(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", "merge_contacts"), parameters)
    assert {field.field for field in raised.value.fields} == fields
