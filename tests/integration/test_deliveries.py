"""A webhook that its provider sends again acts once; a change that is made again acts again."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.events.deliveries import ATTEMPTS, Deliveries, NotRecorded
from freshbridge.events.reading import event_of
from freshbridge.queues.envelope import ReceivedEvent
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack, Start

HALF_AN_HOUR_LATER = "2026-03-03T12:32:40Z"
A_DAY_LATER = "2026-03-04T13:02:41Z"


def came(number: int, *, at: str = builders.RECEIVED_AT, **content: Any) -> ReceivedEvent:
    """A webhook about ticket 1042, by default of its priority's change."""
    told = {"triggered_event": "{priority:{from:1,to:4}}"} | content
    body = json.dumps(builders.simple_content(**told))
    return builders.received_event(event_id=f"evt_{number}", received_at=at, body=body)


def routed(stack: Stack, start: Start, *events: ReceivedEvent) -> list[str]:
    """The events that a rule acted on, in the order in which they came."""
    stack.save_rule(builders.rule(event="ticket_updated"))
    stack.save_rule(builders.rule(rule_id="rul_2", event="ticket_created"))
    for event in events:
        stack.send("EventQueue", event)
        assert stack.deliver("EventQueue", start("EventRouter").handler) == []
    assert stack.messages("EventDeadLetterQueue") == []
    return sorted(body["origin"]["event_id"] for body in stack.bodies("ActionQueue"))


def test_what_is_sent_again_acts_once_and_says_so(
    stack: Stack, start: Start, log: io.StringIO
) -> None:
    acted = routed(stack, start, came(1), came(2), came(3, at=HALF_AN_HOUR_LATER))

    assert acted == ["evt_1"]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    again = [line for line in lines if line["message"] == "event came again"]
    assert [line["correlation_id"] for line in again] == ["evt_2", "evt_3"]
    assert {line["first_event_id"] for line in again} == {"evt_1"}


def test_a_change_that_is_made_again_acts_again(stack: Stack, start: Start) -> None:
    back = {"triggered_event": "{priority:{from:4,to:1}}"}

    assert routed(stack, start, came(1), came(2, **back), came(3)) == ["evt_1", "evt_2", "evt_3"]


def test_a_change_with_its_time_in_it_is_told_apart_by_it(stack: Stack, start: Start) -> None:
    first, second = ({"ticket_modified_on": f"March 03 2026 at 0{n}:00 PM"} for n in (1, 2))

    acted = routed(stack, start, came(1, **first), came(2, **second), came(3, **first))

    assert acted == ["evt_1", "evt_2"]


def test_other_records_and_other_instances_are_others(stack: Stack, start: Start) -> None:
    stack.save_rule(builders.rule(event="ticket_updated"), "193000002")
    elsewhere = builders.received_event(
        event_id="evt_3", instance_id="193000002", body=came(1).body
    )

    assert routed(stack, start, came(1), came(2, ticket_id=7), elsewhere) == [
        "evt_1", "evt_2", "evt_3",
    ]  # fmt: skip


def test_after_a_day_the_same_content_is_news(stack: Stack, start: Start) -> None:
    assert routed(stack, start, came(1), came(2, at=A_DAY_LATER)) == ["evt_1", "evt_2"]


def test_an_event_that_the_queue_gives_again_is_finished_not_dropped(
    stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an event that was recorded, and whose routing then failed
    stack.save_rule(builders.rule(event="ticket_updated"))
    stack.send("EventQueue", came(1))
    with monkeypatch.context() as broken:
        failing = Failing(aws.events(), put_events=raising(client_error("PutEvents")))
        broken.setattr(aws, "events", lambda: failing)
        assert len(stack.deliver("EventQueue", start("EventRouter").handler)) == 1

    # When the queue gives it once more
    assert routed(stack, start, came(1)) == ["evt_1"] * len(stack.bodies("ActionQueue"))

    # Then its action was asked for, under the same id both times
    assert len({body["action_id"] for body in stack.bodies("ActionQueue")}) == 1


def test_a_repeated_and_a_late_event_are_marked_for_rules_and_subscribers(
    stack: Stack,
) -> None:
    deliveries = Deliveries(stack.names["IdempotencyTable"])
    back = {"triggered_event": "{priority:{from:4,to:1}}"}

    for number, content in ((1, {}), (2, back)):
        event = came(number, **content)
        deliveries.take(event_of(event), event.body)
    repeated = came(3, at="2026-03-03T12:02:39Z")
    marked, verdict = deliveries.take(event_of(repeated), repeated.body)

    assert (marked.repeat_of, marked.late, verdict.duplicate_of) == ("evt_1", True, "")


def test_two_at_once_give_one_event(stack: Stack) -> None:
    # Given another router that records the same content between this one's read and write
    table = stack.names["IdempotencyTable"]
    event, rival = came(1), came(2)
    faster = [rival]

    def put(**parameters: Any) -> Any:
        while faster:
            other = faster.pop()
            Deliveries(table).take(event_of(other), other.body)
        return aws.dynamodb().put_item(**parameters)

    client: Any = Failing(aws.dynamodb(), put_item=put)

    # When
    _, verdict = Deliveries(table, client).take(event_of(event), event.body)

    # Then
    assert verdict.duplicate_of == "evt_2"


def test_an_event_waits_while_its_history_cannot_be_kept(stack: Stack) -> None:
    event = came(1)
    conflict = client_error("PutItem", "ConditionalCheckFailedException")
    exceptions = aws.dynamodb().exceptions
    lost = exceptions.ConditionalCheckFailedException(conflict.response, "PutItem")
    busy = Failing(aws.dynamodb(), put_item=raising(lost))
    down = Failing(aws.dynamodb(), get_item=raising(client_error("GetItem")))

    for client in (busy, down):
        broken: Any = client
        with pytest.raises(NotRecorded):
            Deliveries(stack.names["IdempotencyTable"], broken).take(event_of(event), event.body)

    assert busy.calls.count("put_item") == ATTEMPTS


def test_the_history_ends_by_itself(stack: Stack) -> None:
    event = came(1)

    Deliveries(stack.names["IdempotencyTable"], clock=lambda: 1000.0).take(
        event_of(event), event.body
    )

    (item,) = stack.items("IdempotencyTable")
    assert item["id"]["S"] == f"deliveries#{builders.INSTANCE_ID}#ticket#1042"
    assert item["expiration"]["N"] == str(1000 + 25 * 3600)
    assert builders.SUBJECT not in json.dumps(item)


def test_deals_and_what_has_no_number_have_histories_of_their_own(stack: Stack) -> None:
    deliveries = Deliveries(stack.names["IdempotencyTable"])
    deal = builders.event(type="deal_updated", platform="freshsales", ticket={}, deal={"id": 7})
    other = builders.event(id="evt_2", type="something_else", ticket={})

    deliveries.take(deal, "x")
    deliveries.take(other, "x")

    assert sorted(item["id"]["S"] for item in stack.items("IdempotencyTable")) == [
        f"deliveries#{builders.INSTANCE_ID}#deal#7",
        f"deliveries#{builders.INSTANCE_ID}#something_else#",
    ]
