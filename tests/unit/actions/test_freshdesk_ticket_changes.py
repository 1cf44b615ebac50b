"""Assigning, status, priority, trash."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.errors import NotFound, Unreachable, WrongState
from tests.fakes.actions import FakeReference, run_action
from tests.fakes.provider import FakeTransport, empty_reply, json_reply

ONE = "/api/v2/tickets/12345"
URL = "https://acme.freshdesk.com/a/tickets/12345"
TICKET = {"id": 12345, "status": 4}
WRONG_STATE = json_reply({"message": "PUT method is not allowed."}, 405)


def changed(name: str, parameters: dict[str, Any], **services: Any) -> tuple[Any, dict[str, Any]]:
    """Run the action on ticket 12345; returns what was put and what was answered."""
    fake = FakeTransport().on("PUT", ONE, json_reply(TICKET))
    outcome = run_action(name, {"ticket_id": 12345, **parameters}, fake, **services)
    (request,) = fake.requests
    return request.json, outcome.data


def refused(name: str, parameters: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidParameters) as raised:
        run_action(name, parameters, FakeTransport())
    return {field.field: field.message for field in raised.value.fields}


@pytest.mark.parametrize(
    ("parameters", "put"),
    [
        ({"agent_id": 456, "group_id": 123}, {"responder_id": 456, "group_id": 123}),
        ({"agent_id": "456"}, {"responder_id": 456}),
        ({"responder_id": 456}, {"responder_id": 456}),
        ({"group_id": 123}, {"group_id": 123}),
        ({"agent_id": None}, {"responder_id": None}),
    ],
)
def test_a_ticket_is_assigned(parameters: dict[str, Any], put: dict[str, Any]) -> None:
    sent, data = changed("assign_ticket", parameters)
    assert sent == put
    assert data == {"ticket_id": 12345, "ticket_url": URL, "ticket": TICKET}


def test_an_assignment_names_someone() -> None:
    assert "agent_id, group_id, or both" in refused("assign_ticket", {"ticket_id": 7})[""]
    both = {"ticket_id": 7, "agent_id": 1, "responder_id": 2}
    assert "differ" in refused("assign_ticket", both)[""]


def test_a_status_is_changed_by_number_or_name() -> None:
    own = FakeReference(
        ticket_fields=[{"type": "default_status", "choices": {"8": ["In Review", "Open"]}}]
    )
    assert changed("change_status", {"status": 4})[0] == {"status": 4}
    sent, data = changed("change_status", {"status": "in review"}, reference=own)
    assert (sent, data["status"]) == ({"status": 8}, 8)
    assert set(refused("change_status", {"ticket_id": 7})) == {"status"}


def test_a_priority_is_set_by_number_or_name() -> None:
    assert changed("set_priority", {"priority": 1})[0] == {"priority": 1}
    assert changed("set_priority", {"priority": "urgent"})[0] == {"priority": 4}
    assert set(refused("set_priority", {"ticket_id": 7, "priority": 9})) == {"priority"}


@pytest.mark.parametrize("ticket_id", [True, 1.0, "twelve", 0, -1, None, 2**63])
@pytest.mark.parametrize("name", ["delete_ticket", "restore_ticket"])
def test_only_an_id_is_taken_for_a_ticket(name: str, ticket_id: Any) -> None:
    assert set(refused(name, {"ticket_id": ticket_id})) == {"ticket_id"}


def test_a_ticket_is_deleted_and_restored() -> None:
    fake = (
        FakeTransport()
        .on("DELETE", ONE, empty_reply(204))
        .on("PUT", f"{ONE}/restore", empty_reply(204))
    )
    gone = run_action("delete_ticket", {"ticket_id": 12345}, fake)
    back = run_action("restore_ticket", {"ticket_id": 12345}, fake)

    assert gone.data == back.data == {"ticket_id": 12345, "ticket_url": URL, "changed": True}
    assert (gone.message, back.message) == ("Ticket deleted", "Ticket restored")
    assert len(fake.requests) == 2


def test_deleting_again_finds_it_deleted() -> None:
    fake = FakeTransport().on("DELETE", ONE, WRONG_STATE).on("GET", ONE, json_reply({
        "id": 12345, "deleted": True,
    }))  # fmt: skip
    outcome = run_action("delete_ticket", {"ticket_id": 12345}, fake)
    assert (outcome.data["changed"], outcome.message) == (False, "Ticket deleted already")


def test_spam_cannot_be_deleted_nor_restored() -> None:
    spam = json_reply({"id": 12345, "spam": True})
    fake = (
        FakeTransport()
        .on("DELETE", ONE, WRONG_STATE)
        .on("PUT", f"{ONE}/restore", WRONG_STATE)
        .on("GET", ONE, spam)
    )
    with pytest.raises(WrongState):
        run_action("delete_ticket", {"ticket_id": 12345}, fake)
    with pytest.raises(WrongState):
        run_action("restore_ticket", {"ticket_id": 12345}, fake)


@pytest.mark.parametrize("refusal", [empty_reply(404), WRONG_STATE])
def test_restoring_again_finds_it_restored(refusal: Any) -> None:
    fake = (
        FakeTransport()
        .on("PUT", f"{ONE}/restore", refusal)
        .on("GET", ONE, json_reply({"id": 12345, "spam": False}))
    )
    outcome = run_action("restore_ticket", {"ticket_id": 12345}, fake)
    assert (outcome.data["changed"], outcome.message) == (False, "Ticket restored already")


def test_a_ticket_that_never_was_is_neither() -> None:
    fake = (
        FakeTransport()
        .on("DELETE", ONE, empty_reply(404))
        .on("PUT", f"{ONE}/restore", empty_reply(404))
        .on("GET", ONE, empty_reply(404))
    )
    with pytest.raises(NotFound):
        run_action("delete_ticket", {"ticket_id": 12345}, fake)
    with pytest.raises(NotFound):
        run_action("restore_ticket", {"ticket_id": 12345}, fake)


def test_a_network_that_fails_is_no_answer() -> None:
    fake = FakeTransport().on("DELETE", ONE, Unreachable("no reply", outcome_unknown=True))
    with pytest.raises(Unreachable):
        run_action("delete_ticket", {"ticket_id": 12345}, fake)
    assert len(fake.requests) == 1
