"""Every action checks its parameters, describes them, and calls its provider."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge.actions.catalogue import (
    CATALOGUE,
    InvalidParameters,
    UnknownAction,
    find,
    validate,
)
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.http_message import ProviderRequest
from tests.fakes.provider import FakeTransport, json_reply


def run(
    name: str, parameters: dict[str, Any], method: str, path: str, reply: dict[str, Any]
) -> tuple[dict[str, Any], ProviderRequest]:
    """Run one action against a provider that answers `reply`; also returns what was sent."""
    provider = FakeTransport().on(method, path, json_reply(reply))
    action = find("freshdesk", name)
    client = FreshdeskClient(provider, "https://acme.freshdesk.com", "key")
    return action.run(client, validate(action, parameters)), provider.requests[-1]


@pytest.mark.parametrize("action", CATALOGUE.values(), ids=lambda a: f"{a.platform}.{a.name}")
def test_every_action_has_words_and_a_schema(action: Any) -> None:
    schema = action.parameters.model_json_schema()

    assert json.dumps(schema)
    assert schema["additionalProperties"] is False
    assert schema["required"]
    assert (action.parameters.__doc__ or "").strip()


def test_an_unknown_action_is_told_which_there_are() -> None:
    with pytest.raises(UnknownAction) as raised:
        find("freshdesk", "explode")
    assert "freshdesk.add_note" in raised.value.advice
    assert "freshdesk.update_ticket" in raised.value.advice


@pytest.mark.parametrize(
    ("name", "parameters", "named"),
    [
        ("add_note", {}, {"ticket_id", "body"}),
        ("add_note", {"ticket_id": 0, "body": ""}, {"ticket_id", "body"}),
        ("add_note", {"ticket_id": "seven", "body": "x"}, {"ticket_id"}),
        ("add_note", {"ticket_id": 7, "body": "x", "privat": True}, {"privat"}),
        ("update_ticket", {"ticket_id": 7, "priority": "hot-secret"}, {"priority"}),
        ("update_ticket", {"ticket_id": 7, "status": 1}, {"status"}),
        ("update_ticket", {"ticket_id": 7, "status": True}, {"status"}),
        ("update_ticket", {"ticket_id": 7, "tags": "hot-secret"}, {"tags"}),
        ("update_ticket", {"ticket_id": 7}, {""}),
    ],
)
def test_wrong_parameters_are_named_and_not_quoted(
    name: str, parameters: dict[str, Any], named: set[str]
) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(find("freshdesk", name), parameters)
    assert {field.field for field in raised.value.fields} == named
    assert "hot-secret" not in str(raised.value)


def test_a_note_is_private_unless_said_otherwise() -> None:
    where = ("POST", "/api/v2/tickets/7/notes")

    result, sent = run("add_note", {"ticket_id": "7", "body": "<p>hi</p>"}, *where, {"id": 31})
    _, public = run(
        "add_note", {"ticket_id": 7, "body": "hi", "private": False}, *where, {"id": 32}
    )

    assert result == {"ticket_id": 7, "conversation_id": 31}
    assert sent.json == {"body": "<p>hi</p>", "private": True}
    assert public.json["private"] is False


def test_an_update_sends_what_was_given_and_nothing_else() -> None:
    parameters = {
        "ticket_id": 7,
        "priority": "urgent",
        "status": "Waiting on Customer",
        "type": None,
    }
    reply = {"id": 7, "updated_at": "2026-03-03T12:02:40Z", "subject": "private"}

    result, sent = run("update_ticket", parameters, "PUT", "/api/v2/tickets/7", reply)

    assert sent.json == {"priority": 4, "status": 6, "type": None}
    assert result == {"ticket_id": 7, "updated_at": "2026-03-03T12:02:40Z"}
