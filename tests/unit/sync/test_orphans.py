"""No conversation is live whose ticket is not, in whatever order the two are read and written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.lake.rows import State
from freshbridge.queues.envelope import SyncWork
from freshbridge.sync.children import ChildrenClosing
from tests.fakes.sync_world import Crash, World
from tests.unit.sync.test_runs import world_of

CONVERSATIONS = "conversations"


def agreeing(world: World) -> None:
    """Those of live tickets are live, in their ticket's version; no others are."""
    assert world.held() == world.true()
    live = {key * 10: version for key, (version, state) in world.true().items() if _lives(state)}
    held = world.held(CONVERSATIONS).items()
    assert {key: version for key, (version, state) in held if _lives(state)} == live


def _lives(state: State) -> bool:
    return state is State.LIVE


def copied(tickets: int = 3) -> World:
    """Tickets with a conversation each, after their first run."""
    world = world_of("tickets", CONVERSATIONS, tickets=tickets)
    world.tick()
    world.settle()
    agreeing(world)
    world.desk.second += 900
    return world


def waiting_for(world: World, name: str) -> list[SyncWork]:
    """Take the messages about an object out of the queue."""
    found = [one for one in world.queue.messages if one.object == name]
    world.queue.messages = [one for one in world.queue.messages if one.object != name]
    return found


def deliver_until_queued(world: World) -> list[SyncWork]:
    """Work until conversations are to be read, and keep those messages back."""
    held: list[SyncWork] = []
    while world.queue.messages:
        work = world.queue.messages[0]
        try:
            world.deliver()
        except ChildrenClosing:
            # Their run waits for a message that is kept back: this one comes again behind it.
            held.append(work)
        held += waiting_for(world, CONVERSATIONS)
    return held


@pytest.mark.parametrize("state", [State.DELETED, State.SPAM])
@pytest.mark.parametrize("new", [False, True])
def test_conversations_that_are_read_after_their_ticket_left_stay_away(
    state: State, new: bool
) -> None:
    # Given a ticket that changed, whose conversations are queued
    world = copied()
    ticket = 4 if new else 2
    world.desk.touch(ticket)
    world.desk.second += 900
    world.tick()
    late = deliver_until_queued(world)
    assert late

    # and that is deleted, which the next run finds before they are read
    world.desk.second += 900
    world.desk.touch(ticket, state)
    world.desk.second += 900
    world.tick()
    late += deliver_until_queued(world)
    assert world.held()[ticket][1] is state

    # When they are read after all
    world.queue.messages = late
    world.settle()

    agreeing(world)


def racing(world: World, late: list[SyncWork], name: str) -> Callable[[], None]:
    """Conversations are written while a worker is about to write `name`."""

    def between(written: str) -> None:
        if written == name:
            world.lake.before_write = lambda _name: None
            queued, world.queue.messages = world.queue.messages, list(late)
            world.settle()
            world.queue.messages += queued

    def begin() -> None:
        world.lake.before_write = between

    return begin


@pytest.mark.parametrize("dies_at", [None, *range(0, 120, 2)])
@pytest.mark.parametrize("new", [False, True])
def test_conversations_that_are_written_while_their_ticket_is_removed_go_with_it(
    new: bool, dies_at: int | None
) -> None:
    # Given conversations that are written between the removal of what is held of them and that of
    # their ticket
    world = copied()
    ticket = 4 if new else 2
    world.desk.touch(ticket)
    world.desk.second += 900
    world.tick()
    late = deliver_until_queued(world)
    world.desk.second += 900
    world.desk.touch(ticket, State.DELETED)
    world.desk.second += 900
    world.tick()
    racing(world, late, "tickets")()

    # and a worker that may die afterwards, at any step
    world.steps.taken, world.steps.dies_at = 0, dies_at
    world.settle(ticks=4)

    agreeing(world)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_of_changes_readings_and_deaths_ends_the_same(data: st.DataObject) -> None:
    world = copied(tickets=4)
    held: list[SyncWork] = []
    for _ in range(data.draw(st.integers(1, 5))):
        for _ in range(data.draw(st.integers(1, 2))):
            world.desk.second += 1
            world.desk.touch(
                data.draw(st.integers(1, 6)), data.draw(st.sampled_from(list(State)[:3]))
            )
        world.desk.second += 900
        world.tick()
        if data.draw(st.booleans()):
            world.steps.taken = 0
            world.steps.dies_at = data.draw(st.integers(0, 90))
        held += deliver_until_queued(world)
        world.steps.dies_at = None
        if data.draw(st.booleans()):
            world.queue.messages, held = held, []
            world.pages_at_a_time = data.draw(st.integers(1, 3))
    world.queue.messages += held
    world.pages_at_a_time = 10_000
    world.settle(ticks=4)

    agreeing(world)


def test_a_ticket_that_came_back_keeps_the_conversations_that_it_brought() -> None:
    # Given conversations that were queued before their ticket left and came back
    world = copied()
    world.desk.touch(2)
    world.desk.second += 900
    world.tick()
    late = deliver_until_queued(world)
    for state in (State.DELETED, State.LIVE):
        world.desk.second += 900
        world.desk.touch(2, state)
        world.desk.second += 900
        world.tick()
        late += deliver_until_queued(world)

    world.queue.messages = late
    world.settle()

    agreeing(world)


def test_a_worker_that_dies_between_a_ticket_s_removal_and_what_belongs_to_it_does_both_again() -> (
    None
):
    world = copied()
    world.desk.touch(3)
    world.desk.second += 900
    world.tick()
    late = deliver_until_queued(world)
    world.desk.second += 900
    world.desk.touch(3, State.SPAM)
    world.desk.second += 900
    world.tick()
    racing(world, late, "tickets")()
    look = world.lake.removed_among

    def die(*_given: object) -> dict[str, object]:
        world.lake.removed_among = look  # type: ignore[method-assign] # the fault is over
        raise Crash

    removing = world.lake.before_write

    def then_die(written: str) -> None:
        removing(written)
        if written == "tickets":
            world.lake.removed_among = die  # type: ignore[method-assign,assignment] # a fault on purpose

    world.lake.before_write = then_die

    world.settle(ticks=2)

    agreeing(world)
