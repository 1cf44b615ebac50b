"""Deliveries in the table: who may make a call, whose word counts, what is looked after."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshbridge import aws
from freshbridge.notifications.delivery import (
    DUE_SHARDS,
    Delivery,
    Notification,
    Status,
    Subscription,
    delivery_item,
    delivery_of,
    notification_item,
    notification_of,
    subscription_id,
    subscription_item,
    subscription_of,
)
from freshbridge.notifications.messages import EventMessage
from freshbridge.notifications.sender import Contended
from freshbridge.notifications.shape import notice_of
from freshbridge.notifications.store import LEASE_S, DeliveryStore, NotYet
from freshbridge.notifications.subscriptions import SubscriptionStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport
from tests.integration.callback_world import wanting
from tests.integration.conftest import Stack, Start

URL = "https://events.example.com/in"
NOW = 1_800_000_000.0
ANY_TIME = st.floats(0, 4e9).map(lambda seconds: round(seconds, 3))


def delivery(**changed: object) -> Delivery:
    made = Delivery(
        notification_id=5,
        subscription_id=subscription_id("1", URL),
        instance_id="1",
        url=URL,
        status=Status.CREATED,
        created_at=NOW,
        updated_at=NOW,
        expires_at=int(NOW) + 99,
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # a test's own changes


def kept(stack: Stack, one: Delivery, *, wake_at: float | None = None) -> DeliveryStore:
    """A store that holds this delivery."""
    aws.dynamodb().put_item(
        TableName=stack.names["CallbackTable"], Item=delivery_item(one, wake_at=wake_at)
    )
    return DeliveryStore(stack.names["CallbackTable"])


@given(
    st.builds(
        Delivery,
        notification_id=st.integers(1, 2**53 - 1),
        subscription_id=st.integers(1, 2**53 - 1),
        instance_id=st.from_regex("[0-9]{1,18}", fullmatch=True),
        url=st.text(max_size=50),
        status=st.sampled_from(Status),
        created_at=ANY_TIME,
        updated_at=ANY_TIME,
        expires_at=st.integers(0, 2**40),
        failures=st.integers(0, 10),
        first_failed_at=st.none() | ANY_TIME,
        next_at=ANY_TIME,
        leased_until=ANY_TIME,
        code=st.text(max_size=20),
        message=st.text(max_size=20),
        http_status=st.none() | st.integers(100, 599),
    ),
    st.none() | ANY_TIME,
)
def test_a_delivery_comes_back_from_the_table_as_it_went(
    one: Delivery, wake_at: float | None
) -> None:
    item = delivery_item(one, wake_at=wake_at)

    assert delivery_of(item) == one
    assert ("due" in item) is ("wake_at" in item) is (wake_at is not None)


def test_subscriptions_and_notifications_come_back_as_they_went() -> None:
    for since in (None, 7.5):
        one = Subscription(3, "1", URL, 1.5, deactivated_at=since, reason="r", unreachable_at=2.0)
        assert subscription_of(subscription_item(one)) == one
        assert one.active is (since is None)
    told = Notification(9, "1", "incidents", ("evt_1", "evt_2"), "2026-03-03T12:02:40Z", 77, True)
    assert notification_of(notification_item(told)) == told


def test_a_number_of_a_url_is_its_own_and_fits_into_json() -> None:
    ids = {subscription_id(str(n), f"{URL}/{m}") for n in range(40) for m in range(40)}

    assert len(ids) == 1600
    assert all(0 < number < 2**53 for number in ids)
    assert subscription_id("1", URL) == subscription_id("1", URL)


def test_one_function_at_a_time_makes_the_call(stack: Stack) -> None:
    one = delivery()
    store = kept(stack, one)
    which = one.notification_id, one.subscription_id

    leased = store.lease(*which, now=NOW)
    assert leased is not None
    assert leased.leased_until == NOW + LEASE_S
    with pytest.raises(NotYet) as raised:
        store.lease(*which, now=NOW + 1)
    assert raised.value.after == LEASE_S - 1
    again = store.lease(*which, now=NOW + LEASE_S)
    assert again is not None

    # The first one's word does not count any more
    done = replace(leased, status=Status.DELIVERED, leased_until=0.0)
    assert not store.record(done, leased_until=leased.leased_until)
    assert store.record(done, leased_until=again.leased_until)
    assert store.lease(*which, now=NOW + 999) is None


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.QUEUED, Status.NOTIFIED])
def test_nothing_is_called_for_what_is_done_or_queued(stack: Stack, status: Status) -> None:
    one = delivery(status=status)
    assert kept(stack, one).lease(5, one.subscription_id, now=NOW) is None


def test_a_message_for_a_delivery_far_off_or_unknown_is_one_too_many(stack: Stack) -> None:
    one = delivery(status=Status.RETRY, next_at=NOW + 3600)
    store = kept(stack, one)

    assert store.lease(5, one.subscription_id, now=NOW) is None
    assert store.lease(6, one.subscription_id, now=NOW) is None
    with pytest.raises(NotYet):
        store.lease(5, one.subscription_id, now=NOW + 3590)


def test_a_notification_is_kept_whole_or_not_at_all(stack: Stack) -> None:
    store = DeliveryStore(stack.names["CallbackTable"])
    first = Notification(5, "1", "incidents", ("evt_1", "evt_2"), "t", 99)
    second = Notification(6, "1", "incidents", ("evt_2", "evt_3"), "t", 99)
    taken = Notification(5, "1", "incidents", ("evt_4",), "t", 99)

    assert store.create(first, [delivery()])
    assert not store.create(second, [delivery(notification_id=6)])
    assert not store.create(taken, [delivery()])

    assert store.notification_id("1", "evt_2") == 5
    assert store.notification_id("2", "evt_2") is None
    assert store.notification_id("1", "evt_3") is None
    assert store.notification_id("1", "evt_4") is None
    assert store.deliveries(6) == []


def test_a_transaction_that_fails_for_another_reason_is_told(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DeliveryStore(stack.names["CallbackTable"])
    told = Notification(5, "1", "incidents", ("evt_1",), "t", 99)
    refused = client_error("TransactWriteItems", "TransactionCanceledException")
    refused.response["CancellationReasons"] = [{"Code": "None"}, {"Code": "ThrottlingError"}]
    broken = Failing(aws.dynamodb(), transact_write_items=raising(refused))
    monkeypatch.setattr(aws, "dynamodb", lambda: broken)

    with pytest.raises(ClientError):
        store.create(told, [delivery()])


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(waits=st.lists(st.integers(-500, 500), max_size=30))
def test_everything_whose_time_is_past_is_looked_after_and_nothing_else(
    stack: Stack, waits: list[int]
) -> None:
    for item in stack.items("CallbackTable"):
        key = {name: item[name] for name in ("pk", "sk")}
        aws.dynamodb().delete_item(TableName=stack.names["CallbackTable"], Key=key)
    store = DeliveryStore(stack.names["CallbackTable"])
    for number, wait in enumerate(waits):
        kept(stack, delivery(notification_id=number, status=Status.RETRY), wake_at=NOW + wait)

    found = {one.notification_id for one, _ in store.due(now=NOW, limit=50)}

    assert found == {number for number, wait in enumerate(waits) if wait <= 0}
    assert DUE_SHARDS < 20


def test_what_moved_on_since_it_was_seen_is_left_alone(stack: Stack) -> None:
    one = delivery(status=Status.RETRY)
    store = kept(stack, one, wake_at=NOW)
    ((seen, at),) = store.due(now=NOW, limit=5)
    kept(stack, replace(one, status=Status.DELIVERED))

    store.wake_later(seen, seen=at, wake_at=NOW + 900)

    assert list(store.due(now=NOW + 9999, limit=5)) == []


def test_an_unknown_subscription_is_changed_by_nobody(stack: Stack) -> None:
    store = SubscriptionStore(stack.names["CallbackTable"])

    assert not store.deactivate(5, now=NOW, reason="r")
    assert not store.activate(5)
    store.unreachable(5, now=NOW)
    assert store.get(5) is None


def test_a_subscription_that_is_there_stays_as_it_is(stack: Stack) -> None:
    table = stack.names["CallbackTable"]
    one = Subscription(5, "1", URL, NOW)
    SubscriptionStore(table).ensure(one)
    assert SubscriptionStore(table).deactivate(5, now=NOW, reason="down")

    store = SubscriptionStore(table)
    store.ensure(one)
    store.ensure(one)

    found = store.get(5)
    assert found is not None
    assert (found.active, found.reason) == (False, "down")
    assert list(store.all()) == [found]


def test_a_batch_whose_events_others_keep_taking_is_put_off(
    stack: Stack, start: Start, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.connect(wanting())
    sender = start("CallbackSender")._ports().sender
    monkeypatch.setattr(DeliveryStore, "create", lambda *_arguments: False)
    event = notice_of(builders.event().as_dict())

    with pytest.raises(Contended):
        sender.tell(EventMessage(builders.INSTANCE_ID, by_polling=False, notice=event))
    assert provider.requests == []


def test_a_number_that_is_taken_is_not_used_again(
    stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two notifications that draw the same number first
    stack.connect(wanting())
    numbers = [4, 4, random.Random(1).randrange(5, 10**6)]  # noqa: S311 - no secret
    sender = start("CallbackSender")._ports().sender
    monkeypatch.setattr(sender, "_random_below", lambda _below: numbers.pop(0))
    messages = [
        EventMessage(
            builders.INSTANCE_ID, by_polling=False,
            notice=notice_of(builders.event(id=name).as_dict()),
        )
        for name in ("evt_1", "evt_2")
    ]  # fmt: skip
    sent = []
    monkeypatch.setattr(sender._attempts, "make_leased", lambda one, _body: sent.append(one))

    for message in messages:
        sender.tell(message)

    assert [one.notification_id for one in sent] == [5, sent[1].notification_id]
    assert sent[1].notification_id != 5
    assert numbers == []
