"""A webhook's record is brought up to date in the lake at once, by one call at most."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge.lake.lake import Lake
from freshbridge.routing import touching
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.touch_marks import STALE_S, TouchMarks
from tests import builders
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of
from tests.integration.conftest import Stack, Start

TICKET = {"id": 1042, "status": 3, "updated_at": "2026-03-03T12:00:00Z", "subject": "Fire"}
PATH = "/api/v2/tickets/1042"
MANY = builders.Context(300_000)
WANTED = {"sync": {"from_webhooks": True}}


class World:
    """A stack with a router and a worker."""

    def __init__(self, stack: Stack, start: Start, provider: FakeTransport) -> None:
        self.stack, self._start, self.provider = stack, start, provider
        self.events = 0

    def connect(self, **changed: Any) -> None:
        """An instance that wants it."""
        self.stack.connect(builders.instance(**{"config": WANTED} | changed))

    def webhook(self, told: str = "{status:{from:2,to:3}}", **more: Any) -> None:
        """One webhook comes and is routed."""
        self.events += 1
        content = builders.simple_content(triggered_event=told, n=self.events)
        event = builders.received_event(
            **{"event_id": f"evt_{self.events}", "body": json.dumps(content)} | more
        )
        self.stack.send("EventQueue", event)
        assert self.stack.deliver("EventQueue", self._start("EventRouter").handler) == []

    def work(self) -> list[str]:
        """The worker does what is in its queue; what it could not do comes back."""
        left: list[str] = []
        while self.stack.count("SyncQueue")[0]:
            left += self.stack.deliver("SyncQueue", self._start("SyncWorker").handler, MANY)
        return left

    def live(self, name: str = "tickets") -> dict[str, Any]:
        """The lake's live records."""
        lake = Lake(self.stack.names["LakeBucket"])
        return {row.id: row.record for row in lake.rows(builders.INSTANCE_ID, OBJECTS[name])}


@pytest.fixture
def world(
    stack: Stack, start: Start, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> World:
    # Amazon SQS is not given time to wait here.
    monkeypatch.setattr(touching, "DELAY_S", 0)
    return World(stack, start, provider)


def test_a_burst_of_webhooks_of_one_ticket_costs_one_call(world: World) -> None:
    world.connect()
    world.provider.on("GET", PATH, json_reply(TICKET))
    for status in (3, 4, 5):
        world.webhook(f"{{status:{{from:2,to:{status}}}}}")
    assert world.stack.count("SyncQueue") == (1, 0)

    assert world.work() == []

    assert len(world.provider.sent("GET", PATH)) == 1
    assert world.live() == {"1042": TICKET}
    # What comes after that is read again.
    world.provider.on("GET", PATH, json_reply(TICKET | {"status": 5}))
    world.webhook("{status:{from:3,to:5}}")
    world.work()
    assert len(world.provider.sent("GET", PATH)) == 2


def test_a_note_brings_the_ticket_and_its_conversations(world: World) -> None:
    world.connect(sync_objects=("tickets", "conversations"))
    world.provider.on("GET", PATH, json_reply(TICKET))
    note = {"id": 5, "updated_at": "2026-03-03T12:00:00Z", "body": "Seen"}
    world.provider.on("GET", f"{PATH}/conversations", PagedList([note]))
    world.webhook("{note_type:private}")

    assert world.work() == []

    assert world.live().keys() == {"1042"}
    assert world.live("conversations")["5"]["body"] == "Seen"


def test_a_ticket_that_was_fetched_whole_for_its_rules_costs_no_further_call(
    world: World,
) -> None:
    world.connect(
        config={
            **WANTED,
            "custom_field_mapping": {"cf_floor": "floor"},
            "event.enrich": "always",
        }
    )
    fetched = TICKET | {"custom_fields": {"cf_floor": 3}, "stats": {}, "requester": {"id": 7}}
    fetched["company"] = {"id": 9}
    world.provider.on("GET", PATH, json_reply(fetched))
    world.webhook()
    (asked,) = world.provider.requests
    assert query_of(asked)["include"] == "company,requester,stats"

    assert world.work() == []

    assert world.provider.requests == [asked]
    # As the provider has it, not as the rules see it.
    assert world.live()["1042"]["custom_fields"] == {"cf_floor": 3}
    assert "company" not in world.live()["1042"]


@pytest.mark.parametrize("config", [{}, {"sync": {"from_webhooks": False}}])
def test_an_instance_that_does_not_want_it_has_nothing_queued(
    world: World, config: dict[str, Any]
) -> None:
    world.connect(config=config)
    world.webhook()
    assert world.stack.count("SyncQueue") == (0, 0)


def test_what_cannot_be_read_is_parked_and_known_by_its_event(world: World) -> None:
    world.connect()
    world.provider.on("GET", PATH, empty_reply(403))
    world.webhook()

    assert world.work() == []

    (letter,) = world.stack.bodies("SyncDeadLetterQueue")
    assert (letter["touch"], letter["object"], letter["run_id"]) == (
        "1042", "tickets", "touch-evt_1",
    )  # fmt: skip


def test_a_mark_holds_for_its_event_until_it_is_taken_or_stale(stack: Stack) -> None:
    now = [1000.0]
    marks = TouchMarks(stack.names["SyncTable"], clock=lambda: now[0])

    assert marks.set("1", "tickets", 7, "evt_1")
    assert not marks.set("1", "tickets", 7, "evt_2")
    # Whoever died before the message was sent comes again.
    assert marks.set("1", "tickets", 7, "evt_1")
    assert marks.set("1", "contacts", 7, "evt_2")
    marks.take("1", "tickets", "7")
    assert marks.set("1", "tickets", 7, "evt_3")
    now[0] += STALE_S + 1
    assert marks.set("1", "tickets", 7, "evt_4")
