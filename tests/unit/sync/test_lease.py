"""Who dies is followed soon: a lease lasts as long as somebody can be at work, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from freshbridge.queues.verdict import Verdict
from freshbridge.sync.reading import CLAIM_MARGIN_S, LEASE_MARGIN_S, PartClaimed
from freshbridge.sync.run import Run, Stage
from freshbridge.sync.selection import wanted_of
from freshbridge.sync.view import shown
from tests.fakes.sync_world import Crash, World
from tests.unit.sync.test_runs import world_of

WORKER_S = 300.0
"""What is left to the world's invocations."""


def killed(after_pages: int) -> World:
    """A first run whose worker was killed; its message stays hidden."""
    world = world_of(tickets=9)
    world.tick()
    pages = iter(range(after_pages))

    def die() -> None:
        if next(pages, None) is None:
            raise Crash

    world.desk.between = die
    world.deliver()
    world.desk.between = lambda: None
    world.desk.second -= 400
    world.queue.messages.clear()
    return world


def seen(world: World) -> dict[str, Any]:
    """What people are shown of the tickets."""
    standing = world.standing()
    run = world.store.run(world.instance.instance_id, "tickets", standing.run_id)
    (wanted,) = wanted_of(world.instance)
    return shown(wanted, standing, run, [], world.now())


@pytest.mark.parametrize("after_pages", [0, 2])
def test_a_tick_follows_a_killed_worker_once_that_could_not_be_at_work_any_more(
    after_pages: int,
) -> None:
    world = killed(after_pages)
    assert (seen(world)["state"], seen(world)["taken_over"]) == ("running", None)
    assert seen(world)["lease_until"] > world.now()

    world.desk.second += WORKER_S + CLAIM_MARGIN_S + LEASE_MARGIN_S + 1

    assert (seen(world)["state"], seen(world)["retry"]) == ("stalled", None)
    assert seen(world)["taken_over"] == "by the next tick of SyncSchedule"
    (taken,) = world.tick()
    assert (taken.state, taken.parts) == ("taken_over", ["live"])
    assert seen(world)["state"] == "running"
    world.settle()
    assert world.held() == world.true()


def test_nobody_takes_over_from_a_worker_that_may_be_at_work() -> None:
    world = killed(0)

    world.desk.second += WORKER_S + CLAIM_MARGIN_S

    assert world.tick()[0].state == "running"


def test_a_message_that_waits_in_the_queue_has_its_run_s_lease_last_longer() -> None:
    world = world_of(tickets=9, pages_at_a_time=1)
    world.tick()
    world.deliver()
    world.desk.second += 900

    assert world.tick()[0].state == "running"
    assert len(world.queue.messages) == 1


def test_what_the_provider_said_last_is_shown_until_the_run_goes_on() -> None:
    # Given a run whose only message is put off
    world = world_of(tickets=3)
    world.tick()
    (work,) = world.queue.messages
    run = world.store.run(work.instance_id, work.object, work.run_id)
    assert run is not None
    writes = world.steps.taken
    away = Verdict(park=False, code="provider_down", reason="answered 503", wait_s=4000)
    world.failing.note(run, work, away)

    # Then its reason and the next try are shown, for one write
    assert world.steps.taken == writes + 1
    told = seen(world)["retry"]
    assert (told["part"], told["error"]) == ("live", "provider_down: answered 503")
    assert told["at"] == world.now()
    assert told["next_try_at"] > told["at"]
    world.desk.second += 4100
    assert seen(world)["state"] == "running"
    assert world.tick()[0].state == "running"

    # A message that waits for its turn is no fault
    claimed = Verdict(park=False, code=PartClaimed.code, reason="is being read", wait_s=5)
    world.failing.note(run, work, claimed)
    assert seen(world)["retry"] == told

    # and once something is read, nothing is said any more
    world.settle()
    assert world.standing().retry == {}
    assert seen(world)["retry"] is None


def test_children_that_wait_for_their_parents_run_are_not_stalled() -> None:
    world = world_of("tickets", "conversations", tickets=2)
    world.tick()
    world.settle()
    wanted = wanted_of(world.instance)[1]
    standing = replace(world.standing("conversations"), run_id="run_0001", lease_until=1.0)
    run = going_on(world)

    assert shown(wanted, standing, run, [], world.now())["state"] == "stalled"
    told = shown(wanted, standing, run, [], world.now(), held_open=True)
    assert (told["state"], told["taken_over"]) == ("running", None)


def going_on(world: World) -> Run:
    """The children's run as if it went on."""
    run = world.store.run(world.instance.instance_id, "conversations", "run_0001")
    assert run is not None
    return replace(run, stage=Stage.PULLING)
