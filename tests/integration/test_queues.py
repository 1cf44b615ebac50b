"""Payload store and publisher against S3 and SQS."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from freshbridge import aws
from freshbridge.events.bus import EventBus, NotPublished
from freshbridge.queues import envelope
from freshbridge.queues.payload import INLINE_LIMIT, PayloadGone, PayloadStore
from freshbridge.queues.publish import BATCH_BYTES, NotQueued, Publisher
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack

SQS_LARGEST = 1024 * 1024


def payloads(stack: Stack) -> PayloadStore:
    return PayloadStore(stack.names["PayloadBucket"])


def publisher(stack: Stack, client: Any = None) -> Publisher:
    return Publisher(stack.names["EventQueue"], payloads(stack), prefix="events", client=client)


def test_a_small_body_travels_as_it_is(stack: Stack) -> None:
    text = "é" * (INLINE_LIMIT // 2)

    assert payloads(stack).pack(text, "k") == text
    assert payloads(stack).unpack(text) == text
    assert stack.objects("PayloadBucket") == []


def test_a_large_body_travels_as_a_pointer_and_comes_back(stack: Stack) -> None:
    event = builders.received_event(body=json.dumps({"text": "é" * INLINE_LIMIT}))

    publisher(stack).publish(event, "evt_0001")

    (body,) = (m["Body"] for m in stack.messages("EventQueue"))
    assert len(body) < 200
    assert stack.objects("PayloadBucket") == ["events/evt_0001.json"]
    assert envelope.received_event(payloads(stack).unpack(body)) == event


def test_a_pointer_to_a_bucket_that_is_not_the_stack_s_is_not_followed(stack: Stack) -> None:
    aws.s3().create_bucket(
        Bucket="foreign", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    aws.s3().put_object(Bucket="foreign", Key="k", Body=b"{}")
    pointer = json.dumps({"payload_pointer": {"bucket": "foreign", "key": "k"}})

    assert payloads(stack).unpack(pointer) == pointer


@pytest.mark.parametrize(
    "text", ['{"payload_pointer"', '{"payload_pointer": 7}', '{"payload_pointer": {"key": "k"}}']
)
def test_a_broken_pointer_is_an_ordinary_message(stack: Stack, text: str) -> None:
    assert payloads(stack).unpack(text) == text


def test_a_body_that_is_gone_is_told(stack: Stack) -> None:
    pointer = payloads(stack).pack("x" * (INLINE_LIMIT + 1), "events/a.json")
    aws.s3().delete_object(Bucket=stack.names["PayloadBucket"], Key="events/a.json")

    with pytest.raises(PayloadGone, match=r"events/a\.json"):
        payloads(stack).unpack(pointer)


def test_many_envelopes_go_in_batches_that_sqs_takes(stack: Stack) -> None:
    sizes: list[int] = []

    def remember(**batch: Any) -> Any:
        sizes.append(sum(len(entry["MessageBody"].encode()) for entry in batch["Entries"]))
        assert len(batch["Entries"]) <= 10
        return aws.sqs().send_message_batch(**batch)

    client = Failing(aws.sqs(), send_message_batch=remember)
    large = [
        (f"evt_{n}", builders.received_event(event_id=f"evt_{n}", body="x" * (INLINE_LIMIT - 500)))
        for n in range(12)
    ]
    small = [(f"evt_s{n}", builders.received_event(event_id=f"evt_s{n}")) for n in range(25)]

    assert publisher(stack, client).publish_all([*large, *small]) == 37

    assert max(sizes) <= BATCH_BYTES < SQS_LARGEST
    names = {body["event_id"] for body in stack.bodies("EventQueue")}
    assert names == {name for name, _ in [*large, *small]}


def test_every_message_carries_its_fair_group(stack: Stack) -> None:
    two = [(n, builders.received_event(event_id=n, instance_id=n)) for n in ("1", "2")]

    publisher(stack).publish_all(two)
    publisher(stack).publish(builders.action_request(instance_id="3", origin={"type": "api"}), "a")

    answer = aws.sqs().receive_message(
        QueueUrl=stack.names["EventQueue"],
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["MessageGroupId"],
    )
    groups = {message["Attributes"]["MessageGroupId"] for message in answer["Messages"]}
    assert groups == {"1", "2", "3.api"}


def test_nothing_to_publish_is_no_call(stack: Stack) -> None:
    client = Failing(aws.sqs())

    assert publisher(stack, client).publish_all([]) == 0
    assert client.calls == []


def test_a_batch_that_sqs_takes_in_part_only_is_an_error(stack: Stack) -> None:
    def half(**batch: Any) -> Any:
        answer: dict[str, Any] = dict(
            aws.sqs().send_message_batch(QueueUrl=batch["QueueUrl"], Entries=batch["Entries"][:1])
        )
        failed = [{"Id": "1", "SenderFault": False, "Code": "InternalError"}]
        return answer | {"Failed": failed}

    client = Failing(aws.sqs(), send_message_batch=half)
    two = [(f"evt_{n}", builders.received_event()) for n in range(2)]

    with pytest.raises(NotQueued, match="1 of 2 messages refused") as raised:
        publisher(stack, client).publish_all(two)
    assert "InternalError" in str(raised.value)


def test_every_refusal_of_sqs_or_s3_means_not_queued(stack: Stack) -> None:
    no_queue = Failing(
        aws.sqs(),
        send_message=raising(client_error("SendMessage")),
        send_message_batch=raising(client_error("SendMessageBatch")),
    )
    no_bucket = Publisher(
        stack.names["EventQueue"], PayloadStore("no-such-bucket-here"), prefix="events"
    )
    small, large = builders.received_event(), builders.received_event(body="x" * INLINE_LIMIT)

    for send in (
        lambda: publisher(stack, no_queue).publish(small, "a"),
        lambda: publisher(stack, no_queue).publish_all([("a", small)]),
        lambda: no_bucket.publish(large, "a"),
        lambda: no_bucket.publish_all([("a", large)]),
    ):
        with pytest.raises(NotQueued):
            send()
    assert stack.messages("EventQueue") == []


class Bus:
    """EventBridge with a memory."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.entries: list[dict[str, Any]] = []
        self._answer = answer

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Remember the entries."""
        self.entries += Entries
        return self._answer


def test_the_bus_gets_the_event_and_leaves_out_what_would_not_fit() -> None:
    bus = Bus({"FailedEntryCount": 0, "Entries": []})
    long = {"id": 7, "description": "é" * 150_000, "custom_fields": {"cf_a": "x"}}
    longer = long | {"custom_fields": {"cf_a": "x" * 300_000}}

    for ticket in ({"id": 7, "description": "short"}, long, longer):
        EventBus("b", cast("Any", bus)).publish(builders.event(ticket=ticket))

    details = [json.loads(entry["Detail"]) for entry in bus.entries]
    assert bus.entries[0]["Source"] == "freshbridge.freshdesk"
    assert bus.entries[0]["DetailType"] == "ticket_created"
    assert bus.entries[0]["EventBusName"] == "b"
    assert details[0]["ticket"] == {"id": 7, "description": "short"}
    assert "truncated" not in details[0]
    assert details[1]["ticket"] == {"id": 7, "custom_fields": {"cf_a": "x"}}
    assert details[1]["truncated"] == ["ticket.description"]
    assert details[2]["ticket"] == {"id": 7}
    assert all(len(entry["Detail"].encode()) < 256 * 1024 for entry in bus.entries)


def test_an_event_that_the_bus_refuses_is_an_error(stack: Stack) -> None:
    refusing = Bus({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]})

    with pytest.raises(NotPublished, match="InternalFailure"):
        EventBus("b", cast("Any", refusing)).publish(builders.event())
    failing = Failing(aws.events(), put_events=raising(client_error("PutEvents")))
    with pytest.raises(NotPublished, match="InternalError"):
        EventBus(stack.names["EventBus"], cast("Any", failing)).publish(builders.event())
