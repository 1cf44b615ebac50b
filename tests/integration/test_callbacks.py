"""From a webhook to a signed callback: batches, failures, crashes, repeats."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from freshbridge import aws
from freshbridge.errors import Redirected, ReplyTooLarge, Unreachable
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.registry import Registry
from freshbridge.notifications.delivery import Status
from freshbridge.notifications.store import LEASE_S
from freshbridge.public_address import PrivateAddress
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, html_reply
from tests.integration.callback_world import (
    OTHER_URL,
    URL,
    World,
    event_ids,
    signed,
)
from tests.integration.conftest import Stack, Start


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> Iterator[World]:
    # The queues' clock cannot be far from this machine's: a message's age is measured with both.
    with freeze_time(datetime.now(UTC).replace(microsecond=0)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield World(stack, start, provider, clock)


def test_an_event_is_told_signed_and_once(world: World) -> None:
    # Given an instance that wants its events
    world.connect(tags=("vip",))
    world.receiver.on("POST", "/in", empty_reply(204))

    # When one comes, and its message comes a second time
    world.happen(1042)
    (message,) = world.queued()
    world.stack.send("CallbackQueue", json.dumps(message))
    assert world.send() == []

    # Then its receiver was told once, by whom and of what
    (request,) = world.receiver.requests
    assert request.url == URL
    assert signed(request)
    assert not signed(request, "another key")
    body = json.loads(request.body or b"")
    assert request.headers["elements-webhook-id"] == str(body["id"])
    assert request.headers["content-type"].startswith("application/json")
    told = body["message"]
    assert (told["eventId"], told["instanceTags"]) == ("evt_1042", ["vip"])
    assert told["events"][0]["objectType"] == "incidents"
    assert told["raw"]["incidents"][0]["subject"] == builders.SUBJECT
    assert world.statuses() == [Status.DELIVERED]


def test_an_instance_without_callbacks_is_told_nothing(world: World) -> None:
    world.stack.connect()
    world.happen()
    assert world.stack.count("CallbackQueue") == (0, 0)


def test_what_comes_together_is_told_together_and_no_more_than_twenty(world: World) -> None:
    # Given 30 events in the queue
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    for number in range(1, 31):
        world.happen(number)

    # When a batch of all of them is processed, as Lambda may give it
    first, second, third = (world.stack.poll("CallbackQueue")["Records"] for _ in range(3))
    handler = world.start("CallbackSender").handler
    answer = handler({"Records": [*first, *second, *third]}, builders.Context())

    # Then two notifications told of them, each event once
    assert answer["batchItemFailures"] == []
    sizes = [len(event_ids(request)) for request in world.receiver.requests]
    assert sizes == [20, 10]
    told = [name for request in world.receiver.requests for name in event_ids(request)]
    assert sorted(told) == [f"evt_{number:04d}" for number in range(1, 31)]

    # And no body was written for each event: two, and one while the first twenty were found taken
    bucket = world.stack.names["PayloadBucket"]
    kept = aws.s3().list_objects_v2(Bucket=bucket, Prefix="callbacks/notification-")
    assert kept["KeyCount"] == 3


def test_several_urls_are_told_each_with_its_own_fate(world: World) -> None:
    world.connect(URL, OTHER_URL)
    world.receiver.on("POST", "/in", empty_reply(500))
    world.receiver.on("POST", "/hooks/2", empty_reply(200))
    world.happen()

    world.send()

    assert world.statuses() == [Status.DELIVERED, Status.RETRY]
    ids = {request.headers["elements-webhook-id"] for request in world.receiver.requests}
    assert len(ids) == 1


def test_the_owners_credentials_and_headers_go_along(world: World) -> None:
    world.connect(
        configuration={"event.notification.basic.username": "freda"},
        secrets={
            "event.notification.basic.password": "pw",
            "event.notification.callback.headers": '{"X-Tenant": "acme"}',
            "event.notification.signature.key": "",
        },
    )
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen()
    world.send()

    (request,) = world.receiver.requests
    assert request.headers["authorization"] == "Basic ZnJlZGE6cHc="
    assert request.headers["x-tenant"] == "acme"
    assert "elements-webhook-signature" not in request.headers


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        (empty_reply(500), "provider_down", 500),
        (html_reply(502), "provider_down", 502),
        (empty_reply(429), "throttled", 429),
        (empty_reply(404), "not_found", 404),
        (empty_reply(410), "rejected", 410),
        (Redirected("elsewhere", status=302), "redirected", 302),
        (ReplyTooLarge("too long", status=500), "reply_too_large", 500),
        (Unreachable("no reply within the read time-out"), "unreachable", None),
        (PrivateAddress("the host's name leads to a private address"), "private_address", None),
    ],
)
def test_whatever_is_no_success_is_sent_again(
    world: World, answer: Any, code: str, status: int | None
) -> None:
    # Given a receiver that fails once
    world.connect()
    world.receiver.on("POST", "/in", answer, empty_reply(200))
    world.happen()

    # When it is told
    world.send()

    # Then it is told again four seconds later, with the same id and the same bytes
    (waiting,) = world.deliveries()
    assert (waiting.status, waiting.code, waiting.http_status) == (Status.RETRY, code, status)
    assert waiting.next_at == world.now().timestamp() + 4
    world.later(3)
    assert len(world.receiver.requests) == 1
    world.later(1)
    first, again = world.receiver.requests
    assert again.body == first.body
    assert dict(again.headers) == dict(first.headers)
    assert world.statuses() == [Status.DELIVERED]
    (done,) = world.deliveries()
    assert (done.code, done.http_status) == ("", 200)


@pytest.mark.parametrize(
    "answer",
    [
        html_reply(200),
        ReplyTooLarge("a long page", status=200),
        Unreachable("not complete", status=202),
    ],
)
def test_a_success_is_one_whatever_comes_behind_its_status(world: World, answer: Any) -> None:
    world.connect()
    world.receiver.on("POST", "/in", answer)
    world.happen()
    world.send()
    assert world.statuses() == [Status.DELIVERED]


def test_a_receiver_may_ask_for_patience(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(429, {"Retry-After": "120"}), empty_reply(200))
    world.happen()
    world.send()

    world.later(119)
    assert len(world.receiver.requests) == 1
    world.later(1)
    assert world.statuses() == [Status.DELIVERED]


def test_nine_retries_over_three_days_then_the_subscription_is_deactivated(world: World) -> None:
    # Given a receiver that is gone for good
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(503))
    world.happen(1)
    world.send()
    begin = world.now()

    # When each wait of the schedule has passed; longer ones are ended by the minute's sweep
    for retry in range(1, 10):
        due = 4.0**retry
        world.clock.move_to(begin + timedelta(seconds=due - 1))
        world.sweep()
        world.send()
        assert len(world.receiver.requests) == retry, "not before its time"
        world.clock.move_to(begin + timedelta(seconds=due))
        world.sweep()
        world.send()
        assert len(world.receiver.requests) == retry + 1

    # Then it is called no more, its delivery is queued, and so are later events
    assert world.statuses() == [Status.QUEUED]
    world.happen(2)
    world.send()
    world.later(86_400)
    assert len(world.receiver.requests) == 10
    assert world.statuses() == [Status.QUEUED, Status.QUEUED]
    assert {d.code for d in world.deliveries()} == {"provider_down", "deactivated"}
    _, (subscription,), _ = world.api("GET", "/notifications/subscriptions")
    assert subscription["active"] is False
    assert subscription["config"] == {"url": URL}
    assert "503" in subscription["reason"]


def test_retries_that_wait_when_it_is_deactivated_are_queued_at_their_turn(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(503))
    world.happen(1)
    world.send()
    (waiting,) = world.deliveries()
    subscriptions = world.start("CallbackSender")._ports().attempts._subscriptions
    assert subscriptions.deactivate(waiting.subscription_id, now=1.0, reason="first")
    assert not subscriptions.deactivate(waiting.subscription_id, now=2.0, reason="second")

    world.later(4)

    assert len(world.receiver.requests) == 1
    assert world.statuses() == [Status.QUEUED]


def test_a_function_that_dies_after_sending_sends_the_same_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a table that takes no result
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen()
    dynamodb = aws.dynamodb()

    def put(**arguments: Any) -> Any:
        if arguments["Item"]["sk"]["S"].startswith("delivery#"):
            raise client_error("PutItem")
        return dynamodb.put_item(**arguments)

    with monkeypatch.context() as patched:
        patched.setattr(aws, "dynamodb", lambda: Failing(dynamodb, put_item=put))
        kept = world.stack.deliver("CallbackQueue", world.start("CallbackSender").handler)
    assert len(kept) == 1
    assert world.statuses() == [Status.CREATED]

    # When its message comes again: not while the call may still be under way
    world.later(10)
    assert len(world.receiver.requests) == 1
    world.later(LEASE_S)

    # Then the receiver sees the same id once more, and can tell
    first, again = world.receiver.requests
    assert again.headers["elements-webhook-id"] == first.headers["elements-webhook-id"]
    assert again.body == first.body
    assert world.statuses() == [Status.DELIVERED]
    assert world.stack.count("CallbackQueue") == (0, 0)


def test_a_function_that_dies_before_the_notification_is_kept_sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen()
    broken = Failing(
        aws.dynamodb(), transact_write_items=raising(client_error("TransactWriteItems"))
    )
    with monkeypatch.context() as patched:
        patched.setattr(aws, "dynamodb", lambda: broken)
        assert len(world.send()) == 1
    assert world.receiver.requests == []

    world.later(60)

    assert len(world.receiver.requests) == 1


def test_two_functions_with_one_batch_tell_each_event_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two events, one of which another function takes at the last moment
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen(1)
    world.happen(2)
    batch = world.stack.poll("CallbackQueue")
    handler = world.start("CallbackSender").handler
    dynamodb = aws.dynamodb()
    faster = [True]

    def transact(**arguments: Any) -> Any:
        if faster.pop() if faster else False:
            second = {"Records": batch["Records"][1:]}
            assert handler(second, builders.Context())["batchItemFailures"] == []
        return dynamodb.transact_write_items(**arguments)

    with monkeypatch.context() as patched:
        patched.setattr(aws, "dynamodb", lambda: Failing(dynamodb, transact_write_items=transact))
        answer = handler(batch, builders.Context())

    # Then no event is told twice, and none is lost
    assert answer["batchItemFailures"] == []
    told = [name for request in world.receiver.requests for name in event_ids(request)]
    assert sorted(told) == ["evt_0001", "evt_0002"]


def test_a_router_that_cannot_queue_keeps_the_event(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.stack.send("EventQueue", builders.received_event())
    sqs = aws.sqs()

    def send(**arguments: Any) -> Any:
        if "Callback" in arguments["QueueUrl"]:
            raise client_error("SendMessage")
        return sqs.send_message(**arguments)

    with monkeypatch.context() as patched:
        patched.setattr(aws, "sqs", lambda: Failing(sqs, send_message=send))
        kept = world.stack.deliver("EventQueue", world.start("EventRouter").handler)
    assert len(kept) == 1

    world.clock.tick(timedelta(minutes=10))
    assert world.stack.deliver("EventQueue", world.start("EventRouter").handler) == []
    world.send()
    assert [event_ids(request) for request in world.receiver.requests] == [["evt_0001"]]


def test_a_large_ticket_travels_whole(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen(ticket_description="x" * 300_000)
    world.send()

    (request,) = world.receiver.requests
    record = json.loads(request.body or b"")["message"]["raw"]["incidents"][0]
    assert len(record["description"]) == 300_000


def test_a_body_that_cannot_be_read_now_keeps_no_other_of_its_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two events in one batch, and a bucket that does not give the body of the large one
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen(1, ticket_description="x" * 300_000)
    world.happen(2)
    payloads = world.start("CallbackSender")._ports().payloads
    failing = Failing(aws.s3(), get_object=raising(client_error("GetObject", "SlowDown")))
    monkeypatch.setattr(payloads, "_injected", failing)

    # When
    kept = world.stack.deliver("CallbackQueue", world.start("CallbackSender").handler)

    # Then that one alone is put off, and told once the bucket answers
    assert [event_ids(request) for request in world.receiver.requests] == [["evt_0002"]]
    assert len(kept) == 1
    monkeypatch.setattr(payloads, "_injected", None)
    world.later(60)
    assert [event_ids(request) for request in world.receiver.requests[1:]] == [["evt_0001"]]


def test_a_lost_message_is_made_up_for_by_the_sweep(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(500), empty_reply(200))
    world.happen()
    world.send()
    aws.sqs().purge_queue(QueueUrl=world.stack.names["CallbackQueue"])

    world.clock.tick(timedelta(seconds=63))
    world.sweep()
    assert world.send() == []
    assert len(world.receiver.requests) == 1, "not overdue yet"
    world.clock.tick(timedelta(seconds=1))
    world.sweep()
    world.sweep()
    world.send()

    assert len(world.receiver.requests) == 2
    assert world.statuses() == [Status.DELIVERED]


def test_a_retry_whose_message_cannot_be_queued_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(500), empty_reply(200))
    world.happen()
    broken = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    with monkeypatch.context() as patched:
        patched.setattr(aws, "sqs", lambda: broken)
        assert world.send() == []

    world.clock.tick(timedelta(seconds=64))
    world.sweep()
    world.send()
    assert world.statuses() == [Status.DELIVERED]


def test_a_receiver_that_gave_no_answer_is_left_alone_for_a_moment(world: World) -> None:
    # Given a receiver that is down
    world.connect()
    world.receiver.on("POST", "/in", Unreachable("down"), empty_reply(200))
    for number in (1, 2, 3):
        world.happen(number, ticket_subject=f"number {number}")
    records = world.stack.poll("CallbackQueue")["Records"]
    handler = world.start("CallbackSender").handler

    # When three functions have a notification for it each
    for record in records:
        assert handler({"Records": [record]}, builders.Context())["batchItemFailures"] == []

    # Then one of them waited for it; the others count as failed, and are sent again all the same
    assert len(world.receiver.requests) == 1
    assert world.statuses() == [Status.RETRY] * 3
    world.later(5)
    assert world.statuses() == [Status.DELIVERED] * 3


@pytest.mark.parametrize("entry", ["enabled", "url"])
def test_what_is_not_wanted_any_more_is_kept_and_not_sent(world: World, entry: str) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(500))
    world.happen(1)
    world.send()
    if entry == "enabled":
        world.configure(event__notification__enabled="false")
    else:
        world.configure(event__notification__callback__url=OTHER_URL)

    world.clock.tick(timedelta(seconds=60))
    world.start("CallbackSender")._ports.cache_clear()
    world.send()

    assert len(world.receiver.requests) == 1
    (kept,) = world.deliveries()
    assert (kept.status, kept.code) == (Status.QUEUED, "not_configured")


def test_events_on_their_way_when_callbacks_are_switched_off_are_dropped(world: World) -> None:
    world.connect()
    world.happen()
    world.configure(event__notification__enabled="false")

    assert world.send() == []

    assert world.deliveries() == []


def test_an_instance_that_is_gone_leaves_nothing_behind_that_fails(world: World) -> None:
    world.connect()
    world.happen()
    message = world.queued()[0] | {"instance_id": "5"}
    world.stack.send("CallbackQueue", json.dumps(message))
    world.receiver.on("POST", "/in", empty_reply(200))

    assert world.send() == []
    assert len(world.receiver.requests) == 1


def test_a_secret_that_is_missing_is_a_failure_like_others(world: World) -> None:
    world.connect()
    world.happen()
    name = f"freshbridge/demo/credentials/{builders.INSTANCE_ID}"
    aws.secretsmanager().delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

    world.send()

    (waiting,) = world.deliveries()
    assert (waiting.status, waiting.code) == (Status.RETRY, "secret_missing")


def test_a_body_that_has_expired_cannot_be_sent(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(500))
    world.happen()
    world.send()
    (key,) = [k for k in world.stack.objects("PayloadBucket") if k.startswith("callbacks/")]
    aws.s3().delete_object(Bucket=world.stack.names["PayloadBucket"], Key=key)

    world.later(4)

    (kept,) = world.deliveries()
    assert (kept.status, kept.code) == (Status.QUEUED, "body_gone")


def test_a_poison_message_is_parked_and_holds_nothing_back(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.stack.send("CallbackQueue", "not json {")
    world.happen()

    assert world.send() == []

    assert len(world.receiver.requests) == 1
    (parked,) = world.stack.messages("CallbackDeadLetterQueue")
    assert parked["MessageAttributes"]["code"]["StringValue"] == "unreadable_message"


def test_the_policy_queue_sends_nothing_twice(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(500))
    setting = {"notification.webhook.failure.policy": "queue"}
    assert world.api("PATCH", "/accounts/settings", setting)[:2] == (200, setting)
    world.happen()
    world.send()

    world.later(86_400)
    world.sweep()
    world.send()

    assert len(world.receiver.requests) == 1
    assert world.statuses() == [Status.QUEUED]
    _, (subscription,), _ = world.api("GET", "/notifications/subscriptions")
    assert subscription["active"] is True


def test_no_log_line_holds_a_url_a_key_or_a_ticket(
    world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    world.connect(f"{URL}?token=made-up-1234")
    world.receiver.on("POST", "/in", empty_reply(500), empty_reply(200))
    world.happen()
    world.send()
    world.later(4)

    lines = log.getvalue() + capsys.readouterr().out
    assert '"status":"retry"' in lines.replace(" ", "")
    assert "CallbacksDelivered" in lines
    for word in (*builders.PRIVATE_WORDS, "made-up-1234", "events.example.com"):
        assert word not in lines


def test_a_delivery_with_no_time_left_is_handed_back(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen()

    assert len(world.send(builders.Context(remaining_ms=20_000))) == 1
    assert world.receiver.requests == []
    world.later(2)
    assert world.statuses() == [Status.DELIVERED]


def test_a_url_that_there_is_no_time_for_is_called_by_the_next_function(world: World) -> None:
    # Given a first URL that takes all but the last seconds of the function
    context = builders.Context(remaining_ms=60_000)
    world.connect(URL, OTHER_URL)

    def slow(_request: ProviderRequest) -> ProviderReply:
        context.remaining_ms = 20_000
        return empty_reply(200)

    world.receiver.on("POST", "/in", slow).on("POST", "/hooks/2", empty_reply(200))
    world.happen()

    # When
    kept = world.send(context)

    # Then the other one is left to the next, which calls it alone
    assert len(kept) == 1
    assert [request.path for request in world.receiver.requests] == ["/in"]
    world.later(2)
    world.later(LEASE_S)
    assert [request.path for request in world.receiver.requests] == ["/in", "/hooks/2"]
    assert world.statuses() == [Status.DELIVERED, Status.DELIVERED]


def test_events_of_the_sync_are_told_ten_at_a_time(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    outbox = world.start("EventRouter")._ports().outbox
    instance = Registry(world.stack.names["InstanceTable"]).get(builders.INSTANCE_ID)
    for number in range(12):
        event = builders.event(id=f"evt_{number}", source="sync")
        assert outbox.put(event, instance)
    records = [r for _ in range(2) for r in world.stack.poll("CallbackQueue")["Records"]]

    world.start("CallbackSender").handler({"Records": records}, builders.Context())

    assert [len(event_ids(request)) for request in world.receiver.requests] == [10, 2]
