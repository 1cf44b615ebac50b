"""What a message tells about itself, and that the same work is the same letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.dead_letters.subject import (
    Queue,
    letter_id,
    letter_id_of,
    read_notification,
    read_subject,
    same_effect_otherwise,
    with_parameters,
)
from freshbridge.notifications.messages import DeliveryMessage, EventMessage, ReleaseMessage
from freshbridge.notifications.shape import Notice
from freshbridge.queues.envelope import action_request, fair_group, to_text
from tests import builders

ACTION = to_text(builders.action_request())


def told(event_id: str = "evt_0001", record: dict[str, Any] | None = None) -> EventMessage:
    notice = Notice(event_id, "incidents", "1042", "CREATED", "then", "now", record or {})
    return EventMessage(builders.INSTANCE_ID, by_polling=False, notice=notice)


def test_an_action_tells_who_asked_for_what() -> None:
    subject = read_subject(ACTION)

    assert (subject.action_id, subject.instance_id) == ("act_0001", builders.INSTANCE_ID)
    assert (subject.platform, subject.action) == ("freshdesk", "add_note")
    assert (subject.origin_type, subject.idempotency_key) == ("rule", "act_0001")


def test_an_instance_may_be_named_by_its_number() -> None:
    assert read_subject('{"instance_id": 193000001}').instance_id == "193000001"
    assert read_subject('{"instance_id": true}').instance_id == ""


@pytest.mark.parametrize(
    ("queue", "first", "second"),
    [
        (Queue.ACTIONS, builders.action_request(), builders.action_request(parameters={"x": 1})),
        (Queue.EVENTS, builders.received_event(), builders.received_event(body="{}")),
        (Queue.SYNC, builders.sync_work(), builders.sync_work(started_at="later")),
        (Queue.CALLBACKS, told(), told(record={"id": 7})),
        (Queue.CALLBACKS, DeliveryMessage("193000001", 7, 8), DeliveryMessage("5", 7, 8)),
        (Queue.CALLBACKS, ReleaseMessage("193000001", 8), ReleaseMessage("193000001", 8)),
    ],
)
def test_the_same_work_is_the_same_letter_whatever_message_carries_it(
    queue: Queue, first: Any, second: Any
) -> None:
    assert letter_id(queue, to_text(first), "m-1") == letter_id(queue, to_text(second), "m-2")


def test_other_work_is_another_letter() -> None:
    ids = {
        letter_id(Queue.ACTIONS, ACTION, "m"),
        letter_id(Queue.EVENTS, ACTION, "m"),
        letter_id(Queue.ACTIONS, to_text(builders.action_request(action_id="act_2")), "m"),
        letter_id(Queue.SYNC, to_text(builders.sync_work()), "m"),
        letter_id(Queue.SYNC, to_text(builders.sync_work(object="contacts")), "m"),
        letter_id(Queue.ACTIONS, "this is not JSON", "m"),
        letter_id(Queue.ACTIONS, "this is not JSON", "m2"),
        letter_id(Queue.ACTIONS, '{"action_id": 7.5}', "m3"),
        letter_id(Queue.CALLBACKS, to_text(told()), "m"),
        letter_id(Queue.CALLBACKS, to_text(told(event_id="evt_2")), "m"),
        letter_id(Queue.CALLBACKS, to_text(DeliveryMessage("5", 7, 8)), "m"),
        letter_id(Queue.CALLBACKS, to_text(DeliveryMessage("5", 7, 9)), "m"),
        letter_id(Queue.CALLBACKS, to_text(DeliveryMessage("5", 8, 8)), "m"),
        letter_id(Queue.CALLBACKS, to_text(ReleaseMessage("5", 8)), "m"),
        letter_id(Queue.CALLBACKS, '{"kind": "delivery"}', "m"),
        letter_id(Queue.CALLBACKS, '{"kind": ["delivery"]}', "m2"),
    }
    assert len(ids) == 16


def test_a_callback_tells_its_event_and_one_that_is_repeated_its_notification() -> None:
    news, again = to_text(told()), to_text(DeliveryMessage("193000001", 7, 8))

    assert read_subject(news).event_id == "evt_0001"
    assert read_subject(news).origin_type == ""
    assert read_subject(again).origin == {"type": "delivery"}
    assert {read_subject(text).instance_id for text in (news, again)} == {"193000001"}
    assert [read_notification(text) for text in (again, news, "?")] == [7, None, None]


@pytest.mark.parametrize(
    "message",
    [builders.action_request(), told(), DeliveryMessage("5", 7, 8), ReleaseMessage("5", 8)],
)
def test_a_letter_goes_back_to_the_fair_group_that_it_came_from(message: Any) -> None:
    subject = read_subject(to_text(message))

    assert fair_group(subject.instance_id, subject.origin_type) == message.group


def test_a_letter_s_id_follows_from_what_it_is_about() -> None:
    delivery = to_text(DeliveryMessage("5", 7, 8))

    assert letter_id(Queue.ACTIONS, ACTION, "m") == letter_id_of(Queue.ACTIONS, "act_0001")
    assert letter_id(Queue.CALLBACKS, to_text(told()), "m") == letter_id_of(
        Queue.CALLBACKS, "evt_0001"
    )
    assert letter_id(Queue.CALLBACKS, delivery, "m") == letter_id_of(
        Queue.CALLBACKS, "delivery", "7", "8"
    )


def test_an_edit_changes_the_parameters_and_nothing_else() -> None:
    before = builders.action_request()

    after = action_request(with_parameters(ACTION, {"ticket_id": 7}, None))

    assert after == builders.action_request(parameters={"ticket_id": 7})
    assert after.idempotency_key == before.idempotency_key
    assert action_request(with_parameters(ACTION, {}, "5")).instance_id == "5"


def test_a_stranger_s_novel_is_not_kept_beside_the_body() -> None:
    origin = {"type": "rule", "words": "x" * 10_000}
    subject = read_subject(json.dumps({"action_id": "y" * 300, "origin": origin}))

    assert subject.action_id == ""
    assert subject.origin == {"type": "rule"}


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_any_text_is_a_letter(text: str) -> None:
    subject = read_subject(text)

    assert letter_id(Queue.ACTIONS, text, "m-1").startswith("dl_")
    assert all(isinstance(value, str) for value in (subject.action_id, subject.origin_type))
    "".join((subject.action_id, subject.instance_id)).encode()


@pytest.mark.parametrize(
    ("changed", "otherwise"),
    [
        ({}, False),
        ({"submitted_at": "2026-03-04T00:00:00Z"}, False),
        ({"parameters": {"ticket_id": 7}}, True),
        ({"instance_id": "7"}, True),
        ({"parameters": {"ticket_id": 7}, "idempotency_key": "another"}, False),
        ({"parameters": {"ticket_id": 7}, "idempotency_key": ""}, False),
    ],
)
def test_a_copy_from_before_an_edit_is_known_by_what_it_asks_for(
    changed: dict[str, Any], otherwise: bool
) -> None:
    mended = to_text(builders.action_request())

    assert same_effect_otherwise(to_text(builders.action_request(**changed)), mended) is otherwise
    assert not same_effect_otherwise("not JSON", mended)
