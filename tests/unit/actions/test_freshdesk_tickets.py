"""Creating, updating and reading tickets: what goes over the wire, and what is refused before."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.errors import Conflict, InvalidRequest, NotFound
from freshbridge.http_message import ProviderRequest
from tests.fakes.actions import FakeReference, FakeUploads, run_action
from tests.fakes.provider import FakeTransport, empty_reply, json_reply, query_of

TICKETS = "/api/v2/tickets"
ONE = f"{TICKETS}/12345"
TICKET = {"id": 12345, "subject": "Customer Issue", "status": 2, "tags": []}
WHO = {"subject": "Blank page", "email": "mira@client.example"}


def provider() -> FakeTransport:
    return (
        FakeTransport()
        .on("POST", TICKETS, json_reply(TICKET, 201))
        .on("PUT", ONE, json_reply(TICKET))
        .on("GET", ONE, json_reply(TICKET))
    )


def sent(name: str, parameters: dict[str, Any], **services: Any) -> ProviderRequest:
    """Run the action and return the one request it made."""
    fake = provider()
    run_action(name, parameters, fake, **services)
    (request,) = fake.requests
    return request


def refused(name: str, parameters: dict[str, Any]) -> dict[str, str]:
    """The fields that are refused before any call, with what is said of each."""
    fake = provider()
    with pytest.raises(InvalidParameters) as raised:
        run_action(name, parameters, fake)
    assert fake.requests == []
    return {field.field: field.message for field in raised.value.fields}


def test_the_printed_create_works_as_it_is_printed() -> None:
    parameters = {
        "subject": "Customer Issue",
        "description": "Detailed description of the issue",
        "email": "customer@example.com",
        "name": "Customer Name",
        "priority": 2,
        "status": 2,
        "type": "Question",
        "group_id": 123,
        "agent_id": 456,
        "tags": ["urgent", "billing"],
        "custom_fields": {"cf_category": "Technical"},
    }
    fake = provider()

    outcome = run_action("create_ticket", parameters, fake)

    (request,) = fake.requests
    expected = {**parameters, "responder_id": 456}
    del expected["agent_id"]
    assert request.json == expected
    assert outcome.message == "Ticket created"
    assert outcome.data == {
        "ticket_id": 12345,
        "ticket_url": "https://acme.freshdesk.com/a/tickets/12345",
        "ticket": TICKET,
    }


def test_everything_a_ticket_can_be_created_with() -> None:
    request = sent(
        "create_ticket",
        {
            **WHO,
            "status": "pending",
            "priority": "High",
            "source": "phone",
            "cc_emails": ["ops@client.example"],
            "parent_id": "1042",
            "related_ticket_ids": [7, "8"],
            "due_by": "2026-03-06T22:00:00+01:00",
            "fr_due_by": "2026-03-04",
            "product_id": 5,
            "company_id": 88000596607,
            "email_config_id": 6,
            "internal_agent_id": 9,
            "internal_group_id": 10,
            "lookup_parameter": "display_id",
            "group_id": None,
        },
        reference=FakeReference(
            ticket_fields=[{"type": "default_status", "choices": {"3": ["Pending", ""]}}]
        ),
    )
    assert request.json == {
        **WHO,
        "status": 3,
        "priority": 3,
        "source": 3,
        "cc_emails": ["ops@client.example"],
        "parent_id": 1042,
        "related_ticket_ids": [7, 8],
        "due_by": "2026-03-06T21:00:00Z",
        "fr_due_by": "2026-03-04T00:00:00Z",
        "product_id": 5,
        "company_id": 88000596607,
        "email_config_id": 6,
        "internal_agent_id": 9,
        "internal_group_id": 10,
        "lookup_parameter": "display_id",
    }


@pytest.mark.parametrize(
    "who",
    [
        {"requester_id": 2**63 - 1},
        {"email": "mira@client.example"},
        {"facebook_id": "mira.h"},
        {"twitter_id": "mira"},
        {"unique_external_id": "crm-4471"},
        {"phone": "+4420555010", "name": "Mira"},
        {"phone": "+4420555010", "email": "mira@client.example"},
    ],
)
def test_any_of_the_six_identifiers_names_the_requester(who: dict[str, Any]) -> None:
    assert sent("create_ticket", {"subject": "a", **who}).json == {"subject": "a", **who}


@pytest.mark.parametrize(("source", "number"), [(3, 3), ("9", 9), ("feedback widget", 9), (14, 14)])
def test_a_source_is_a_number_or_a_stock_name(source: Any, number: int) -> None:
    assert sent("create_ticket", {**WHO, "source": source}).json == {**WHO, "source": number}


def test_a_requester_is_needed() -> None:
    said = refused("create_ticket", {"subject": "a", "name": "Mira", "email": None})
    assert "give at least one of requester_id, email, phone" in said[""]


def test_a_phone_without_an_email_needs_a_name() -> None:
    assert "give name too" in refused("create_ticket", {"subject": "a", "phone": "+44"})[""]
    assert "give name too" in refused("update_ticket", {"ticket_id": 7, "phone": "+44"})[""]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"subject": None}, "subject"),
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 256}, "subject"),
        ({"subject": 5}, "subject"),
        ({"email": "mira"}, "email"),
        ({"email": "mira@client.example, bao@client.example"}, "email"),
        ({"cc_emails": ["Mira <mira@client.example>"]}, "cc_emails.0"),
        ({"cc_emails": "ops@client.example"}, "cc_emails"),
        ({"tags": "urgent"}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"priority": 5}, "priority"),
        ({"priority": "hot"}, "priority"),
        ({"status": 1}, "status"),
        ({"source": "pigeon"}, "source"),
        ({"source": 0}, "source"),
        ({"source": True}, "source"),
        ({"group_id": "support"}, "group_id"),
        ({"group_id": 12.5}, "group_id"),
        ({"agent_id": True}, "agent_id"),
        ({"agent_id": 2**63}, "agent_id"),
        ({"parent_id": 0}, "parent_id"),
        ({"due_by": "tomorrow"}, "due_by"),
        ({"due_by": 1772539360}, "due_by"),
        ({"custom_fields": ["cf_a"]}, "custom_fields"),
        ({"lookup_parameter": "id"}, "lookup_parameter"),
        ({"notify": True}, "notify"),
    ],
)
def test_what_is_wrong_is_named_before_any_call(parameters: dict[str, Any], field: str) -> None:
    assert set(refused("create_ticket", {**WHO, **parameters})) == {field}


def test_two_names_of_the_agent_may_not_differ() -> None:
    both = {"ticket_id": 12345, "agent_id": 1, "responder_id": 2}
    assert "agent_id and responder_id differ" in refused("update_ticket", both)[""]

    same = {"ticket_id": 12345, "agent_id": 2, "responder_id": 2}
    assert sent("update_ticket", same).json == {"responder_id": 2}
    alone = {"ticket_id": 12345, "responder_id": 3}
    assert sent("update_ticket", alone).json == {"responder_id": 3}


def test_due_times_come_in_order_and_together() -> None:
    early, late = "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"

    assert "go together" in refused("create_ticket", {**WHO, "due_by": late})[""]
    assert "go together" in refused("create_ticket", {**WHO, "fr_due_by": late})[""]
    wrong = {**WHO, "due_by": early, "fr_due_by": late}
    assert "fr_due_by is later than due_by" in refused("create_ticket", wrong)[""]
    # Of an existing ticket one may stay as it is.
    assert sent("update_ticket", {"ticket_id": 12345, "due_by": late}).json == {"due_by": late}


def test_due_times_lie_ahead_when_the_action_runs() -> None:
    fake = provider()
    times = {"due_by": "2026-03-04T00:00:00Z", "fr_due_by": "2026-03-03T12:02:40Z"}
    with pytest.raises(InvalidRequest) as raised:
        run_action("create_ticket", {**WHO, **times}, fake)

    assert [field.field for field in raised.value.fields] == ["fr_due_by"]
    assert fake.requests == []


def test_the_printed_update_works_as_it_is_printed() -> None:
    changes = {
        "subject": "Updated Subject",
        "priority": 3,
        "status": 3,
        "tags": ["resolved", "customer-satisfied"],
    }
    fake = provider()

    outcome = run_action("update_ticket", {"ticket_id": 12345, **changes}, fake)

    (request,) = fake.requests
    assert (request.method, request.path, request.json) == ("PUT", ONE, changes)
    assert (outcome.data["ticket_id"], outcome.message) == (12345, "Ticket updated")


def test_an_update_clears_with_null_what_may_be_empty() -> None:
    cleared: dict[str, Any] = {"type": None, "group_id": None, "agent_id": None, "tags": []}
    request = sent("update_ticket", {"ticket_id": 12345, **cleared})
    assert request.json == {"type": None, "group_id": None, "responder_id": None, "tags": []}


def test_an_update_cannot_clear_what_every_ticket_has() -> None:
    nothing = {"ticket_id": 7, "subject": None, "status": None, "priority": None, "source": None}
    said = refused("update_ticket", nothing)
    assert "subject and status and priority and source cannot be null" in said[""]


@pytest.mark.parametrize("empty", [{}, {"sanitise": True}, {"attachments": []}])
def test_an_update_changes_something(empty: dict[str, Any]) -> None:
    assert "at least one field to change" in refused("update_ticket", {"ticket_id": 7, **empty})[""]


@pytest.mark.parametrize("field", ["cc_emails", "related_ticket_ids"])
def test_an_update_takes_nothing_that_only_a_new_ticket_has(field: str) -> None:
    assert set(refused("update_ticket", {"ticket_id": 7, field: []})) == {field}


def test_html_is_sent_as_it_is_unless_asked_otherwise() -> None:
    html = '<p onclick="x()">1 &lt; 2 &amp; "quoted"</p><script>y()</script>'

    plain = sent("create_ticket", {**WHO, "description": html}).json
    clean = sent("create_ticket", {**WHO, "description": html, "sanitise": True}).json

    assert plain is not None and plain["description"] == html
    assert clean is not None and clean["description"] == '<p>1 &lt; 2 &amp; "quoted"</p>'
    assert "sanitise" not in clean


@pytest.mark.parametrize(
    ("name", "parameters", "verb"),
    [
        ("create_ticket", {**WHO, "tags": ["a", "b"]}, "POST"),
        ("update_ticket", {"ticket_id": 12345, "tags": ["a", "b"]}, "PUT"),
    ],
)
def test_files_go_along_in_a_form(name: str, parameters: dict[str, Any], verb: str) -> None:
    files = [
        {"name": "note.txt", "content_base64": base64.b64encode(b"hello").decode()},
        {"upload_id": "upl_" + "a" * 32},
    ]
    uploads = FakeUploads(**{"upl_" + "a" * 32: ("report.pdf", b"%PDF")})
    fake = provider()

    outcome = run_action(name, {**parameters, "attachments": files}, fake, uploads=uploads)

    (request,) = fake.requests
    assert (request.method, request.json) == (verb, None)
    assert ("tags[]", "a") in request.form and ("tags[]", "b") in request.form
    assert not [field for field, _value in request.form if field.startswith("attachments")]
    assert [(part.name, part.filename) for part in request.files] == [
        ("attachments[]", "note.txt"),
        ("attachments[]", "report.pdf"),
    ]
    assert [one["name"] for one in outcome.data["attached"]] == ["note.txt", "report.pdf"]


def test_files_alone_are_a_change() -> None:
    file = {"name": "a.txt", "content_base64": "aGk="}
    request = sent("update_ticket", {"ticket_id": 12345, "attachments": [file]})
    assert (request.form, len(request.files)) == ((), 1)


def test_a_ticket_is_read_with_its_includes() -> None:
    parameters = {"ticket_id": "12345", "include": ["stats", "requester", "stats"]}
    fake = provider()

    outcome = run_action("get_ticket_info", parameters, fake)

    assert query_of(fake.requests[0]) == {"include": "stats,requester"}
    assert outcome.data["ticket"] == TICKET
    assert outcome.data["ticket_url"].endswith("/a/tickets/12345")
    assert query_of(sent("get_ticket_info", {"ticket_id": 12345})) == {}
    assert set(refused("get_ticket_info", {"ticket_id": 7, "include": ["tags"]})) == {"include.0"}


def test_the_providers_refusals_come_through() -> None:
    missing = FakeTransport().on("GET", ONE, empty_reply(404))
    with pytest.raises(NotFound):
        run_action("get_ticket_info", {"ticket_id": 12345}, missing)

    error = {"field": "priority", "message": "It should be one of", "code": "invalid_value"}
    wrong = FakeTransport().on("PUT", ONE, json_reply({"errors": [error]}, 400))
    with pytest.raises(InvalidRequest) as raised:
        run_action("update_ticket", {"ticket_id": 12345, "priority": 1}, wrong)
    assert [field.field for field in raised.value.fields] == ["priority"]

    taken = FakeTransport().on("POST", TICKETS, json_reply({"errors": []}, 409))
    with pytest.raises(Conflict):
        run_action("create_ticket", WHO, taken)


LINES = st.text(min_size=1, max_size=60)


@given(
    subject=LINES,
    description=st.text(max_size=200),
    tags=st.lists(LINES, max_size=3),
    custom=st.dictionaries(LINES, st.one_of(LINES, st.integers(-(2**63), 2**63 - 1), st.none())),
    requester_id=st.integers(1, 2**63 - 1),
)
def test_what_people_write_survives_the_way(
    subject: str,
    description: str,
    tags: list[str],
    custom: dict[str, Any],
    requester_id: int,
) -> None:
    written = {
        "subject": subject,
        "description": description,
        "tags": tags,
        "custom_fields": custom,
        "requester_id": requester_id,
    }
    # As a message on the queue and as a request to the provider: JSON twice.
    parameters = json.loads(json.dumps(written))
    request = sent("create_ticket", parameters)
    assert json.loads(json.dumps(request.json)) == written
