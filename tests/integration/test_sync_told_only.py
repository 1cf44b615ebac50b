"""What no webhook and no ticket list tells: tickets in the trash, and contacts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from freshbridge import timestamps
from freshbridge.rules.model import RuleAction
from freshbridge.sync.record_states import RecordStates
from freshbridge.sync.run import Standing
from freshbridge.sync.run_store import RunStore
from tests import builders
from tests.fakes.aws_failures import client_error, raising
from tests.fakes.provider import FakeTransport, PagedList, query_of
from tests.integration.conftest import Stack, Start

MANY = builders.Context(300_000)
CONFIGURATION = {
    "subdomain": "acme",
    "event.notification.enabled": "true",
    "event.vendor.type": "polling",
}


class Desk:
    """The trash and the contacts of an account."""

    def __init__(self, provider: FakeTransport) -> None:
        self.trash: dict[int, dict[str, Any]] = {}
        self.contacts: dict[int, dict[str, Any]] = {}
        self.began, self.second = timestamps.now(), 0
        self.asked: list[Mapping[str, str]] = []
        provider.on("GET", "/api/v2/tickets", self.list_tickets)
        provider.on("GET", "/api/v2/contacts", self.list_contacts)
        provider.on("GET", "/api/v2/companies", PagedList([]))

    def now(self) -> str:
        """A second after whatever was before."""
        self.second += 1
        return timestamps.to_text(self.began + timedelta(seconds=self.second))

    def delete(self, number: int) -> None:
        """Into the trash, which does not say so of its own."""
        now = self.now()
        self.trash[number] = {"id": number, "status": 2, "subject": builders.SUBJECT,
                              "created_at": "2026-01-01T00:00:00Z", "updated_at": now}  # fmt: skip

    def set(self, number: int, *, at: str = "", **fields: Any) -> None:
        """Create or update a contact."""
        now = at or self.now()
        known = {"id": number, "name": f"N{number:04d}", "job_title": None, "created_at": now}
        self.contacts[number] = {**self.contacts.get(number, known), **fields, "updated_at": now}

    def list_tickets(self, request: Any) -> Any:
        query = query_of(request)
        self.asked.append(query)
        found = self.trash.values() if query.get("filter") == "deleted" else ()
        listed = [t for t in found if str(t["updated_at"]) >= query["updated_since"]]
        return PagedList(sorted(listed, key=lambda one: str(one["updated_at"])))(request)

    def list_contacts(self, request: Any) -> Any:
        query = query_of(request)
        self.asked.append(query)
        state = query.get("state", "")
        listed = [c for c in self.contacts.values() if c.get("state", "") == state]
        listed.sort(key=lambda one: str(one["name"]))
        since = query.get("updated_since", "")
        return PagedList([c for c in listed if c["updated_at"] >= since])(request)


class World:
    """A stack that copies companies alone, and its event router."""

    def __init__(
        self,
        stack: Stack,
        start: Start,
        provider: FakeTransport,
        published: list[dict[str, Any]],
    ) -> None:
        self.stack, self._start = stack, start
        self.desk = Desk(provider)
        self._entries = published
        self.stack.connect(
            builders.instance(configuration=CONFIGURATION, sync_objects=("companies",))
        )

    @property
    def published(self) -> list[dict[str, Any]]:
        """The events on the bus."""
        return [json.loads(entry["Detail"]) for entry in self._entries]

    def sync(self) -> list[str]:
        """A run of everything that is due; what could not be done is left in the queue."""
        self._start("ScheduledSync").handler({}, builders.Context())
        return self.work()

    def work(self) -> list[str]:
        """What is in the queue is done, up to what cannot be."""
        left: list[str] = []
        while self.stack.count("SyncQueue")[0]:
            left += self.stack.deliver("SyncQueue", self._start("SyncWorker").handler, MANY)
        return left

    def told(self) -> list[tuple[str, int, dict[str, Any]]]:
        """What was told since the last time: type, record and changes."""
        self._entries.clear()
        while sum(self.stack.count("EventQueue")):
            assert self.stack.deliver("EventQueue", self._start("EventRouter").handler) == []
        return sorted(
            (event["type"], (event["ticket"] or event["contact"])["id"], event["changes"])
            for event in self.published
        )

    def standing(self, name: str) -> Standing:
        """What is kept of an object."""
        return RunStore(self.stack.names["SyncTable"]).standing(builders.INSTANCE_ID, name)


@pytest.fixture
def world(
    stack: Stack, start: Start, provider: FakeTransport, published: list[dict[str, Any]]
) -> World:
    return World(stack, start, provider, published)


DELETION = {"deleted": {"from": False, "to": True}}


def test_a_deletion_is_told_once_and_told_again_after_a_restore(world: World) -> None:
    # Given a trash that held a ticket before anybody wanted to hear of it
    world.desk.delete(1)
    assert world.sync() == []
    assert world.told() == []

    # When another is deleted, it is told once, and nothing of it is copied
    world.desk.delete(2)
    world.sync()
    assert world.told() == [("ticket_deleted", 2, DELETION)]
    world.sync()
    assert world.told() == []
    assert not [key for key in world.stack.objects("LakeBucket") if "tickets" in key]

    # Then its restore and another deletion are told again
    del world.desk.trash[2]
    world.sync()
    world.desk.delete(2)
    world.sync()
    assert world.told() == [("ticket_deleted", 2, DELETION)]
    assert {one["filter"] for one in world.desk.asked if "filter" in one} == {"deleted"}


def test_a_worker_that_dies_after_queueing_tells_the_same_event_and_it_is_routed_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given changes that were queued, and a death before they were noted
    assert world.sync() == []
    world.desk.delete(1)
    world.desk.set(1)
    with monkeypatch.context() as patch:
        patch.setattr(RecordStates, "save", raising(client_error("BatchWriteItem")))
        left = world.sync()
    queued = world.stack.count("EventQueue")[0]
    assert queued

    # When the messages come again, their events are queued again and told once
    for message in left:
        world.stack.send("SyncQueue", message)
    assert world.work() == []
    assert world.stack.count("EventQueue")[0] > queued
    assert [kind for kind, _, _ in world.told()] == ["contact_created", "ticket_deleted"]


def test_contacts_are_remembered_first_and_their_changes_told_then(world: World) -> None:
    # Given contacts of before, over more than a page
    for number in range(1, 151):
        world.desk.set(number)
    assert world.sync() == []
    assert world.told() == []
    events = world.standing("contacts").events
    assert (events["mode"], events["queued"]) == ("telling", 0)
    assert events["remembered"] >= 150

    # When one changes, one comes and one is deleted
    note = RuleAction("freshdesk", "add_note", {"ticket_id": 5, "body": "{{ contact.job_title }}"})
    world.stack.save_rule(builders.rule(event="contact_updated", actions=(note,)))
    world.desk.set(7, job_title="Buyer")
    world.desk.set(9, state="deleted")
    world.desk.set(151, at="2099-01-01T00:00:00Z", created_at="2099-01-01T00:00:00Z")
    world.sync()

    # Then all are told, once, of the text only what it became, and nothing is copied
    became = {"job_title": {"from": None, "to": "Buyer"}}
    assert world.told() == [
        ("contact_created", 151, {}), ("contact_deleted", 9, DELETION),
        ("contact_updated", 7, became),
    ]  # fmt: skip
    (action,) = world.stack.bodies("ActionQueue")
    assert action["parameters"]["body"] == "Buyer"
    world.sync()
    assert world.told() == []
    assert not [key for key in world.stack.objects("LakeBucket") if "contacts" in key]


def test_who_no_longer_wants_to_hear_is_not_read_for(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    provider.on("GET", "/api/v2/companies", PagedList([]))
    stack.connect(builders.instance(sync_objects=("companies",)))

    started = start("ScheduledSync").handler({}, builders.Context())
    while stack.count("SyncQueue")[0]:
        assert stack.deliver("SyncQueue", start("SyncWorker").handler, MANY) == []

    assert started["queued"] == 1
    assert {request.path for request in provider.requests} == {"/api/v2/companies"}


def test_the_poller_s_interval_is_how_often_it_is_read(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    desk = Desk(provider)
    every = CONFIGURATION | {"event.poller.refresh_interval": "30"}
    stack.connect(builders.instance(configuration=every, sync_objects=("companies",)))
    planner, worker = start("ScheduledSync"), start("SyncWorker")

    begun = []
    for _ in range(2):
        begun.append(planner.handler({}, builders.Context())["queued"])
        while stack.count("SyncQueue")[0]:
            assert stack.deliver("SyncQueue", worker.handler, MANY) == []

    # All of it at first; a moment later nothing is due.
    assert begun == [3, 0]
    assert desk.asked
