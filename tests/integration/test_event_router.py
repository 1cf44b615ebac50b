"""event_router turns events into actions, and parks what it cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.rules.model import RuleAction
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack, Start


def reasons(stack: Stack, queue: str) -> dict[str, str]:
    """Body to code of every parked message."""
    return {
        message["Body"]: message["MessageAttributes"]["code"]["StringValue"]
        for message in stack.messages(queue)
    }


def test_an_event_becomes_its_rules_actions_and_is_put_on_the_bus(
    stack: Stack, start: Start, published: list[dict[str, Any]]
) -> None:
    stack.connect()
    stack.save_rule(builders.rule(conditions={"priority": "Urgent"}))
    stack.save_rule(builders.rule(rule_id="rul_2", conditions={"priority": "Low"}))
    stack.send("EventQueue", builders.received_event())

    kept = stack.deliver("EventQueue", start("EventRouter").handler)

    assert kept == []
    (action,) = stack.bodies("ActionQueue")
    assert action["parameters"] == {"ticket_id": 1042, "body": "Seen"}
    assert action["origin"] == {"type": "rule", "rule_id": "rul_1", "event_id": "evt_0001"}
    (entry,) = published
    assert entry["EventBusName"] == stack.names["EventBus"]
    assert json.loads(entry["Detail"])["ticket"]["id"] == 1042
    assert stack.count("EventQueue") == (0, 0)


def test_an_event_without_a_rule_is_put_on_the_bus_all_the_same(
    stack: Stack, start: Start, published: list[dict[str, Any]]
) -> None:
    stack.send("EventQueue", builders.received_event())

    assert stack.deliver("EventQueue", start("EventRouter").handler) == []

    assert len(published) == 1
    assert stack.bodies("ActionQueue") == []


def test_a_poison_message_in_the_middle_holds_nothing_back(stack: Stack, start: Start) -> None:
    stack.save_rule(builders.rule())
    stack.send("EventQueue", builders.received_event(event_id="evt_1"))
    stack.send("EventQueue", "not json {")
    stack.send("EventQueue", builders.received_event(event_id="evt_no", body="{}"))
    stack.send("EventQueue", builders.received_event(event_id="evt_text", body="not json"))
    another = json.dumps(builders.simple_content(ticket_id=2))
    stack.send("EventQueue", builders.received_event(event_id="evt_2", body=another))

    assert stack.deliver("EventQueue", start("EventRouter").handler) == []

    routed = {body["origin"]["event_id"] for body in stack.bodies("ActionQueue")}
    assert routed == {"evt_1", "evt_2"}
    assert sorted(reasons(stack, "EventDeadLetterQueue").values()) == [
        "not_a_ticket_event", "unreadable_body", "unreadable_message",
    ]  # fmt: skip


def test_a_rule_that_cannot_be_filled_parks_the_event_after_the_other_rules_ran(
    stack: Stack, start: Start
) -> None:
    broken = RuleAction("freshdesk", "add_note", {"body": "{{ ticket.nothing }}"})
    stack.save_rule(builders.rule(rule_id="rul_0", actions=(broken,)))
    stack.save_rule(builders.rule(rule_id="rul_1"))
    stack.save_rule(builders.rule(rule_id="rul_2", actions=(broken,)))
    stack.send("EventQueue", builders.received_event())

    assert stack.deliver("EventQueue", start("EventRouter").handler) == []

    assert len(stack.bodies("ActionQueue")) == 1
    (parked,) = stack.messages("EventDeadLetterQueue")
    reason = parked["MessageAttributes"]["reason"]["StringValue"]
    assert reason.startswith("rule rul_0, rul_2: ")
    assert reason.count("ticket.nothing") == 2


def test_half_an_emoji_in_a_ticket_is_routed(stack: Stack, start: Start) -> None:
    echo = RuleAction("freshdesk", "add_note", {"body": "{{ ticket.subject }}"})
    stack.save_rule(builders.rule(actions=(echo,)))
    body = json.dumps(builders.simple_content(ticket_subject="cut \ud83d"))
    stack.send("EventQueue", builders.received_event(body=body))

    assert stack.deliver("EventQueue", start("EventRouter").handler) == []

    assert stack.bodies("ActionQueue")[0]["parameters"]["body"].startswith("cut ")


@pytest.mark.parametrize(
    ("service", "method"),
    [("dynamodb", "get_paginator"), ("sqs", "send_message_batch"), ("events", "put_events")],
)
def test_while_aws_is_down_the_event_waits_in_its_queue(
    stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch, service: str, method: str
) -> None:
    stack.connect()
    stack.save_rule(builders.rule())
    stack.send("EventQueue", builders.received_event())
    broken = Failing(getattr(aws, service)(), **{method: raising(client_error(method))})
    if method == "get_paginator":
        broken = Failing(aws.dynamodb(), get_paginator=lambda _name: raising_pages())
    monkeypatch.setattr(aws, service, lambda: broken)

    kept = stack.deliver("EventQueue", start("EventRouter").handler)
    monkeypatch.undo()

    assert len(kept) == 1
    assert sum(stack.count("EventQueue")) == 1
    assert stack.messages("EventDeadLetterQueue") == []


def raising_pages() -> Any:
    """A paginator whose first page fails."""
    return Failing(None, paginate=raising(client_error("Query", "ThrottlingException")))
