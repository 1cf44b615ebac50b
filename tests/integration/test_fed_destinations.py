"""A finished sync run sends what is held of its object to the destinations that it feeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from freshbridge.destinations.model import read_settings
from freshbridge.destinations.store import Destination, DestinationStore
from freshbridge.errors import ProviderDown
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.sync.run_store import RunStore
from scheduled_sync.feeding import Feeding
from tests import builders
from tests.fakes.provider import FakeTransport, PagedList, json_reply
from tests.integration.conftest import STACK_NAME, Stack, Start

NOT_NOW = ProviderDown("the function ends here", after=0.0)
LONG = builders.Context(300_000)
CRM = "ins_crm"
NAMES = ("Asha Rao", "Ben Okri", "Cleo Diaz")
FIELDS = [
    {"id": n, "name": name, "label": name, "type": "text", "required": False, "choices": []}
    for n, name in enumerate(("emails", "first_name", "last_name"), 1)
]


class Crm:
    """A Freshsales account with a memory: what was upserted, by its address."""

    def __init__(self, provider: FakeTransport) -> None:
        self.contacts: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        root = "/crm/sales/api"
        provider.on("GET", f"{root}/settings/contacts/fields", json_reply({"fields": FIELDS}))
        provider.on("GET", f"{root}/lookup", self.lookup)
        provider.on("POST", f"{root}/contacts/upsert", self.upsert)

    def lookup(self, request: ProviderRequest) -> ProviderReply:
        found = self.contacts.get(str(dict(request.params)["q"]))
        return json_reply({"contacts": {"contacts": [found] if found else []}})

    def upsert(self, request: ProviderRequest) -> ProviderReply:
        body: Any = request.json
        address = body["unique_identifier"]["emails"]
        self.writes.append(address)
        held = self.contacts.setdefault(address, {"id": 700 + len(self.contacts), "email": address})
        held.update(body["contact"])
        return json_reply({"contact": held})


class World:
    """A desk whose contacts are synced, and an account that they feed."""

    def __init__(self, stack: Stack, start: Start, provider: FakeTransport) -> None:
        self.stack = stack
        self._start = start
        self.crm = Crm(provider)
        people = [
            {
                "id": n,
                "name": name,
                "email": f"p{n}@customer.example",
                "updated_at": f"2026-03-03T00:00:0{n}Z",
            }
            for n, name in enumerate(NAMES, 1)
        ]
        provider.on("GET", "/api/v2/contacts", self._listed(people))
        self.desk = stack.connect(builders.instance(sync_objects=("contacts",)))
        account = builders.instance(
            instance_id=CRM,
            platform="freshsales",
            origin="https://acme.myfreshworks.com",
            secret_entries=("api_key",),
        )
        Registry(stack.names["InstanceTable"]).create(account)
        Vault(STACK_NAME).create(CRM, credentials={"api_key": "k3y"}, webhook_secret="")
        self.store = DestinationStore(stack.names["InstanceTable"])

    @staticmethod
    def _listed(people: list[dict[str, Any]]) -> Any:
        def listed(request: ProviderRequest) -> ProviderReply:
            states = dict(request.params).get("state", "")
            reply: ProviderReply = PagedList([] if states else people)(request)
            return reply

        return listed

    def destination(self, name: str, **changes: Any) -> None:
        """One that the desk's contacts feed."""
        settings = {
            "name": name,
            "template": "upsert",
            "resource_type": "contacts",
            "mapping": {"emails": "email", "last_name": "name"},
            "feed": {"instance_id": self.desk.instance_id, "object": "contacts"},
            **changes,
        }
        self.store.create(CRM, Destination(f"dst_{name}", read_settings(settings)))

    def synced(self) -> None:
        """A run of the desk's contacts from its beginning to its end."""
        handler = self._start("SyncWorker").handler
        for _ in range(20):
            if self.stack.count("SyncQueue") == (0, 0):
                return
            assert self.stack.deliver("SyncQueue", handler, LONG) == []
        raise AssertionError("the run does not end")

    def fed(self) -> None:
        """All that is queued of actions is done."""
        handler = self._start("ActionExecutor").handler
        for _ in range(40):
            if self.stack.count("ActionQueue") == (0, 0):
                return
            self.stack.deliver("ActionQueue", handler, LONG)
        raise AssertionError("the actions do not end")

    def asked(self) -> list[tuple[str, str]]:
        """The runs that are queued: of which destination, by which id."""
        return [
            (one["parameters"]["destination_id"], one["action_id"])
            for one in self.stack.bodies("ActionQueue")
        ]


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> World:
    return World(stack, start, provider)


def test_a_finished_run_sends_its_records_once(world: World) -> None:
    world.destination("fed")
    world.stack.begin_sync(world.desk, "run_0001")

    world.synced()
    assert len(world.asked()) == 1
    world.fed()

    assert sorted(world.crm.writes) == [f"p{n}@customer.example" for n in (1, 2, 3)]
    assert {one["last_name"] for one in world.crm.contacts.values()} == set(NAMES)


def test_a_closing_message_that_comes_twice_doubles_nothing(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.destination("fed")
    world.stack.begin_sync(world.desk, "run_0001")
    dies = [True]
    close = RunStore.close

    def died(*given: Any, **more: Any) -> Any:
        if dies.pop() if dies else False:
            raise NOT_NOW
        return close(*given, **more)

    monkeypatch.setattr(RunStore, "close", died)
    message = world.stack.poll("SyncQueue")
    worker = start("SyncWorker").handler

    failed = worker(message, LONG)["batchItemFailures"]
    again = worker(message, LONG)["batchItemFailures"]

    assert (len(failed), again) == (1, [])
    (first, second) = world.asked()
    assert first == second
    world.fed()
    assert len(world.crm.writes) == len(NAMES)


def test_the_next_run_sends_them_anew_and_unchanged_ones_are_not_written(world: World) -> None:
    world.destination("fed")
    for run_id in ("run_0001", "run_0002"):
        world.stack.begin_sync(world.desk, run_id)
        world.synced()
        (asked,) = world.asked()
        world.fed()

    assert asked[0] == "dst_fed"
    assert len(world.crm.writes) == len(NAMES)


@pytest.mark.parametrize(
    "changes",
    [
        {"feed": None},
        {"enabled": False},
        {"feed": {"instance_id": "ins_other", "object": "contacts"}},
        {"feed": {"instance_id": builders.INSTANCE_ID, "object": "tickets"}},
    ],
)
def test_others_are_not_fed(world: World, changes: dict[str, Any]) -> None:
    world.destination("other", **changes)
    world.stack.begin_sync(world.desk, "run_0001")

    world.synced()

    assert world.asked() == []


def test_an_account_that_is_disabled_is_not_fed(world: World) -> None:
    world.destination("fed")
    Registry(world.stack.names["InstanceTable"]).change(
        CRM, lambda found: replace(found, disabled=True)
    )
    world.stack.begin_sync(world.desk, "run_0001")

    world.synced()

    assert world.asked() == []


def test_a_run_that_copies_nothing_feeds_nothing(world: World) -> None:
    world.destination("fed")
    (begun,) = world.stack.begin_sync(world.desk, "run_0001")
    runs = RunStore(world.stack.names["SyncTable"])
    run = runs.run(world.desk.instance_id, "contacts", begun.run_id)
    assert run is not None
    feeding = Feeding(
        Registry(world.stack.names["InstanceTable"]),
        world.store,
        Publisher(
            world.stack.names["ActionQueue"],
            PayloadStore(world.stack.names["PayloadBucket"]),
            prefix="actions",
        ),
        lambda: "2026-03-03T00:00:00Z",
    )

    assert feeding.after(replace(run, copied=False)) == 0
    assert feeding.after(run) == 1
