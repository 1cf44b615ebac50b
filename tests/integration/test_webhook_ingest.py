"""webhook_ingest stores a webhook before it says so, and stores nothing that it refuses."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.events.payload import LARGEST_BODY
from freshbridge.queues import envelope
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack, Start

BODY = json.dumps(builders.simple_content(), ensure_ascii=False)


def webhook(
    body: str = BODY,
    *,
    secret: str | None = builders.WEBHOOK_SECRET,
    instance_id: str = builders.INSTANCE_ID,
    platform: str = "freshdesk",
    headers: dict[str, str] | None = None,
    base64_encoded: bool = False,
) -> dict[str, Any]:
    shown = {} if secret is None else {"X-Freshbridge-Secret": secret}
    return builders.rest_event(
        "POST",
        f"/api/webhooks/{platform}/{instance_id}",
        body=body,
        headers={"Content-Type": "application/json", **shown, **(headers or {})},
        parameters={"platform": platform, "instance_id": instance_id},
        base64_encoded=base64_encoded,
    )


def answer_to(start: Start, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = start("WebhookIngest").handler(event, builders.Context())
    assert answer["headers"] == {"Content-Type": "application/json"}
    return answer["statusCode"], json.loads(answer["body"])


def test_an_accepted_webhook_is_in_the_queue_as_it_came(stack: Stack, start: Start) -> None:
    stack.connect()

    status, body = answer_to(start, webhook())

    (message,) = stack.messages("EventQueue")
    stored = envelope.received_event(message["Body"])
    assert status == 202
    assert body["success"] is True
    assert body["data"] == {"event_id": stored.event_id, "received_at": stored.received_at}
    assert stored.body == BODY
    assert (stored.instance_id, stored.platform) == (builders.INSTANCE_ID, "freshdesk")


def test_basic_credentials_and_a_body_in_base64_do_as_well(stack: Stack, start: Start) -> None:
    stack.connect()
    credentials = base64.b64encode(f"freshdesk:{builders.WEBHOOK_SECRET}".encode()).decode()
    encoded = base64.b64encode(BODY.encode()).decode()

    status, _ = answer_to(
        start,
        webhook(
            encoded,
            secret=None,
            headers={"AUTHORIZATION": f"Basic {credentials}"},
            base64_encoded=True,
        ),
    )

    assert status == 202
    (message,) = stack.messages("EventQueue")
    assert envelope.received_event(message["Body"]).body == BODY


def test_a_large_webhook_goes_through_the_bucket(stack: Stack, start: Start) -> None:
    stack.connect()
    text = json.dumps(builders.simple_content(ticket_description="é" * 300_000), ensure_ascii=False)

    status, _ = answer_to(start, webhook(text))

    assert status == 202
    (message,) = stack.messages("EventQueue")
    unpacked = PayloadStore(stack.names["PayloadBucket"]).unpack(message["Body"])
    assert envelope.received_event(unpacked).body == text


@pytest.mark.parametrize(
    ("event", "status", "code", "words"),
    [
        (webhook(secret=None), 401, "webhook_not_authenticated", "X-Freshbridge-Secret"),
        (webhook(secret=""), 401, "webhook_not_authenticated", "missing or wrong"),
        (webhook(secret="wrong"), 401, "webhook_not_authenticated", "missing or wrong"),
        (webhook("x" * (LARGEST_BODY + 1)), 413, "body_too_large", "1048576"),
        (webhook('{"a": '), 400, "unreadable_body", "line 1, column 7"),
        (webhook(""), 400, "unreadable_body", "empty"),
        (webhook("a=1", headers={"Content-Type": "text/plain"}), 400, "unreadable_body", "JSON"),
        (webhook("é", base64_encoded=True), 400, "unreadable_body", "base64"),
        (webhook("A", base64_encoded=True), 400, "unreadable_body", "base64"),
        (webhook(instance_id="ins_none"), 404, "unknown_instance", "ins_none"),
        (webhook(instance_id="x" * 3000), 404, "unknown_instance", "xxx"),
        (webhook(platform="freshsales"), 404, "unknown_instance", "/api/webhooks/freshdesk/"),
        (
            builders.rest_event("POST", "/api/webhooks", body=BODY),
            404,
            "unknown_instance",
            "no such instance",
        ),
    ],
)
def test_a_refused_webhook_is_told_why_and_leaves_the_queue_empty(
    *, stack: Stack, start: Start, event: dict[str, Any], status: int, code: str, words: str
) -> None:
    stack.connect()

    answered, body = answer_to(start, event)

    assert answered == status
    assert body["success"] is False
    assert body["code"] == code
    assert body["request_id"] == builders.Context().aws_request_id
    assert words in body["message"]
    assert stack.messages("EventQueue") == []


def test_an_instance_whose_webhook_secret_is_empty_accepts_nothing(
    stack: Stack, start: Start
) -> None:
    stack.connect()
    aws.secretsmanager().put_secret_value(
        SecretId=f"freshbridge/demo/webhooks/{builders.INSTANCE_ID}", SecretString='{"secret": ""}'
    )

    for shown in (None, "", "x"):
        status, _ = answer_to(start, webhook(secret=shown))
        assert status == 401
    assert stack.messages("EventQueue") == []


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    [
        ("sqs", "send_message", "SendMessage"),
        ("dynamodb", "get_item", "GetItem"),
        ("secretsmanager", "get_secret_value", "GetSecretValue"),
    ],
)
def test_when_aws_refuses_the_sender_is_asked_to_try_again(
    *,
    stack: Stack,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    method: str,
    operation: str,
) -> None:
    stack.connect()
    failing: Any = Failing(
        getattr(aws, service)(), **{method: raising(client_error(operation, "Throttling"))}
    )
    monkeypatch.setattr(aws, service, lambda: failing)

    status, body = answer_to(start, webhook())

    assert status == 503
    assert body["success"] is False
    monkeypatch.undo()
    assert stack.messages("EventQueue") == []
