"""What no webhook and no ticket list tells: tickets in the trash, and contacts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from freshbridge import aws, timestamps
from freshbridge.rules.model import RuleAction
from freshbridge.sync.record_states import RecordStates
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, PagedList, json_reply, query_of
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    USER_SECRET,
    PassingTime,
    Stack,
    Start,
)

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
MANY = builders.Context(300_000)
CONFIGURATION = {
    "subdomain": "acme",
    "event.notification.enabled": "true",
    "event.vendor.type": "polling",
}


class Desk:
    """The trash and the contacts of an account; `known` names the contact list's filter."""

    def __init__(self, provider: FakeTransport) -> None:
        self.trash: dict[int, dict[str, Any]] = {}
        self.contacts: dict[int, dict[str, Any]] = {}
        self.known = "updated_since"
        self.refuses = False
        self.began, self.second = timestamps.now(), 0
        self.asked: list[Mapping[str, str]] = []
        provider.on("GET", "/api/v2/tickets", self.list_tickets)
        provider.on("GET", "/api/v2/contacts", self.list_contacts)

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
        if self.refuses and self.known not in query:
            wrong = {"field": "updated_since", "message": "Unexpected", "code": "invalid_field"}
            body = {"description": "Validation failed", "errors": [wrong]}
            return json_reply(body, status=400)
        listed = sorted(self.contacts.values(), key=lambda one: str(one["name"]))
        return PagedList([c for c in listed if c["updated_at"] >= query.get(self.known, "")])(
            request
        )


class World:
    """A stack whose worker reads one object, and its event router."""

    def __init__(self, stack: Stack, start: Start, provider: FakeTransport) -> None:
        self.stack, self._start = stack, start
        self.desk = Desk(provider)
        self.published: list[dict[str, Any]] = []
        self.stack.connect(builders.instance(configuration=CONFIGURATION))

    def sync(self, name: str, context: Any = MANY) -> list[str]:
        """One message of the worker; what it left in its queue."""
        if self.stack.count("SyncQueue") == (0, 0):
            self.stack.send("SyncQueue", builders.sync_work(object=name))
        return self.stack.deliver("SyncQueue", self._start("SyncWorker").handler, context)

    def told(self) -> list[tuple[str, int, dict[str, Any]]]:
        """What was told since the last time: type, record and changes."""
        self.published.clear()
        while sum(self.stack.count("EventQueue")):
            assert self.stack.deliver("EventQueue", self._start("EventRouter").handler) == []
        return sorted(
            (event["type"], (event["ticket"] or event["contact"])["id"], event["changes"])
            for event in self.published
        )

    def state(self, name: str) -> dict[str, Any]:
        """What is kept of the reading."""
        (item,) = [i for i in self.stack.items("SyncTable") if i["sk"]["S"] == name]
        kept: dict[str, Any] = json.loads(item["state"]["S"])
        return kept


@pytest.fixture
def world(
    stack: Stack, start: Start, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> World:
    made = World(stack, start, provider)
    client = aws.events()

    def put(**arguments: Any) -> Any:
        made.published += [json.loads(entry["Detail"]) for entry in arguments["Entries"]]
        return client.put_events(**arguments)

    monkeypatch.setattr(aws, "events", lambda: Failing(client, put_events=put))
    return made


DELETION = {"deleted": {"from": False, "to": True}}


def test_a_deletion_is_told_once_and_told_again_after_a_restore(world: World) -> None:
    # Given a trash that held a ticket before anybody wanted to hear of it
    world.desk.delete(1)
    assert world.sync("deleted_tickets") == []
    assert world.told() == []

    # When another is deleted, it is told once, and nothing of it is copied
    world.desk.delete(2)
    world.sync("deleted_tickets")
    assert world.told() == [("ticket_deleted", 2, DELETION)]
    world.sync("deleted_tickets")
    assert world.told() == []
    assert world.stack.objects("LakeBucket") == []

    # Then its restore and another deletion are told again
    del world.desk.trash[2]
    world.sync("deleted_tickets")
    world.desk.delete(2)
    world.sync("deleted_tickets")
    assert world.told() == [("ticket_deleted", 2, DELETION)]
    assert {one["filter"] for one in world.desk.asked} == {"deleted"}


@pytest.mark.parametrize("name", ["deleted_tickets", "contacts"])
def test_a_worker_that_dies_after_queueing_tells_the_same_event_and_it_is_routed_once(
    world: World, monkeypatch: pytest.MonkeyPatch, passing_time: PassingTime, name: str
) -> None:
    # Given a change that was queued, and a death before it was noted
    assert world.sync(name) == []
    world.desk.delete(1)
    world.desk.set(1)
    with monkeypatch.context() as patch:
        patch.setattr(RecordStates, "save", raising(client_error("BatchWriteItem")))
        (message,) = world.sync(name)

    # When the message comes again, the event is queued again and told once
    world.stack.send("SyncQueue", message)
    world.sync(name)
    assert sum(world.stack.count("EventQueue")) == 2
    assert len(world.told()) == 1
    passing_time.sleep(5)
    world.stack.send("SyncQueue", builders.sync_work(object=name))
    world.sync(name)
    assert world.told() == []


def test_contacts_are_remembered_first_and_their_changes_told_then(world: World) -> None:
    # Given contacts of before, over more than a page
    for number in range(1, 151):
        world.desk.set(number)
    assert world.sync("contacts") == []
    assert world.told() == []
    assert world.state("contacts")["events"]["remembered"] == 150

    # When one changes and one comes
    note = RuleAction("freshdesk", "add_note", {"ticket_id": 5, "body": "{{ contact.job_title }}"})
    world.stack.save_rule(builders.rule(event="contact_updated", actions=(note,)))
    world.desk.set(7, job_title="Buyer")
    world.desk.set(151, at="2099-01-01T00:00:00Z", created_at="2099-01-01T00:00:00Z")
    world.sync("contacts")

    # Then both are told, once, of the text only what it became, and nothing is copied
    became = {"job_title": {"from": None, "to": "Buyer"}}
    assert world.told() == [("contact_created", 151, {}), ("contact_updated", 7, became)]
    (action,) = world.stack.bodies("ActionQueue")
    assert action["parameters"]["body"] == "Buyer"
    world.sync("contacts")
    assert world.told() == []
    assert world.stack.objects("LakeBucket") == []


def test_a_long_list_goes_on_with_the_next_message(world: World, passing_time: PassingTime) -> None:
    for number in range(1, 251):
        world.desk.set(number)
    short = builders.Context(60_000)

    for page, mode in ((2, "baseline"), (3, "baseline"), (1, "telling")):
        assert world.sync("contacts", short) == []
        kept = world.state("contacts")
        assert (kept["page"], kept["events"]["mode"]) == (page, mode)
        passing_time.sleep(5)

    assert sum(world.stack.count("SyncQueue")) == 0
    assert world.told() == []
    # A longer reading of changes goes back over its pages, so that none that moved up is missed.
    world.desk.asked.clear()
    for number in range(1, 251):
        world.desk.set(number, job_title="Buyer")
    world.sync("contacts")
    assert [one["page"] for one in world.desk.asked] == ["1", "2", "3", "2", "1"]
    assert len(world.told()) == 250


@pytest.mark.parametrize("refuses", [True, False])
def test_an_account_that_knows_the_filter_s_older_name_is_asked_by_it(
    world: World, refuses: bool
) -> None:
    world.desk.known, world.desk.refuses = "_updated_since", refuses
    world.desk.set(1, at="2020-01-01T00:00:00Z")
    world.sync("contacts")
    world.desk.set(2)

    world.sync("contacts")
    assert world.told() == [("contact_created", 2, {})]
    world.desk.asked.clear()
    world.sync("contacts")
    assert ["_updated_since" in one for one in world.desk.asked] == [True]


@pytest.mark.parametrize("name", ["deleted_tickets", "contacts"])
def test_who_no_longer_wants_to_hear_is_not_read_for(
    stack: Stack, start: Start, provider: FakeTransport, name: str
) -> None:
    stack.connect()
    stack.send("SyncQueue", builders.sync_work(object=name))

    assert stack.deliver("SyncQueue", start("SyncWorker").handler, MANY) == []

    assert provider.requests == []
    assert stack.items("SyncTable") == []


def test_how_far_it_has_come_is_shown(world: World, start: Start) -> None:
    world.desk.set(1)
    world.sync("contacts")
    path = f"/api/integrations/{builders.INSTANCE_ID}/sync"
    response = start("ConnectorApi").handler(
        builders.rest_event(
            "GET",
            path,
            headers={"authorization": ACCESS},
            parameters={"proxy": path.removeprefix("/api/")},
        ),
        builders.Context(),
    )

    shown = json.loads(response["body"])["data"]
    assert (shown["tickets"], shown["deleted_tickets"]) == (None, None)
    assert set(shown["contacts"]) == {
        "since", "page", "again", "run_id", "rows", "updated_at", "events",
    }  # fmt: skip
    assert shown["contacts"]["events"]["remembered"] == 1


def test_an_account_that_wants_changes_told_has_all_of_them_read(
    world: World, start: Start
) -> None:
    start("ScheduledSync").handler({}, builders.Context())

    work = world.stack.bodies("SyncQueue")
    assert [one["object"] for one in work] == ["tickets", "deleted_tickets", "contacts"]
