"""Conversations leave the view with their ticket, and come back with it."""

from __future__ import annotations

import pytest

from freshbridge.lake.rows import State
from tests.fakes.sync_world import Crash, World
from tests.unit.sync.test_runs import world_of

CONVERSATIONS = "conversations"


def copied() -> World:
    """Three tickets with a conversation each."""
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    world.settle()
    assert world.held(CONVERSATIONS) == {n * 10: (1, State.LIVE) for n in (1, 2, 3)}
    return world


def later(world: World, ticket: int, state: State) -> None:
    """A ticket changes, and the next run finds it."""
    world.desk.second += 900
    world.desk.touch(ticket, state)
    world.desk.second += 900
    world.desk.reads.clear()
    world.tick()
    world.settle()


@pytest.mark.parametrize("state", [State.DELETED, State.SPAM])
def test_a_ticket_takes_its_conversations_along_and_brings_them_back(state: State) -> None:
    world = copied()

    later(world, 2, state)

    assert world.held()[2] == (2, state)
    assert world.held(CONVERSATIONS)[20] == (1, State.GONE)
    assert world.held(CONVERSATIONS)[10] == (1, State.LIVE)
    assert not [one for one in world.desk.reads if CONVERSATIONS in one]

    later(world, 2, State.LIVE)

    assert world.held(CONVERSATIONS)[20] == (3, State.LIVE)
    assert [one for one in world.desk.reads if CONVERSATIONS in one] == ["conversations of 2"]


def test_a_full_run_finds_those_of_a_ticket_that_left_as_well() -> None:
    world = copied()
    world.desk.second += 900
    world.desk.touch(3, State.SPAM)
    world.desk.second += 900

    world.tick(forced=True, full=True)
    world.settle()

    assert world.held(CONVERSATIONS)[30] == (1, State.GONE)


@pytest.mark.parametrize("dies_at", range(0, 60, 3))
def test_no_death_leaves_conversations_behind(dies_at: int) -> None:
    world = copied()
    world.desk.second += 900
    world.desk.touch(1, State.DELETED)
    world.desk.second += 900
    world.steps.taken, world.steps.dies_at = 0, dies_at
    try:
        world.tick()
    except Crash:
        world.steps.dead = False

    world.settle(ticks=4)

    assert world.held() == world.true()
    assert world.held(CONVERSATIONS)[10] == (1, State.GONE)


def test_an_instance_that_does_not_copy_them_has_none_touched() -> None:
    world = world_of("tickets", tickets=2)
    world.tick()
    world.settle()

    later(world, 1, State.DELETED)

    assert (world.instance.instance_id, CONVERSATIONS) not in world.lake.view
