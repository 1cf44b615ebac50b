"""A run whose instance or object is not wanted for a while, or any more, leaves no letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector_api.ports import ports
from freshbridge.instances.registry import Registry
from freshbridge.queues.envelope import to_text
from freshbridge.sync.touch import RecordTouch
from freshbridge.sync.touch_marks import TouchMarks
from tests import builders
from tests.fakes.provider import FakeTransport, PagedList
from tests.integration.conftest import Stack, Start
from tests.integration.test_connector_api import Api
from tests.integration.test_scheduled_sync import TICKETS, Updated, World

# No page more than one fits.
SHORT = builders.Context(50_000)


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> World:
    """An account of 250 tickets."""
    world = World(stack, start)
    provider.on("GET", TICKETS, Updated(250))
    return world


@pytest.fixture
def api(start: Start) -> Api:
    """The connector's API."""
    return Api(start)


def change(world: World, **changed: Any) -> None:
    """What somebody changes of the instance."""
    registry = Registry(world.stack.names["InstanceTable"])
    registry.change(builders.INSTANCE_ID, lambda held: replace(held, **changed))
    forget(world)


def forget(world: World) -> None:
    """Half a minute passes, after which warm functions ask for the instance again."""
    world.start("SyncWorker")._ports.cache_clear()
    ports.cache_clear()


def state_of(api: Api, name: str = "tickets") -> dict[str, Any]:
    """What people are shown of an object."""
    _, body = api("GET", f"/api/integrations/{builders.INSTANCE_ID}/sync")
    found: dict[str, Any] = body["data"][name]
    return found


def test_the_run_of_a_disabled_instance_waits_without_letters_and_goes_on(
    world: World, api: Api, provider: FakeTransport
) -> None:
    # Given a run that is half done
    world.stack.connect()
    world.tick()
    world.deliver(SHORT)
    run_id = world.standing().run_id
    asked = len(provider.requests)

    # When its instance is disabled
    change(world, disabled=True)
    assert world.deliver() == []

    # Then its message is done with, nothing is parked or asked, and people are told why it stands
    assert world.stack.count("SyncQueue") == (0, 0)
    assert world.letters() == []
    assert len(provider.requests) == asked
    told = state_of(api)
    assert (told["state"], told["run_id"]) == ("paused", run_id)
    assert "the instance is disabled" in told["paused"]
    assert told["next_due_at"] is None
    world.tick()
    assert world.stack.count("SyncQueue") == (0, 0)

    # and the first tick after it is enabled goes on with the same run, from where it was
    change(world, disabled=False)
    assert state_of(api)["state"] == "stalled"
    world.tick()
    world.settle()
    assert (world.standing().last_run, world.standing().last_stage) == (run_id, "done")
    assert world.history() == set(range(1, 251))
    assert world.run().failed == 0
    assert state_of(api)["paused"] is None


def test_the_messages_of_a_deleted_instance_end_quietly(
    world: World, provider: FakeTransport
) -> None:
    world.stack.connect()
    world.tick()
    Registry(world.stack.names["InstanceTable"]).delete(builders.INSTANCE_ID)
    forget(world)

    assert world.deliver() == []

    assert world.stack.count("SyncQueue") == (0, 0)
    assert world.letters() == []
    assert provider.requests == []


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_record_that_a_webhook_named_is_left_to_the_next_run(
    world: World, provider: FakeTransport, how: str
) -> None:
    # Given a touch whose instance was switched off meanwhile
    world.stack.connect()
    marks = TouchMarks(world.stack.names["SyncTable"])
    assert marks.set(builders.INSTANCE_ID, "tickets", 7, "evt_1")
    order = RecordTouch("7", "tickets", builders.INSTANCE_ID, "touch-1", "evt_1")
    world.stack.send("SyncQueue", to_text(order))
    if how == "disabled":
        change(world, disabled=True)
    else:
        Registry(world.stack.names["InstanceTable"]).delete(builders.INSTANCE_ID)
    forget(world)

    assert world.deliver() == []

    # Then nothing is asked or parked, and what comes later has it read again
    assert provider.requests == []
    assert world.letters() == []
    assert marks.set(builders.INSTANCE_ID, "tickets", 7, "evt_2")


def test_a_run_whose_object_is_not_synced_any_more_is_ended_by_its_next_message(
    world: World, api: Api, provider: FakeTransport
) -> None:
    world.stack.connect()
    provider.on("GET", "/api/v2/agents", PagedList([]))
    world.tick()
    world.deliver(SHORT)
    run_id = world.standing().run_id
    asked = len(provider.requests)

    change(world, sync_objects=("agents",))
    assert world.deliver() == []

    assert world.stack.count("SyncQueue") == (0, 0)
    assert len(provider.requests) == asked
    assert world.letters() == []
    _, body = api("GET", f"/api/integrations/{builders.INSTANCE_ID}/sync/runs")
    assert [(one["run_id"], one["object"], one["state"]) for one in body["data"]] == [
        (run_id, "tickets", "cancelled")
    ]

    # and selected again, everything is read
    change(world, sync_objects=("tickets",))
    world.tick()
    world.settle()
    assert world.history() == set(range(1, 251))
    assert world.standing().complete_since
