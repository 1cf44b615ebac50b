"""What was begun is not lost: batches that come again longer, runs let go or forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from freshbridge.lake.rows import State
from freshbridge.queues.envelope import SyncWork
from freshbridge.queues.verdict import Verdict
from freshbridge.sync.children import Children
from freshbridge.sync.run import Run
from tests.fakes.sync_world import Crash, World
from tests.unit.sync.test_runs import fail, world_of

CONVERSATIONS = "conversations"


def run_of(world: World, run_id: str, name: str = "tickets") -> Run:
    """A run as it stands."""
    found = world.store.run(world.instance.instance_id, name, run_id)
    assert found is not None
    return found


def park_conversations(world: World) -> SyncWork:
    """The message that has conversations read is parked."""
    (broken,) = [one for one in world.queue.messages if one.object == CONVERSATIONS]
    world.queue.messages.remove(broken)
    run = run_of(world, broken.run_id, CONVERSATIONS)
    world.failing.note(run, broken, Verdict(park=True, code="provider_down", reason="away"))
    return broken


def forget_run(world: World, name: str) -> None:
    """The run of an object and its parts have expired, as what is kept of runs does."""
    world.client.items = {
        key: item
        for key, item in world.client.items.items()
        if not (key[1].startswith("run#") and key[1].endswith(f"#{name}"))
        and not (key[0].startswith("parts#") and key[0].endswith(f"#{name}"))
    }
    world.queue.messages = [one for one in world.queue.messages if one.object != name]


def test_a_batch_that_comes_again_longer_has_all_of_its_conversations_read() -> None:
    # Given a batch of three tickets whose worker dies when their conversations are queued
    world = world_of("tickets", CONVERSATIONS, tickets=9, pages_at_a_time=1)
    world.tick()
    work = world.queue.messages[0]
    with pytest.MonkeyPatch.context() as patch:
        publish = world.queue.publish_all

        def die(pairs: Any) -> int:
            publish(pairs)
            raise Crash

        patch.setattr(world.queue, "publish_all", die)
        world.deliver()

    # When it comes again, then with nine of them
    world.desk.second += 400
    world.queue.messages = [one for one in world.queue.messages if one != work] + [work]
    world.pages_at_a_time = 10_000
    world.settle()

    assert world.held() == world.true()
    assert world.held(CONVERSATIONS) == {number * 10: (1, State.LIVE) for number in range(1, 10)}


def test_two_deaths_in_one_batch_lose_no_conversations() -> None:
    # Given a full run that finds six tickets other than they are held, all of them old
    world = world_of("tickets", CONVERSATIONS, tickets=6)
    world.tick()
    world.settle()
    held = world.lake.view[world.instance.instance_id, "tickets"]
    held.update({key: replace(row, body=b'{"version":0}') for key, row in held.items()})
    world.desk.second += 900
    world.tick(forced=True, full=True)
    while [one.part for one in world.queue.messages] != ["live"]:
        world.pages_at_a_time = 1
        world.deliver()
    world.desk.reads.clear()

    # When its worker dies once all are merged, and again behind the first half
    world.pages_at_a_time = 10_000
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Children, "queue_for", _die)
            world.deliver()
            assert world.held() == world.true()
        world.pages_at_a_time = 1
        world.deliver()
        world.pages_at_a_time = 10_000
    world.settle()

    read = {one for one in world.desk.reads if CONVERSATIONS in one}
    assert read == {f"conversations of {number}" for number in range(1, 7)}


def _die(*_given: object) -> int:
    raise Crash


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_what_left_after_a_first_run_that_came_to_nothing_is_found(how: str) -> None:
    # Given a first run that kept three tickets before it ended badly
    world = world_of(tickets=6, pages_at_a_time=1)
    world.tick()
    world.deliver()
    assert len(world.held()) == 3
    if how == "cancelled":
        world.cancelling.cancel(world.instance.instance_id, "tickets")
        world.queue.messages.clear()
    else:
        fail(world, "live")
    # and one of these is deleted, long before the next one begins
    world.desk.second += 600
    world.desk.touch(2, State.DELETED)
    world.desk.second += 90_000

    (started,) = world.tick(forced=True, full=True)
    world.settle()

    assert started.kind == "full"
    assert world.held() == world.true()
    assert world.reconciled == [started.run_id]


def test_what_was_only_told_of_is_read_as_a_whole_once_it_is_copied() -> None:
    # Given tickets that were read for their events alone
    world = world_of("tickets", tickets=6)
    copied = world.instance
    world.instance = replace(
        copied,
        sync_objects=("agents",),
        configuration=_polling(),
    )
    started = world.tick(forced=True)
    world.settle()
    assert "tickets" in [one.object for one in started]
    assert world.held() == {}
    world.desk.second += 900

    # When they are to be copied
    world.instance = copied
    (first,) = world.tick()
    world.settle()

    assert first.kind == "full"
    assert world.held() == world.true()


def _polling() -> dict[str, str]:
    return {
        "event.notification.enabled": "true",
        "event.vendor.type": "polling",
        "event.objects": "tickets",
    }


def test_what_leaves_a_window_that_is_read_late_is_in_its_tail() -> None:
    # Given a long account whose earlier half is cut off, fails, and goes on much later
    world = world_of(tickets=24, stretch_pages=1)
    world.tick()
    while not any("live-" in one.part for one in world.queue.messages):
        world.deliver()
    late = next(one for one in world.queue.messages if one.part.startswith("live-"))
    fail(world, late.part)
    world.settle()
    missing = set(world.true()) - set(world.held())
    assert missing
    world.desk.second += 90_000
    (resumed,) = world.tick()
    assert resumed.state == "resumed"

    # When the tail is asked for before the window is, and what the window held moves between
    def move() -> None:
        if len(world.desk.reads) == reads + 1:
            world.desk.second += 5
            for number in sorted(missing)[-2:]:
                world.desk.touch(number)

    reads = len(world.desk.reads)
    world.desk.between = move
    world.queue.messages.reverse()
    world.settle()

    # Then this very run has it
    assert world.standing().last_run == resumed.run_id
    assert world.held() == world.true()


def test_a_letter_of_a_window_brings_its_tail() -> None:
    world = world_of(tickets=24, stretch_pages=1)
    world.tick()
    while not any("live-" in one.part for one in world.queue.messages):
        world.deliver()
    late = next(one for one in world.queue.messages if one.part.startswith("live-"))
    fail(world, late.part)
    world.settle()
    missing = sorted(set(world.true()) - set(world.held()))
    world.desk.second += 900
    world.desk.touch(missing[-1])
    world.desk.second += 900

    world.queue.messages.append(late)
    world.settle()

    assert world.standing().last_stage == "done"
    assert world.held() == world.true()


def test_a_letter_of_a_run_before_the_last_takes_nothing_back() -> None:
    # Given a run whose trash could not be read, and a later one over everything that could
    world = world_of(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.tick()
    fail(world, "spam", "run_0002")
    world.settle()
    world.desk.second += 90_000
    world.desk.touch(1)
    world.desk.second += 900
    world.tick(forced=True, full=True)
    world.settle()
    before = world.standing()
    assert before.last_stage == "done"

    # When the letter of the first is put back
    world.queue.messages.append(
        SyncWork("run_0002", world.instance.instance_id, "tickets", world.now(), "spam")
    )
    world.settle()

    after = world.standing()
    assert after.last_run == "run_0002"
    assert all(after.marks[feed] >= mark for feed, mark in before.marks.items())
    assert after.complete_since == before.complete_since


def test_a_run_that_nobody_remembers_holds_nothing_up() -> None:
    # Given an instance that was disabled in the middle of a run, until that expired
    world = world_of("tickets", CONVERSATIONS, tickets=6, pages_at_a_time=1)
    world.tick()
    world.deliver()
    forget_run(world, "tickets")
    world.queue.messages.clear()
    assert world.tick()[0].state == "running"
    world.desk.second += 20 * 86_400

    started = {one.object: one.state for one in world.tick()}
    world.settle(ticks=2)

    assert started["tickets"] == "started"
    assert world.held() == world.true()
    assert world.standing().last_stage == "done"
    assert len(world.held(CONVERSATIONS)) == 6


def test_conversations_whose_run_nobody_remembers_are_read_anew() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=6)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2)
    world.tick()
    world.queue.messages = [one for one in world.queue.messages if one.object == "tickets"]
    while any(one.object == "tickets" for one in world.queue.messages):
        world.queue.messages.sort(key=lambda one: one.object, reverse=True)
        world.deliver()
    assert world.standing(CONVERSATIONS).run_id
    forget_run(world, CONVERSATIONS)
    world.desk.second += 20 * 86_400
    world.desk.touch(1)
    world.desk.second += 900

    for _ in range(2):
        world.tick()
        world.settle()
        world.desk.second += 900

    assert world.held(CONVERSATIONS)[20] == (2, State.LIVE)
    assert world.standing(CONVERSATIONS).complete_since


def test_a_cancelling_that_dies_half_way_does_not_hold_the_conversations_open() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=9, pages_at_a_time=1)
    world.tick()
    world.deliver()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Children, "release", _die)
        with pytest.raises(Crash):
            world.cancelling.cancel(world.instance.instance_id, "tickets")
    world.settle()
    assert world.standing(CONVERSATIONS).run_id == "run_0001"

    # Given that no ticket is read any more
    world.desk.second += 5000
    world.instance = replace(world.instance, config={"sync": {"tickets": {"every_minutes": 9999}}})
    told = {one.object: one for one in world.tick(dry_run=True)}
    assert list(told[CONVERSATIONS].parts) == []
    world.tick()
    world.settle()

    assert world.standing(CONVERSATIONS).run_id == ""
    assert world.standing(CONVERSATIONS).last_stage == "done"


def test_conversations_that_failed_are_read_by_the_next_run_of_their_tickets() -> None:
    # Given that the conversations of one ticket could not be read
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(1)
    world.desk.second += 900
    world.tick()
    while not any(one.object == CONVERSATIONS for one in world.queue.messages):
        world.pages_at_a_time = 1
        world.deliver()
    broken = park_conversations(world)
    world.settle()
    assert world.standing(CONVERSATIONS).owed_run == broken.run_id

    # When another ticket changes before it is time to try again
    world.desk.second += 400
    world.desk.touch(2)
    world.desk.second += 200
    world.tick()
    world.settle()

    # Then both are had, and nothing is owed
    assert world.held(CONVERSATIONS) == {
        10: (2, State.LIVE), 20: (2, State.LIVE), 30: (1, State.LIVE),
    }  # fmt: skip
    assert world.standing(CONVERSATIONS).owed_run == ""


def test_conversations_that_somebody_ended_are_read_anew() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(1)
    world.desk.second += 900
    world.tick()
    while not any(one.object == CONVERSATIONS for one in world.queue.messages):
        world.deliver()
    ended = world.cancelling.cancel(world.instance.instance_id, CONVERSATIONS)
    world.settle()
    assert ended is not None
    assert world.standing(CONVERSATIONS).complete_since == ""
    world.desk.second += 900

    assert {one.object: one.kind for one in world.tick()}["tickets"] == "full"
    world.settle()

    assert world.held(CONVERSATIONS)[10] == (2, State.LIVE)
    assert world.standing(CONVERSATIONS).complete_since


def test_conversations_that_are_owed_and_let_go_are_read_anew() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    while not any(one.object == CONVERSATIONS for one in world.queue.messages):
        world.deliver()
    park_conversations(world)
    world.settle()
    assert world.standing(CONVERSATIONS).owed_run
    world.cancelling.cancel(world.instance.instance_id, CONVERSATIONS)
    world.desk.second += 900

    world.tick()
    world.settle()

    assert len(world.held(CONVERSATIONS)) == 3
    assert world.standing(CONVERSATIONS).complete_since


def test_conversations_that_were_not_wanted_for_a_while_are_read_anew() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    world.settle()
    # Given a ticket that changes while its conversations are not wanted
    both = world.instance
    world.instance = replace(both, sync_objects=("tickets",))
    world.desk.second += 900
    world.desk.touch(2)
    world.desk.second += 900
    world.tick()
    world.settle()
    assert world.held(CONVERSATIONS)[20] == (1, State.LIVE)

    world.instance = both
    world.desk.second += 900
    world.tick()
    world.settle()

    assert world.held(CONVERSATIONS)[20] == (2, State.LIVE)
    assert world.standing(CONVERSATIONS).complete_since
