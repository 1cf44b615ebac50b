"""The sync tells what it finds changed: each change once, nothing of the first load, none lost."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from freshbridge import aws, timestamps
from freshbridge.instances.registry import Registry
from freshbridge.lake.files import LakeFiles
from freshbridge.queues.envelope import Replay
from freshbridge.rules.model import RuleAction
from freshbridge.sync.change_events import RecordState
from freshbridge.sync.record_states import RecordStates, StatesUnavailable
from freshbridge.sync.run_store import RunStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, PagedList, query_of
from tests.fakes.sync_state import Crash
from tests.integration.conftest import Stack, Start

TICKETS = "/api/v2/tickets"
POLLING = {
    "subdomain": "acme",
    "event.notification.enabled": "true",
    "event.vendor.type": "polling",
    "event.objects": "incidents",
}
MANY = builders.Context(300_000)


class Account:
    """A Freshdesk account whose tickets change, as its ticket list tells them."""

    def __init__(self) -> None:
        self.tickets: dict[int, dict[str, Any]] = {}
        self.began, self.second = timestamps.now(), 0

    def set(self, number: int, **fields: Any) -> None:
        """Create or update a ticket, a second after whatever was before."""
        self.second += 1
        now = timestamps.to_text(self.began + timedelta(seconds=self.second))
        known = {"id": number, "status": 2, "priority": 1, "subject": builders.SUBJECT,
                 "requester_id": 7, "created_at": now, "custom_fields": {}}  # fmt: skip
        self.tickets[number] = {**self.tickets.get(number, known), **fields, "updated_at": now}

    def __call__(self, request: Any) -> Any:
        query = query_of(request)
        found = sorted(self.tickets.values(), key=lambda ticket: str(ticket["updated_at"]))
        listed = [t for t in found if t["updated_at"] >= query["updated_since"]]
        return PagedList([t for t in listed if _list_of(t) == query.get("filter", "")])(request)


def _list_of(ticket: dict[str, Any]) -> str:
    if ticket.get("deleted"):
        return "deleted"
    return "spam" if ticket.get("spam") else ""


class World:
    """A stack that syncs one account, and its event router."""

    def __init__(
        self,
        stack: Stack,
        start: Start,
        provider: FakeTransport,
        published: list[dict[str, Any]],
    ) -> None:
        self.stack = stack
        self._start = start
        self.account = Account()
        provider.on("GET", TICKETS, self.account)
        provider.on("GET", "/api/v2/contacts", PagedList([]))
        self._entries = published

    @property
    def published(self) -> list[dict[str, Any]]:
        """The events on the bus."""
        return [json.loads(entry["Detail"]) for entry in self._entries]

    def connect(self, **changed: Any) -> None:
        self.stack.connect(builders.instance(**{"configuration": POLLING} | changed))

    def sync(self) -> list[str]:
        """A run of everything that is due; what could not be done is left in the queue."""
        if not self.stack.count("SyncQueue")[0]:
            self._start("ScheduledSync").handler({}, builders.Context())
        return self.work()

    def work(self) -> list[str]:
        """What is in the queue is done, up to what cannot be."""
        while self.stack.count("SyncQueue")[0]:
            left = self.stack.deliver("SyncQueue", self._start("SyncWorker").handler, MANY)
            if left:
                return left
        return []

    def again(self, messages: list[str]) -> None:
        """What could not be done comes again."""
        assert messages
        for message in messages:
            self.stack.send("SyncQueue", message)
        assert self.work() == []

    def restart(self) -> None:
        """Let the functions forget what they know of instances, as they do after a while."""
        self._start("SyncWorker")._ports.cache_clear()
        self._start("ScheduledSync")._ports.cache_clear()

    def queued(self) -> list[dict[str, Any]]:
        """The changes in the EventQueue."""
        return [json.loads(message["body"]) for message in self.stack.bodies("EventQueue")]

    def route(self) -> list[dict[str, Any]]:
        """Route what is queued; what the bus got of it."""
        self._entries.clear()
        while sum(self.stack.count("EventQueue")):
            assert self.stack.deliver("EventQueue", self._start("EventRouter").handler) == []
        return self.published

    def state(self) -> dict[str, Any]:
        """What the sync's state says of the telling."""
        standing = RunStore(self.stack.names["SyncTable"]).standing(builders.INSTANCE_ID, "tickets")
        return dict(standing.events)


@pytest.fixture
def world(
    stack: Stack, start: Start, provider: FakeTransport, published: list[dict[str, Any]]
) -> World:
    return World(stack, start, provider, published)


def loaded(world: World, *numbers: int, **changed: Any) -> World:
    """The world after its first load."""
    world.connect(**changed)
    for number in numbers:
        world.account.set(number)
    assert world.sync() == []
    assert world.queued() == []
    return world


def test_the_first_load_is_remembered_and_tells_nothing_and_says_so(
    world: World, log: io.StringIO
) -> None:
    world.connect()
    for number in range(1, 251):
        world.account.set(number)

    assert world.sync() == []

    assert world.queued() == []
    shown = world.state()
    assert (shown["mode"], shown["queued"], shown["remembered"]) == ("telling", 0, 250)
    (line,) = [
        found
        for text in log.getvalue().splitlines()
        if (found := json.loads(text))["message"] == "records synced"
    ]
    assert line["counts"]["remembered"] == 250
    assert "told" not in line["counts"]
    # The lake remembers them, so that nothing more is kept for the telling.
    assert not [i for i in world.stack.items("SyncTable") if i["pk"]["S"].startswith("records#")]


def test_a_change_a_creation_and_a_deletion_are_told_to_rules_and_bus(world: World) -> None:
    loaded(world, 1, 2, 3)
    note = RuleAction("freshdesk", "add_note", {
        "ticket_id": "{{ ticket.id }}", "body": "was {{ changes.status.from }}",
    })  # fmt: skip
    world.stack.save_rule(builders.rule(event="ticket_resolved", actions=(note,)))
    world.account.set(1, status=4, custom_fields={"cf_floor": 3})
    world.account.set(2, deleted=True)
    world.account.set(4, created_at="2099-01-01T00:00:00Z")

    assert world.sync() == []
    events = {event["ticket"]["id"]: event for event in world.route()}

    assert {n: event["type"] for n, event in events.items()} == {
        1: "ticket_resolved", 2: "ticket_deleted", 4: "ticket_created",
    }  # fmt: skip
    resolved = events[1]
    assert resolved["changes"] == {
        "status": {"from": 2, "to": 4},
        "cf_floor": {"from": None, "to": 3},
    }
    assert resolved["source"] == "sync"
    assert resolved["occurred_at"] == world.account.tickets[1]["updated_at"]
    assert resolved["raw"]["subject"] == builders.SUBJECT
    assert (resolved["late"], resolved["repeat_of"]) == (False, "")
    (action,) = world.stack.bodies("ActionQueue")
    assert action["parameters"] == {"ticket_id": 1, "body": "was 2"}
    assert action["origin"]["event_id"] == resolved["id"]
    assert world.state()["queued"] == 3


def test_what_has_not_changed_is_not_told_again(world: World) -> None:
    loaded(world, 1, 2)
    world.account.set(1, status=3)
    world.sync()
    assert len(world.route()) == 1

    world.sync()
    world.sync()

    assert world.route() == []


@pytest.mark.parametrize(
    "configuration",
    [
        {"subdomain": "acme"},
        POLLING | {"event.objects": "contacts"},
    ],
)
def test_an_instance_that_has_not_asked_is_synced_as_before(
    world: World, configuration: dict[str, str]
) -> None:
    world.connect(configuration=configuration)
    world.account.set(1)
    world.sync()
    world.account.set(1, status=4)
    world.sync()

    assert world.queued() == []
    assert world.state() == {}


def test_switched_on_after_the_load_it_tells_from_the_next_run_on(
    world: World,
) -> None:
    # Given an account that was loaded when nobody wanted to hear of it
    loaded(world, 1, 2, configuration={"subdomain": "acme"})
    world.account.set(2, priority=4)

    # When events are asked for, the next run tells nothing, and reads nothing twice: the lake knows
    switch_on(world.stack)
    world.restart()
    world.sync()
    assert world.route() == []
    assert (world.state()["mode"], world.state()["remembered"]) == ("telling", 1)

    # Then what changes afterwards is told with what it was before, of old tickets too
    world.account.set(1, status=4)
    world.account.set(3, created_at="2099-01-01T00:00:00Z")
    world.sync()
    events = {event["ticket"]["id"]: event for event in world.route()}
    assert {n: (e["type"], e["changes"]) for n, e in events.items()} == {
        1: ("ticket_resolved", {"status": {"from": 2, "to": 4}}),
        3: ("ticket_created", {}),
    }


def test_a_death_before_the_baseline_is_noted_does_not_skip_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an account that was loaded, and a death where the telling would be noted
    loaded(world, 1, 2, configuration={"subdomain": "acme"})
    switch_on(world.stack)
    world.restart()
    world.account.set(2, priority=4)
    with monkeypatch.context() as patch:
        patch.setattr(RecordStates, "note_telling", raising(client_error("PutItem")))
        left = world.sync()

    # When the message comes again
    world.again(left)

    # Then what had changed by then is remembered, and told of is what changes later
    assert (world.state()["mode"], world.state()["remembered"]) == ("telling", 1)
    assert world.queued() == []
    world.account.set(1, status=4)
    world.sync()
    assert len(world.queued()) == 1


def switch_on(stack: Stack) -> None:
    """Let the instance ask for events."""
    Registry(stack.names["InstanceTable"]).change(
        builders.INSTANCE_ID, lambda instance: replace(instance, configuration=POLLING)
    )


def test_a_worker_that_dies_after_queueing_tells_the_same_event_and_it_is_routed_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a change that was queued, and a death before it was noted
    loaded(world, 1, 2)
    note = RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": "x"})
    world.stack.save_rule(builders.rule(event="ticket_resolved", actions=(note,)))
    world.account.set(1, status=4)
    replace_file = LakeFiles.replace

    def die(*_arguments: Any) -> None:
        raise Crash

    monkeypatch.setattr(LakeFiles, "replace", die)
    left = world.sync()
    monkeypatch.setattr(LakeFiles, "replace", replace_file)

    # When the message comes again
    world.again(left)

    # Then there are two messages of one event, of which one does something
    messages = world.stack.bodies("EventQueue")
    assert len(messages) == 2
    assert len({message["event_id"] for message in messages}) == 1
    assert len(world.route()) == 1
    assert len(world.stack.bodies("ActionQueue")) == 1
    (entry,) = world.stack.items("EventTable")
    assert "duplicate" not in json.dumps(entry)


def test_while_the_queue_is_down_nothing_is_kept_and_nothing_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(world, 1)
    world.account.set(1, status=3)
    real = aws.sqs()
    broken = Failing(real, send_message_batch=raising(client_error("SendMessageBatch")))
    world._start("ScheduledSync").handler({}, builders.Context())
    with monkeypatch.context() as patch:
        patch.setattr(aws, "sqs", lambda: broken)
        kept = world.sync()
    world.again(kept)

    assert len(world.route()) == 1


def test_a_change_that_a_webhook_told_is_told_once(world: World) -> None:
    loaded(world, 1042)
    world.stack.save_rule(builders.rule(event="ticket_updated"))
    world.account.set(1042, status=3)
    told = builders.simple_content(triggered_event="{status:{from:2,to:3}}")
    world.stack.send("EventQueue", webhook(told))
    assert [event["source"] for event in world.route()] == ["webhook"]

    world.sync()

    assert world.route() == []
    assert len(world.stack.bodies("ActionQueue")) == 1


def test_what_the_webhook_did_not_tell_is_told_and_names_it(world: World) -> None:
    loaded(world, 1042)
    world.account.set(1042, status=4, group_id=5)
    told = builders.simple_content(triggered_event="{status:{from:2,to:4}}")
    world.stack.send("EventQueue", webhook(told))
    first = world.route()

    world.sync()
    (second,) = world.route()

    assert [event["type"] for event in first] == ["ticket_resolved"]
    assert second["type"] == "ticket_updated"
    assert second["changes"] == {"group_id": {"from": None, "to": 5}}
    assert second["repeat_of"] == first[0]["id"]


def webhook(content: dict[str, Any]) -> Any:
    """A webhook that comes now."""
    now = timestamps.to_text(timestamps.now())
    return builders.received_event(event_id="evt_web", body=json.dumps(content), received_at=now)


def test_what_a_sync_found_can_be_routed_once_more(world: World) -> None:
    loaded(world, 1)
    world.account.set(1, status=4)
    world.sync()
    (first,) = world.route()

    again = Replay("evt_again", first["id"], builders.INSTANCE_ID, "2026-03-04T00:00:00Z")
    world.stack.send("EventQueue", again)
    (second,) = world.route()

    assert (second["id"], second["replay_of"]) == ("evt_again", first["id"])
    assert second["changes"] == first["changes"]
    assert (second["type"], second["source"]) == ("ticket_resolved", "sync")


def test_the_poller_s_configuration_is_honoured(world: World) -> None:
    block = {"incidents": {"filterByUpdatedDate": False}}
    loaded(world, 1, configuration=POLLING | {"event.poller.configuration": json.dumps(block)})
    world.account.set(1, status=4)
    world.account.set(2, created_at="2099-01-01T00:00:00Z")

    world.sync()

    assert [change["type"] for change in world.queued()] == ["ticket_created"]


def test_a_configuration_that_cannot_be_used_does_not_stop_the_sync(
    world: World, log: io.StringIO
) -> None:
    loaded(world, 1, configuration=POLLING | {"event.poller.configuration": "{"})
    world.account.set(1, status=4)

    assert world.sync() == []

    assert len(world.queued()) == 1
    assert "poller's configuration not used" in log.getvalue()


def states(stack: Stack, client: Any) -> RecordStates:
    return RecordStates(stack.names["SyncTable"], client, sleep=lambda _seconds: None)


def test_what_the_table_does_not_take_at_once_is_given_to_it_again(stack: Stack) -> None:
    client, table = aws.dynamodb(), stack.names["SyncTable"]
    refused: list[Any] = []

    def write(**arguments: Any) -> Any:
        every = arguments["RequestItems"][table]
        if not refused:
            refused.extend(every[1:])
            client.batch_write_item(RequestItems={table: every[:1]})
            return {"UnprocessedItems": {table: every[1:]}}
        return client.batch_write_item(**arguments)

    def read(**arguments: Any) -> Any:
        wanted = arguments["RequestItems"][table]
        first: Any = {**wanted, "Keys": wanted["Keys"][:1]}
        answer = client.batch_get_item(RequestItems={table: first})
        left = wanted["Keys"][1:]
        unprocessed = {table: {**wanted, "Keys": left}} if left else {}
        return {**answer, "UnprocessedKeys": unprocessed}

    made = {str(n): RecordState({"status": n}, "u", "s") for n in range(5)}
    kept = states(stack, Failing(client, batch_write_item=write, batch_get_item=read))
    kept.save("1", "tickets", made)

    assert kept.load("1", "tickets", [*made, "99", "1"]) == made
    assert len(refused) == 4


def test_a_table_that_takes_nothing_is_told_so(stack: Stack) -> None:
    client = Failing(
        None,
        batch_write_item=lambda RequestItems: {"UnprocessedItems": RequestItems},  # noqa: N803 - boto3's own name
        batch_get_item=lambda RequestItems: {"Responses": {}, "UnprocessedKeys": RequestItems},  # noqa: N803 - boto3's own name
    )
    kept = states(stack, client)

    with pytest.raises(StatesUnavailable, match="could not be kept"):
        kept.save("1", "tickets", {"1": RecordState({}, "", "")})
    with pytest.raises(StatesUnavailable, match="could not be read"):
        kept.load("1", "tickets", ["1"])


def test_each_new_note_and_reply_is_told_once_with_its_ticket(
    world: World, provider: FakeTransport
) -> None:
    # Given tickets with a note of before
    notes = [{"id": 11, "source": 2, "body": "old", "private": True, "ticket_id": 1,
              "created_at": "2026-01-01T00:00:00Z",
              "updated_at": "2026-01-01T00:00:00Z"}]  # fmt: skip

    def conversations(request: Any) -> Any:
        return PagedList(list(notes))(request)

    provider.on("GET", f"{TICKETS}/1/conversations", conversations)
    provider.on("GET", f"{TICKETS}/2/conversations", PagedList([]))
    loaded(world, 1, 2, sync_objects=("tickets", "conversations"))

    # When a note and a reply are added, and the ticket is read twice
    for number, source in ((12, 2), (13, 0)):
        world.account.set(1, status=2)
        now = world.account.tickets[1]["updated_at"]
        notes.append({"id": number, "source": source, "body": "<p>new</p>", "private": source == 2,
                      "ticket_id": 1, "created_at": now, "updated_at": now})  # fmt: skip
    world.sync()
    world.account.set(1, status=3)
    world.sync()

    # Then each is told once, and the old one never
    events = [event for event in world.route() if event["note"]]
    assert sorted((one["type"], one["note"]["id"]) for one in events) == [
        ("note_created", 12), ("reply_created", 13),
    ]  # fmt: skip
    assert {one["ticket"]["id"] for one in events} == {1}
