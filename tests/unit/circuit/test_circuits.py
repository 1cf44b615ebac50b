"""Circuits as several processes share them: who may go, who waits, and what it costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from freshbridge.circuit.breaker import LOOK_S, PROBE_S, WORKS
from freshbridge.circuit.circuits import (
    ATTEMPTS,
    PACE_S,
    PROBING_S,
    WATCH_S,
    WATCHERS,
    Circuits,
    Event,
    Told,
)
from freshbridge.circuit.passage import Passage
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.circuit.store import Kept, Swap
from freshbridge.errors import InvalidRequest, Unauthorized, Unreachable
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.provider import FakeTransport, empty_reply, html_reply, json_reply
from tests.unit.circuit.memory_store import MemoryStore

ID, OTHER = "193000001", "193000002"
REQUEST = ProviderRequest(method="GET", url="https://acme.freshdesk.com/api/v2/tickets/7")


class World:
    """One table, one clock, and any number of processes."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.now = 1_772_539_400.0
        self.told: list[Told] = []
        self.provider = FakeTransport()
        self._tokens: Iterator[int] = itertools.count()

    def process(self) -> Circuits:
        """A new one, that knows nothing yet."""
        return Circuits(
            self.store,
            clock=lambda: self.now,
            jitter=lambda: 0.5,
            token=lambda: f"t{next(self._tokens)}",
            on_change=self.told.append,
        )

    def call(self, circuits: Circuits, work: str, reply: ProviderReply | Exception) -> Passage:
        """Enter, send one call that is answered so, and leave."""
        passage = circuits.enter(ID, work)
        fake = FakeTransport().on("GET", "/api/v2/tickets/7", reply)
        try:
            passage.around(fake).send(REQUEST)
        except Unreachable:
            pass
        finally:
            passage.leave()
        return passage

    def break_down(self, *processes: Circuits) -> None:
        """Works fail one after the other, in the processes by turns, until the circuit is open."""
        turns = itertools.cycle(processes)
        for number in range(WORKS):
            self.call(next(turns), f"act_{number}", empty_reply(503))
            self.now += 2

    def events(self) -> list[Event]:
        """What was told, in order."""
        return [told.event for told in self.told]


@pytest.fixture
def world() -> World:
    return World()


def test_failures_that_several_processes_see_a_share_of_add_up(world: World) -> None:
    processes = [world.process() for _ in range(WORKS)]

    world.break_down(*processes)

    world.now += LOOK_S
    for circuits in [*processes, world.process()]:
        with pytest.raises(CircuitOpen) as refused:
            circuits.enter(ID, "act_new")
        assert refused.value.costs_no_attempt
    assert world.events() == [Event.OPENED]
    assert world.process().closed(OTHER)


def test_while_one_record_is_poison_the_answers_of_another_process_keep_it_closed(
    world: World,
) -> None:
    # Given one process that meets only poison, and one that is answered
    unlucky, lucky = world.process(), world.process()

    for number in range(40):
        world.call(unlucky, f"poison_{number}", empty_reply(500))
        world.now += 0.5
        if number % 4 == 0:
            world.call(lucky, f"good_{number}", json_reply({}))
        world.now += 0.5

    assert world.told == []


def test_a_quiet_closed_circuit_costs_a_read_every_few_seconds_and_no_write(world: World) -> None:
    circuits = world.process()
    seconds = 60
    for number in range(seconds * 10):
        world.call(circuits, f"act_{number}", json_reply({}))
        world.now += 0.1

    assert world.store.reads <= seconds / LOOK_S + 1
    assert world.store.writes == 0


@pytest.mark.parametrize(
    "reply", [empty_reply(429, {"Retry-After": "30"}), empty_reply(401), empty_reply(404),
              empty_reply(400), empty_reply(403), json_reply({})],
)  # fmt: skip
def test_the_rate_limit_and_refusals_are_not_the_provider_s_failure(
    world: World, reply: ProviderReply
) -> None:
    circuits = world.process()
    for number in range(3 * WORKS):
        world.call(circuits, f"act_{number}", reply)
        world.now += 2

    assert world.told == []
    circuits.check(ID)


@pytest.mark.parametrize(
    "reply", [empty_reply(500), html_reply(502), html_reply(200), empty_reply(408),
              Unreachable("No reply within the read time-out")],
)  # fmt: skip
def test_what_is_no_proper_answer_is_a_failure(
    world: World, reply: ProviderReply | Exception
) -> None:
    circuits = world.process()
    for number in range(WORKS):
        world.call(circuits, f"act_{number}", reply)
        world.now += 2

    assert world.events() == [Event.OPENED]


def test_a_page_is_a_proper_answer_of_who_said_that_it_may_be(world: World) -> None:
    process = world.process()
    asked = replace(REQUEST, takes_pages=True)

    for number in range(20):
        passage = process.enter(ID, f"act_{number}")
        fake = FakeTransport().on("GET", "/api/v2/tickets/7", html_reply(200))
        passage.around(fake).send(asked)
        passage.leave()

    process.check(ID)
    assert world.told == []


def test_a_call_that_could_not_be_made_says_nothing(world: World) -> None:
    circuits = world.process()
    for number in range(2 * WORKS):
        passage = circuits.enter(ID, f"act_{number}")
        fake = FakeTransport().on("GET", "/api/v2/tickets/7", InvalidRequest("unsendable"))
        with pytest.raises(InvalidRequest):
            passage.around(fake).send(REQUEST)
        passage.leave()
        world.now += 2

    assert world.store.writes == 0


def test_of_all_processes_exactly_one_gets_the_probe(world: World) -> None:
    processes = [world.process() for _ in range(8)]
    world.break_down(*processes)
    world.now += 20

    passages, refused = [], []
    for circuits in processes:
        try:
            passages.append(circuits.enter(ID, "w"))
        except CircuitOpen as error:
            refused.append(error)

    assert (len(passages), len(refused)) == (1, 7)
    assert all(
        PROBING_S <= error.after <= PROBING_S + 8 * PACE_S for error in refused if error.after
    )
    # And when its process dies, another one may go in the end.
    world.now += PROBE_S
    assert world.process().enter(ID, "w")


def test_the_probe_s_answer_lets_all_flow_again(world: World) -> None:
    first, second = world.process(), world.process()
    world.break_down(first, second)
    world.now += 20

    world.call(second, "w", json_reply({}))

    world.now += LOOK_S
    first.enter(ID, "another")
    second.enter(ID, "another")
    assert world.events() == [Event.OPENED, Event.CLOSED]
    assert world.process().shown(ID) == {"state": "closed"}


def test_a_probe_that_fails_opens_it_for_longer(world: World) -> None:
    circuits = world.process()
    world.break_down(circuits)
    world.now += 20

    world.call(circuits, "w", empty_reply(503))

    with pytest.raises(CircuitOpen) as refused:
        circuits.enter(ID, "w")
    assert refused.value.after == pytest.approx(30 + PACE_S / 2)
    assert world.events() == [Event.OPENED, Event.STAYS_OPEN]


def test_a_probe_that_called_nobody_leaves_its_place_to_the_next(world: World) -> None:
    circuits = world.process()
    world.break_down(circuits)
    world.now += 20

    circuits.enter(ID, "waited for the budget").leave()

    assert world.process().enter(ID, "w")


def test_a_throttled_probe_leaves_its_place_too(world: World) -> None:
    circuits = world.process()
    world.break_down(circuits)
    world.now += 20

    world.call(circuits, "w", empty_reply(429))

    assert world.process().enter(ID, "w")


def test_those_who_wait_come_back_one_after_the_other(world: World) -> None:
    circuits = world.process()
    world.break_down(circuits)

    waits = []
    for number in range(1000):
        with pytest.raises(CircuitOpen) as refused:
            circuits.check(ID) if number % 2 else circuits.enter(ID, f"act_{number}")
        waits.append(refused.value.after or 0.0)

    # None before its time, each at a time of its own, all within what the pace makes of them.
    left = 15 - 2
    assert min(waits) >= left
    assert len({round(wait, 3) for wait in waits}) == 1000
    assert max(waits) == pytest.approx(left + 999.5 * PACE_S)


def test_a_refused_key_opens_at_once_and_a_new_key_closes_at_once(world: World) -> None:
    executor, api = world.process(), world.process()
    error = Unauthorized("no", status=401)

    # The message that met it is told so; the others wait.
    assert executor.enter(ID, "w").refused(error) is error
    with pytest.raises(CircuitOpen) as refused:
        executor.enter(ID, "another")
    assert refused.value.hopeless
    assert "refused the instance's key since 2026-03-03T12:03:20Z" in str(refused.value)
    assert not executor.closed(ID)

    api.close(ID)

    world.now += LOOK_S
    assert executor.closed(ID)
    executor.check(ID)
    assert world.events() == [Event.OPENED, Event.CLOSED]


def test_a_few_look_soon_for_a_new_key_and_the_rest_of_a_long_backlog_does_not(
    world: World,
) -> None:
    # Given a key that is refused again and again, so that it is tried ever more seldom
    circuits = world.process()
    circuits.enter(ID, "w").refused(Unauthorized("no", status=401))
    for wait in (60, 120, 240):
        world.now += wait + 1
        circuits.enter(ID, "probe").refused(Unauthorized("no", status=401))
    world.now += WATCH_S

    def waits(count: int) -> list[float]:
        found = []
        for _ in range(count):
            with pytest.raises(CircuitOpen) as refused:
                circuits.check(ID)
            found.append(refused.value.after or 0.0)
        return found

    first, again = waits(WATCHERS + 5), []
    world.now += WATCH_S
    again = waits(WATCHERS)

    # The jitter is in the middle.
    assert first[:WATCHERS] == [1.5 * WATCH_S] * WATCHERS
    assert min(first[WATCHERS:]) > 400
    # Whoever came back soon does so again.
    assert again == [1.5 * WATCH_S] * WATCHERS


def test_the_probe_of_a_key_that_is_still_refused_waits_instead_of_being_lost(
    world: World,
) -> None:
    circuits = world.process()
    circuits.enter(ID, "w").refused(Unauthorized("no", status=401))
    world.now += 80

    probe = circuits.enter(ID, "another")
    ended = probe.refused(Unauthorized("no", status=401))

    assert isinstance(ended, CircuitOpen)
    assert ended.after is not None
    assert WATCH_S <= ended.after <= 2 * WATCH_S
    # Nor is it refused twice.
    probe.leave()
    assert world.events() == [Event.OPENED, Event.STAYS_OPEN]


def test_a_circuit_whose_time_is_over_counts_as_closed_for_what_waits_elsewhere(
    world: World,
) -> None:
    circuits = world.process()
    world.break_down(circuits)
    assert not circuits.closed(ID)

    world.now += 20

    assert circuits.closed(ID)
    assert circuits.shown(ID)["state"] == "half_open"


def test_without_an_answer_from_the_table_calls_go_on(world: World) -> None:
    circuits = world.process()
    world.break_down(circuits)
    world.store.silent = True
    world.now += LOOK_S

    for number in range(20):
        world.call(circuits, f"act_{number}", empty_reply(503))
        world.now += 1

    assert circuits.closed(ID)
    assert circuits.shown(ID) == {"state": "unknown"}
    circuits.close(ID)
    # It is asked again only now and then, so that no call waits for it.
    assert world.events().count(Event.NOT_KNOWN) <= 20 / LOOK_S + 3

    world.store.silent = False
    world.now += LOOK_S
    assert circuits.shown(ID)["state"] == "half_open"


def test_a_write_that_is_not_answered_stops_nobody(world: World) -> None:
    circuits = world.process()
    circuits.check(ID)
    world.store.silent = True

    world.call(circuits, "w", empty_reply(503))

    assert world.events() == [Event.NOT_KNOWN]


def test_a_probe_whose_taking_is_not_answered_goes_all_the_same(world: World) -> None:
    circuits = world.process()
    world.break_down(circuits)
    world.now += 20
    circuits.closed(ID)
    world.store.silent = True

    assert circuits.enter(ID, "w")


def test_when_others_are_always_faster_it_gives_up_and_waits(world: World) -> None:
    circuits = world.process()
    world.break_down(circuits)
    world.now += 20
    tries = []

    class Crowded(MemoryStore):
        def swap(self, instance_id: str, seen: str | None, new: Kept) -> Swap:  # noqa: ARG002 - as the Store
            tries.append(seen)
            text = self.kept[instance_id].text
            self.kept[instance_id] = Kept(f"other-{len(tries)}", text)
            return Swap(False, self.kept[instance_id])

    crowded = Crowded()
    crowded.kept = world.store.kept
    world.store = crowded
    with pytest.raises(CircuitOpen):
        world.process().enter(ID, "w")
    assert len(tries) == ATTEMPTS


def test_an_error_that_met_no_open_circuit_is_handed_through(world: World) -> None:
    # Given a probe whose table falls silent before it can tell
    circuits = world.process()
    world.break_down(circuits)
    world.now += 20
    probe = circuits.enter(ID, "w")
    world.now += LOOK_S
    world.store.silent = True
    error = Unauthorized("no", status=401)

    assert probe.refused(error) is error
