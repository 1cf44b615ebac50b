"""Runs whose rows wait until all are read end as complete as any, whatever happens to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.lake.rows import Change, State
from freshbridge.lake.staged_rows import StagedFileUnusable
from freshbridge.queues.envelope import SyncWork
from freshbridge.queues.verdict import Verdict
from freshbridge.sync.run import Kind, PartState, Run, Stage
from freshbridge.sync.staging import StagingRule
from freshbridge.sync.view import progress
from freshbridge.sync.watching import Unwatched
from tests.fakes.sync_world import SteppedLake, World
from tests.unit.sync.test_runs import fail, parts_of, world_of

EVERY = StagingRule(buckets=1, rows_a_bucket=1000, rows=1, bytes=1, fold_bytes=1)
"""Every batch waits, and is merged in the smallest pieces."""
CONVERSATIONS = "conversations"


def staging_world(*objects: str, tickets: int = 9, **how: Any) -> World:
    """A world whose workers write every three tickets, to wait."""
    return world_of(*objects, tickets=tickets, **{"pages_at_a_time": 1, "staging": EVERY, **how})


def run_of(world: World, run_id: str = "run_0001") -> Run:
    """A run as it stands."""
    found = world.store.run(world.instance.instance_id, "tickets", run_id)
    assert found is not None
    return found


def pull(world: World, run_id: str = "run_0001") -> None:
    """Read the lists until the run folds."""
    while run_of(world, run_id).stage is Stage.PULLING:
        world.deliver()


def park_folds(world: World, run_id: str = "run_0001") -> list[SyncWork]:
    """All messages of the folding are parked."""
    parked = [one for one in world.queue.messages if one.object == "tickets"]
    world.queue.messages = [one for one in world.queue.messages if one not in parked]
    for work in parked:
        gone = Verdict(park=True, code="staged_file_unusable", reason="it is not there")
        world.failing.note(run_of(world, run_id), work, gone)
    return parked


def staged_keys(world: World) -> set[str]:
    """The files that wait."""
    return {key for key in world.lake.files.stored if "/staged/" in key}


def test_rows_that_wait_are_in_the_history_and_then_in_the_view() -> None:
    world = staging_world()
    world.tick()
    pull(world)
    assert world.held() == {}
    assert sum(len(rows) for rows in world.lake.history.values()) == 9
    assert len(staged_keys(world)) == 3
    history = len(world.lake.history)

    world.settle()

    assert world.held() == world.true()
    assert len(world.lake.history) == history
    assert len(world.desk.reads) == 3
    standing = world.standing()
    assert (standing.last_stage, standing.run_id) == ("done", "")
    assert standing.marks["live"] >= "2026-03-03T11:00:00Z"
    manifest = world.lake.manifests["tickets", "run_0001"]
    assert manifest["complete"] is True
    assert manifest["staged"] == {"files": 3, "folded_files": 3, "rows": 9, "folded_rows": 9}
    assert (manifest["counts"]["rows"], manifest["counts"]["created"]) == (9, 9)
    assert manifest["held"] == {"live": 9, "removed": 0}


def test_a_run_none_of_whose_rows_wait_has_no_folding() -> None:
    world = world_of(tickets=9)
    world.tick()
    world.settle()

    assert staged_keys(world) == set()
    assert {part.stage for part in parts_of(world, "run_0001")} == {Stage.PULLING, Stage.CLOSING}
    assert world.lake.manifests["tickets", "run_0001"]["staged"] == {
        "files": 0, "folded_files": 0, "rows": 0, "folded_rows": 0,
    }  # fmt: skip


def test_the_folding_is_shown_while_it_goes_on() -> None:
    world = staging_world()
    world.tick()
    pull(world)
    seen = []
    while (run := run_of(world)).stage is Stage.FOLDING:
        seen.append(progress(run, [], world.standing(), world.now())["percent"])
        world.deliver()

    assert seen[0] == 90.0
    assert seen == sorted(seen)
    assert any(90.0 < percent <= 99.0 for percent in seen)


def test_conversations_are_read_once_their_tickets_are_merged() -> None:
    world = staging_world("tickets", CONVERSATIONS)
    world.tick()
    pull(world)
    # The run of the conversations has not even begun
    assert world.standing(CONVERSATIONS).run_id == ""

    world.settle()

    assert sorted(world.held(CONVERSATIONS)) == [number * 10 for number in range(1, 10)]
    assert world.standing(CONVERSATIONS).complete_since
    # and of a later run only those of the tickets that changed
    world.desk.reads.clear()
    world.desk.second += 900
    world.desk.touch(4)
    world.desk.second += 900
    world.tick()
    world.settle()
    assert [one for one in world.desk.reads if CONVERSATIONS in one] == ["conversations of 4"]
    assert world.held(CONVERSATIONS)[40] == (2, State.LIVE)


def test_an_incremental_run_folds_what_was_deleted_too() -> None:
    world = staging_world(tickets=6)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2, State.DELETED)
    world.desk.touch(3)
    world.desk.second += 900

    (started,) = world.tick()
    world.settle()

    assert started.kind == Kind.INCREMENTAL.value
    assert world.held() == world.true()
    assert world.lake.manifests["tickets", started.run_id]["staged"]["rows"] >= 2


def test_a_full_run_folds_before_it_compares() -> None:
    world = staging_world(tickets=6)
    world.tick()
    world.settle()
    world.desk.second += 900
    (started,) = world.tick(forced=True, full=True)
    pull(world, started.run_id)
    assert world.reconciled == []

    world.settle()

    assert world.reconciled == [started.run_id]
    assert world.standing().last_stage == "done"


def folding(dies_at: int | None) -> World:
    """A first run and a later one, of tickets and conversations, with one death at most."""
    world = staging_world(
        "tickets", CONVERSATIONS, tickets=8, pages_at_a_time=2, stretch_pages=2, concurrency=3
    )
    world.with_one_death(dies_at)
    return world


def test_a_crash_at_each_single_step_of_a_folding_loses_nothing() -> None:
    whole = folding(None)
    assert whole.steps.taken > 200
    assert len(staged_keys(whole)) > 4

    for dies_at in range(0, 2 * whole.steps.taken, 11):
        world = folding(dies_at)

        assert world.held() == world.true(), dies_at
        had = {key: version for key, (version, _) in world.held(CONVERSATIONS).items()}
        live = [1, 3, 4, 5, 6, 7, 8]
        assert {key: had[key * 10] for key in live} == {
            key: world.true()[key][0] for key in live
        }, dies_at
        assert world.standing().last_stage == "done", dies_at
        assert world.standing().run_id == world.standing(CONVERSATIONS).run_id == "", dies_at
        assert not world.queue.messages


@settings(max_examples=25, deadline=None)
@given(
    dies_at=st.lists(st.integers(0, 200), min_size=1, max_size=5),
    changes=st.lists(
        st.tuples(st.integers(1, 14), st.sampled_from([State.LIVE, State.DELETED, State.SPAM])),
        max_size=10,
    ),
    pages_at_a_time=st.sampled_from([1, 2, 100]),
    rule=st.builds(
        StagingRule,
        buckets=st.just(1),
        rows_a_bucket=st.sampled_from([3, 1000]),
        rows=st.sampled_from([1, 2, 8]),
        bytes=st.just(10**6),
        fold_bytes=st.sampled_from([1, 400, 10**6]),
    ),
)
def test_whatever_waits_and_whoever_dies_nothing_is_lost(
    dies_at: list[int],
    changes: list[tuple[int, State]],
    pages_at_a_time: int,
    rule: StagingRule,
) -> None:
    # Given tickets that change while they are read, some to wait, and a process that keeps dying
    world = staging_world(
        "tickets",
        CONVERSATIONS,
        tickets=12,
        pages_at_a_time=pages_at_a_time,
        stretch_pages=2,
        staging=rule,
    )
    world.tick()

    # When the runs go on to their end
    world.live_through(changes, dies_at)

    # Then the lake has every ticket, in its latest version and state, and every conversation
    assert world.has_all()
    assert world.queue.messages == []


def large_world(tickets: int, **how: Any) -> World:
    """A world with the lake itself, whose tickets changed in no order of their ids."""
    world = world_of(lake_of=SteppedLake, concurrency=1, **how)
    world.desk.second -= tickets * 60
    for number in range(tickets):
        # Neighbours in time are 37 thousands apart.
        world.desk.touch(1 + number * 37_117 % (tickets * 1000))
        world.desk.second += 60
    return world


@settings(max_examples=15, deadline=None)
@given(
    dies_at=st.lists(st.integers(0, 120), max_size=3),
    pages_at_a_time=st.sampled_from([1, 3, 100]),
    fold_bytes=st.sampled_from([1, 700, 10**6]),
    changes=st.lists(st.tuples(st.integers(0, 11), st.sampled_from([*State][:3])), max_size=6),
)
def test_the_lake_itself_ends_as_if_nothing_had_waited(
    dies_at: list[int],
    pages_at_a_time: int,
    fold_bytes: int,
    changes: list[tuple[int, State]],
) -> None:
    worlds = []
    for rule in (replace(EVERY, fold_bytes=fold_bytes), StagingRule()):
        world = large_world(12, pages_at_a_time=pages_at_a_time, staging=rule)
        world.tick()
        for place, steps in enumerate(dies_at):
            world.steps.dies_at = 2 * world.steps.taken + steps
            world.settle(ticks=1)
            for number, state in changes[place::3]:
                world.desk.touch(sorted(world.desk.tickets)[number], state)
        world.steps.dies_at = None
        world.settle(ticks=2)
        assert world.held() == world.true()
        worlds.append(world)

    assert worlds[0].held() == worlds[1].held()


def test_a_bucket_is_written_once_however_many_batches_have_rows_of_it() -> None:
    # Given a first load in batches each of which has rows of all ten buckets
    writes = {}
    waiting = StagingRule(buckets=10, rows_a_bucket=100, rows=30)
    for rule in (waiting, StagingRule()):
        world = large_world(10, pages_at_a_time=10, staging=rule)
        for number in range(10, 300):
            world.desk.touch(1 + number * 37_117 % 10_000)
            world.desk.second += 60
        world.tick()
        world.settle()
        assert world.held() == world.true()
        written = [key for key in world.lake.files.asked("write") if "/tickets/" in key]
        assert len(set(written)) == 10
        writes[rule] = len(written)

    # Then each is written once, where it was once for each batch
    assert writes == {waiting: 10, StagingRule(): 100}


def test_what_a_run_with_a_failed_list_has_read_is_folded_before_it_ends() -> None:
    world = staging_world(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2)
    world.desk.second += 900
    world.tick()
    fail(world, "spam", "run_0002")

    world.settle()

    standing = world.standing()
    assert (standing.last_stage, standing.owed_run) == ("failed", "run_0002")
    assert world.held() == world.true()
    assert standing.marks["live"] >= "2026-03-03T12:15:00Z"
    manifest = world.lake.manifests["tickets", "run_0002"]
    assert (manifest["staged"]["files"], manifest["staged"]["folded_files"]) == (1, 1)
    # and what it takes in when it goes on is folded by itself
    world.desk.second += 90_000
    world.desk.touch(3)
    world.desk.second += 900
    (start,) = world.tick()
    assert start.state == "resumed"
    world.settle()
    assert world.held() == world.true()
    after = world.lake.manifests["tickets", "run_0002"]["staged"]
    assert (after["files"], after["folded_files"]) == (2, 2)
    assert after["folded_rows"] == after["rows"] > manifest["staged"]["rows"]


def test_a_list_that_fails_half_way_is_folded_as_far_as_it_was_read() -> None:
    # Given a list of which a third is read when its message fails for good
    world = staging_world()
    world.tick()
    world.deliver()
    fail(world, "live")
    assert run_of(world).stage is Stage.FOLDING

    world.settle()

    assert sorted(world.held()) == [1, 2, 3]
    standing = world.standing()
    assert (standing.last_stage, standing.owed_run) == ("failed", "run_0001")
    assert standing.marks["live"] == "2026-03-03T05:00:00Z"
    world.desk.second += 90_000
    assert world.tick()[0].state == "resumed"
    world.settle()
    assert world.held() == world.true()
    assert world.standing().last_stage == "done"


class Listener(Unwatched):
    """Remembers what it is told, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def told(self, changes: Sequence[Change]) -> None:
        """What is about to change."""
        self.heard += sorted(one.after.id for one in changes)

    def finish(self) -> None:
        """Everything is in."""
        self.heard.append("finished")


@pytest.mark.parametrize("failing", [False, True])
def test_who_is_told_hears_of_what_waited_and_then_that_all_is_in(failing: bool) -> None:
    world, listener = staging_world(tickets=6), Listener()
    world.reader = replace(world.reader, watcher=lambda _instance, _run: listener)
    world.tick()
    pull(world)
    assert listener.heard == []
    if failing:
        park_folds(world)

    world.settle()

    assert listener.heard == ([] if failing else [*"123456", "finished"])


def test_a_file_that_is_missing_fails_the_run_and_holds_its_marks() -> None:
    # Given a first run of which a staged file is lost
    world = staging_world()
    world.tick()
    pull(world)
    lost = max(staged_keys(world))
    kept = world.lake.files.stored.pop(lost)
    while run_of(world).stage is Stage.FOLDING:
        work = world.queue.messages[0]
        with pytest.raises(StagedFileUnusable, match="it is not there"):
            world.deliver()
        world.queue.messages.append(work)
        park_folds(world)

    standing = world.standing()
    assert (standing.last_stage, standing.owed_run) == ("failed", "run_0001")
    assert "staged_file_unusable" in standing.last_error
    assert "live" not in standing.marks
    manifest = world.lake.manifests["tickets", "run_0001"]
    assert (manifest["complete"], manifest["staged"]["folded_files"]) == (False, 0)
    assert manifest["proof"]["why"][0].startswith("3 parts of the run failed")
    assert [gap["feed"] for gap in manifest["proof"]["gaps"]] == ["live"]

    # Once it is there again, the run goes on and asks for what is new alone
    world.lake.files.stored[lost] = kept
    world.desk.reads.clear()
    world.desk.second += 90_000
    (start,) = world.tick()
    assert start.state == "resumed"
    world.settle()
    assert world.held() == world.true()
    assert len(world.desk.reads) == 1
    assert world.standing().last_stage == "done"
    assert "live" in world.standing().marks


def test_a_letter_of_the_folding_has_its_share_alone_folded_again() -> None:
    world = staging_world()
    world.tick()
    pull(world)
    first, *others = park_folds(world)
    for work in others:
        world.queue.messages.append(work)
    world.settle()
    assert world.standing().last_stage == "failed"
    before = {part.name: part for part in parts_of(world, "run_0001")}
    assert before[first.part].state is PartState.FAILED

    world.queue.messages.append(first)
    world.settle()

    after = {part.name: part for part in parts_of(world, "run_0001")}
    assert {work.part for work in others} == {
        name for name, part in after.items() if part == before.get(name)
    }
    assert world.standing().last_stage == "done"
    assert world.held() == world.true()
    assert len(world.desk.reads) == 3


def test_a_run_that_gave_up_folding_is_read_anew_by_the_next() -> None:
    # Given a later run whose rows cannot be folded, and that somebody lets go
    world = staging_world(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2)
    world.desk.second += 900
    world.tick()
    pull(world, "run_0002")
    park_folds(world, "run_0002")
    assert world.standing().owed_run == "run_0002"
    world.cancelling.cancel(world.instance.instance_id, "tickets")
    world.desk.second += 900

    (started,) = world.tick()
    world.settle()

    assert (started.state, started.kind) == ("started", "incremental")
    assert world.held() == world.true()


@pytest.mark.parametrize("stage", [Stage.PULLING, Stage.FOLDING])
def test_what_waited_in_a_run_that_was_cancelled_is_read_by_the_next(stage: Stage) -> None:
    world = staging_world(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2, State.DELETED)
    world.desk.touch(3)
    world.desk.second += 900
    world.tick()
    while (
        run_of(world, "run_0002").stage is not stage
        or not staged_keys(world)
        or (stage is Stage.PULLING and not any(p.staged for p in parts_of(world, "run_0002")))
    ):
        world.deliver()
    ended = world.cancelling.cancel(world.instance.instance_id, "tickets")
    assert ended is not None
    world.settle()
    assert world.held() != world.true()
    world.desk.second += 900

    (started,) = world.tick()
    world.settle()

    assert started.kind == "incremental"
    assert world.held() == world.true()


def test_a_folding_that_nobody_works_on_is_taken_over() -> None:
    world = staging_world()
    world.tick()
    pull(world)
    lost = [one.part for one in world.queue.messages]
    world.queue.messages.clear()
    world.desk.second += 2000

    (taken,) = world.tick()

    assert (taken.state, sorted(taken.parts)) == (
        "taken_over",
        sorted(part.name for part in parts_of(world, "run_0001") if part.state is PartState.OPEN),
    )
    assert set(lost) <= set(taken.parts)
    world.settle()
    assert world.held() == world.true()


def test_a_letter_of_a_list_waits_until_the_folding_is_over() -> None:
    # Given a list that cannot be read, and a folding that has begun
    world = staging_world(tickets=3)
    world.tick()
    world.settle()
    world.desk.second += 900
    world.desk.touch(2)
    world.desk.touch(3, State.SPAM)
    world.desk.second += 900
    world.tick()
    letter = SyncWork("run_0002", world.instance.instance_id, "tickets", run_of(
        world, "run_0002").started_at, "spam")  # fmt: skip
    fail(world, "spam", "run_0002")
    pull(world, "run_0002")
    assert run_of(world, "run_0002").stage is Stage.FOLDING

    # When its letter comes back just then
    world.queue.messages.insert(0, letter)
    assert world.deliver() is None
    world.settle()

    # Then it is read, and folded
    assert world.standing().last_stage == "done"
    assert world.held() == world.true()


def test_what_a_worker_staged_before_it_died_is_not_written_over() -> None:
    world = staging_world()
    world.tick()
    run = run_of(world)
    before = world.lake.staged(run.instance_id, world.wanted()[0].object, run.run_id)
    before.write(("live", 0), [])

    world.settle()

    assert world.held() == world.true()
    (live,) = [part for part in parts_of(world, "run_0001") if part.feed]
    assert (live.staged, live.folded) == (4, 4)


def test_rows_that_may_be_in_the_view_from_before_do_not_wait() -> None:
    # Given a worker that died when a batch was merged, before its conversations were queued
    world = staging_world("tickets", CONVERSATIONS, tickets=3)
    world.tick()
    (part,) = [one for one in parts_of(world, "run_0001") if one.feed]
    run = run_of(world)
    world.store.claim(run, part.name, "dead", world.desk.second)
    world.store.save(run, replace(part, merging=3), "dead", 0.0)

    world.settle()

    assert staged_keys(world) == set()
    assert len(world.held(CONVERSATIONS)) == 3
