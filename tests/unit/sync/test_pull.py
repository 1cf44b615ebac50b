"""What a pull leaves in the lake is what the account holds, whatever happens meanwhile."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import ProviderDown
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshdesk.paging import TICKET_PAGE_LIMIT, Page
from freshbridge.sync.cursor import Cursor
from freshbridge.sync.lake import encode, object_key
from freshbridge.sync.plan import plan
from freshbridge.sync.pull import Progress, TooManyAtOnce, UnknownObject, pull_tickets
from tests import builders
from tests.fakes.helpdesk import MovingHelpdesk
from tests.fakes.sync_state import Crash, FakeCursors, FakeLake

# A step of the world outside: tickets touched in one second, deleted, or seconds passing.
STEP = st.one_of(
    st.tuples(st.just("touch"), st.lists(st.integers(1, 12), max_size=12)),
    st.tuples(st.just("delete"), st.lists(st.integers(1, 12), max_size=2)),
    st.tuples(st.just("pass"), st.sampled_from([[1], [2], [90]])),
)


class World:
    """An account, a lake and a cursor store; runs pulls until nothing is left."""

    def __init__(self, *, page_size: int = 3, crash_at: int | None = None) -> None:
        self.desk = MovingHelpdesk(page_size)
        self.lake = FakeLake()
        self.cursors = FakeCursors(crash_at)
        self.runs = 0

    def happen(self, step: tuple[str, list[int]]) -> None:
        what, numbers = step
        for number in numbers:
            if what == "touch":
                self.desk.touch(number)
            elif what == "delete":
                self.desk.delete(number)
            else:
                self.desk.second += number

    def pull(self, *, pages_at_a_time: int = 1) -> Progress:
        """One run, its messages one after another, each of a bounded number of pages."""
        self.runs += 1
        work = builders.sync_work(run_id=f"run_{self.runs}")
        for _ in range(500):
            left = iter(range(pages_at_a_time - 1))

            def may_go_on(left: Iterator[int] = left) -> bool:
                self.desk.served()
                return next(left, None) is not None

            try:
                progress = pull_tickets(
                    cast("FreshdeskClient", self.desk),
                    work,
                    lake=self.lake,
                    cursors=self.cursors,
                    may_go_on=may_go_on,
                    now=self.desk.now,
                )
            except Crash:
                continue  # the message comes again
            if progress.finished:
                return progress
        raise AssertionError("the pull does not end")


@given(
    before=st.lists(STEP, max_size=6),
    during=st.lists(STEP, max_size=25),
    page_size=st.integers(1, 4),
    crash_at=st.none() | st.integers(0, 12),
    pages_at_a_time=st.integers(1, 4),
)
def test_nothing_is_missing_and_nothing_stale_once_the_account_is_quiet(
    before: list[tuple[str, list[int]]],
    during: list[tuple[str, list[int]]],
    page_size: int,
    crash_at: int | None,
    pages_at_a_time: int,
) -> None:
    # Given an account whose tickets are updated, several in one second, between the pages
    world = World(page_size=page_size, crash_at=crash_at)
    for step in before:
        world.happen(step)
    steps = iter(during)
    world.desk.between = lambda: world.happen(next(steps, ("touch", [])))

    # When it is pulled while it moves, and once more when it has been quiet for a while
    world.pull(pages_at_a_time=pages_at_a_time)
    for step in steps:
        world.happen(step)
    world.desk.second += 120
    world.pull(pages_at_a_time=pages_at_a_time)

    # Then the lake has the newest version of every ticket that the account has
    newest = world.lake.newest_versions()
    assert {key: newest.get(key) for key in world.desk.versions()} == world.desk.versions()


def test_tickets_that_move_up_within_a_second_longer_than_a_page_are_not_skipped() -> None:
    # Given ten tickets of one second, in pages of three, and one after them
    world = World(page_size=3)
    for number in range(1, 11):
        world.desk.touch(number)
    world.desk.second = 5
    world.desk.touch(11)
    world.desk.second = 200

    # When the first three are updated after the second's first page was read, so that the others
    # move up by one page
    def update_once() -> None:
        if world.desk.calls == 2:
            for number in (1, 2, 3):
                world.desk.touch(number)

    world.desk.between = update_once
    world.pull()

    # Then one single run has them all
    assert world.lake.newest_versions() == world.desk.versions()


def test_a_ticket_updated_twice_within_one_second_is_not_left_stale() -> None:
    world = World()
    world.desk.touch(1)
    world.pull()
    world.desk.touch(1)  # in the same second, after it was read

    world.desk.second += 120
    world.pull()

    assert world.lake.newest_versions() == {1: 2}


def test_a_quiet_account_costs_one_call_and_no_object_a_run() -> None:
    world = World(page_size=10)
    for number in range(1, 6):
        world.desk.touch(number)
    world.desk.second = 300
    world.pull()
    calls, objects = world.desk.calls, len(world.lake.objects)

    progress = world.pull()

    assert progress == Progress(rows=0, pages=1, finished=True)
    assert world.desk.calls == calls + 1
    assert len(world.lake.objects) == objects


def test_the_pages_come_in_as_many_messages_as_the_time_asks_for() -> None:
    world = World(page_size=2)
    for number in range(1, 8):
        world.desk.second = number
        world.desk.touch(number)
    world.desk.second = 300
    work = builders.sync_work()
    client = cast("FreshdeskClient", world.desk)

    first = pull_tickets(
        client,
        work,
        lake=world.lake,
        cursors=world.cursors,
        may_go_on=lambda: False,
        now=world.desk.now,
    )
    rest = pull_tickets(
        client,
        work,
        lake=world.lake,
        cursors=world.cursors,
        may_go_on=lambda: True,
        now=world.desk.now,
    )

    assert first == Progress(rows=2, pages=1, finished=False)
    assert rest.finished
    assert rest.rows == 5
    assert world.cursors.progress[-1]["run_id"] == "run_0001"
    assert world.lake.newest_versions() == world.desk.versions()


class OnePage:
    """A client that serves one prepared page for every question."""

    def __init__(self, records: list[dict[str, Any]], following: str | None = None) -> None:
        self.page = Page(records, 1, following, None)

    def tickets(self, _params: object, *, page: int) -> Iterator[Page]:
        assert page <= TICKET_PAGE_LIMIT
        yield self.page


def pull_from(client: OnePage, *, cursor: Cursor | None = None, name: str = "tickets") -> Progress:
    cursors = FakeCursors()
    if cursor:
        cursors.stored[builders.INSTANCE_ID, "tickets"] = cursor
    return pull_tickets(
        cast("FreshdeskClient", client),
        builders.sync_work(object=name),
        lake=FakeLake(),
        cursors=cursors,
        may_go_on=lambda: False,
        now=lambda: builders.RECEIVED_AT,
    )


def test_an_unknown_object_is_refused() -> None:
    with pytest.raises(UnknownObject, match="tickets"):
        pull_from(OnePage([]), name="agents")


def test_a_page_out_of_order_is_asked_for_again_later() -> None:
    page = [
        {"id": 1, "updated_at": "2026-03-03T12:00:02Z"},
        {"id": 2, "updated_at": "2026-03-03T12:00:01Z"},
    ]
    with pytest.raises(ProviderDown, match="order"):
        pull_from(OnePage(page))


def test_a_second_that_the_list_cannot_be_paged_through_is_told() -> None:
    beyond = Cursor(builders.RECEIVED_AT, TICKET_PAGE_LIMIT + 1)

    with pytest.raises(TooManyAtOnce, match="30000"):
        pull_from(OnePage([]), cursor=beyond)


# Lone surrogates too: JSON can escape them, and one ticket's must not stop a sync.
TEXT = st.text(st.characters())


@given(st.lists(st.dictionaries(TEXT, TEXT | st.integers() | st.none())))
def test_the_same_records_always_give_the_same_bytes(records: list[dict[str, Any]]) -> None:
    body = encode(records)

    assert body == encode(json.loads(json.dumps(records)))
    lines = gzip.decompress(body).decode().split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(records)


def test_a_page_s_name_tells_run_and_cursor() -> None:
    work = builders.sync_work()
    cursor = Cursor("2026-03-03T12:02:40Z", 2)

    key = object_key(work, cursor)

    assert key == (
        f"{builders.INSTANCE_ID}/tickets/history/run=run_0001/"
        "since=20260303T120240Z-page-00002.jsonl.gz"
    )
    others = {
        object_key(builders.sync_work(run_id="run_2"), cursor),
        object_key(work, Cursor(cursor.since, 3)),
        object_key(work, Cursor("2026-03-03T12:02:41Z", 2)),
        object_key(work, Cursor(cursor.since, 2, again=True)),
    }
    assert len(others | {key}) == 5


def test_a_plan_names_every_object_of_every_enabled_instance() -> None:
    instances = [
        builders.instance(instance_id="ins_a", sync_objects=("tickets", "contacts")),
        builders.instance(instance_id="ins_b", disabled=True),
        builders.instance(instance_id="ins_c", sync_objects=()),
        builders.instance(instance_id="ins_d"),
    ]

    work = list(plan(instances, run_id="run_1", started_at=builders.RECEIVED_AT))

    assert [(w.instance_id, w.object) for w in work] == [
        ("ins_a", "tickets"),
        ("ins_a", "contacts"),
        ("ins_d", "tickets"),
    ]
    assert {(w.run_id, w.started_at) for w in work} == {("run_1", builders.RECEIVED_AT)}


def test_a_plan_reads_more_for_who_wants_changes_told() -> None:
    wanted = {"event.notification.enabled": "true", "event.vendor.type": "polling"}
    told = builders.instance(configuration=wanted)

    work = list(plan([told], run_id="run_1", started_at=builders.RECEIVED_AT))

    assert [w.object for w in work] == ["tickets", "deleted_tickets", "contacts"]
