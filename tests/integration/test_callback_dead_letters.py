"""Callbacks' dead letters: kept like the others, told once when they come back, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from freshbridge import aws
from freshbridge.dead_letters import sweep
from freshbridge.notifications.delivery import Status
from freshbridge.notifications.messages import DeliveryMessage
from freshbridge.queues.envelope import to_text
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply
from tests.integration.callback_world import World, event_ids
from tests.integration.conftest import Stack, Start

LETTERS = "/api/dead-letters"
A_DAY = 86_400


@pytest.fixture
def world(
    stack: Stack, start: Start, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    # While the clock stands still, moto would poll for ever.
    monkeypatch.setattr(sweep, "POLL_S", 0)
    with freeze_time(datetime.now(UTC).replace(microsecond=0)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        made = World(stack, start, provider, clock)
        made.connect()
        yield made


def call(world: World, method: str, path: str, body: Any = None, **query: str) -> Any:
    status, answer, _headers = world.api(method, path, body, query or None, below=LETTERS)
    assert status in (200, 202), answer
    return answer["data"]


def trail(world: World, event_id: str) -> dict[str, Any]:
    path = f"/{builders.INSTANCE_ID}/events/{event_id}"
    found: dict[str, Any] = world.api("GET", path, below="/api/integrations")[1]["data"]
    return found


def redrive(world: World) -> dict[str, Any]:
    done: dict[str, Any] = world.start("DeadLetterRedrive").handler(
        {"scheduled": True}, builders.Context(290_000)
    )
    return done


def fail_for_long(world: World, monkeypatch: pytest.MonkeyPatch, **instead: Any) -> None:
    """Let the callbacks' function take what is there for the last time, while a table fails."""
    world.clock.tick(timedelta(minutes=1))
    processor = world.start("CallbackSender")._ports().processor
    broken = Failing(aws.dynamodb(), **instead)
    with monkeypatch.context() as patched:
        # The age of a message is measured with this machine's clock, which nobody can move.
        patched.setattr(processor, "patience", replace(processor.patience, deadline_s=-A_DAY))
        patched.setattr(aws, "dynamodb", lambda: broken)
        assert world.send() == []


def park_news(world: World, monkeypatch: pytest.MonkeyPatch, number: int = 1) -> dict[str, Any]:
    """An event whose callback could not be begun in all its time; its letter."""
    world.happen(number)
    failing = raising(client_error("TransactWriteItems"))
    fail_for_long(world, monkeypatch, transact_write_items=failing)
    (letter,) = call(world, "GET", "", queue="callbacks")["dead_letters"]
    found: dict[str, Any] = letter
    return found


def test_news_that_could_not_be_told_is_listed_and_told_when_it_is_sent_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an event that nobody was told of
    world.receiver.on("POST", "/in", empty_reply(200))
    listed = park_news(world, monkeypatch)
    assert (listed["code"], listed["parked_by"]) == (
        "exhausted_aws_unavailable", "callback_sender",
    )  # fmt: skip
    assert (listed["instance_id"], listed["event_id"]) == (int(builders.INSTANCE_ID), "evt_0001")
    whole = call(world, "GET", f"/{listed['id']}")
    assert whole["event_ids"] == ["evt_0001"]
    assert whole["body"]["notice"]["object_type"] == "incidents"
    assert call(world, "GET", "/summary")["queues"] == {
        "callbacks": {"exhausted_aws_unavailable": 1}
    }
    assert len(world.stack.messages("CallbackDeadLetterQueue")) == 1
    assert world.receiver.requests == []

    # When a person sends it back
    call(world, "POST", f"/{listed['id']}/redrive")
    assert world.send() == []

    # Then its receiver is told, and nothing is left
    (request,) = world.receiver.requests
    assert event_ids(request) == ["evt_0001"]
    assert call(world, "GET", f"/{listed['id']}")["state"] == "resolved"
    # What was looked at is visible again in the moment after.
    world.clock.tick(timedelta(seconds=1))
    assert redrive(world)["swept"]["callbacks"]["deleted"] == 1
    assert world.stack.messages("CallbackDeadLetterQueue") == []


def test_news_comes_back_by_itself_after_the_cool_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.receiver.on("POST", "/in", empty_reply(200))
    park_news(world, monkeypatch)
    world.clock.tick(timedelta(hours=2))

    assert redrive(world)["due"]["returned"] == 1
    world.send()

    assert [event_ids(request) for request in world.receiver.requests] == [["evt_0001"]]


def test_news_that_was_given_up_is_not_told_beside_other_news(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.receiver.on("POST", "/in", empty_reply(200))
    # Given a letter that was given up, whose copy somebody moves back in the console
    listed = park_news(world, monkeypatch)
    call(world, "POST", f"/{listed['id']}/discard", {"reason": "old news"})
    (copy,) = world.stack.messages("CallbackDeadLetterQueue")
    aws.sqs().send_message(
        QueueUrl=world.stack.names["CallbackQueue"],
        MessageBody=copy["Body"],
        MessageAttributes={
            name: value
            for name, value in copy["MessageAttributes"].items()
            if name.startswith("dead_letter")
        },
    )

    # When it comes in one batch with other news
    world.happen(2)
    assert world.send() == []

    # Then only these are told
    assert [event_ids(request) for request in world.receiver.requests] == [["evt_0002"]]


def test_a_delivery_s_letter_names_the_events_of_its_notification(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a receiver that did not take two events, and then a table that fails
    world.receiver.on("POST", "/in", empty_reply(500), empty_reply(200))
    world.happen(1)
    world.happen(2)
    world.send()
    fail_for_long(world, monkeypatch, update_item=raising(client_error("UpdateItem")))

    # When somebody looks for it
    (letter,) = call(world, "GET", "", queue="callbacks", origin="delivery")["dead_letters"]
    whole = call(world, "GET", f"/{letter['id']}")

    # Then it says of which events, and they say which letter
    assert whole["event_ids"] == ["evt_0001", "evt_0002"]
    assert (whole["instance_id"], "event_id" in whole) == (int(builders.INSTANCE_ID), False)
    for event_id in whole["event_ids"]:
        assert letter in trail(world, event_id)["dead_letters"]

    # And it is delivered when it comes back
    call(world, "POST", f"/{letter['id']}/redrive")
    world.send()
    assert world.statuses() == [Status.DELIVERED]


def test_an_event_s_trail_tells_of_its_callback_s_letter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.receiver.on("POST", "/in", empty_reply(200))
    letter = park_news(world, monkeypatch)
    world.happen(2)
    world.send()

    told = trail(world, "evt_0001")

    assert told["dead_letters"] == [letter]
    assert told["state"] == "routed"
    assert trail(world, "evt_0002")["dead_letters"] == []


def test_what_cannot_be_read_or_killed_its_function_is_listed_too(world: World) -> None:
    world.stack.send("CallbackQueue", "not json {")
    world.send()
    asked = to_text(DeliveryMessage(builders.INSTANCE_ID, 4711, 8))
    world.stack.send("CallbackDeadLetterQueue", asked)

    assert redrive(world)["swept"]["callbacks"]["adopted"] == 1

    listed = call(world, "GET", "", queue="callbacks")["dead_letters"]
    assert {letter["code"] for letter in listed} == {"unreadable_message", "moved_by_queue"}
    found = [call(world, "GET", f"/{letter['id']}")["event_ids"] for letter in listed]
    # Of neither is it known: the one names no notification, the other one that is gone.
    assert found == [None, None]


def test_only_the_letters_of_callbacks_name_events_of_theirs(world: World) -> None:
    world.stack.send("ActionDeadLetterQueue", builders.action_request())
    redrive(world)

    (letter,) = call(world, "GET", "")["dead_letters"]

    assert call(world, "GET", f"/{letter['id']}")["event_ids"] is None
