"""What holds for every action: defaults, own names for custom fields, errors in the same names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Outcome
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters
from freshbridge.actions.context import Context
from freshbridge.actions.custom_fields import record_of, sent_parameters
from freshbridge.actions.mapping import FieldNames
from freshbridge.errors import Conflict, InvalidRequest
from freshbridge.freshdesk.client import FreshdeskClient
from tests import builders
from tests.fakes.actions import FakeReference, run_action, services
from tests.fakes.provider import FakeTransport, empty_reply, json_reply, query_of

TICKETS = "/api/v2/tickets"
MAPPING = {"cf_category": "category", "cf_priority_level": "priority_level"}
TICKET_FIELDS = [
    {"name": "subject", "default": True, "type": "default_subject"},
    {"name": "cf_category", "default": False, "type": "custom_text"},
    {"name": "cf_priority_level", "default": False, "type": "custom_text"},
    {"name": "cf_region", "default": False, "type": "custom_dropdown"},
]
CONTACT_FIELDS = [
    {"name": "name", "default": True, "type": "default_name"},
    {"name": "category", "default": False, "type": "custom_text"},
    {"name": "department", "default": False, "type": "custom_text"},
]
NEW = {"email": "mira@client.example", "subject": "Blank page", "description": "It is."}


def sent_of(fake: FakeTransport, place: int = -1) -> dict[str, Any]:
    """The JSON of a request, as its receiver reads it."""
    body: dict[str, Any] = json.loads(json.dumps(fake.requests[place].json))
    return body


def accepting(method: str = "POST", path: str = TICKETS, **answered: Any) -> FakeTransport:
    ticket = {"id": 7, "custom_fields": {"cf_category": "A", "cf_region": None}, **answered}
    return FakeTransport().on(method, path, json_reply(ticket, 201 if method == "POST" else 200))


def run(name: str, parameters: dict[str, Any], fake: FakeTransport, **given: Any) -> Outcome:
    config = given.pop("config", {"custom_field_mapping": MAPPING})
    reference = FakeReference(ticket_fields=TICKET_FIELDS, contact_fields=CONTACT_FIELDS)
    given = {"reference": reference, **given}
    return run_action(name, parameters, fake, instance=builders.instance(config=config), **given)


def refused(name: str, parameters: dict[str, Any], **given: Any) -> dict[str, str]:
    fake = FakeTransport()
    with pytest.raises(InvalidParameters) as raised:
        run(name, parameters, fake, **given)
    assert fake.requests == []
    return {field.field: field.message for field in raised.value.fields}


def test_own_names_go_in_as_the_providers_and_come_out_as_own() -> None:
    fake = accepting()

    outcome = run(
        "create_ticket", {**NEW, "custom_fields": {"category": "A", "cf_region": None}}, fake
    )

    assert sent_of(fake)["custom_fields"] == {"cf_category": "A", "cf_region": None}
    assert outcome.data["ticket"]["custom_fields"] == {"category": "A", "cf_region": None}


def test_a_contact_field_of_the_mapped_name_is_the_contacts_own() -> None:
    contact = {"id": 5, "name": "Mira", "custom_fields": {"category": "gold"}}
    fake = FakeTransport().on("POST", "/api/v2/contacts", json_reply(contact, 201))
    parameters = {
        "name": "Mira",
        "email": "mira@client.example",
        "custom_fields": {"category": "gold"},
    }

    run("create_contact", parameters, fake)

    assert sent_of(fake)["custom_fields"] == {"category": "gold"}


def test_filters_and_queries_of_a_search_take_own_names() -> None:
    found = {"total": 1, "results": [{"id": 7, "custom_fields": {"cf_category": "A"}}]}
    fake = FakeTransport().on("GET", "/api/v2/search/tickets", json_reply(found))
    parameters = {
        "query": "priority_level:'high' OR tag:'category:x'",
        "filters": {"custom_fields": {"category": "A"}},
    }

    outcome = run("search_tickets", parameters, fake)

    assert query_of(fake.requests[0])["query"] == (
        "\"(cf_priority_level:'high' OR tag:'category:x') AND cf_category:'A'\""
    )
    assert outcome.data["tickets"][0]["custom_fields"] == {"category": "A"}


@pytest.mark.parametrize(
    "parameters",
    [{"query": "categories:'x'"}, {"filters": {"custom_fields": {"a b": "x"}}}],
)
def test_a_search_refuses_a_name_that_nobody_has(parameters: dict[str, Any]) -> None:
    fake = FakeTransport()

    with pytest.raises(InvalidRequest) as raised:
        run("search_tickets", parameters, fake)

    assert (fake.requests, len(raised.value.fields)) == ([], 1)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"catgory": "A"},
            {
                "custom_fields.catgory": "the account has no such ticket field; "
                'did you mean "category"?'
            },
        ),
        (
            {"region": 1, "cf_regoin": 2},
            {
                "custom_fields.region": "the account has no such ticket field; "
                'did you mean "cf_region"?',
                "custom_fields.cf_regoin": "the account has no such ticket field; "
                'did you mean "cf_region"?',
            },
        ),
        (
            {"category": "A", "cf_category": "B"},
            {"custom_fields": "category and cf_category are one field; give one of the two"},
        ),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest(
    fields: dict[str, Any], said: dict[str, str]
) -> None:
    assert refused("create_ticket", {**NEW, "custom_fields": fields}) == said
    assert refused("update_ticket", {"ticket_id": 7, "custom_fields": fields}) == said


def test_a_field_made_since_is_found_by_asking_once_more() -> None:
    later = [*TICKET_FIELDS, {"name": "cf_new", "default": False}]
    reference = FakeReference(ticket_fields=[TICKET_FIELDS, later])

    run("create_ticket", {**NEW, "custom_fields": {"cf_new": 1}}, accepting(), reference=reference)

    assert reference.refreshed == ["ticket_fields"]


def test_a_field_that_stays_unknown_is_asked_for_once_more_only() -> None:
    reference = FakeReference(ticket_fields=TICKET_FIELDS)
    refused("create_ticket", {**NEW, "custom_fields": {"zzz": 1}}, reference=reference)
    assert reference.refreshed == ["ticket_fields"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_key_that_may_not_read_the_fields_leaves_the_judging_to_freshdesk(status: int) -> None:
    class Refusing(FakeReference):
        def get(self, client: Any, *_args: Any, **_named: Any) -> Any:
            return client.contact_fields()

    fake = FakeTransport().on("GET", "/api/v2/contact_fields", empty_reply(status))
    fake.on("POST", TICKETS, json_reply({"id": 7}, 201))

    run(
        "create_ticket",
        {**NEW, "custom_fields": {"category": 1, "x": 2}},
        fake,
        reference=Refusing(),
    )

    assert sent_of(fake)["custom_fields"] == {"cf_category": 1, "x": 2}


class Untouched(FakeReference):
    """Nothing is to be looked up in it."""

    def get(self, *_args: Any, **_named: Any) -> Any:
        raise AssertionError("nothing was to be looked up")


def test_no_field_is_looked_up_where_none_is_given() -> None:
    run("create_ticket", NEW, accepting(), reference=Untouched())


def test_wrong_parameters_are_refused_before_any_look() -> None:
    assert "email" in refused("create_ticket", {**NEW, "email": "none", "custom_fields": {"x": 1}})


def test_freshdesks_errors_name_fields_as_the_caller_did() -> None:
    errors = [
        {"field": "custom_fields.cf_category", "message": "It is blank", "code": "invalid_value"},
        {"field": "responder_id", "message": "There is no agent", "code": "invalid_value"},
        {"field": "subject", "message": "Too long", "code": "invalid_value"},
    ]
    fake = FakeTransport().on("POST", TICKETS, json_reply({"errors": errors}, 400))

    with pytest.raises(InvalidRequest) as raised:
        run("create_ticket", {**NEW, "agent_id": 5, "custom_fields": {"category": ""}}, fake)

    named = [field.field for field in raised.value.fields]
    assert named == ["custom_fields.category", "agent_id", "subject"]
    assert "custom_fields.category: It is blank" in str(raised.value)
    assert "cf_category" not in str(raised.value)


def test_a_conflict_names_fields_as_the_caller_did() -> None:
    errors = [{"field": "custom_fields.cf_category", "message": "taken", "code": "duplicate_value"}]
    fake = FakeTransport().on("PUT", f"{TICKETS}/7", json_reply({"errors": errors}, 409))

    with pytest.raises(Conflict) as raised:
        run("update_ticket", {"ticket_id": 7, "custom_fields": {"category": "A"}}, fake)
    assert raised.value.fields[0].field == "custom_fields.category"


def test_responder_id_stays_what_the_caller_called_it() -> None:
    errors = [{"field": "responder_id", "message": "There is no agent", "code": "invalid_value"}]
    fake = FakeTransport().on("PUT", f"{TICKETS}/7", json_reply({"errors": errors}, 400))

    with pytest.raises(InvalidRequest) as raised:
        run("update_ticket", {"ticket_id": 7, "responder_id": 5}, fake)
    assert raised.value.fields[0].field == "responder_id"


SEED = {"default_group_id": 123, "default_priority": 1}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"group_id": 123, "priority": 1}),
        ({"group_id": 9}, {"group_id": 9, "priority": 1}),
        ({"priority": "urgent"}, {"group_id": 123, "priority": 4}),
        ({"group_id": None}, {"group_id": None, "priority": 1}),
    ],
)
def test_a_new_ticket_gets_the_instances_defaults(
    given: dict[str, Any], sent: dict[str, Any]
) -> None:
    fake = accepting()

    run("create_ticket", {**NEW, **given}, fake, config=SEED)

    assert {name: sent_of(fake).get(name) for name in sent} == sent


def test_defaults_are_written_as_people_write_them_and_are_for_new_tickets_only() -> None:
    config = {"default_group_id": "123", "default_priority": "High"}
    fake, update = accepting(), accepting("PUT", f"{TICKETS}/7")

    run("create_ticket", NEW, fake, config=config)
    run("update_ticket", {"ticket_id": 7, "status": 4}, update, config=config)

    assert (sent_of(fake)["group_id"], sent_of(fake)["priority"]) == (123, 3)
    assert sent_of(update) == {"status": 4}


def test_an_error_on_a_default_says_where_it_comes_from() -> None:
    errors = [{"field": "group_id", "message": "There is no group", "code": "invalid_value"}]
    fake = FakeTransport().on("POST", TICKETS, json_reply({"errors": errors}, 400))

    with pytest.raises(InvalidRequest) as raised:
        run("create_ticket", NEW, fake, config=SEED)
    assert raised.value.fields[0].field == "config.default_group_id"


def test_a_batch_is_left_alone_for_each_row_has_a_turn_of_its_own() -> None:
    defaults = {"custom_fields": {"department": "x", "category": "y"}}
    parameters = {"action": "create_contact", "rows": [{"name": "Mira"}], "defaults": defaults}
    context = Context(
        FreshdeskClient(FakeTransport(), "https://acme.freshdesk.com", builders.API_KEY),
        builders.instance(),
        builders.action_request(action="batch", parameters=parameters),
        services(reference=FakeReference(ticket_fields=TICKET_FIELDS)),
    )

    assert sent_parameters(context, parameters, FieldNames(MAPPING)) == parameters


def test_a_search_with_the_providers_names_looks_nothing_up_here() -> None:
    fake = FakeTransport().on(
        "GET", "/api/v2/search/contacts", json_reply({"total": 0, "results": []})
    )
    run("search_contacts", {"email": "mira@client.example"}, fake, reference=Untouched())
    assert len(fake.requests) == 1


def test_a_search_for_one_field_under_two_names_is_refused() -> None:
    fields = {"category": "A", "cf_category": "B"}
    said = refused("search_tickets", {"filters": {"custom_fields": fields}})
    assert "are one field" in said["filters.custom_fields"]


def test_every_action_that_takes_custom_fields_is_of_one_record() -> None:
    found = {
        action.name: record_of(action.name)
        for action in CATALOGUE
        if '"custom_fields"' in json.dumps(action.parameters.model_json_schema())
    }

    assert found["create_ticket"] == found["update_ticket"] == "ticket"
    assert found["create_contact"] == found["search_contacts"] == "contact"
    assert found["create_company"] == found["search_companies"] == "company"
    assert {name for name, record in found.items() if record == "ticket"} >= {"outbound_email"}


TEXT = st.text(min_size=1).filter(lambda text: text.strip() != "")


@given(
    st.fixed_dictionaries(
        {"category": TEXT | st.integers(2**53, 2**63 - 1), "cf_region": TEXT | st.none()}
    )
)
def test_any_text_and_number_survives_the_round_trip(fields: dict[str, Any]) -> None:
    fake = FakeTransport().on(
        "POST",
        TICKETS,
        lambda request: json_reply(
            {"id": 7, "custom_fields": (request.json or {})["custom_fields"]}
        ),
    )

    outcome = run("create_ticket", {**NEW, "custom_fields": fields}, fake)

    assert sent_of(fake)["custom_fields"] == {
        "cf_category": fields["category"],
        "cf_region": fields["cf_region"],
    }
    assert outcome.data["ticket"]["custom_fields"] == fields
