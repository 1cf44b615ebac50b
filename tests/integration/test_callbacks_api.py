"""What the API shows of callbacks, and what can be done about those that were not taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshbridge import aws
from freshbridge.notifications import desk as desk_module
from freshbridge.notifications import release
from freshbridge.notifications.bodies import Bodies
from freshbridge.notifications.delivery import (
    Delivery,
    Status,
    Subscription,
    delivery_item,
    subscription_id,
)
from freshbridge.notifications.store import DeliveryStore
from freshbridge.notifications.subscriptions import SubscriptionStore
from freshbridge.notifications.where import Where
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.callback_world import OTHER_URL, URL, World, event_ids, signed
from tests.integration.conftest import Stack, Start

DELIVERIES = "/notifications/subscriptions/deliveries"
QUEUED = f"channel='webhook' and status='queued' and config.url='{URL}'"


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> Iterator[World]:
    with freeze_time(datetime.now(UTC).replace(microsecond=0)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield World(stack, start, provider, clock)


def queue_up(world: World, events: int, *urls: str) -> None:
    """Notifications that no receiver took, one for each event."""
    world.connect(*(urls or (URL,)))
    world.receiver.on("POST", "/in", empty_reply(500))
    world.receiver.on("POST", "/hooks/2", empty_reply(500))
    world.api("PATCH", "/accounts/settings", {"notification.webhook.failure.policy": "queue"})
    for number in range(1, events + 1):
        world.happen(number)
        world.later(1)


def test_what_was_not_taken_is_fetched_page_by_page(world: World) -> None:
    # Given five notifications that were not taken, and a receiver that is up again
    queue_up(world, 5)

    # When they are fetched two at a time
    fetched: list[dict[str, Any]] = []
    query = {"where": QUEUED, "hydrate": "true", "pageSize": "2"}
    sizes = []
    while True:
        status, page, headers = world.api("GET", DELIVERIES, query=query)
        assert status == 200
        sizes.append(len(page))
        assert headers["Elements-Returned-Count"] == str(len(page))
        fetched += page
        if "Elements-Next-Page-Token" not in headers:
            break
        query["nextPage"] = headers["Elements-Next-Page-Token"]

    # Then every event is there, in order, with all that a callback would have got
    assert sizes == [2, 2, 1]
    told = [delivery["notification"]["message"]["eventId"] for delivery in fetched]
    assert told == [f"evt_{number:04d}" for number in range(1, 6)]
    first = fetched[0]
    assert first["notification"] == json.loads(world.receiver.requests[0].body or b"")
    assert first["notificationId"] == first["notification"]["id"]
    assert (first["status"], first["config"]) == ("queued", {"url": URL})
    assert first["error"] == {
        "code": "provider_down", "message": "The receiver answered 500", "status": 500,
    }  # fmt: skip
    assert first["subscription"]["channel"] == "webhook"
    assert first["subscriptionId"] == first["subscription"]["id"]


@pytest.mark.parametrize("path", ["/instances", DELIVERIES])
def test_hydrate_is_true_or_false(world: World, path: str) -> None:
    world.connect(URL)
    for said, status in (("maybe", 400), ("", 400), ("1", 400), ("True", 200), ("false", 200)):
        query = {"where": QUEUED, "hydrate": said}
        assert world.api("GET", path, query=query)[0] == status, said


def test_without_hydrate_no_content_is_shown(world: World) -> None:
    queue_up(world, 1)
    _, (shown,), _ = world.api("GET", DELIVERIES, query={"where": "status='queued'"})
    assert "notification" not in shown
    assert builders.SUBJECT not in json.dumps(shown)


def test_a_released_notification_is_sent_as_it_was(world: World) -> None:
    # Given three queued notifications
    queue_up(world, 3)
    before = list(world.receiver.requests)
    world.receiver.requests.clear()
    world.receiver._answers["POST", "/in"] = [empty_reply(200)]

    # When they are released, twice
    for _ in range(2):
        status, shown, _ = world.api("PUT", DELIVERIES, query={"where": QUEUED})
        assert status == 200
        assert [one["config"]["url"] for one in shown] == [URL]
    world.later(1)

    # Then each was sent once more, with its id and its bytes
    assert [one.body for one in world.receiver.requests] == [one.body for one in before]
    assert all(signed(one) for one in world.receiver.requests)
    assert world.statuses() == [Status.DELIVERED] * 3
    assert world.api("GET", DELIVERIES, query={"where": QUEUED})[:2] == (200, [])


def test_a_deactivated_subscription_is_reactivated_by_a_release(world: World) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen(1)
    world.send()
    (delivery,) = world.deliveries()
    table = world.stack.names["CallbackTable"]
    SubscriptionStore(table).deactivate(delivery.subscription_id, now=1.0, reason="gone")
    world.happen(2)
    world.send()
    path = f"/notifications/subscriptions/{delivery.subscription_id}"
    assert world.api("GET", path)[1]["active"] is False
    assert world.statuses() == [Status.DELIVERED, Status.QUEUED]

    world.api("PUT", DELIVERIES, query={"where": "channel='webhook' and status='queued'"})
    world.later(1)

    shown = world.api("GET", path)[1]
    assert (shown["active"], shown["deactivatedDate"], shown["reason"]) == (True, None, None)
    assert [event_ids(request) for request in world.receiver.requests] == [
        ["evt_0001"], ["evt_0002"],
    ]  # fmt: skip


def test_a_release_means_the_url_that_it_names(world: World) -> None:
    queue_up(world, 1, URL, OTHER_URL)
    world.receiver._answers["POST", "/hooks/2"] = [empty_reply(200)]

    where = f"status='queued' and config.url='{OTHER_URL}'"
    _, released, _ = world.api("PUT", DELIVERIES, query={"where": where})
    world.later(1)

    assert [one["config"]["url"] for one in released] == [OTHER_URL]
    assert {d.url: d.status for d in world.deliveries()} == {
        URL: Status.QUEUED, OTHER_URL: Status.DELIVERED,
    }  # fmt: skip


def test_a_released_notification_that_fails_again_begins_its_schedule_anew(world: World) -> None:
    queue_up(world, 1)
    world.api("PATCH", "/accounts/1/settings", {"notification.webhook.failure.policy": "retry"})
    world.later(100_000)

    world.api("PUT", DELIVERIES, query={"where": QUEUED})
    world.later(1)

    (waiting,) = world.deliveries()
    assert (waiting.status, waiting.failures) == (Status.RETRY, 1)
    assert waiting.next_at == world.now().timestamp() + 4


def test_many_are_released_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "PAGE", 2)
    monkeypatch.setattr(release, "PAGES", 2)
    queue_up(world, 9)
    world.receiver._answers["POST", "/in"] = [empty_reply(200)]

    world.api("PUT", DELIVERIES, query={"where": QUEUED})
    for _ in range(5):
        world.later(1)

    assert world.statuses() == [Status.DELIVERED] * 9


def test_what_was_fetched_and_acknowledged_is_not_sent(world: World) -> None:
    queue_up(world, 2)
    world.receiver.requests.clear()
    world.receiver._answers["POST", "/in"] = [empty_reply(200)]
    _, (first, _), _ = world.api("GET", DELIVERIES, query={"where": QUEUED})

    path = f"/notifications/{first['notificationId']}/acknowledge"
    for _ in range(2):
        assert world.api("PUT", path)[:2] == (
            200, {"id": first["notificationId"], "acknowledged": True},
        )  # fmt: skip
    world.api("PUT", DELIVERIES, query={"where": QUEUED})
    world.later(1)

    assert [event_ids(request) for request in world.receiver.requests] == [["evt_0002"]]
    assert world.statuses() == [Status.DELIVERED, Status.NOTIFIED]


def test_one_notification_shows_its_deliveries(world: World) -> None:
    queue_up(world, 1, URL, OTHER_URL)
    number = world.deliveries()[0].notification_id
    one = subscription_id(builders.INSTANCE_ID, OTHER_URL)

    _, every, _ = world.api("GET", f"/notifications/{number}/subscriptions/deliveries")
    _, shown, _ = world.api(
        "GET", f"/notifications/{number}/subscriptions/{one}/deliveries", query={"hydrate": "true"}
    )

    assert {delivery["config"]["url"] for delivery in every} == {URL, OTHER_URL}
    assert shown["config"]["url"] == OTHER_URL
    assert shown["notification"]["id"] == number


def test_many_deliveries_of_a_large_body_are_no_answer_that_is_too_large(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a body of which one has room in an answer, and two have not
    queue_up(world, 1, URL, OTHER_URL)
    delivery = world.deliveries()[0]
    bodies = Bodies(world.stack.names["PayloadBucket"])
    size = len(bodies.get(delivery.notification_id) or b"")
    monkeypatch.setattr(desk_module, "LARGEST_PAGE_BYTES", size + 1)
    hydrated = {"hydrate": "true"}
    base = f"/notifications/{delivery.notification_id}/subscriptions"

    # When
    _, every, _ = world.api("GET", f"{base}/deliveries", query=hydrated)
    each = [
        world.api("GET", f"{base}/{one['subscriptionId']}/deliveries", query=hydrated)[1]
        for one in every
    ]

    # Then
    assert sorted(bool(one["notification"]) for one in every) == [False, True]
    assert [one["notification"]["id"] for one in each] == [delivery.notification_id] * 2


@pytest.mark.parametrize(
    ("method", "path", "query", "status"),
    [
        ("GET", DELIVERIES, {"where": "status='gone'"}, 400),
        ("GET", DELIVERIES, {"pageSize": "0"}, 400),
        ("GET", DELIVERIES, {"pageSize": "many"}, 400),
        ("GET", DELIVERIES, {"nextPage": "made up"}, 400),
        ("GET", DELIVERIES, {"nextPage": "e30"}, 400),
        ("GET", DELIVERIES, {"where": "channel='email'"}, 200),
        ("GET", DELIVERIES, None, 200),
        ("PUT", DELIVERIES, None, 400),
        ("PUT", DELIVERIES, {"where": "status='retry'"}, 400),
        ("PUT", DELIVERIES, {"where": "channel='sms' and status='queued'"}, 200),
        ("GET", "/notifications/subscriptions", None, 200),
        ("GET", "/notifications/subscriptions/5", None, 404),
        ("GET", "/notifications/subscriptions/x", None, 404),
        ("GET", "/notifications/5/subscriptions/deliveries", None, 404),
        ("GET", f"/notifications/{'9' * 17}/subscriptions/deliveries", None, 404),
        ("GET", "/notifications/5/subscriptions/6/deliveries", None, 404),
        ("PUT", "/notifications/5/acknowledge", None, 404),
        ("GET", "/accounts/2/settings", None, 404),
        ("GET", "/accounts/1/settings", None, 200),
    ],
)
def test_answers_before_anything_was_sent(
    world: World, method: str, path: str, query: dict[str, str] | None, status: int
) -> None:
    answer, body, _ = world.api(method, path, query=query)

    assert answer == status
    assert status == 200 or set(body) == {"requestId", "message"}


def test_a_delivery_to_another_url_is_not_found(world: World) -> None:
    queue_up(world, 1)
    number = world.deliveries()[0].notification_id
    assert world.api("GET", f"/notifications/{number}/subscriptions/7/deliveries")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("path", ["/accounts/settings", "/accounts/1/settings"])
def test_the_policy_is_chosen_and_kept(world: World, method: str, path: str) -> None:
    key = "notification.webhook.failure.policy"
    assert world.api("GET", path)[1] == {key: "retry"}

    assert world.api(method, path, {key: "queue"})[:2] == (200, {key: "queue"})

    assert world.api("GET", path)[1] == {key: "queue"}
    for wrong in ({}, {key: "drop"}, {key: "retry", "notification.retries": "9"}):
        assert world.api(method, path, wrong)[0] == 400
    assert world.api("GET", path)[1] == {key: "queue"}


def test_one_page_holds_no_more_than_an_answer_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_up(world, 3)
    monkeypatch.setattr(desk_module, "LARGEST_PAGE_BYTES", 10)
    query = {"where": QUEUED, "hydrate": "true"}

    _, page, headers = world.api("GET", DELIVERIES, query=query)
    assert len(page) == 1
    query["nextPage"] = headers["Elements-Next-Page-Token"]
    assert len(world.api("GET", DELIVERIES, query=query)[1]) == 1


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("event.notification.callback.url", "http://events.example.com/in"),
        ("event.notification.callback.url", "https://169.254.169.254/latest/meta-data"),
        ("event.notification.callback.url", "https://localhost/in"),
        ("event.notification.callback.headers", '{"Host": "evil.example"}'),
        ("event.vendor.type", "carrier"),
    ],
)
def test_a_callback_that_may_not_be_called_is_refused_when_it_is_configured(
    world: World, entry: str, value: str
) -> None:
    world.connect()
    agent = {"id": 55, "ticket_scope": 1, "contact": {"name": "Ravi"}}
    world.receiver.on("GET", "/api/v2/agents/me", json_reply(agent))
    path = f"/instances/{builders.INSTANCE_ID}"
    body = {"configuration": {entry: value}}
    whole = {
        "element": {"key": "freshdeskv2"},
        "name": "Another",
        "configuration": {"subdomain": "acme", "username": builders.API_KEY, entry: value},
    }

    changed, refusal, _ = world.api("PATCH", path, body)
    created, _, _ = world.api("POST", "/instances", whole)

    assert (changed, created) == (400, 400)
    assert entry in refusal["message"]
    assert world.receiver.requests == []
    shown = world.api("GET", path)[1]["configuration"]
    assert shown["event.notification.callback.url"] == URL


@pytest.mark.parametrize(
    "entries",
    [{"event.notification.enabled": "true"}, {"event.notification.signature.key": "another key"}],
)
def test_a_change_of_the_callback_reactivates_it(world: World, entries: dict[str, str]) -> None:
    world.connect()
    world.receiver.on("POST", "/in", empty_reply(200))
    world.happen(1)
    world.send()
    (delivery,) = world.deliveries()
    table = world.stack.names["CallbackTable"]
    SubscriptionStore(table).deactivate(delivery.subscription_id, now=1.0, reason="gone")
    subscription = f"/notifications/subscriptions/{delivery.subscription_id}"
    path = f"/instances/{builders.INSTANCE_ID}"

    assert world.api("PATCH", path, {"name": "Acme 2"})[0] == 200
    assert world.api("GET", subscription)[1]["active"] is False
    assert world.api("PATCH", path, {"configuration": entries})[0] == 200

    assert world.api("GET", subscription)[1]["active"] is True


def test_a_page_looks_at_so_many_listings_and_goes_on_behind_them(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given many subscriptions, of which one has something that fits
    monkeypatch.setattr(desk_module, "MOST_LISTINGS", 3)
    desk = _desk(stack)
    deliveries = [_delivery(n, f"https://r{n}.example.com/", Status.QUEUED) for n in range(1, 11)]
    for one in deliveries:
        desk.subscriptions.ensure(Subscription(one.subscription_id, "1", one.url, 0.0))
    last = max(deliveries, key=lambda one: one.subscription_id)
    _keep(stack, last)
    where, token = Where(status=Status.QUEUED), ""
    sizes: list[int] = []

    # When it is paged through
    while len(sizes) < 10:
        page = desk.page(where, limit=5, next_page=token, hydrate=False)
        sizes.append(len(page.deliveries))
        token = page.next_page
        if not token:
            break

    # Then no page took more looks than that, and it was found
    assert sizes == [0, 0, 0, 1]


def test_a_release_that_cannot_be_queued_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_up(world, 1)
    broken = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    monkeypatch.setattr(aws, "sqs", lambda: broken)

    assert world.api("PUT", DELIVERIES, query={"where": QUEUED})[0] == 503
    assert world.statuses() == [Status.QUEUED]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(sorted(Status))), max_size=25),
    size=st.integers(1, 7),
    data=st.data(),
)
def test_paging_shows_each_that_fits_once(
    stack: Stack, kinds: list[tuple[int, Status]], size: int, data: st.DataObject
) -> None:
    # Given deliveries of any status to some URLs
    for item in stack.items("CallbackTable"):
        key = {name: item[name] for name in ("pk", "sk")}
        aws.dynamodb().delete_item(TableName=stack.names["CallbackTable"], Key=key)
    desk = _desk(stack)
    rows = []
    for number, (receiver, status) in enumerate(kinds, 1):
        delivery = _delivery(number, f"https://r{receiver}.example.com/", status)
        rows.append(delivery)
        _keep(stack, delivery)
        desk.subscriptions.ensure(Subscription(delivery.subscription_id, "1", delivery.url, 0.0))
    wanted = data.draw(st.none() | st.sampled_from(sorted(Status)))
    url = data.draw(
        st.none() | st.sampled_from(["https://r1.example.com/", "https://none.example/"])
    )

    # When they are paged through
    found: list[int] = []
    token = ""
    where = Where(status=wanted, url=url)
    looks = data.draw(st.sampled_from([1, 2, 7, desk_module.MOST_LISTINGS]), "looks")
    for _ in range(len(rows) + 4 * len(Status) + 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(desk_module, "MOST_LISTINGS", looks)
            page = desk.page(where, limit=size, next_page=token, hydrate=False)
        assert len(page.deliveries) <= size
        found += [one.delivery.notification_id for one in page.deliveries]
        token = page.next_page
        if not token:
            break

    # Then every one that fits was there once
    fitting = [r for r in rows if wanted in (None, r.status) and url in (None, r.url)]
    assert not token
    assert sorted(found) == sorted(row.notification_id for row in fitting)


def _delivery(number: int, url: str, status: Status) -> Delivery:
    return Delivery(
        notification_id=number,
        subscription_id=subscription_id("1", url),
        instance_id="1",
        url=url,
        status=status,
        created_at=1000.0 + number % 3,
        updated_at=0.0,
        expires_at=0,
    )


def _keep(stack: Stack, delivery: Delivery) -> None:
    aws.dynamodb().put_item(TableName=stack.names["CallbackTable"], Item=delivery_item(delivery))


def _desk(stack: Stack) -> desk_module.CallbackDesk:
    table, bucket = stack.names["CallbackTable"], stack.names["PayloadBucket"]
    queue = Publisher(stack.names["CallbackQueue"], PayloadStore(bucket), prefix="callbacks")
    return desk_module.CallbackDesk(
        DeliveryStore(table), SubscriptionStore(table), Bodies(bucket), queue
    )


def test_a_release_that_dies_in_the_middle_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a release whose messages cannot be queued, once
    queue_up(world, 3)
    world.receiver.requests.clear()
    world.receiver._answers["POST", "/in"] = [empty_reply(200)]
    world.api("PUT", DELIVERIES, query={"where": QUEUED})
    broken = Failing(aws.sqs(), send_message_batch=raising(client_error("SendMessageBatch")))
    with monkeypatch.context() as patched:
        patched.setattr(aws, "sqs", lambda: broken)
        world.later(1)
    assert world.receiver.requests == []
    assert world.statuses() == [Status.RETRY] * 3

    # When the minute's sweep comes by
    world.clock.tick(60)
    world.sweep()
    world.send()

    # Then all are sent, once
    assert sorted(name for one in world.receiver.requests for name in event_ids(one)) == [
        "evt_0001", "evt_0002", "evt_0003",
    ]  # fmt: skip
    assert world.statuses() == [Status.DELIVERED] * 3
