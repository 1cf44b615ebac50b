"""Contact actions: what goes over the wire, what comes back, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.once import FOUND
from freshbridge.errors import Conflict, NotFound, ProviderDown, WrongState
from tests import builders
from tests.fakes.actions import earlier_attempt, run_action
from tests.fakes.provider import FakeTransport, empty_reply, json_reply, query_of

CONTACTS = "/api/v2/contacts"
CONTACT = f"{CONTACTS}/88001204168"
STORED = {
    "id": 88001204168,
    "name": "Mira Holt",
    "email": "mira@client.example",
    "org_contact_id": 1848295627395445761,
    "tags": ["vip"],
    "created_at": "2026-01-21T09:26:53Z",
    "deleted": False,
}
SEED = {
    "name": "John Doe",
    "email": "john.doe@example.com",
    "phone": "+1-555-123-4567",
    "company_id": 789,
    "tags": ["vip", "enterprise"],
}


def clash(field: str = "email", existing_id: int | None = None) -> Any:
    """Freshdesk's 409."""
    error: dict[str, Any] = {
        "field": field,
        "message": "It should be a unique value",
        "code": "duplicate_value",
    }
    if existing_id is not None:
        error["additional_info"] = {"user_id": existing_id}
    return json_reply({"description": "Validation failed", "errors": [error]}, status=409)


def not_allowed() -> Any:
    """Freshdesk's 405 of a deleted or blocked contact."""
    return json_reply(
        {"message": "PUT method is not allowed. It should be one of these method(s): GET"},
        status=405,
    )


def refused(name: str, parameters: dict[str, Any]) -> set[str]:
    """The fields that the action's model refuses."""
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", name), parameters)
    return {field.field for field in raised.value.fields}


def test_the_printed_parameters_go_out_as_they_are() -> None:
    provider = FakeTransport().on("POST", CONTACTS, json_reply(STORED, status=201))

    outcome = run_action("create_contact", SEED, provider)

    (sent,) = provider.requests
    assert sent.json == SEED
    assert outcome.message == "Contact created"
    assert outcome.data == {
        "contact_id": 88001204168,
        "contact_url": "https://acme.freshdesk.com/a/contacts/88001204168",
        "created": True,
        "updated": False,
        "contact": STORED,
    }


def test_every_attribute_goes_out_and_nulls_of_a_new_contact_stay_at_home() -> None:
    provider = FakeTransport().on("POST", CONTACTS, json_reply(STORED, status=201))
    given_fields = {
        **SEED,
        "company_id": "88000596607",
        "mobile": None,
        "other_emails": ["m@client.example"],
        "other_companies": [{"company_id": 7}],
        "view_all_tickets": False,
        "custom_fields": {"department": "Finance", "points": 3, "newsletter": None},
        "on_duplicate": "return",
        "restore": True,
    }

    run_action("create_contact", given_fields, provider)

    body = provider.requests[0].json or {}
    assert body["company_id"] == 88000596607
    assert body["other_companies"] == [{"company_id": 7}]
    assert body["view_all_tickets"] is False
    assert body["custom_fields"]["points"] == 3
    assert not {"mobile", "on_duplicate", "restore"} & body.keys()


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"name": "Mira"}, {""}),
        ({"name": "Mira", "email": None}, {""}),
        ({"email": "mira@client.example"}, {"name"}),
        ({**SEED, "email": "Mira Holt"}, {"email"}),
        ({**SEED, "company_id": "Client Ltd"}, {"company_id"}),
        ({**SEED, "tags": "vip"}, {"tags"}),
        ({**SEED, "view_all_tickets": "yes"}, {"view_all_tickets"}),
        ({**SEED, "on_duplicate": "merge"}, {"on_duplicate"}),
        ({**SEED, "emial": "x@client.example"}, {"emial"}),
    ],
)
def test_a_contact_that_cannot_be_made_is_refused_before_any_call(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    assert refused("create_contact", parameters) == fields


def test_an_existing_contact_fails_the_action_with_its_id() -> None:
    provider = FakeTransport().on("POST", CONTACTS, clash(existing_id=88001204168))
    provider.on("GET", CONTACT, json_reply(STORED))

    with pytest.raises(Conflict) as raised:
        run_action("create_contact", SEED, provider)

    assert raised.value.existing_id == 88001204168
    assert "on_duplicate" in raised.value.advice
    assert raised.value.fields[0].field == "email"
    assert provider.sent("PUT", CONTACT) == []


def test_an_existing_contact_is_returned_as_it_is_where_that_is_asked_for() -> None:
    provider = FakeTransport().on("POST", CONTACTS, clash(existing_id=88001204168))
    provider.on("GET", CONTACT, json_reply(STORED))

    outcome = run_action("create_contact", {**SEED, "on_duplicate": "return"}, provider)

    assert (outcome.data["created"], outcome.data["updated"]) == (False, False)
    assert outcome.data["contact"] == STORED
    assert [one.method for one in provider.requests] == ["POST", "GET"]


def test_an_existing_contact_is_updated_where_that_is_asked_for() -> None:
    provider = FakeTransport().on("POST", CONTACTS, clash(existing_id=88001204168))
    provider.on("GET", CONTACT, json_reply(STORED)).on("PUT", CONTACT, json_reply(STORED))

    outcome = run_action("create_contact", {**SEED, "on_duplicate": "update"}, provider)

    assert provider.requests[-1].json == SEED
    assert (outcome.data["created"], outcome.data["updated"]) == (False, True)
    assert outcome.data["restored"] is False


@pytest.mark.parametrize(
    ("field", "value", "asked"),
    [
        ("email", "mira@client.example", {"email": "mira@client.example"}),
        ("mobile", "+44 20", {"mobile": "+44 20"}),
        ("unique_external_id", "crm-1", {"unique_external_id": "crm-1"}),
    ],
)
def test_a_contact_that_the_reply_does_not_name_is_listed_by_its_value(
    field: str, value: str, asked: dict[str, str]
) -> None:
    provider = FakeTransport().on("POST", CONTACTS, clash(field))
    provider.on("GET", CONTACTS, json_reply([{"id": 88001204168}]))
    provider.on("GET", CONTACT, json_reply(STORED))
    parameters = {"name": "Mira", field: value, "on_duplicate": "return"}

    outcome = run_action("create_contact", parameters, provider)

    assert outcome.data["contact_id"] == 88001204168
    assert query_of(provider.requests[1]).items() >= asked.items()


def test_a_deleted_contact_that_still_has_the_address_is_found() -> None:
    deleted = {**STORED, "deleted": True}
    provider = FakeTransport().on("POST", CONTACTS, clash())
    provider.on("GET", CONTACTS, json_reply([]), json_reply([{"id": 88001204168}]))
    provider.on("GET", CONTACT, json_reply(deleted))

    with pytest.raises(Conflict) as raised:
        run_action("create_contact", SEED, provider)

    assert query_of(provider.requests[2])["state"] == "deleted"
    assert "(deleted)" in raised.value.advice


def test_a_twitter_id_is_looked_up_by_search() -> None:
    provider = FakeTransport().on("POST", CONTACTS, clash("twitter_id"))
    provider.on("GET", "/api/v2/search/contacts", json_reply({"total": 1, "results": [STORED]}))
    provider.on("GET", CONTACT, json_reply(STORED))
    parameters = {"name": "Mira", "twitter_id": "mira_h", "on_duplicate": "return"}

    outcome = run_action("create_contact", parameters, provider)

    assert query_of(provider.requests[1])["query"] == "\"twitter_id:'mira_h'\""
    assert outcome.data["created"] is False


def test_a_value_that_cannot_be_looked_up_leaves_the_others_to_try() -> None:
    complaint = {"field": "unique_external_id", "message": "Unexpected/invalid field in request"}
    refusal = json_reply({"description": "Validation failed", "errors": [complaint]}, status=400)
    provider = FakeTransport().on("POST", CONTACTS, clash("unique_external_id"))
    provider.on("GET", CONTACTS, refusal, json_reply([{"id": 88001204168}]))
    provider.on("GET", CONTACT, json_reply(STORED))
    parameters = {
        "name": "Mira", "unique_external_id": "crm-1", "twitter_id": "it's",
        "other_emails": ["mira@client.example"], "on_duplicate": "return",
    }  # fmt: skip

    outcome = run_action("create_contact", parameters, provider)

    assert outcome.data["contact_id"] == 88001204168
    assert query_of(provider.requests[2])["email"] == "mira@client.example"


@pytest.mark.parametrize("on_duplicate", ["fail", "return", "update"])
def test_an_address_of_an_agent_is_a_conflict_whatever_is_asked_for(on_duplicate: str) -> None:
    provider = FakeTransport().on("POST", CONTACTS, clash(existing_id=88001202520))
    provider.on("GET", f"{CONTACTS}/88001202520", empty_reply(404))

    with pytest.raises(Conflict) as raised:
        run_action("create_contact", {**SEED, "on_duplicate": on_duplicate}, provider)

    assert "agent" in raised.value.advice


def test_a_contact_that_cannot_be_found_is_a_conflict() -> None:
    provider = FakeTransport().on("POST", CONTACTS, clash())
    provider.on("GET", CONTACTS, json_reply([]))

    with pytest.raises(Conflict) as raised:
        run_action("create_contact", {**SEED, "on_duplicate": "update"}, provider)

    assert raised.value.existing_id is None


@pytest.mark.parametrize(
    ("changed", "ours"),
    [
        ({}, True),
        ({"email": "JOHN.DOE@example.com", "tags": ["enterprise", "vip"]}, True),
        ({"created_at": "2026-03-03T11:59:39Z"}, False),
        ({"created_at": None}, False),
        ({"deleted": True}, False),
        ({"name": "Another John"}, False),
        ({"tags": ["vip"]}, False),
        ({"custom_fields": {"department": "Sales"}}, False),
        ({"company_id": None}, False),
    ],
)
def test_what_an_attempt_with_a_lost_reply_made_is_no_conflict(
    changed: dict[str, Any], ours: bool
) -> None:
    parameters = {**SEED, "custom_fields": {"department": "Finance"}}
    stored = {
        **parameters,
        "id": 7,
        "custom_fields": {"department": "Finance", "points": None},
        "created_at": builders.RECEIVED_AT,
        **changed,
    }
    provider = FakeTransport().on("POST", CONTACTS, clash(existing_id=7))
    provider.on("GET", f"{CONTACTS}/7", json_reply(stored))

    if ours:
        outcome = run_action("create_contact", parameters, provider, unsure=earlier_attempt())
        assert (outcome.data["created"], outcome.data["contact_id"]) == (True, 7)
        assert outcome.data["reconciled"] is True
        assert FOUND in outcome.message
        with pytest.raises(Conflict):
            run_action("create_contact", parameters, provider)
    else:
        with pytest.raises(Conflict):
            run_action("create_contact", parameters, provider, unsure=earlier_attempt())


def test_an_update_sends_what_is_given_and_nulls_clear() -> None:
    provider = FakeTransport().on("PUT", CONTACT, json_reply(STORED))
    parameters: dict[str, Any] = {
        "contact_id": "88001204168",
        "phone": None,
        "tags": [],
        "job_title": "CFO",
    }

    outcome = run_action("update_contact", parameters, provider)

    assert provider.requests[0].json == {"phone": None, "tags": [], "job_title": "CFO"}
    assert outcome.data["restored"] is False
    assert outcome.data["contact"] == STORED


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"contact_id": 7}, {""}),
        ({"contact_id": 7, "restore": True}, {""}),
        ({"contact_id": 7, "name": None}, {""}),
        ({"contact_id": 0, "name": "Mira"}, {"contact_id"}),
        ({"contact_id": True, "name": "Mira"}, {"contact_id"}),
        ({"contact_id": 2**63, "name": "Mira"}, {"contact_id"}),
    ],
)
def test_an_update_that_changes_nothing_or_nobody_is_refused(
    parameters: dict[str, Any], fields: set[str]
) -> None:
    assert refused("update_contact", parameters) == fields


def test_an_update_of_a_deleted_contact_says_what_to_do() -> None:
    provider = FakeTransport().on("PUT", CONTACT, not_allowed())
    provider.on("GET", CONTACT, json_reply({**STORED, "deleted": True}))

    with pytest.raises(WrongState) as raised:
        run_action("update_contact", {"contact_id": 88001204168, "phone": "1"}, provider)

    assert "deleted" in raised.value.what
    assert "restore" in raised.value.advice


def test_an_update_of_a_deleted_contact_restores_it_where_that_is_asked_for() -> None:
    provider = FakeTransport().on("PUT", CONTACT, not_allowed(), json_reply(STORED))
    provider.on("GET", CONTACT, json_reply({**STORED, "deleted": True}))
    provider.on("PUT", f"{CONTACT}/restore", empty_reply(204))
    parameters = {"contact_id": 88001204168, "phone": "1", "restore": True}

    outcome = run_action("update_contact", parameters, provider)

    assert outcome.data["restored"] is True
    assert [one.json for one in provider.sent("PUT", CONTACT)] == [{"phone": "1"}] * 2


def test_an_update_of_a_blocked_contact_is_not_taken_for_a_deleted_one() -> None:
    provider = FakeTransport().on("PUT", CONTACT, not_allowed())
    provider.on("GET", CONTACT, json_reply(STORED))

    with pytest.raises(WrongState) as raised:
        run_action(
            "update_contact", {"contact_id": 88001204168, "phone": "1", "restore": True}, provider
        )

    assert "blocked" in raised.value.advice
    assert provider.sent("PUT", f"{CONTACT}/restore") == []


def test_a_contact_is_read() -> None:
    provider = FakeTransport().on("GET", CONTACT, json_reply(STORED))

    outcome = run_action("get_contact", {"contact_id": 88001204168}, provider)

    assert outcome.data["contact"]["org_contact_id"] == 1848295627395445761


def test_deleting_is_soft_unless_told_otherwise() -> None:
    provider = FakeTransport().on("DELETE", CONTACT, empty_reply(204))

    outcome = run_action("delete_contact", {"contact_id": 88001204168}, provider)

    assert [one.path for one in provider.requests] == [CONTACT]
    assert outcome.data == {
        "contact_id": 88001204168,
        "deleted": True,
        "permanently": False,
        "changed": True,
    }


def test_destroying_is_forced_and_named_for_what_it_does() -> None:
    provider = FakeTransport().on("DELETE", f"{CONTACT}/hard_delete", empty_reply(204))

    outcome = run_action(
        "delete_contact", {"contact_id": 88001204168, "permanently": True}, provider
    )

    assert query_of(provider.requests[0]) == {"force": "true"}
    assert "tickets" in outcome.message
    assert refused("delete_contact", {"contact_id": 7, "permanently": "true"}) == {"permanently"}
    action = CATALOGUE.find("freshdesk", "delete_contact")
    assert "DESTROYED WITH ITS TICKETS" in action.description


def test_deleting_a_deleted_contact_changes_nothing() -> None:
    provider = FakeTransport().on("DELETE", CONTACT, not_allowed())
    provider.on("GET", CONTACT, json_reply({**STORED, "deleted": True}))

    outcome = run_action("delete_contact", {"contact_id": 88001204168}, provider)

    assert outcome.data["changed"] is False


def test_deleting_a_blocked_contact_is_an_error() -> None:
    provider = FakeTransport().on("DELETE", CONTACT, not_allowed())
    provider.on("GET", CONTACT, json_reply(STORED))

    with pytest.raises(WrongState):
        run_action("delete_contact", {"contact_id": 88001204168}, provider)


@pytest.mark.parametrize("refusal", [empty_reply(404), not_allowed()])
def test_restoring_a_contact_that_is_there_changes_nothing(refusal: Any) -> None:
    provider = FakeTransport().on("PUT", f"{CONTACT}/restore", refusal)
    provider.on("GET", CONTACT, json_reply(STORED))

    outcome = run_action("restore_contact", {"contact_id": 88001204168}, provider)

    assert outcome.data["restored"] is False


def test_restoring_brings_back() -> None:
    provider = FakeTransport().on("PUT", f"{CONTACT}/restore", empty_reply(204))

    outcome = run_action("restore_contact", {"contact_id": 88001204168}, provider)

    assert outcome.data["restored"] is True


def test_restoring_nobody_is_not_found() -> None:
    provider = FakeTransport().on("PUT", f"{CONTACT}/restore", empty_reply(404))
    provider.on("GET", CONTACT, empty_reply(404))

    with pytest.raises(NotFound):
        run_action("restore_contact", {"contact_id": 88001204168}, provider)


def test_a_restoring_that_freshdesk_refuses_of_a_deleted_contact_is_an_error() -> None:
    provider = FakeTransport().on("PUT", f"{CONTACT}/restore", not_allowed())
    provider.on("GET", CONTACT, json_reply({**STORED, "deleted": True}))

    with pytest.raises(WrongState):
        run_action("restore_contact", {"contact_id": 88001204168}, provider)


def test_a_failure_of_the_provider_is_no_conflict() -> None:
    provider = FakeTransport().on("POST", CONTACTS, empty_reply(502))

    with pytest.raises(ProviderDown) as raised:
        run_action("create_contact", SEED, provider)

    assert raised.value.outcome_unknown
    assert len(provider.requests) == 1


TEXTS = st.text(
    st.one_of(
        st.characters(codec="utf-8"), st.sampled_from("\"'\\\n\r\t\u202e\u05d0\U0001f9e1{}%")
    ),
    min_size=1,
    max_size=60,
)


@given(text=TEXTS, number=st.integers(1, 2**63 - 1))
def test_texts_and_large_ids_survive_the_way_out_and_back(text: str, number: int) -> None:
    stored = {"id": number, "name": text, "org_contact_id": number}
    provider = FakeTransport().on("POST", CONTACTS, json_reply(stored, status=201))
    parameters = {
        "name": text, "email": "mira@client.example", "description": text, "address": text,
        "tags": [text], "company_id": number, "custom_fields": {"department": text},
    }  # fmt: skip

    outcome = run_action("create_contact", parameters, provider)

    assert provider.requests[0].json == parameters
    assert outcome.data["contact"] == stored
