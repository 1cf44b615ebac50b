"""Whatever dies on the way, every change that a run finds is told once, and no first load."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge import timestamps
from freshbridge.events import delivery
from freshbridge.events.reading import event_of
from freshbridge.lake.encoding import row_of
from freshbridge.lake.rows import State
from freshbridge.queues.envelope import ReceivedEvent
from freshbridge.queues.publish import Publisher
from freshbridge.sync.change_events import RecordState
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.polling import Polling
from freshbridge.sync.record_states import RecordStates, TellingState
from freshbridge.sync.telling import Telling, can_tell
from tests import builders
from tests.fakes.lake_files import Died
from tests.fakes.memory_lake import MemoryLake

TICKETS = OBJECTS["tickets"]
START = timestamps.from_text("2026-03-03T00:00:00Z").timestamp()
STEP = st.lists(st.integers(1, 5), max_size=4)
DEATHS = st.lists(st.integers(0, 5), max_size=5)


class Deaths:
    """Counts down the moments at which the function dies; the numbers are moments in between."""

    def __init__(self, moments: Iterable[int]) -> None:
        self._left = list(moments)

    def perhaps(self) -> None:
        """Die if it is time to."""
        if self._left and self._left[0] == 0:
            self._left.pop(0)
            raise Died
        if self._left:
            self._left[0] -= 1


class States:
    """Record states with memory."""

    def __init__(self, deaths: Deaths) -> None:
        self.kept: dict[tuple[str, str], RecordState] = {}
        self.state: TellingState | None = None
        self._deaths = deaths

    def telling(self, *_of: str) -> TellingState | None:
        """Since when changes are told."""
        return self.state

    def note_telling(self, _instance: str, _name: str, state: TellingState) -> None:
        """Note it."""
        self.state = state

    def load(self, _instance: str, name: str, ids: Iterable[str]) -> dict[str, RecordState]:
        """Those that are kept."""
        return {one: self.kept[name, one] for one in ids if (name, one) in self.kept}

    def save(self, _instance: str, name: str, states: dict[str, RecordState]) -> None:
        """Keep each, or die before, in the middle or after."""
        for one, state in states.items():
            self._deaths.perhaps()
            self.kept[name, one] = state
        self._deaths.perhaps()


class Queue:
    """An event queue with memory."""

    def __init__(self, deaths: Deaths) -> None:
        self.events: list[ReceivedEvent] = []
        self._deaths = deaths

    def publish_all(self, envelopes: Iterable[tuple[str, ReceivedEvent]]) -> int:
        """Take each, or die in the middle."""
        taken = 0
        for _name, envelope in envelopes:
            self._deaths.perhaps()
            self.events.append(envelope)
            taken += 1
        return taken


class World:
    """An account whose changes are told, copied to a lake or not."""

    def __init__(self, deaths: Iterable[int] = (), *, copied: bool = True) -> None:
        self.dying = Deaths(deaths)
        self.states, self.queue = States(self.dying), Queue(self.dying)
        self.lake = MemoryLake()
        self.lake.files.before_write = lambda _number: self.dying.perhaps()
        self.copied = copied
        self.account: dict[int, dict[str, Any]] = {}
        self.second = 0

    def now(self) -> str:
        """The present."""
        return timestamps.to_text(timestamps.from_epoch(START + self.second))

    def touch(self, number: int, **fields: Any) -> None:
        """Create or update a ticket."""
        self.second += 1
        new = {"id": number, "version": 0, "created_at": self.now(), "status": 2}
        held = self.account.get(number, new)
        self.account[number] = {
            **held, "version": held["version"] + 1, "updated_at": self.now(), **fields,
        }  # fmt: skip

    def telling(self) -> Telling:
        """Who tells in one invocation."""
        return Telling(
            builders.instance(),
            "tickets",
            Polling(),
            states=cast("RecordStates", self.states),
            events=cast("Publisher", self.queue),
            now=self.now,
            copied=self.copied,
        )

    def run(self, *, finish: bool = True, **states: State) -> Telling:
        """One run over everything, brought to its end through every death."""
        self.second += 100
        for _ in range(100):
            telling = self.telling()
            try:
                telling.begin()
                self._read(telling, states)
                if finish:
                    telling.finish()
            except Died:
                continue
            return telling
        raise AssertionError("the run does not end")

    def _read(self, telling: Telling, states: dict[str, State]) -> None:
        seen_at = self.now()
        if not self.copied:
            telling.page(list(self.account.values()), seen_at)
            return
        rows = [
            row_of(TICKETS, one, seen_at=seen_at, state=states.get(f"t{number}", State.LIVE))
            for number, one in self.account.items()
        ]
        self.lake.merge("1", TICKETS, rows, run_id="run", tell=telling.told)

    def routed(self) -> list[dict[str, Any]]:
        """What the router makes news of, in order: what is told twice has gone."""
        histories: dict[Any, delivery.History] = {}
        news = []
        for place, received in enumerate(self.queue.events):
            event = event_of(received)
            known = histories.get(event.ticket["id"], ())
            came = delivery.delivery_of(event, received.body, at=1.8e9 + place)
            verdict, histories[event.ticket["id"]] = delivery.judge(known, came)
            if not verdict.duplicate_of:
                told = {k: v for k, v in event.changes.items() if k not in verdict.told}
                news.append(replace(event, changes=told).as_dict())
        return news


@settings(max_examples=50, deadline=None)
@given(before=STEP, runs=st.lists(STEP, min_size=1, max_size=4), deaths=DEATHS)
def test_every_change_that_a_run_finds_in_the_lake_is_told_once_through_all_deaths(
    before: list[int], runs: list[list[int]], deaths: list[int]
) -> None:
    # Given an account that was loaded, through deaths of the function
    world = World(deaths)
    for number in before:
        world.touch(number)
    world.run()
    assert world.queue.events == []

    # When tickets change between runs
    wanted: list[tuple[int, int]] = []
    for step in runs:
        was = {number: one["version"] for number, one in world.account.items()}
        for number in step:
            world.touch(number)
        world.run()
        wanted += [
            (number, one["version"])
            for number, one in world.account.items()
            if was.get(number) != one["version"]
        ]

    # Then each run told each ticket that had changed, with what it was, and no other
    news = world.routed()
    assert sorted((one["ticket"]["id"], one["ticket"]["version"]) for one in news) == sorted(wanted)
    for one in news:
        if one["type"] == "ticket_updated":
            assert one["changes"]["version"]["to"] == one["ticket"]["version"]
            assert one["changes"]["version"]["from"] is not None
        else:
            assert one["type"] == "ticket_created"


@settings(max_examples=50, deadline=None)
@given(before=STEP, runs=st.lists(STEP, min_size=1, max_size=4), deaths=DEATHS)
def test_so_it_is_of_what_is_told_only(
    before: list[int], runs: list[list[int]], deaths: list[int]
) -> None:
    world = World(deaths, copied=False)
    for number in before:
        world.touch(number)
    world.run()
    assert world.queue.events == []
    loaded = {number: one["version"] for number, one in world.account.items()}

    for step in runs:
        for number in step:
            world.touch(number)
        world.run()

    heard: dict[int, int] = {}
    for one in world.routed():
        number, version = one["ticket"]["id"], one["ticket"]["version"]
        assert version > heard.get(number, 0)
        heard[number] = version
    now = {number: one["version"] for number, one in world.account.items()}
    assert heard == {n: v for n, v in now.items() if loaded.get(n) != v}


def test_nothing_of_the_lake_changes_that_was_not_told_before() -> None:
    world = World()
    world.touch(1)
    world.run()
    world.touch(1)
    world.dying = Deaths([])
    world.queue._deaths = Deaths([0])
    world.run()

    assert world.lake.live("tickets")["1"]["version"] == 2
    assert [one["ticket"]["version"] for one in world.routed()] == [2]


def test_two_workers_that_meet_at_one_file_tell_the_same_change_once() -> None:
    world = World()
    world.touch(1)
    world.run()
    world.touch(1)
    other = world.telling()
    other.begin()

    def in_between(_number: int) -> None:
        world.lake.files.before_write = lambda _number: None
        row = row_of(TICKETS, world.account[1], seen_at=world.now())
        world.lake.merge("1", TICKETS, [row], run_id="other", tell=other.told)

    world.lake.files.before_write = in_between
    world.run()

    assert len({event.event_id for event in world.queue.events}) == 1
    assert [one["changes"]["version"] for one in world.routed()] == [{"from": 1, "to": 2}]


def test_a_ticket_goes_through_the_trash_and_spam_and_comes_back() -> None:
    world = World()
    world.touch(1, subject="Fire")
    world.run()
    world.touch(1)
    world.run(t1=State.DELETED)
    world.run(t1=State.DELETED)
    world.touch(1, subject="Smoke")
    world.run()
    world.touch(1)
    world.run(t1=State.SPAM)
    world.touch(1)
    world.run()

    news = world.routed()
    assert [one["type"] for one in news] == [
        "ticket_deleted", "ticket_restored", "ticket_spam", "ticket_restored",
    ]  # fmt: skip
    assert news[0]["changes"] == {"deleted": {"from": False, "to": True}}
    assert news[1]["changes"]["deleted"] == {"from": True, "to": False}
    assert news[1]["changes"]["subject"] == {"from": "Fire", "to": "Smoke"}
    assert news[2]["changes"]["spam"] == {"from": False, "to": True}
    assert news[3]["changes"]["spam"] == {"from": True, "to": False}


def test_the_first_run_that_is_to_tell_is_a_baseline_until_it_ends() -> None:
    world = World()
    world.touch(1)
    first = world.run(finish=False)
    world.touch(1)
    second = world.run()
    world.touch(1)
    third = world.run()

    modes = [one.shown()["events"]["mode"] for one in (first, second, third)]
    assert modes == ["baseline", "telling", "telling"]
    assert [(one.queued, one.remembered) for one in (first, second, third)] == [
        (0, 1), (0, 1), (1, 0),
    ]  # fmt: skip


def test_what_the_lake_holds_need_not_be_read_again_to_be_told_of() -> None:
    assert not World().telling().needs_all()
    told_only = World(copied=False)
    assert told_only.telling().needs_all()
    told_only.run()
    assert not told_only.telling().needs_all()


def test_the_trash_of_what_is_told_only_is_told_as_deleted() -> None:
    world = World(copied=False)
    world.touch(1)
    world.run()
    telling = world.telling()
    telling.begin()
    trashed = {**world.account[1], "updated_at": "2026-03-03T10:00:00Z"}
    telling.page([trashed], world.now(), "deleted")
    telling.page([trashed], world.now(), "deleted")

    assert [one["type"] for one in world.routed()] == ["ticket_deleted"]


def test_one_event_that_is_queued_twice_has_one_id_and_two_emissions() -> None:
    world = World()
    world.touch(1)
    world.run()
    world.touch(1)
    # It dies between the telling and the writing.
    world.dying = Deaths([])
    world.lake.files.before_write = lambda _number: Deaths([0]).perhaps()
    telling = world.telling()
    telling.begin()
    row = row_of(TICKETS, world.account[1], seen_at=world.now())
    for _ in range(2):
        try:
            world.lake.merge("1", TICKETS, [row], run_id="run", tell=telling.told)
        except Died:
            world.lake.files.before_write = lambda _number: None

    first, second = world.queue.events
    assert first.event_id == second.event_id
    assert len({json.loads(event.body)["emission"] for event in world.queue.events}) == 2


def test_only_objects_that_have_events_are_told_of() -> None:
    told = {name for name in OBJECTS if can_tell(name)}
    assert told == {
        "tickets", "conversations", "contacts", "companies", "time_entries",
        "satisfaction_ratings", "agents", "groups",
    }  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(data=st.data(), count=st.integers(1, 5))
def test_versions_in_any_order_and_repeated_are_each_told_once_at_most_and_the_last_always(
    data: Any, count: int
) -> None:
    # Given a ticket that is held, and versions of it that webhooks and runs bring
    world = World()
    world.touch(1)
    world.run()
    versions = []
    for _ in range(count):
        world.touch(1)
        versions.append(dict(world.account[1]))
    brought = data.draw(st.lists(st.sampled_from(versions), min_size=1, max_size=8))

    # When they come in any order, some of them again
    for one in [*brought, versions[-1]]:
        world.second += 1
        telling = world.telling()
        telling.begin()
        row = row_of(TICKETS, one, seen_at=world.now())
        world.lake.merge("1", TICKETS, [row], run_id="any", tell=telling.told)

    # Then what was told only ever goes forward, and ends at the latest
    told = [one["ticket"]["version"] for one in world.routed()]
    assert told == sorted(set(told))
    assert told[-1] == versions[-1]["version"] == world.lake.live("tickets")["1"]["version"]
