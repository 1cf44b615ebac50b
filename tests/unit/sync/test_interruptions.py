"""Runs that wait for their instance, and runs that are ended because nobody wants them any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freshbridge.lake.rows import State
from freshbridge.sync.interruptions import Interruptions
from freshbridge.sync.run import Stage
from tests.fakes.sync_world import Crash, World
from tests.unit.sync.test_run_recovery import park_conversations, run_of
from tests.unit.sync.test_runs import world_of

CONVERSATIONS = "conversations"
POLLED = {"event.notification.enabled": "true", "event.vendor.type": "polling"}


def interruptions(world: World) -> Interruptions:
    return Interruptions(world.store, world.cancelling)


def pause_all(world: World) -> None:
    """Every message of the disabled instance is let go."""
    while world.queue.messages:
        interruptions(world).pause(world.queue.messages.pop(0))


@pytest.mark.parametrize("pages", [1, 2, 4])
@pytest.mark.parametrize("deliveries", range(8))
def test_a_paused_run_goes_on_and_loses_nothing(pages: int, deliveries: int) -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=9, pages_at_a_time=pages)
    world.tick()
    for _ in range(deliveries):
        if world.queue.messages:
            world.deliver()

    pause_all(world)
    # The schedule leaves a disabled instance alone, for as long as it is one.
    world.desk.second += 90_000
    world.desk.touch(3)
    world.desk.touch(4, State.DELETED)
    world.desk.second += 900
    world.tick()
    world.settle(ticks=2)

    assert world.held() == world.true()
    live = {n * 10: v for n, (v, state) in world.true().items() if state is State.LIVE}
    held = world.held(CONVERSATIONS)
    assert {key: v for key, (v, state) in held.items() if state is State.LIVE} == live
    assert world.standing().failures == world.standing(CONVERSATIONS).failures == 0


def test_a_message_of_a_run_that_is_over_or_unknown_pauses_nothing() -> None:
    world = world_of(tickets=2)
    world.tick()
    (work,) = world.queue.messages
    world.settle()
    before = dict(world.client.items)

    interruptions(world).pause(work)
    interruptions(world).pause(replace(work, run_id="run_gone"))

    assert world.client.items == before


def test_a_run_that_another_has_taken_the_lease_from_stays_as_it_is() -> None:
    world = world_of(tickets=2)
    world.tick()
    (work,) = world.queue.messages
    run = run_of(world, work.run_id)
    world.cancelling.cancel(world.instance.instance_id, "tickets")
    world.store.run = lambda *_given: run  # type: ignore[method-assign] # read a moment before

    interruptions(world).pause(work)

    assert world.standing().run_id == ""


def test_a_run_of_an_object_that_is_still_synced_is_not_ended() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=2)
    world.tick()

    assert not interruptions(world).ended(world.queue.messages[0], world.instance)
    gone = replace(world.queue.messages[0], run_id="run_gone")
    assert not interruptions(world).ended(gone, replace(world.instance, sync_objects=()))
    assert world.standing().run_id


def test_what_is_only_told_of_goes_on_while_it_is_told_of() -> None:
    # Given an instance that hears of contacts which it does not copy
    world = world_of("tickets")
    world.instance = replace(world.instance, configuration=POLLED)
    world.tick()
    (work,) = [one for one in world.queue.messages if one.object == "contacts"]
    assert not run_of(world, work.run_id, "contacts").copied

    assert not interruptions(world).ended(work, world.instance)

    # and one that hears of nothing any more
    assert interruptions(world).ended(work, replace(world.instance, configuration={}))
    assert run_of(world, work.run_id, "contacts").stage is Stage.CANCELLED


def test_a_run_that_copied_ends_where_its_object_is_only_told_of_by_now() -> None:
    world = world_of("tickets", "contacts")
    world.tick()
    (work,) = [one for one in world.queue.messages if one.object == "contacts"]

    told = replace(world.instance, sync_objects=("tickets",), configuration=POLLED)

    assert interruptions(world).ended(work, told)


def test_what_a_failed_run_owes_is_forgotten_where_its_letter_comes_too_late() -> None:
    # Given conversations that could not be read, and that nobody wants any more
    world = world_of("tickets", CONVERSATIONS, tickets=3, pages_at_a_time=1)
    world.tick()
    while not any(one.object == CONVERSATIONS for one in world.queue.messages):
        world.deliver()
    letter = park_conversations(world)
    world.settle()
    assert world.standing(CONVERSATIONS).owed_run
    world.desk.reads.clear()
    only = replace(world.instance, sync_objects=("tickets",))

    assert interruptions(world).ended(letter, only)

    assert world.standing(CONVERSATIONS).owed_run == ""
    assert world.desk.reads == []


def test_a_letter_of_an_older_run_ends_no_newer_one() -> None:
    world = world_of(tickets=2)
    world.tick()
    (old,) = world.queue.messages
    world.settle()
    world.desk.second += 900
    world.tick()
    newer = world.standing().run_id

    assert interruptions(world).ended(old, replace(world.instance, sync_objects=("agents",)))

    assert world.standing().run_id == newer


@pytest.mark.parametrize("dies_at", range(16))
def test_a_death_while_a_run_is_ended_leaves_it_to_be_ended(dies_at: int) -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=9, pages_at_a_time=1)
    world.tick()
    world.deliver()
    only = replace(world.instance, sync_objects=("agents",))
    world.steps.taken, world.steps.dies_at = 0, dies_at

    for _ in range(20):
        if not world.queue.messages:
            break
        work = world.queue.messages.pop(0)
        try:
            assert interruptions(world).ended(work, only)
        except Crash:
            world.steps.dead = False
            world.queue.messages.append(work)

    assert world.queue.messages == []
    assert world.standing().run_id == world.standing(CONVERSATIONS).run_id == ""
