"""scheduled_sync plans a piece of work per object and pulls it page by page into the lake."""

from __future__ import annotations

import gzip
import json
from typing import Any

from freshbridge import aws
from tests import builders
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, query_of
from tests.integration.conftest import PassingTime, Stack, Start

TICKETS = "/api/v2/tickets"


class Updated:
    """A ticket list that heeds `updated_since`, in the order of `updated_at`."""

    def __init__(self, count: int) -> None:
        self._tickets: list[dict[str, Any]] = [
            {"id": n, "updated_at": f"2026-03-03T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z"}
            for n in range(1, count + 1)
        ]

    def __call__(self, request: Any) -> Any:
        since = query_of(request)["updated_since"]
        return PagedList([t for t in self._tickets if t["updated_at"] >= since])(request)


def lake_ids(stack: Stack) -> set[int]:
    """The ids of every record in the lake."""
    found: set[int] = set()
    for key in stack.objects("LakeBucket"):
        body = aws.s3().get_object(Bucket=stack.names["LakeBucket"], Key=key)["Body"].read()
        found |= {json.loads(line)["id"] for line in gzip.decompress(body).decode().splitlines()}
    return found


def test_the_planner_queues_work_for_every_enabled_instance(stack: Stack, start: Start) -> None:
    stack.connect()
    stack.connect(builders.instance(instance_id="ins_b"))
    stack.connect(builders.instance(instance_id="ins_off", disabled=True))

    answer = start("ScheduledSync").handler({}, builders.Context())

    work = stack.bodies("SyncQueue")
    assert answer["queued"] == 2
    assert {(w["instance_id"], w["object"], w["run_id"]) for w in work} == {
        (builders.INSTANCE_ID, "tickets", answer["run_id"]),
        ("ins_b", "tickets", answer["run_id"]),
    }


def test_the_planner_of_an_empty_stack_queues_nothing(stack: Stack, start: Start) -> None:
    assert start("ScheduledSync").handler({}, builders.Context())["queued"] == 0
    assert stack.messages("SyncQueue") == []


def test_the_worker_pulls_every_page(stack: Stack, start: Start, provider: FakeTransport) -> None:
    stack.connect()
    provider.on("GET", TICKETS, Updated(250))
    stack.send("SyncQueue", builders.sync_work())

    kept = stack.deliver("SyncQueue", start("SyncWorker").handler, builders.Context(300_000))

    assert kept == []
    assert lake_ids(stack) == set(range(1, 251))
    assert len(stack.objects("LakeBucket")) == 3
    assert stack.count("SyncQueue") == (0, 0)
    (item,) = stack.items("SyncTable")
    assert json.loads(item["state"]["S"])["rows"] == 250


def test_when_time_is_short_the_rest_is_left_to_a_message(
    stack: Stack, start: Start, provider: FakeTransport, passing_time: PassingTime
) -> None:
    stack.connect()
    provider.on("GET", TICKETS, Updated(250))
    stack.send("SyncQueue", builders.sync_work())
    handler = start("SyncWorker").handler

    for pages in (1, 2, 3):
        assert stack.deliver("SyncQueue", handler, builders.Context(60_000)) == []
        assert len(stack.objects("LakeBucket")) == pages
        passing_time.sleep(5)

    assert lake_ids(stack) == set(range(1, 251))
    assert stack.count("SyncQueue") == (0, 0)


def test_a_throttled_pull_goes_on_from_its_last_page(
    stack: Stack, start: Start, provider: FakeTransport, passing_time: PassingTime
) -> None:
    stack.connect()
    list_tickets = Updated(150)
    throttled = empty_reply(429, {"Retry-After": "30"})
    provider.on("GET", TICKETS, list_tickets, throttled, list_tickets)
    stack.send("SyncQueue", builders.sync_work())
    handler = start("SyncWorker").handler

    kept = stack.deliver("SyncQueue", handler, builders.Context(300_000))
    assert len(kept) == 1
    assert stack.count("SyncQueue") == (0, 1)
    assert len(lake_ids(stack)) == 100

    passing_time.sleep(60)
    stack.send("SyncQueue", kept[0])
    assert stack.deliver("SyncQueue", handler, builders.Context(300_000)) == []
    assert len(lake_ids(stack)) == 150
    assert query_of(provider.requests[-1])["updated_since"] == "2026-03-03T00:01:40Z"


def test_an_object_that_cannot_be_synced_is_parked(stack: Stack, start: Start) -> None:
    stack.connect()
    stack.send("SyncQueue", builders.sync_work(object="agents"))

    assert stack.deliver("SyncQueue", start("SyncWorker").handler) == []

    (letter,) = stack.messages("SyncDeadLetterQueue")
    assert letter["MessageAttributes"]["code"]["StringValue"] == "unknown_object"
