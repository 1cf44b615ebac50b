"""Runs end complete whatever happens to the functions that work on them."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.errors import ProviderDown
from freshbridge.lake.encoding import rows_of
from freshbridge.lake.rows import State
from freshbridge.queues.envelope import SyncWork, to_text
from freshbridge.queues.publish import NotQueued
from freshbridge.queues.verdict import Verdict
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run import Part, Stage
from tests import builders
from tests.fakes.small_dynamodb import SmallDynamoDB
from tests.fakes.sync_world import START, World, syncing, text

TABLE = "runs"
_numbers = count(1)


def world_of(*objects: str, tickets: int = 0, **how: Any) -> World:
    """A world of its own, with tickets of one an hour up to now."""
    sync = how.pop("sync", {})
    instance = syncing(*(objects or ("tickets",)), number=next(_numbers), **sync)
    world = World(SmallDynamoDB(), TABLE, instance, **how)
    world.desk.second = START - tickets * 3600
    for number in range(1, tickets + 1):
        world.desk.touch(number)
        world.desk.second += 3600
    return world


def test_a_first_run_reads_the_live_list_alone_and_closes() -> None:
    world = world_of(tickets=8)

    (started,) = world.tick()
    world.settle()

    assert (started.state, started.kind, started.parts) == ("started", "full", ["live"])
    assert world.held() == world.true()
    assert set(world.desk.reads) == {"live"}
    assert len(world.desk.reads) == 3
    standing = world.standing()
    assert (standing.run_id, standing.last_stage, standing.failures) == ("", "done", 0)
    assert standing.marks["live"] >= "2026-03-03T11:00:00Z"
    manifest = world.lake.manifests["tickets", started.run_id]
    assert manifest["complete"] is True
    assert [window["rows"] for window in manifest["windows"]] == [8]
    assert manifest["held"] == {"live": 8, "removed": 0}


def test_an_incremental_run_finds_what_changed_was_deleted_and_came_back() -> None:
    world = world_of(tickets=6)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2)
    world.desk.touch(3, State.DELETED)
    world.desk.touch(4, State.SPAM)
    world.desk.second += 900

    (started,) = world.tick()
    world.settle()

    assert (started.kind, started.parts) == ("incremental", ["deleted", "spam", "live"])
    assert world.held() == world.true()
    world.desk.second += 900
    world.desk.touch(3)
    world.desk.second += 900
    world.tick()
    world.settle()
    assert world.held() == world.true()


def test_an_incremental_run_costs_calls_for_what_changed_only() -> None:
    world = world_of(tickets=60)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(1)
    world.desk.second += 900
    world.desk.reads.clear()

    world.tick()
    world.settle()

    assert sorted(world.desk.reads) == ["deleted", "live", "spam"]


def test_two_schedules_do_not_run_an_object_twice_at_once() -> None:
    world = world_of(tickets=3)
    (first,) = world.tick()
    messages = list(world.queue.messages)

    (second,) = world.tick()
    forced = world.tick(forced=True, full=True)

    assert second.state == forced[0].state == "running"
    assert second.run_id == first.run_id
    assert world.queue.messages == messages


def test_of_two_ticks_in_one_moment_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of()
    seen = world.store.standings(world.instance.instance_id)
    world.tick()

    # What another tick read a moment ago is not so any more
    monkeypatch.setattr(world.store, "standings", lambda _instance_id: seen)
    (late,) = world.tick()

    assert late.state == "contended"
    assert len(world.queue.messages) == 1


def test_a_tick_takes_over_what_nobody_works_on() -> None:
    # Given a run whose message is lost
    world = world_of(tickets=5)
    (first,) = world.tick()
    world.queue.messages.clear()

    # When its lease has not expired, then nothing happens; when it has, it goes on
    world.desk.second += 600
    assert world.tick()[0].state == "running"
    assert world.queue.messages == []
    world.desk.second += 900
    (taken,) = world.tick()
    world.settle()

    assert (taken.state, taken.run_id, taken.parts) == ("taken_over", first.run_id, ["live"])
    assert world.held() == world.true()
    assert world.standing().last_run == first.run_id


def test_a_second_message_of_one_part_waits_and_reads_nothing() -> None:
    world = world_of(tickets=9, pages_at_a_time=1)
    world.tick()
    run = world.store.run(world.instance.instance_id, "tickets", "run_0001")
    assert run is not None
    message = world.queue.messages[0]
    world.store.claim(run, "live", "another", world.desk.second + 300)

    assert world.deliver() is None
    assert world.desk.reads == []
    assert list(world.queue.messages) == [message]

    # And when the other is gone, its claim runs out
    world.desk.second += 400
    world.settle()
    assert world.held() == world.true()


def test_a_message_that_comes_again_after_the_end_is_done_at_once() -> None:
    world = world_of(tickets=4)
    world.tick()
    message = world.queue.messages[0]
    world.settle()
    world.desk.reads.clear()

    world.queue.messages.append(message)
    outcome = world.deliver()

    assert outcome is not None
    assert (outcome.finished, outcome.counts.pages) == (True, 0)
    assert not world.desk.reads
    assert not world.queue.messages


def test_a_long_reading_is_only_more_messages() -> None:
    world = world_of(tickets=20, pages_at_a_time=2)
    world.tick()

    delivered = 0
    while world.queue.messages:
        world.deliver()
        delivered += 1

    assert delivered == 4
    assert world.held() == world.true()
    assert len(world.desk.reads) == 7


def test_a_long_window_is_shared_out_and_its_tail_is_read_last() -> None:
    # Given a worker that may give away a half after two pages, to three at once
    world = world_of(tickets=60, stretch_pages=2, concurrency=3)
    world.tick()

    # When tickets move out of their windows meanwhile
    moved = iter(range(1, 60, 7))

    def move() -> None:
        world.desk.second += 1
        if (number := next(moved, None)) is not None:
            world.desk.touch(number)

    world.desk.between = move
    world.settle()

    # Then all are there as they are, by several windows without gap or overlap
    run = world.store.run(world.instance.instance_id, "tickets", "run_0001")
    assert run is not None
    parts = sorted(
        (part for part in world.store.parts(run) if part.feed), key=lambda part: part.scope.since
    )
    assert len(parts) > 3
    ends = [part.scope.until for part in parts]
    assert ends == [*(part.scope.since for part in parts[1:]), ""]
    assert parts[-1].late
    assert world.held() == world.true()
    assert world.standing().last_stage == "done"


def test_a_small_account_is_never_cut() -> None:
    world = world_of(tickets=30, concurrency=10)
    world.tick()
    world.settle()

    assert len(world.desk.reads) == 10


def crashing(dies_at: int | None) -> World:
    """A first run and an incremental one, of tickets and conversations, with one death at most."""
    world = world_of(
        "tickets", "conversations", tickets=8, pages_at_a_time=2, stretch_pages=2, concurrency=3
    )
    world.with_one_death(dies_at)
    return world


def test_a_crash_at_each_single_step_loses_nothing() -> None:
    whole = crashing(None)
    assert whole.steps.taken > 150

    for dies_at in range(0, 2 * whole.steps.taken, 7):
        world = crashing(dies_at)

        assert world.held() == world.true(), dies_at
        had = {key: version for key, (version, _) in world.held("conversations").items()}
        live = [1, 3, 4, 5, 6, 7, 8]
        assert {key: had[key * 10] for key in live} == {
            key: world.true()[key][0] for key in live
        }, dies_at
        assert world.standing().last_stage == "done", dies_at
        assert world.standing().run_id == world.standing("conversations").run_id == "", dies_at
        assert not world.queue.messages


@settings(max_examples=25, deadline=None)
@given(
    dies_at=st.lists(st.integers(0, 160), min_size=1, max_size=5),
    changes=st.lists(
        st.tuples(st.integers(1, 14), st.sampled_from([State.LIVE, State.DELETED, State.SPAM])),
        max_size=10,
    ),
    pages_at_a_time=st.sampled_from([1, 2, 100]),
    stretch_pages=st.sampled_from([1, 2, 100]),
)
def test_a_crash_at_any_step_loses_nothing(
    dies_at: list[int],
    changes: list[tuple[int, State]],
    pages_at_a_time: int,
    stretch_pages: int,
) -> None:
    # Given tickets that change while they are read, and a process that keeps dying
    world = world_of(
        "tickets",
        "conversations",
        tickets=12,
        pages_at_a_time=pages_at_a_time,
        stretch_pages=stretch_pages,
    )
    world.tick()

    # When the runs go on to their end
    world.live_through(changes, dies_at)

    # Then the lake has every ticket, in its latest version and state, and every conversation
    assert world.has_all()
    assert world.standing("conversations").complete_since
    assert world.queue.messages == []


def test_conversations_are_read_of_changed_tickets_only() -> None:
    # Given tickets whose conversations are held
    world = world_of("tickets", "conversations", tickets=5)
    world.tick()
    world.settle()
    assert sorted(world.held("conversations")) == [10, 20, 30, 40, 50]
    assert world.standing("conversations").complete_since
    world.desk.reads.clear()

    # When one changes
    world.desk.second += 900
    world.desk.touch(3)
    world.desk.second += 900
    world.tick()
    world.settle()

    # Then its conversations are read, and nobody else's
    assert [one for one in world.desk.reads if "conversations" in one] == ["conversations of 3"]
    assert world.held("conversations")[30] == (2, State.LIVE)
    # and where nothing changes, there is no run of conversations at all
    run = world.standing("conversations").last_run
    world.desk.second += 900
    world.tick()
    world.settle()
    assert world.standing("conversations").last_run == run


def test_conversations_that_are_wanted_later_are_read_of_every_ticket() -> None:
    world = world_of(tickets=4)
    world.tick()
    world.settle()
    world.instance = replace(world.instance, sync_objects=("tickets", "conversations"))

    world.desk.second += 900
    started = {one.object: one for one in world.tick()}
    world.settle()

    assert started["tickets"].kind == "full"
    assert started["conversations"].state == "with_parents"
    assert sorted(world.held("conversations")) == [10, 20, 30, 40]
    assert world.reconciled == [started["tickets"].run_id]
    world.desk.second += 900
    assert {one.object: one.kind for one in world.tick()}["tickets"] == "incremental"


def test_a_webhook_s_change_in_the_lake_does_not_hide_a_ticket_s_conversations() -> None:
    # Given a ticket whose change is in the view before the sync comes to it
    world = world_of("tickets", "conversations", tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2)
    at, version, _ = world.desk.tickets[2]
    record = {"id": 2, "updated_at": text(at), "version": version}
    (row,) = rows_of(OBJECTS["tickets"], [record], seen_at=f"{text(at)[:-1]}.000001Z").rows
    world.lake.merge(world.instance.instance_id, OBJECTS["tickets"], [row])

    world.desk.second += 900
    world.tick()
    world.settle()

    assert world.held("conversations")[20] == (2, State.LIVE)


def test_children_of_a_later_run_join_those_that_are_still_read() -> None:
    # Given conversations whose messages are slow
    world = world_of("tickets", "conversations", tickets=3)
    world.tick()
    world.queue.messages = [world.queue.messages[0]]
    world.deliver()
    slow, world.queue.messages = world.queue.messages, []
    first = world.standing("conversations").run_id

    # When tickets change and are read by another run
    world.desk.second += 600
    world.desk.touch(1)
    world.desk.second += 300
    world.tick()
    world.settle()

    # Then there is one run of conversations, which ends when all are read
    assert world.standing("conversations").run_id == first
    world.queue.messages = slow
    world.settle()
    assert world.standing("conversations").run_id == ""
    assert {key: version for key, (version, _) in world.held("conversations").items()} == {
        10: 2, 20: 1, 30: 1,
    }  # fmt: skip


def test_a_full_run_compares_what_is_held_and_a_first_one_need_not() -> None:
    world = world_of(tickets=3)
    world.tick()
    world.settle()
    assert world.reconciled == []

    world.desk.second += 900
    (started,) = world.tick(forced=True, full=True)
    world.settle()

    assert world.reconciled == [started.run_id]
    manifest = world.lake.manifests["tickets", started.run_id]
    assert manifest["proof"] == {"complete": True}
    assert set(world.desk.reads) == {"deleted", "spam", "live"}


def test_a_list_that_is_read_as_a_whole_is_read_so_each_time() -> None:
    agents = [{"id": number, "updated_at": "2026-01-01T00:00:00Z", "version": 1} for number in
              range(1, 6)]  # fmt: skip
    world = world_of("agents", agents=agents)

    (first,) = world.tick()
    world.settle()
    world.desk.second += 3600
    (second,) = world.tick()
    world.settle()

    assert (first.kind, second.kind) == ("full", "full")
    assert sorted(world.held("agents")) == [1, 2, 3, 4, 5]
    assert world.reconciled == [second.run_id]


def test_a_run_that_is_cancelled_stops_at_its_next_write_and_begins_anew() -> None:
    world = world_of("tickets", "conversations", tickets=9, pages_at_a_time=1)
    world.tick()
    world.deliver()

    ended = world.cancelling.cancel(world.instance.instance_id, "tickets")

    assert ended is not None
    assert ended.stage is Stage.CANCELLED
    reads = len(world.desk.reads)
    world.settle()
    # What was queued of the conversations is read; of the tickets nothing more.
    assert world.desk.reads[reads:] == [f"conversations of {n}" for n in (1, 2, 3)]
    assert world.standing().last_stage == "cancelled"
    assert world.standing("conversations").run_id == ""
    assert world.cancelling.cancel(world.instance.instance_id, "tickets") is None

    world.desk.second += 900
    started = {one.object: one for one in world.tick()}["tickets"]
    world.settle()
    assert started.kind == "full"
    assert world.held() == world.true()
    assert len(world.held("conversations")) == 9


def test_a_worker_of_a_cancelled_run_keeps_nothing() -> None:
    world = world_of(tickets=9)
    world.tick()

    def cancel() -> None:
        world.cancelling.cancel(world.instance.instance_id, "tickets")

    world.desk.between = cancel
    outcome = world.deliver()

    assert outcome is not None
    assert world.held() == {}
    assert world.queue.messages == []


def test_a_run_that_failed_can_be_let_go() -> None:
    world = world_of(tickets=3)
    world.tick()
    fail(world, "live")
    assert world.standing().owed_run == "run_0001"

    world.cancelling.cancel(world.instance.instance_id, "tickets")

    assert (world.standing().owed_run, world.standing().failures) == ("", 0)
    world.desk.second += 900
    (started,) = world.tick()
    assert started.state == "started"


def test_a_failed_run_goes_on_with_what_is_new_too_and_gives_up_in_the_end() -> None:
    # Given a run of which one list cannot be read
    world = world_of(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.tick()
    broken = world.store.run(world.instance.instance_id, "tickets", "run_0002")
    assert broken is not None
    world.queue.messages = [one for one in world.queue.messages if one.part != "spam"]
    world.settle()
    fail(world, "spam", "run_0002")
    world.settle()
    assert world.standing().owed_run == "run_0002"
    assert world.held() == world.true()

    # When it is due again, then it goes on, and takes in what has changed since
    for number in range(1, 6):
        world.desk.second += 90_000
        world.desk.touch(1)
        world.desk.second += 90
        (start,) = world.tick()
        assert (start.state, start.run_id) == ("resumed", "run_0002")
        assert "spam" in start.parts
        world.queue.messages = [one for one in world.queue.messages if one.part != "spam"]
        world.settle()
        fail(world, "spam", "run_0002")
        world.settle()
        assert world.held() == world.true()
        assert world.standing().failures == 1 + number

    # and after some times another run begins in its place
    world.desk.second += 90_000
    (start,) = world.tick()
    world.settle()
    assert start.state == "started"
    assert (world.standing().last_stage, world.standing().failures) == ("done", 0)


def test_a_message_that_fails_for_good_ends_the_run_with_what_it_owes() -> None:
    world = world_of(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.tick()

    fail(world, "spam", "run_0002")

    # The others are read all the same, the live list last
    world.settle()
    standing = world.standing()
    assert (standing.last_stage, standing.failures) == ("failed", 1)
    assert standing.last_error == "forbidden: may not be seen"
    manifest = world.lake.manifests["tickets", "run_0002"]
    assert (manifest["state"], manifest["complete"]) == ("failed", False)
    assert {w["part"]: w["state"] for w in manifest["windows"]} == {
        "deleted": "done", "live": "done", "spam": "failed",
    }  # fmt: skip

    # And its letter, put back, has that list read alone
    world.desk.reads.clear()
    world.queue.messages.append(SyncWork("run_0002", world.instance.instance_id, "tickets",
                                         world.now(), "spam"))  # fmt: skip
    world.settle()
    assert world.desk.reads == ["spam"]
    assert world.standing().last_stage == "done"


def test_a_letter_of_a_run_that_another_replaced_reads_nothing() -> None:
    world = world_of(tickets=3)
    world.tick()
    fail(world, "live")
    world.cancelling.cancel(world.instance.instance_id, "tickets")
    world.desk.second += 900
    world.tick()
    running, world.queue.messages = world.queue.messages, []

    world.queue.messages.append(SyncWork("run_0001", world.instance.instance_id, "tickets",
                                         world.now(), "live"))  # fmt: skip
    world.settle()

    assert world.desk.reads == []
    world.queue.messages = running
    world.settle()
    assert world.standing().last_stage == "done"


def test_a_dry_run_tells_what_would_run_and_writes_nothing() -> None:
    world = world_of("tickets", "agents", tickets=3)
    before = copy.deepcopy(world.client.items)

    told = world.tick(forced=True, dry_run=True)

    assert [(one.object, one.state, one.parts) for one in told] == [
        ("tickets", "started", ["live"]),
        ("agents", "started", ["all"]),
    ]
    assert world.client.items == before
    assert world.queue.messages == []
    # Nor does it take over or resume
    world.tick()
    world.desk.second += 5000
    assert {one.state for one in world.tick(dry_run=True)} == {"taken_over"}
    assert {one.state for one in world.tick()} == {"taken_over"}
    fail(world, "live", "run_0002")
    world.desk.second += 5000
    assert world.tick(forced=True, dry_run=True)[0].state == "resumed"
    assert world.standing().run_id == ""


def test_what_is_not_due_is_left_alone() -> None:
    world = world_of(sync={"tickets": {"every_minutes": 60}})
    world.tick()
    world.settle()

    world.desk.second += 900
    (told,) = world.tick()

    assert (told.state, told.due_at) == ("not_due", "2026-03-03T13:00:00Z")
    assert world.tick(forced=True)[0].state == "started"


def test_when_the_queue_refuses_the_next_tick_takes_over_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = world_of(tickets=3)
    with monkeypatch.context() as patch:

        def refuse(_pairs: object) -> int:
            raise NotQueued("Amazon SQS is away")

        patch.setattr(world.queue, "publish_all", refuse)
        with pytest.raises(NotQueued):
            world.tick()

    assert world.tick()[0].state == "taken_over"
    world.settle()
    assert world.held() == world.true()


def test_a_provider_that_fails_midway_costs_no_page_twice() -> None:
    world = world_of(tickets=9)
    world.tick()
    calls = count()

    def fail_once() -> None:
        if next(calls) == 1:
            raise ProviderDown("away for a moment")

    world.desk.between = fail_once
    with pytest.raises(ProviderDown):
        world.deliver()
    assert len(world.held()) == 3
    (part,) = parts_of(world, "run_0001")
    assert part.counts.pages == 1

    # The next message has the part at once, though the first's claim has not run out
    world.queue.messages.append(SyncWork("run_0001", world.instance.instance_id, "tickets",
                                         world.now(), "live"))  # fmt: skip
    world.settle()
    assert world.held() == world.true()
    assert len(world.desk.reads) == 4


def parts_of(world: World, run_id: str) -> list[Part]:
    """The parts of a run."""
    run = world.store.run(world.instance.instance_id, "tickets", run_id)
    assert run is not None
    return world.store.parts(run)


def fail(world: World, part: str, run_id: str = "run_0001") -> None:
    """The part's message is parked."""
    work = SyncWork(run_id, world.instance.instance_id, "tickets", world.now(), part)
    world.queue.messages = [one for one in world.queue.messages if one != work]
    run = world.store.run(work.instance_id, work.object, work.run_id)
    assert run is not None
    world.failing.note(run, work, Verdict(park=True, code="forbidden", reason="may not be seen"))


class Log:
    """A logger with memory."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str, **_extra: object) -> None:
        """Remember it."""
        self.warnings.append(message)


def test_what_cannot_be_noted_of_a_failure_stops_nothing() -> None:
    world = world_of(tickets=3)
    world.tick()
    log, plain = Log(), SimpleNamespace(unpack=lambda body: body)
    failing = replace(world.failing, logger=cast("Any", log), payloads=cast("Any", plain))
    parked = Verdict(park=True, code="defect", reason="x")
    waits = Verdict(park=False, code="throttled", reason="x", wait_s=5000)

    def record(**changed: Any) -> Any:
        values = {"run_id": "run_0001", "instance_id": world.instance.instance_id}
        work = builders.sync_work(**values | changed)
        return SimpleNamespace(body=to_text(work))

    # A message that waits keeps its run's lease, and one of another run does not
    assert not failing(record(), ValueError(), waits)
    assert world.standing().lease_until > world.desk.second + 5000
    world.cancelling.cancel(world.instance.instance_id, "tickets")
    assert not failing(record(), ValueError(), waits)
    # Messages that are of no run, of no part, or no messages at all
    assert not failing(record(run_id="run_9"), ValueError(), parked)
    assert not failing(record(part="unheard_of"), ValueError(), parked)
    assert log.warnings == []
    assert not failing(cast("Any", SimpleNamespace(body="{}")), ValueError(), parked)
    assert log.warnings == ["failed part not noted"]


def test_children_of_a_run_that_somebody_ended_are_not_queued() -> None:
    world = world_of("tickets", "conversations", tickets=9, pages_at_a_time=1)
    world.tick()
    world.deliver()
    world.cancelling.cancel(world.instance.instance_id, "conversations")
    world.queue.messages = [one for one in world.queue.messages if one.object == "tickets"]

    world.settle()

    assert world.held() == world.true()
    assert world.standing().last_stage == "done"
    assert not any("conversations" in one for one in world.desk.reads)


def test_an_account_without_tickets_has_all_of_its_conversations() -> None:
    world = world_of("tickets", "conversations")

    world.tick()
    world.settle()

    assert world.standing("conversations").complete_since
    world.desk.second += 900
    assert {one.object: one.kind for one in world.tick()}["tickets"] == "incremental"
