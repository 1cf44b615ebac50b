"""action_executor runs what it can, puts off what may succeed later, and parks the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from freshbridge import aws
from freshbridge.queues.envelope import to_text
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, html_reply, json_reply
from tests.integration.conftest import Stack, Start

NOTES = "/api/v2/tickets/1042/notes"
REFUSED = {
    "description": "Validation failed",
    "errors": [{"field": "body", "message": "It should not be blank", "code": "invalid_value"}],
}


def parked(stack: Stack) -> list[dict[str, str]]:
    """The attributes of every dead letter."""
    return [
        {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        for message in stack.messages("ActionDeadLetterQueue")
    ]


def test_an_action_is_run_and_acknowledged(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    stack.send("ActionQueue", builders.action_request())

    assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

    (sent,) = provider.requests
    assert sent.json == {"body": "<p>Seen</p>", "private": True}
    assert sent.url == "https://acme.freshdesk.com" + NOTES
    assert stack.count("ActionQueue") == (0, 0)


def test_a_message_delivered_twice_has_its_effect_once(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    for _ in range(2):
        stack.send("ActionQueue", builders.action_request())

    assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

    assert len(provider.requests) == 1


def test_a_throttled_action_is_hidden_for_as_long_as_the_provider_asks(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    # Given a provider that asks for 120 seconds
    stack.connect()
    provider.on("POST", NOTES, empty_reply(429, {"Retry-After": "120"}), json_reply({"id": 1}, 201))
    with freeze_time(datetime.now(UTC)) as clock:
        stack.send("ActionQueue", builders.action_request())
        handler = start("ActionExecutor").handler

        # When the action runs into the limit
        kept = stack.deliver("ActionQueue", handler)

        # Then its message is kept, hidden for that long at least and half a minute more at most
        assert len(kept) == 1
        clock.tick(119)
        assert stack.count("ActionQueue") == (0, 1)
        clock.tick(32)
        assert stack.deliver("ActionQueue", handler) == []
    assert len(provider.requests) == 2
    assert stack.messages("ActionDeadLetterQueue") == []


@pytest.mark.parametrize("reply", [html_reply(502), empty_reply(500)])
def test_a_provider_that_is_down_is_tried_again_later(
    stack: Stack, start: Start, provider: FakeTransport, reply: Any
) -> None:
    stack.connect()
    provider.on("POST", NOTES, reply)
    stack.send("ActionQueue", builders.action_request())

    assert len(stack.deliver("ActionQueue", start("ActionExecutor").handler)) == 1
    assert stack.messages("ActionDeadLetterQueue") == []


def test_a_refused_action_is_parked_with_its_reason(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("POST", NOTES, json_reply(REFUSED, 400))
    stack.send("ActionQueue", builders.action_request())

    assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

    (attributes,) = parked(stack)
    assert attributes["code"] == "invalid_request"
    assert "body: It should not be blank" in attributes["reason"]
    assert f"POST {NOTES}, HTTP 400" in attributes["reason"]
    assert attributes["attempts"] == "1"
    assert attributes["parked_by"] == "action_executor"
    assert stack.bodies("ActionDeadLetterQueue")[0]["action_id"] == "act_0001"
    assert stack.count("ActionQueue") == (0, 0)


def test_poison_in_the_middle_of_a_batch_holds_nothing_back(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    stack.connect(builders.instance(instance_id="ins_off", disabled=True))
    provider.on("POST", NOTES, json_reply({"id": 31}, 201), json_reply({"id": 32}, 201))
    stack.send("ActionQueue", builders.action_request(idempotency_key="first"))
    stack.send("ActionQueue", "\u2620 not json")
    stack.send("ActionQueue", json.dumps({"action": "add_note"}))
    stack.send("ActionQueue", builders.action_request(action="explode"))
    stack.send("ActionQueue", builders.action_request(parameters={"ticket_id": "x"}))
    stack.send("ActionQueue", builders.action_request(instance_id="ins_none", idempotency_key="n"))
    stack.send("ActionQueue", builders.action_request(instance_id="ins_off", idempotency_key="o"))
    stack.send("ActionQueue", builders.action_request(idempotency_key=""))
    stack.send("ActionQueue", builders.action_request(idempotency_key="last"))

    kept = stack.deliver("ActionQueue", start("ActionExecutor").handler)

    assert kept == []
    assert len(provider.requests) == 2
    assert sorted(letter["code"] for letter in parked(stack)) == [
        "instance_disabled", "invalid_parameters", "unknown_action", "unknown_instance",
        "unreadable_message", "unreadable_message", "unreadable_message",
    ]  # fmt: skip


def test_an_action_begun_too_late_is_left_to_the_next_invocation(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    stack.send("ActionQueue", builders.action_request())

    kept = stack.deliver(
        "ActionQueue", start("ActionExecutor").handler, builders.Context(remaining_ms=29_999)
    )

    assert len(kept) == 1
    assert provider.requests == []


def test_when_neither_queue_nor_table_takes_dead_letters_nothing_is_acknowledged(
    stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.send("ActionQueue", "not json")
    no_queue = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    no_table = Failing(aws.dynamodb(), put_item=raising(client_error("PutItem")))
    monkeypatch.setattr(aws, "sqs", lambda: no_queue)
    monkeypatch.setattr(aws, "dynamodb", lambda: no_table)

    kept = stack.deliver("ActionQueue", start("ActionExecutor").handler)
    monkeypatch.undo()

    assert kept == ["not json"]
    assert sum(stack.count("ActionQueue")) == 1


def test_what_a_message_waited_through_does_not_count_as_its_defects(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    # Given a message that was received thirty times before it met its first defect
    stack.connect()
    provider.on("POST", NOTES, KeyError("id"))
    provider.on("GET", "/api/v2/tickets/1042/conversations", json_reply([]))
    body = to_text(builders.action_request())
    handler = start("ActionExecutor").handler
    answers = []

    # When it comes back each time that it has settled
    begin = datetime.now(UTC)
    for number in range(5):
        with freeze_time(begin + timedelta(minutes=number)):
            sent_ms = int(begin.timestamp() * 1000)
            record = builders.sqs_record(body, receives=30 + number, sent_ms=sent_ms)
            answers.append(
                len(handler({"Records": [record]}, builders.Context())["batchItemFailures"])
            )

    # Then it is tried as often as any other
    assert answers == [1, 1, 1, 1, 0]
    assert [one["code"] for one in parked(stack)] == ["defect"]
