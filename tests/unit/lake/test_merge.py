"""Any order of merges ends in the same view; what a merge did is told right."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.lake.bringing_up import (
    LONGEST_PAUSE_S,
    TRIES,
    BucketContended,
    DamagedFile,
)
from freshbridge.lake.lake import Lake
from freshbridge.lake.merge import wins
from freshbridge.lake.rows import Change, Merged, Row, State
from freshbridge.sync.objects import OBJECTS, SyncObject
from tests.fakes.lake_files import Died, MemoryFiles

TICKETS, CONVERSATIONS = OBJECTS["tickets"], OBJECTS["conversations"]
INSTANCE = "inst-1"
CURRENT = "inst-1/tickets/current/000000000.jsonl.gz"
REMOVED = "inst-1/tickets/removed/000000000.jsonl.gz"


def row(
    number: int, updated: int = 1, seen: int = 1, state: State = State.LIVE, text: str = ""
) -> Row:
    """A version of a ticket; `updated` and `seen` are seconds."""
    body = json.dumps({"id": number, "text": text or f"{updated}"}).encode()
    return Row(str(number), _time(updated, "Z"), _time(seen, ".000000Z"), state, body)


def child(number: int, parent: int, seen: int = 1) -> Row:
    return replace(row(number, seen=seen), parent=str(parent))


def _time(seconds: int, end: str) -> str:
    return f"2026-11-22T10:{seconds // 60:02d}:{seconds % 60:02d}{end}"


class World:
    """A lake in memory."""

    def __init__(self) -> None:
        self.files = MemoryFiles()
        self.slept: list[float] = []
        self.lake = Lake("lake", files=self.files, sleep=self.slept.append, chance=lambda: 1.0)

    def merge(
        self, *rows: Row, obj: SyncObject = TICKETS, run_id: str = "r1", keep_seen: bool = False
    ) -> Merged:
        return self.lake.merge(INSTANCE, obj, rows, run_id=run_id, keep_seen=keep_seen)

    def held(self, obj: SyncObject = TICKETS) -> list[Row]:
        """Both sides of the view without the runs, and that no record is on both."""
        rows = [
            replace(one, run_id="")
            for removed in (False, True)
            for one in self.lake.rows(INSTANCE, obj, removed=removed)
        ]
        assert len({one.id for one in rows}) == len(rows)
        assert all((one.state is State.LIVE) == (one in rows) for one in self.live(obj))
        return sorted(rows, key=lambda one: int(one.id))

    def counted(self) -> int:
        """The rows of both sides, as the files' numbers say."""
        return sum(self.lake.counts(INSTANCE, TICKETS).values())

    def live(self, obj: SyncObject = TICKETS) -> list[Row]:
        return [replace(one, run_id="") for one in self.lake.rows(INSTANCE, obj)]


def latest(rows: Iterable[Row]) -> list[Row]:
    """What must be held after all these, worked out without any file."""
    found: dict[str, Row] = {}
    for one in rows:
        if one.id not in found or wins(one, found[one.id]):
            found[one.id] = one
    return sorted(found.values(), key=lambda one: int(one.id))


def versions_of(*numbers: int) -> st.SearchStrategy[Row]:
    """Versions of these tickets, of which many tie."""
    return st.builds(
        row,
        st.sampled_from(numbers),
        st.integers(1, 4),
        st.integers(1, 6),
        st.sampled_from([State.LIVE, State.LIVE, State.DELETED, State.SPAM]),
        st.sampled_from(["a", "b"]),
    )


ONE_BUCKET = versions_of(1, 2, 3)


@settings(max_examples=50)
@given(data=st.data(), versions=st.lists(versions_of(1, 2, 1001), max_size=12))
def test_no_order_repetition_or_cutting_of_merges_matters(
    data: st.DataObject, versions: list[Row]
) -> None:
    # Given the versions in any order, some of them again, in batches of any size
    arriving = data.draw(st.permutations(versions))
    arriving = (
        [*arriving, *data.draw(st.lists(st.sampled_from(versions), max_size=4))]
        if (versions)
        else []
    )
    world = World()

    while arriving:
        size = data.draw(st.integers(1, len(arriving)))
        world.merge(*arriving[:size], keep_seen=True)
        arriving = arriving[size:]

    assert world.held() == latest(versions)
    assert world.lake.counts(INSTANCE, TICKETS) == {
        "live": sum(one.state is State.LIVE for one in latest(versions)),
        "removed": sum(one.state is not State.LIVE for one in latest(versions)),
    }


@settings(max_examples=50)
@given(
    data=st.data(),
    first=st.lists(ONE_BUCKET, max_size=6),
    ours=st.lists(ONE_BUCKET, min_size=1, max_size=6),
    theirs=st.lists(ONE_BUCKET, min_size=1, max_size=6),
)
def test_two_workers_and_a_death_at_any_write_lose_nothing(
    data: st.DataObject, first: list[Row], ours: list[Row], theirs: list[Row]
) -> None:
    # Given a second worker that merges in between two of our writes, and our death at another
    world = World()
    if first:
        world.merge(*first, keep_seen=True)
    interrupted_at = data.draw(st.integers(1, 4))
    died_at = data.draw(st.integers(1, 6))
    begun = world.files.writes
    interrupted = False

    def in_between(number: int) -> None:
        nonlocal interrupted
        if number - begun == died_at:
            raise Died
        if not interrupted and number - begun >= interrupted_at:
            interrupted = True
            world.files.before_write = lambda _: None
            world.merge(*theirs, keep_seen=True)
            world.files.before_write = in_between

    world.files.before_write = in_between
    try:
        world.merge(*ours, keep_seen=True)
        assert world.counted() == len(world.held()), "a record lies on both sides"
    except Died:
        # Then whatever was held in the meantime is there once, and in no older version
        found = {one.id: one for one in world.held()}
        for one in latest(first):
            assert not wins(one, found[one.id])
    world.files.before_write = lambda _: None
    if not interrupted:
        world.merge(*theirs, keep_seen=True)

    # When our page is read again
    world.merge(*ours, keep_seen=True)

    assert world.held() == latest([*first, *ours, *theirs])
    assert world.counted() == len(world.held())


def test_a_merge_tells_what_differs_from_what_was_held() -> None:
    world = World()
    world.merge(row(1), row(2, updated=5), row(3))

    merged = world.merge(row(1, seen=2), row(2, updated=4, seen=2), row(3, updated=2), row(4))

    by_id = {one.after.id: one for one in merged.changes}
    assert (merged.unchanged, merged.stale, merged.buckets) == (1, 1, 1)
    assert set(by_id) == {"3", "4"}
    assert by_id["4"] == Change(None, replace(row(4), run_id="r1"))
    assert by_id["3"].before == replace(row(3), run_id="r1")


def test_versions_of_one_record_in_one_merge_are_one_change() -> None:
    world = World()
    world.merge(row(1))

    merged = world.merge(row(1, 2), row(1, 3, state=State.SPAM), row(1, 4), run_id="r2")

    (change,) = merged.changes
    assert change.before == replace(row(1), run_id="r1")
    assert change.after == replace(row(1, 4), run_id="r2")


def test_a_bucket_in_which_nothing_changed_is_not_written() -> None:
    world = World()
    world.merge(row(1), row(2))

    merged = world.merge(row(1, seen=9), row(2, updated=0))

    assert (merged.buckets, len(world.files.asked("write"))) == (0, 1)
    assert [one.seen_at for one in world.live()] == [row(1).seen_at] * 2


def test_a_full_run_notes_that_unchanged_rows_were_seen() -> None:
    world = World()
    world.merge(row(1), row(2), row(3), run_id="r1")

    merged = world.merge(row(1, seen=9), row(2, seen=8), run_id="r2", keep_seen=True)

    assert (merged.unchanged, merged.changes, merged.buckets) == (2, [], 1)
    found = list(world.lake.not_seen_since(INSTANCE, TICKETS, row(1, seen=8).seen_at))
    assert [one.id for one in found] == ["3"]
    # The run is the one that brought the version
    assert {one.run_id for one in world.lake.rows(INSTANCE, TICKETS)} == {"r1"}


def test_a_bucket_that_is_written_anyway_notes_what_was_seen_too() -> None:
    world = World()
    world.merge(row(1), row(2, state=State.SPAM))

    world.merge(row(1, seen=9), row(2, seen=9, state=State.SPAM), row(3))

    assert world.held() == [row(1, seen=9), row(2, state=State.SPAM), row(3)]


def test_a_tombstone_beats_older_rows_and_newer_rows_restore() -> None:
    world = World()
    world.merge(row(1, updated=1))

    world.merge(row(1, updated=2, seen=5, state=State.DELETED))
    world.merge(row(1, updated=1, seen=9), row(1, updated=2, seen=4))
    deleted = world.held()
    world.merge(row(1, updated=2, seen=6, text="back"))

    assert [one.state for one in deleted] == [State.DELETED]
    assert [(one.state, one.record["text"]) for one in world.held()] == [(State.LIVE, "back")]


def test_a_tombstone_keeps_what_was_last_known() -> None:
    world = World()
    world.merge(row(1, text="known"))
    gone = Row("1", row(1).updated_at, row(1, seen=5).seen_at, State.GONE)

    (change,) = world.merge(gone).changes
    repeated = world.merge(gone)

    assert change.after.record == {"id": 1, "text": "known"}
    assert (repeated.changes, repeated.unchanged) == ([], 1)
    assert [one.record["text"] for one in world.held()] == ["known"]


def test_a_tombstone_of_the_unknown_takes_what_comes_to_be_known() -> None:
    world = World()
    world.merge(Row("1", row(1, 5).updated_at, row(1).seen_at, State.DELETED))

    merged = world.merge(row(1, updated=2, text="late"))

    assert (merged.stale, merged.changes) == (1, [])
    assert [(one.state, one.record["text"]) for one in world.held()] == [(State.DELETED, "late")]


def test_what_others_write_between_two_writes_of_ours_is_seen() -> None:
    # Given that we find a record deleted and another live, and others the first one live
    world = World()

    def other(number: int) -> None:
        if number == 2:
            world.files.before_write = lambda _: None
            world.merge(row(3))

    world.files.before_write = other
    world.merge(row(1), row(3, state=State.DELETED))

    assert world.counted() == len(world.held()) == 2
    assert [one.state for one in world.held()] == [State.LIVE, State.DELETED]


# --- children ------------------------------------------------------------------------------------


def whole(world: World, rows: list[Row], parents: dict[int, int]) -> Merged:
    return world.lake.merge(
        INSTANCE,
        CONVERSATIONS,
        rows,
        run_id="r2",
        whole={str(one): _time(seen, ".000000Z") for one, seen in parents.items()},
    )


def test_children_that_a_whole_parent_has_no_more_are_gone() -> None:
    # Given two tickets' conversations, and another's whose id is no neighbour
    world = World()
    world.merge(
        child(1, 7), child(2, 7), child(3, 8), child(4, 9000), child(5, 7, seen=9),
        obj=CONVERSATIONS,
    )  # fmt: skip

    # When one ticket is read whole, and one that has none left
    merged = whole(world, [child(1, 7, seen=5)], {7: 5, 9000: 5})

    # Then what they have no more is gone; what came since they were read is not
    assert {one.after.id: one.after.state for one in merged.changes} == dict.fromkeys(
        ("2", "4"), State.GONE
    )
    assert [one.id for one in world.live(CONVERSATIONS)] == ["1", "3", "5"]
    assert {one.before.parent for one in merged.changes if one.before} == {"7", "9000"}
    # And an older reading of the same child does not bring it back
    world.merge(child(2, 7, seen=4), obj=CONVERSATIONS)
    assert [one.id for one in world.live(CONVERSATIONS)] == ["1", "3", "5"]


def test_a_tombstone_without_its_parent_keeps_the_one_that_was_known() -> None:
    world = World()
    world.merge(child(1, 7), obj=OBJECTS["contacts"])

    world.merge(replace(row(1, 2), state=State.GONE), obj=OBJECTS["contacts"])

    (held,) = world.lake.rows(INSTANCE, OBJECTS["contacts"], removed=True)
    assert (held.parent, held.state) == ("7", State.GONE)


# --- files ---------------------------------------------------------------------------------------


def test_what_moves_is_where_it_goes_before_it_is_out_of_where_it_was() -> None:
    # Given one live record and one tombstone that change their sides in one merge
    world = World()
    world.merge(row(1), row(2, state=State.SPAM))
    seen: list[tuple[int, int]] = []

    def count(_: int) -> None:
        seen.append((len(world.live()), len(world.held())))

    world.files.before_write = count
    world.merge(row(1, 2, state=State.DELETED), row(2, 2))

    assert seen == [(1, 2), (0, 2), (1, 2)]
    assert [one.state for one in world.held()] == [State.DELETED, State.LIVE]


def test_what_died_between_its_writes_is_mended_by_the_next_merge_of_anything() -> None:
    world = World()
    world.merge(row(1), row(2))

    def die(number: int) -> None:
        if number == 3:
            raise Died

    world.files.before_write = die
    with pytest.raises(Died):
        world.merge(row(1, 2, state=State.DELETED))
    assert [one.state for one in world.held()] == [State.DELETED, State.LIVE]
    world.files.before_write = lambda _: None

    world.merge(row(3))

    assert world.lake.counts(INSTANCE, TICKETS) == {"live": 2, "removed": 1}


def test_what_died_while_it_was_restored_is_mended_too() -> None:
    world = World()
    world.merge(row(1, state=State.SPAM))

    def die(number: int) -> None:
        if number == 3:
            raise Died

    world.files.before_write = die
    with pytest.raises(Died):
        world.merge(row(1, 2))
    assert [one.state for one in world.held()] == [State.LIVE]
    world.files.before_write = lambda _: None

    world.merge(row(2))

    assert world.lake.counts(INSTANCE, TICKETS) == {"live": 2, "removed": 0}


def test_a_change_whose_write_met_its_own_repetition_is_told() -> None:
    world = World()
    world.files.lose_answer_of = {1}

    merged = world.merge(row(1))

    assert [one.after.id for one in merged.changes] == ["1"]
    assert (merged.unchanged, merged.buckets) == (0, 1)
    assert world.slept == [LONGEST_PAUSE_S / 4]


def test_a_bucket_that_others_write_each_time_is_left_for_later() -> None:
    world = World()
    count = [0]

    def others(_: int) -> None:
        count[0] += 1
        world.files.before_write = lambda _: None
        world.merge(row(2, updated=count[0]))
        world.files.before_write = others

    world.files.before_write = others
    with pytest.raises(BucketContended, match=f"written by others {TRIES} times") as raised:
        world.merge(row(1))

    assert raised.value.after == 30
    assert world.slept == [LONGEST_PAUSE_S * min(1, n / 4) for n in range(1, TRIES)]


def test_changes_are_told_before_they_are_written() -> None:
    world = World()
    told: list[tuple[list[str], int]] = []

    def tell(changes: Iterable[Change]) -> None:
        told.append(([one.after.id for one in changes], len(world.files.asked("write"))))

    for _ in range(2):
        world.lake.merge(INSTANCE, TICKETS, [row(1), row(2)], run_id="r1", tell=tell)

    assert told == [(["1", "2"], 0)]


def test_the_client_is_made_before_threads_share_it() -> None:
    world = World()

    world.merge(row(1), row(5000))

    assert world.files.calls[0][0] == "open"


def test_many_buckets_are_listed_rather_than_asked_one_by_one() -> None:
    world = World()
    world.merge(row(1000))
    world.files.calls.clear()

    merged = world.merge(*(row(number * 1000) for number in range(40)))

    assert merged.buckets == 39
    assert len(world.files.asked("list")) == 2
    assert world.files.asked("read") == ["inst-1/tickets/current/000000001.jsonl.gz"]
    assert len(world.held()) == 40


def test_a_bucket_that_appears_after_the_listing_is_not_overwritten() -> None:
    world = World()

    def other(_: int) -> None:
        world.files.before_write = lambda _: None
        world.merge(row(5001))

    world.files.before_write = other
    world.merge(*(row(number * 1000) for number in range(40)))

    assert len(world.held()) == 41


def test_counts_ask_only_for_what_was_written_since() -> None:
    world = World()
    world.merge(*(row(number * 1000) for number in range(40)))
    first = world.lake.counts(INSTANCE, TICKETS)
    world.merge(row(1001))
    world.files.calls.clear()

    counts = world.lake.counts(INSTANCE, TICKETS)

    assert (first["live"], counts["live"]) == (40, 41)
    assert len(world.files.asked("look")) == 1


def test_a_damaged_file_is_named_and_not_overwritten() -> None:
    world = World()
    world.merge(row(1))
    world.files.stored[CURRENT] = (b"no gzip", 1)

    with pytest.raises(DamagedFile, match=r"current/000000000\.jsonl\.gz"):
        world.merge(row(2))
    with pytest.raises(DamagedFile, match=r"current/000000000\.jsonl\.gz"):
        world.live()
    assert world.files.stored[CURRENT] == (b"no gzip", 1)


def test_one_record_is_found_by_its_bucket() -> None:
    world = World()
    world.merge(row(1), row(2, state=State.SPAM), row(5001))
    world.files.calls.clear()

    found = world.lake.find(INSTANCE, TICKETS, "1")

    assert found is not None
    assert found.record == row(1).record
    assert all(key in (CURRENT, REMOVED) for _, key in world.files.calls)
    assert world.lake.find(INSTANCE, TICKETS, "2") is None
    assert world.lake.find(INSTANCE, TICKETS, "9000") is None


def test_nothing_to_merge_asks_nothing() -> None:
    world = World()

    assert world.merge() == Merged()
    assert world.files.calls == []
