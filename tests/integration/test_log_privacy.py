"""No log line of any function holds a key, a secret or a customer's words."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.rules.model import RuleAction
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

NOTES = "/api/v2/tickets/1042/notes"
PRIVATE = (*builders.PRIVATE_WORDS, USER_SECRET, ORGANIZATION_SECRET, "Asha", "555-0100")
ECHO = {
    # A provider that quotes back what it was sent, as some do.
    "description": f"Validation failed for {builders.EMAIL}",
    "errors": [{"field": "body", "message": "is wrong", "code": "invalid_value"}],
}


def webhook(secret: str, body: str) -> dict[str, Any]:
    return builders.rest_event(
        "POST",
        "/api/webhooks/freshdesk/x",
        body=body,
        headers={"X-Freshbridge-Secret": secret, "Content-Type": "application/json"},
        parameters={"platform": "freshdesk", "instance_id": builders.INSTANCE_ID},
    )


def api(method: str, path: str, body: object, access: str) -> dict[str, Any]:
    return builders.rest_event(
        method, path, body=json.dumps(body), headers={"Authorization": access}
    )


def test_nothing_private_is_logged_or_counted(
    *,
    stack: Stack,
    start: Start,
    provider: FakeTransport,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given an account, and a rule that copies the ticket's words into a note
    stack.connect()
    body = {"ticket_id": "{{ ticket.id }}", "body": "{{ ticket.description }} {{ contact.email }}"}
    copying = builders.rule(actions=(RuleAction("freshdesk", "add_note", body),))
    leaking = builders.rule(
        rule_id="rul_2",
        actions=(RuleAction("freshdesk", "add_note", {"body": "{% include ticket.subject %}"}),),
    )
    stack.save_rule(copying)
    stack.save_rule(leaking)
    context = builders.Context(300_000)
    text = json.dumps(builders.simple_content())

    # When webhooks come, good and bad
    ingest = start("WebhookIngest").handler
    assert ingest(webhook(builders.WEBHOOK_SECRET, text), context)["statusCode"] == 202
    assert ingest(webhook("wrong", text), context)["statusCode"] == 401
    assert ingest(webhook(builders.WEBHOOK_SECRET, text + "}"), context)["statusCode"] == 400
    with monkeypatch.context() as broken:
        failing = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
        broken.setattr(aws, "sqs", lambda: failing)
        assert ingest(webhook(builders.WEBHOOK_SECRET, text), context)["statusCode"] == 503

    # and are routed, and their actions are refused by the provider, throttled, and chosen badly
    stack.send("EventQueue", text)
    assert stack.deliver("EventQueue", start("EventRouter").handler, context) == []
    provider.on("POST", NOTES, json_reply(ECHO, 400), json_reply(ECHO, 503), json_reply({"id": 3}))
    words = {"ticket_id": 1042, "body": builders.DESCRIPTION}
    executor = start("ActionExecutor").handler
    for number, parameters in enumerate([words, words, words | {"subjct": builders.SUBJECT}]):
        own = {"action_id": f"act_{number}", "idempotency_key": str(number)}
        request = builders.action_request(parameters=parameters, **own)
        stack.send("ActionQueue", request)
    stack.deliver("ActionQueue", executor, context)
    # and something breaks that nobody foresaw
    provider.on("GET", "/api/v2/tickets", KeyError(builders.DESCRIPTION))
    stack.begin_sync()
    stack.deliver("SyncQueue", start("SyncWorker").handler, context)
    start("ScheduledSync").handler({}, context)

    # and the API is called, rightly and wrongly
    provider.on(
        "GET", "/api/v2/agents/me", json_reply({"id": 1, "contact": {"email": builders.EMAIL}})
    )
    access = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
    connect: dict[str, object] = {
        "platform": "freshdesk",
        "name": "Acme",
        "credentials": {"domain": "acme", "api_key": builders.API_KEY},
    }
    call = start("ConnectorApi").handler
    assert call(api("POST", "/api/integrations", connect, access), context)["statusCode"] == 201
    assert (
        call(api("POST", "/api/integrations", connect, access[:-1]), context)["statusCode"] == 401
    )
    nameless = api("POST", "/api/integrations", connect | {"name": 7}, access)
    assert call(nameless, context)["statusCode"] == 400
    start("DeadLetterRedrive").handler({"queue": "actions", "limit": 1}, context)

    # Then the log tells of all of it, and quotes none of it
    written = log.getvalue() + capsys.readouterr().out
    messages = {json.loads(line).get("message") for line in log.getvalue().splitlines()}
    assert messages >= {
        "webhook stored", "webhook refused", "event routed", "provider called", "action done",
        "message parked", "message put off", "message failed unforeseen", "sync started",
        "request answered", "request refused", "dead letters",
    }  # fmt: skip
    assert [word for word in PRIVATE if word in written] == []
