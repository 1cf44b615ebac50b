"""What workers, schedules and people do to one run at the same moment."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from freshbridge.errors import ProviderDown
from freshbridge.lake.rows import State
from freshbridge.queues.envelope import SyncWork
from freshbridge.queues.verdict import Verdict
from freshbridge.sync.children import ChildrenClosing
from freshbridge.sync.invocation import Reconciled
from freshbridge.sync.planning import stage_part
from freshbridge.sync.pulling import UnknownObject
from freshbridge.sync.run import Kind, PartState, Run, Stage
from freshbridge.sync.run_store import RunStore
from freshbridge.sync.touch import RecordTouch
from freshbridge.sync.view import needs_parts
from tests.fakes.sync_world import World
from tests.unit.sync.test_run_recovery import CONVERSATIONS, park_conversations, run_of
from tests.unit.sync.test_runs import fail, parts_of, world_of


def message(world: World, part: str, run_id: str = "run_0001", name: str = "tickets") -> SyncWork:
    """What has a part worked on."""
    return SyncWork(run_id, world.instance.instance_id, name, world.now(), part)


def test_nothing_is_seen_before_its_run_began_whatever_a_machine_s_clock_says() -> None:
    # Given a worker whose clock is behind that of who began the run
    world = world_of("tickets", "agents", agents=[{"id": 1}], tickets=3)
    world.tick()
    began = world.now()
    world.desk.second -= 30

    world.settle()

    seen = [row.seen_at for rows in world.lake.view.values() for row in rows.values()]
    assert len(seen) == 4
    assert min(seen) >= began[:-1]


def test_a_run_that_ends_while_somebody_ends_it_has_ended() -> None:
    world = world_of(tickets=3)
    world.tick()
    store = world.store

    def close_first(_self: RunStore, *given: Any) -> None:
        patch.undo()
        world.settle()
        store.close(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunStore, "close", close_first)
        assert world.cancelling.cancel(world.instance.instance_id, "tickets") is None

    assert world.standing().last_stage == "done"
    assert world.held() == world.true()


def test_a_run_that_is_not_known_any_more_cannot_be_ended() -> None:
    world = world_of(tickets=3)
    world.tick()
    world.client.items = {
        key: item for key, item in world.client.items.items() if not key[1].startswith("run#")
    }

    assert world.cancelling.cancel(world.instance.instance_id, "tickets") is None
    assert world.standing().run_id == "run_0001"


def test_children_whose_run_is_being_closed_wait_for_the_next() -> None:
    # Given a run of conversations that is past its reading
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    instance = world.instance.instance_id
    closing = Run("run_c", instance, CONVERSATIONS, Kind.INCREMENTAL, world.now())
    standing = world.standing(CONVERSATIONS)
    assert world.store.begin(closing, [], standing, world.desk.second + 1200)
    assert world.store.move(closing, stage_part(Stage.CLOSING))
    world.tick()

    # When tickets want theirs read, then they come back later, and nothing is passed over
    with pytest.raises(ChildrenClosing):
        world.deliver()
    world.queue.messages += [
        message(world, "stage-closing", "run_c", CONVERSATIONS),
        message(world, "live"),
    ]
    world.settle()

    assert len(world.held(CONVERSATIONS)) == 3
    assert world.standing(CONVERSATIONS).last_run == "run_0001"


def test_of_two_that_go_on_with_what_is_owed_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3, pages_at_a_time=1)
    world.tick()
    while not any(one.object == CONVERSATIONS for one in world.queue.messages):
        world.deliver()
    park_conversations(world)
    world.settle()
    assert world.standing(CONVERSATIONS).owed_run
    world.desk.second += 400
    world.desk.touch(1)
    world.desk.second += 200
    real, asked = RunStore.resume, []

    def late(self: RunStore, *given: Any, **named: Any) -> bool:
        asked.append(given[0].run_id)
        return len(asked) > 1 and real(self, *given, **named)

    monkeypatch.setattr(RunStore, "resume", late)
    world.tick()
    world.settle()

    assert len(asked) == 2
    assert world.held(CONVERSATIONS)[10] == (2, State.LIVE)
    assert len(world.held(CONVERSATIONS)) == 3


def test_children_whose_owed_run_is_forgotten_are_read_anew() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    world.settle()
    instance = world.instance.instance_id
    owing = replace(world.standing(CONVERSATIONS), owed_run="run_gone", failures=1)
    assert world.store.forget(instance, CONVERSATIONS, owing)
    world.desk.second += 900
    world.desk.touch(1)
    world.desk.second += 900

    kinds = []
    for _ in range(2):
        kinds.append({one.object: one.kind for one in world.tick()}["tickets"])
        world.settle()
        world.desk.second += 900

    assert kinds == ["incremental", "full"]
    assert world.standing(CONVERSATIONS).owed_run == ""
    assert world.standing(CONVERSATIONS).complete_since


def test_children_of_a_run_that_was_ended_are_let_go_without_it() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=9, pages_at_a_time=1)
    world.tick()
    world.deliver()
    world.cancelling.cancel(world.instance.instance_id, CONVERSATIONS)

    world.cancelling.cancel(world.instance.instance_id, "tickets")

    assert world.standing().run_id == world.standing(CONVERSATIONS).run_id == ""


def test_a_touch_that_fails_is_of_no_run() -> None:
    world = world_of(tickets=3)
    plain = SimpleNamespace(unpack=lambda body: body)
    failing = replace(world.failing, payloads=cast("Any", plain))
    order = json.dumps(asdict(RecordTouch("7", "tickets", "1", "run_1", "evt_1")))
    before = dict(world.client.items)

    parked = Verdict(park=True, code="defect", reason="x")
    assert not failing(cast("Any", SimpleNamespace(body=order)), ValueError(), parked)
    assert world.client.items == before


def test_a_part_that_has_ended_cannot_fail_any_more() -> None:
    world = world_of(tickets=3)
    world.tick()
    world.settle()
    before = world.standing()

    fail(world, "live")

    assert world.standing() == before
    assert world.queue.messages == []


def test_a_letter_of_a_part_that_somebody_let_go_reads_nothing() -> None:
    world = world_of(tickets=3)
    world.tick()
    work = message(world, "live")
    run = run_of(world, "run_0001")
    (part,) = parts_of(world, "run_0001")
    assert world.store.open_waiting(run, []) is False
    fail(world, "live")
    later = replace(run, run_id="run_x")
    assert world.store.begin(later, [part], world.standing(), world.desk.second + 1200)
    world.desk.reads.clear()

    world.queue.messages = [work]
    world.settle()

    assert world.desk.reads == []
    assert run_of(world, "run_0001").stage is Stage.FAILED


def test_a_message_of_a_part_that_waits_is_let_go() -> None:
    world = world_of(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.tick()
    world.queue.messages = [message(world, "live", "run_0002")]
    world.desk.reads.clear()

    world.settle()

    assert world.desk.reads == []


def test_a_comparing_that_takes_long_goes_on_where_it_was() -> None:
    world = world_of("agents", agents=[{"id": 1}])
    world.tick()
    world.settle()
    world.desk.second += 4000
    asked: list[Any] = []

    def in_two(*_given: Any, position: Any, **_named: Any) -> Reconciled:
        asked.append(position)
        return Reconciled(None if position else {"at": 1}, {"complete": True})

    world.reader = replace(world.reader, reconcile=in_two)
    world.tick()
    world.settle()

    assert asked == [None, {"at": 1}]
    assert world.standing("agents").last_stage == "done"


def test_a_claim_that_cannot_be_given_back_runs_out() -> None:
    world = world_of(tickets=3)
    world.tick()

    def away() -> None:
        world.desk.between = lambda: None
        run = run_of(world, "run_0001")
        (part,) = parts_of(world, "run_0001")
        world.store.finish(run, part, f"clm_{world.tokens:06d}")
        raise ProviderDown("away")

    world.desk.between = away
    with pytest.raises(ProviderDown):
        world.deliver()
    assert [part.state for part in parts_of(world, "run_0001")] == [PartState.DONE]


def test_a_list_that_there_is_not_any_more_is_told() -> None:
    world = world_of(tickets=3)
    world.tick()
    world.reader = replace(world.reader, feeds=lambda _obj: ())

    with pytest.raises(UnknownObject, match="tickets have no list live"):
        world.deliver()


def test_of_two_workers_that_move_a_run_on_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a worker that finds the run moved on, each time it is about to
    world = world_of(tickets=6)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2)
    world.desk.second += 900
    real = {name: getattr(RunStore, name) for name in ("open_waiting", "move")}
    lost: list[str] = []

    def beaten(name: str) -> Any:
        def call(self: RunStore, *given: Any) -> bool:
            won = real[name](self, *given)
            lost.append(name)
            return bool(won) and lost.count(name) > 1

        return call

    for name in real:
        monkeypatch.setattr(RunStore, name, beaten(name))
    world.tick()
    world.settle(ticks=2)

    assert {"open_waiting", "move"} <= set(lost)
    assert world.held() == world.true()
    assert world.standing().last_stage == "done"


def test_a_tick_that_loses_a_race_leaves_the_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(tickets=3)
    world.tick()
    messages = list(world.queue.messages)
    world.desk.second += 5000
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "take_over", lambda *_given: False)
        (late,) = world.tick()
    assert (late.state, late.run_id, world.queue.messages) == ("contended", "run_0001", messages)

    fail(world, "live")
    world.queue.messages.clear()
    world.desk.second += 5000
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "resume", lambda *_given, **_named: False)
        (late,) = world.tick()
    assert (late.state, late.run_id, world.queue.messages) == ("contended", "run_0001", [])


def test_children_that_are_owed_go_on_by_themselves_and_else_with_their_parents() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3, pages_at_a_time=1)
    world.tick()
    while not any(one.object == CONVERSATIONS for one in world.queue.messages):
        world.deliver()
    park_conversations(world)
    world.settle()
    quiet = {"sync": {"tickets": {"every_minutes": 9999}}}
    world.instance = replace(world.instance, config=quiet)

    # Not before it is time, then it does, also after many times
    world.desk.second += 60
    assert {one.object: one.state for one in world.tick()}[CONVERSATIONS] == "not_due"
    standing = replace(world.standing(CONVERSATIONS), failures=6)
    assert world.store.forget(world.instance.instance_id, CONVERSATIONS, standing)
    world.desk.second += 90_000
    assert {one.object: one.state for one in world.tick()}[CONVERSATIONS] == "resumed"
    world.settle()
    assert len(world.held(CONVERSATIONS)) == 3

    # and where what is owed is forgotten, it waits for the next run of its tickets
    owing = replace(world.standing(CONVERSATIONS), owed_run="run_gone", failures=1)
    assert world.store.forget(world.instance.instance_id, CONVERSATIONS, owing)
    world.desk.second += 90_000
    assert {one.object: one.state for one in world.tick()}[CONVERSATIONS] == "with_parents"


def test_conversations_that_are_asked_for_are_read_of_every_ticket() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.reads.clear()

    world.tick(forced=True, children=frozenset({CONVERSATIONS}))
    world.settle()

    assert {one for one in world.desk.reads if CONVERSATIONS in one} == {
        f"conversations of {number}" for number in (1, 2, 3)
    }


def test_a_tick_has_a_run_moved_on_whose_last_part_ended_and_nothing_else() -> None:
    # Given a worker that died between its part's end and what comes after
    world = world_of(tickets=3)
    world.tick()
    run = run_of(world, "run_0001")
    part, mine, _ = world.store.claim(run, "live", "me", world.desk.second + 300)
    assert mine
    world.store.finish(run, part, "me")
    world.queue.messages.clear()
    world.desk.second += 5000

    world.tick()

    assert [one.part for one in world.queue.messages] == ["live"]
    world.settle()
    assert world.standing().last_stage == "done"


def test_parts_are_asked_for_only_where_they_tell_how_far_a_run_is() -> None:
    world = world_of("tickets", CONVERSATIONS, tickets=3)
    tickets, conversations = world.wanted()
    world.tick()
    run, standing = run_of(world, "run_0001"), world.standing()

    assert needs_parts(tickets, run, standing)
    assert not needs_parts(conversations, run, standing)
    assert not needs_parts(tickets, run, replace(standing, held=5))
    assert needs_parts(tickets, replace(run, kind=Kind.INCREMENTAL), replace(standing, held=5))
    assert not needs_parts(tickets, replace(run, stage=Stage.CLOSING), standing)
