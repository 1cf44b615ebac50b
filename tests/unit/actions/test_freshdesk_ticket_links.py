"""Merging, forwarding, watching, and tickets that begin with an e-mail."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.errors import InvalidRequest
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport, empty_reply, json_reply

URL = "https://acme.freshdesk.com/a/tickets/7"
FORWARD = {"ticket_id": 7, "body": "<p>Look</p>", "to_emails": ["stock@acme.example"]}
OUTBOUND = {
    "email": "mira@client.example",
    "subject": "Your order",
    "email_config_id": 88000020526,
}


def sent(
    name: str, parameters: dict[str, Any], verb: str, path: str, reply: Any = None
) -> tuple[Any, dict[str, Any]]:
    """Run the action; returns the body of its one request and what was answered."""
    answer = empty_reply(204) if reply is None else json_reply(reply)
    fake = FakeTransport().on(verb, f"/api/v2{path}", answer)
    outcome = run_action(name, parameters, fake)
    (request,) = fake.requests
    return request.json, outcome.data


def refused(name: str, parameters: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidParameters) as raised:
        run_action(name, parameters, FakeTransport())
    return {field.field: field.message for field in raised.value.fields}


def test_tickets_are_merged_into_the_primary_one() -> None:
    parameters = {
        "primary_id": 7,
        "ticket_ids": [7, 8, "9", 8],
        "note_in_primary": {"body": "Same outage"},
        "note_in_secondary": {"body": "See 7", "private": False},
        "convert_recipients_to_cc": True,
    }
    put, data = sent("merge_tickets", parameters, "PUT", "/tickets/merge")

    assert put == {
        "primary_id": 7,
        "ticket_ids": [8, 9],
        "note_in_primary": {"body": "Same outage", "private": True},
        "note_in_secondary": {"body": "See 7", "private": False},
        "convert_recepients_to_cc": True,
    }
    assert data == {"ticket_id": 7, "ticket_url": URL, "merged_ticket_ids": [8, 9]}


def test_a_merge_says_no_more_than_it_was_told() -> None:
    put, _data = sent(
        "merge_tickets", {"primary_id": 7, "ticket_ids": [8]}, "PUT", "/tickets/merge"
    )
    assert put == {"primary_id": 7, "ticket_ids": [8]}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"ticket_ids": []}, "ticket_ids"),
        ({"ticket_ids": [7, 7]}, ""),
        ({"ticket_ids": 8}, "ticket_ids"),
        ({"ticket_ids": [8], "note_in_primary": "text"}, "note_in_primary"),
        ({"ticket_ids": [8], "note_in_primary": {"body": ""}}, "note_in_primary.body"),
        ({"ticket_ids": [8], "convert_recepients_to_cc": True}, "convert_recepients_to_cc"),
    ],
)
def test_a_merge_that_cannot_be_meant_is_refused(parameters: dict[str, Any], field: str) -> None:
    assert set(refused("merge_tickets", {"primary_id": 7, **parameters})) == {field}


def test_a_ticket_is_forwarded() -> None:
    entry = {"id": 31, "source": 8}
    more = {
        "cc_emails": ["a@acme.example"],
        "bcc_emails": ["b@acme.example"],
        "from_email": "support@acme.example",
        "agent_id": "5",
        "include_quoted_text": False,
        "include_original_attachments": False,
    }
    put, data = sent("forward_ticket", FORWARD | more, "POST", "/tickets/7/forward", entry)

    assert put == {
        "body": "<p>Look</p>",
        "to_emails": ["stock@acme.example"],
        **more,
        "agent_id": 5,
    }
    assert data == {
        "ticket_id": 7,
        "ticket_url": URL,
        "conversation_id": 31,
        "conversation": entry,
    }


def test_a_forward_leaves_the_choice_to_freshdesk() -> None:
    put, _data = sent("forward_ticket", FORWARD, "POST", "/tickets/7/forward", {"id": 31})
    assert put == {"body": "<p>Look</p>", "to_emails": ["stock@acme.example"]}

    unsafe = FORWARD | {"body": "<p>Look</p><script>x</script>", "sanitise": True}
    put, _data = sent("forward_ticket", unsafe, "POST", "/tickets/7/forward", {"id": 31})
    assert put["body"] == "<p>Look</p>"


def test_a_forward_needs_someone_to_go_to() -> None:
    assert set(refused("forward_ticket", FORWARD | {"to_emails": []})) == {"to_emails"}
    assert set(refused("forward_ticket", FORWARD | {"to_emails": ["Bob"]})) == {"to_emails.0"}
    assert set(refused("forward_ticket", FORWARD | {"body": ""})) == {"body"}


@pytest.mark.parametrize("name", ["agent_id", "user_id"])
def test_a_watcher_is_added_under_either_name(name: str) -> None:
    put, data = sent("add_watcher", {"ticket_id": 7, name: 5}, "POST", "/tickets/7/watch")
    assert put == {"user_id": 5}
    assert data == {"ticket_id": 7, "ticket_url": URL, "watcher_id": 5}


def test_a_watcher_is_one_agent() -> None:
    assert "give agent_id" in refused("add_watcher", {"ticket_id": 7})[""]
    assert "" in refused("add_watcher", {"ticket_id": 7, "agent_id": 5, "user_id": 6})


def test_watchers_are_listed_and_the_keys_agent_removed() -> None:
    listed = {"watcher_ids": [5, 6]}
    _put, data = sent("list_watchers", {"ticket_id": 7}, "GET", "/tickets/7/watchers", listed)
    assert data == {"ticket_id": 7, "ticket_url": URL, "watcher_ids": [5, 6]}
    _put, none = sent("list_watchers", {"ticket_id": 7}, "GET", "/tickets/7/watchers", {})
    assert none["watcher_ids"] == []

    put, _data = sent("remove_watcher", {"ticket_id": 7}, "PUT", "/tickets/7/unwatch")
    assert put is None


def test_an_email_begins_a_ticket() -> None:
    more = {
        "description": "<p>On its way</p>",
        "name": "Mira Holt",
        "cc_emails": ["ops@client.example"],
        "status": 5,
        "priority": "low",
        "type": "Question",
        "group_id": 123,
        "tags": ["order"],
        "custom_fields": {"cf_order_id": "A-1"},
        "due_by": "2026-03-06T21:00:00Z",
        "fr_due_by": "2026-03-05T21:00:00Z",
        "sanitise": False,
    }
    reply = {"id": 7, "status": 5}
    put, data = sent("outbound_email", OUTBOUND | more, "POST", "/tickets/outbound_email", reply)

    del more["sanitise"]
    assert put == OUTBOUND | more | {"priority": 1}
    assert data == {"ticket_id": 7, "ticket_url": URL, "ticket": reply}


def test_an_email_can_carry_files() -> None:
    fake = FakeTransport().on("POST", "/api/v2/tickets/outbound_email", json_reply({"id": 7}))
    file = {"name": "a.txt", "content_base64": "aGk="}

    outcome = run_action("outbound_email", {**OUTBOUND, "attachments": [file]}, fake)

    assert [part.filename for part in fake.requests[0].files] == ["a.txt"]
    assert outcome.data["attached"][0]["size"] == 2


@pytest.mark.parametrize("field", ["email", "subject", "email_config_id"])
def test_an_email_needs_these(field: str) -> None:
    parameters = {name: value for name, value in OUTBOUND.items() if name != field}
    assert set(refused("outbound_email", parameters)) == {field}


def test_an_emails_due_times_are_checked() -> None:
    late, early = "2026-03-06T21:00:00Z", "2026-03-05T21:00:00Z"
    assert "go together" in refused("outbound_email", {**OUTBOUND, "due_by": late})[""]
    wrong = {**OUTBOUND, "due_by": early, "fr_due_by": late}
    assert "later than due_by" in refused("outbound_email", wrong)[""]
    past = {**OUTBOUND, "due_by": early, "fr_due_by": "2020-01-01"}
    with pytest.raises(InvalidRequest):
        run_action("outbound_email", past, FakeTransport())
