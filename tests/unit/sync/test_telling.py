"""Whatever dies on the way, each record's last change is told, and nothing of the first load."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.queues.envelope import ReceivedEvent
from freshbridge.queues.publish import Publisher
from freshbridge.sync.change_events import RecordState
from freshbridge.sync.polling import Polling
from freshbridge.sync.pull import pull_tickets
from freshbridge.sync.record_states import RecordStates, TellingState
from freshbridge.sync.telling import Telling, can_tell
from tests import builders
from tests.fakes.helpdesk import MovingHelpdesk
from tests.fakes.sync_state import Crash, FakeCursors, FakeLake

# What happens between two pages: tickets touched, or seconds passing.
STEP = st.one_of(
    st.lists(st.integers(1, 8), min_size=1, max_size=5), st.sampled_from([[], [-1], [-90]])
)


class Deaths:
    """Counts down the moments at which the function dies; the numbers are moments in between."""

    def __init__(self, moments: Iterable[int]) -> None:
        self._left = list(moments)

    def perhaps(self) -> None:
        """Die if it is time to."""
        if self._left and self._left[0] == 0:
            self._left.pop(0)
            raise Crash
        if self._left:
            self._left[0] -= 1


class States:
    """Record states with memory."""

    def __init__(self, deaths: Deaths) -> None:
        self.kept: dict[str, RecordState] = {}
        self.state: TellingState | None = None
        self._deaths = deaths

    def telling(self, *_of: str) -> TellingState | None:
        """Since when changes are told."""
        return self.state

    def note_telling(self, _instance: str, _name: str, state: TellingState) -> None:
        """Note it."""
        self.state = state

    def load(self, _instance: str, _name: str, ids: Iterable[str]) -> dict[str, RecordState]:
        """Those that are kept."""
        return {one: self.kept[one] for one in ids if one in self.kept}

    def save(self, _instance: str, _name: str, states: dict[str, RecordState]) -> None:
        """Keep each, or die before, in the middle or after."""
        for one, state in states.items():
            self._deaths.perhaps()
            self.kept[one] = state
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
    """An account whose changes are told."""

    def __init__(self, deaths: Iterable[int] = (), page_size: int = 3) -> None:
        dying = Deaths(deaths)
        self.desk = MovingHelpdesk(page_size)
        self.states, self.queue = States(dying), Queue(dying)
        self.cursors, self.lake = FakeCursors(), FakeLake()

    def happen(self, step: list[int]) -> None:
        for number in step:
            if number > 0:
                self.desk.touch(number)
            else:
                self.desk.second -= number

    def pull(self) -> Telling:
        """One run, brought to its end through every death."""
        for _ in range(300):
            telling = Telling(
                builders.instance(),
                "tickets",
                Polling(),
                states=cast("RecordStates", self.states),
                events=cast("Publisher", self.queue),
                now=self.desk.now,
            )
            try:
                progress = pull_tickets(
                    cast("FreshdeskClient", self.desk),
                    builders.sync_work(),
                    lake=self.lake,
                    cursors=self.cursors,
                    may_go_on=self._go_on,
                    now=self.desk.now,
                    watcher=telling,
                )
            except Crash:
                continue
            if progress.finished:
                return telling
        raise AssertionError("the pull does not end")

    def _go_on(self) -> bool:
        self.desk.served()
        return True

    def heard(self) -> dict[int, int]:
        """The version of each ticket of which the last event tells, repeated events left out."""
        once = {event.event_id: json.loads(event.body) for event in self.queue.events}
        versions: dict[int, int] = {}
        for change in once.values():
            number, version = change["record"]["id"], change["record"]["version"]
            versions[number] = max(versions.get(number, 0), version)
        return versions


@given(
    before=st.lists(STEP, max_size=5),
    during=st.lists(STEP, max_size=12),
    after=st.lists(STEP, max_size=6),
    deaths=st.lists(st.integers(0, 6), max_size=6),
    page_size=st.integers(1, 4),
)
def test_the_last_change_of_every_ticket_is_told_through_all_deaths(
    before: list[list[int]],
    during: list[list[int]],
    after: list[list[int]],
    deaths: list[int],
    page_size: int,
) -> None:
    # Given an account that was loaded, through deaths of the function
    world = World(deaths, page_size)
    for step in before:
        world.happen(step)
    world.pull()
    assert world.queue.events == []
    world.desk.second += 120
    loaded = world.desk.versions()

    # When tickets change, also while they are pulled
    steps = iter(during)
    world.desk.between = lambda: world.happen(next(steps, []))
    for step in after:
        world.happen(step)
    world.pull()
    for step in steps:
        world.happen(step)
    world.desk.second += 120
    world.pull()

    # Then of each that is not as it was loaded the last change was told, and of no other
    now = world.desk.versions()
    changed = {number: version for number, version in now.items() if loaded.get(number) != version}
    assert world.heard() == changed


def test_one_event_that_is_queued_twice_has_one_id_and_two_emissions() -> None:
    world = World([3])
    world.happen([1])
    world.desk.second += 100
    # Moments at which it may die: before the first load is kept and after, before its change is
    # queued, and before that is kept.
    world.pull()
    world.happen([1])
    world.pull()

    first, second = world.queue.events
    assert first.event_id == second.event_id
    emissions = {json.loads(event.body)["emission"] for event in world.queue.events}
    assert len(emissions) == 2


def test_what_is_shown_tells_what_was_done() -> None:
    world = World()
    world.happen([1, 2])
    first = world.pull().shown()["events"]
    world.desk.second += 100
    world.happen([2, 3])
    second = world.pull().shown()["events"]

    assert first == {"mode": "telling", "since": "2026-03-01T00:00:00Z", "queued": 0,
                     "remembered": 2}  # fmt: skip
    assert (second["queued"], second["remembered"]) == (2, 0)
    assert world.cursors.progress[-1]["events"] == second


def test_only_objects_that_have_events_are_told_of() -> None:
    assert can_tell("tickets")
    assert not can_tell("agents")
