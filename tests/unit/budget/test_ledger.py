"""One process's ledger: few writes, no slot twice, lessons passed on."""

from __future__ import annotations

import pytest

from freshbridge.budget.ledger import ATTEMPTS, AskLater, Ledger, NoTurn, Turn, Use
from freshbridge.budget.limits import Freshdesk, Spoken
from freshbridge.budget.store import BudgetUnavailable, Kept, Swap
from tests.unit.budget.world import EPOCH, MemoryStore

ONE = {"total": 1}
CALL = Use(within_s=10, background=False)


class Clock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock)


def ledger(store: MemoryStore, clock: Clock, pauses: list[float] | None = None) -> Ledger:
    return Ledger(
        store, "https://acme.example", Freshdesk(limits={"total": 100}), clock=clock,
        sleep=(pauses if pauses is not None else []).append, jitter=lambda: 1.0,
    )  # fmt: skip


def test_slots_taken_ahead_cost_no_further_write(store: MemoryStore, clock: Clock) -> None:
    mine = ledger(store, clock)

    turns = [mine.take(ONE, Use(within_s=10, background=False, ahead=4 - i)) for i in range(5)]

    assert all(isinstance(turn, Turn) for turn in turns)
    assert store.writes == 1


def test_a_dear_call_takes_nothing_ahead(store: MemoryStore, clock: Clock) -> None:
    """A look-up is mostly followed by cheaper calls, which its slots would keep waiting."""
    mine = ledger(store, clock)

    mine.take({"total": 3}, Use(within_s=10, background=False, ahead=9))

    assert mine.give_back() == 0


def test_slots_of_another_kind_are_not_mixed_up(store: MemoryStore, clock: Clock) -> None:
    mine = ledger(store, clock)
    mine.take(ONE, Use(within_s=10, background=False, ahead=4))

    mine.take({"total": 3}, CALL)

    assert store.writes == 2


def test_slots_that_were_kept_too_long_are_not_used(store: MemoryStore, clock: Clock) -> None:
    mine = ledger(store, clock)
    mine.take(ONE, Use(within_s=10, background=False, ahead=4))
    clock.now += 30

    turn = mine.take(ONE, CALL)

    assert isinstance(turn, Turn)
    assert turn.end >= clock.now
    assert store.writes == 2


def test_a_kept_slot_that_is_too_far_away_for_this_call_is_not_taken(
    store: MemoryStore, clock: Clock
) -> None:
    mine = ledger(store, clock)
    mine.take(ONE, Use(within_s=10, ahead=19))

    found = [mine.take(ONE, Use(within_s=0)) for _ in range(30)]

    turns = [turn for turn in found if isinstance(turn, Turn)]
    assert 0 < len(turns) < 30
    assert all(turn.begin <= clock.now + 0.6 for turn in turns)


def test_a_look_spares_a_lost_write_while_others_are_at_work(
    store: MemoryStore, clock: Clock
) -> None:
    first, second = ledger(store, clock), ledger(store, clock)
    for _ in range(5):
        for each in (first, second):
            assert isinstance(each.take(ONE, CALL), Turn)

    assert store.losses <= 1
    assert store.writes <= 11


def test_who_is_alone_does_not_look_again(store: MemoryStore, clock: Clock) -> None:
    mine = ledger(store, clock)
    for _ in range(6):
        mine.take(ONE, CALL)

    assert store.looks <= 2
    assert store.writes == 6


class Unreadable(MemoryStore):
    """The function may write the table and not read it."""

    def look(self, account: str) -> Swap:
        super().look(account)
        raise BudgetUnavailable("not allowed")


def test_without_a_look_the_first_to_lose_learns_the_state(clock: Clock) -> None:
    store, pauses = Unreadable(clock), list[float]()
    first, second = ledger(store, clock), ledger(store, clock, pauses)
    first.take(ONE, CALL)

    assert isinstance(second.take(ONE, CALL), Turn)
    assert list(second.clock_set()) == []

    assert store.losses == 1
    assert store.looks == 2, "once each, and never again"
    assert pauses == [], "nothing was known: that is no contention"


def test_work_that_is_under_way_reads_the_clock_until_it_is_known(
    store: MemoryStore, clock: Clock
) -> None:
    mine = ledger(store, clock)
    for _ in range(200):
        clock.now += 0.013
        mine.set_clock_by_the_way()
    readings = store.looks
    for _ in range(200):
        clock.now += 0.013
        mine.set_clock_by_the_way()

    assert 2 <= readings <= 12
    assert store.looks == readings, "it is known by then"
    mine.take(ONE, CALL)
    clock.now += 3600
    mine.set_clock_by_the_way()
    assert store.looks == readings + 2, "it may have gone wrong since"


def test_a_clock_that_cannot_be_set_is_not_read_for_ever(clock: Clock) -> None:
    undated = MemoryStore()
    mine = ledger(undated, clock)

    for _ in range(100):
        clock.now += 0.1
        mine.set_clock_by_the_way()

    assert undated.looks == 12


class Contended(MemoryStore):
    """Another writer always comes first."""

    def swap(self, account: str, seen: str | None, new: Kept) -> Swap:
        super().swap(account, seen, Kept(f"other-{self.writes}", new.text))
        return super().swap(account, seen, new)


def test_a_race_that_is_never_won_ends(clock: Clock) -> None:
    pauses: list[float] = []
    mine = ledger(Contended(clock), clock, pauses)

    with pytest.raises(BudgetUnavailable, match="changed by others") as caught:
        mine.take(ONE, CALL)

    assert caught.value.after == 1.0
    assert len(pauses) == ATTEMPTS - 2
    assert sorted(pauses) == pauses
    assert max(pauses) <= 0.8


def test_a_store_that_fails_stops_the_call_and_loses_no_lesson(
    store: MemoryStore, clock: Clock
) -> None:
    mine = ledger(store, clock)
    mine.take(ONE, CALL)
    store.failing = True
    mine.report(
        ONE, Spoken(100, 0), sent=clock.now, received=clock.now + 0.1,
        throttled=True, retry_after_s=7,
    )  # fmt: skip
    with pytest.raises(BudgetUnavailable):
        mine.take(ONE, CALL)

    store.failing = False
    turn = mine.take(ONE, CALL)

    assert isinstance(turn, Turn)
    assert turn.begin > clock.now + 7


def test_what_a_reply_taught_travels_with_the_next_reservation(
    store: MemoryStore, clock: Clock
) -> None:
    mine, other = ledger(store, clock), ledger(store, clock)
    mine.take(ONE, CALL)
    mine.report(ONE, Spoken(100, 2), sent=clock.now, received=clock.now + 0.1)
    assert store.writes == 2, "the limit was not known, and is told at once"
    mine.report(ONE, Spoken(100, 1), sent=clock.now, received=clock.now + 0.2)
    assert store.writes == 2

    clock.now += 3
    mine.take(ONE, CALL)

    clock.now += 3
    found = other.take(ONE, CALL)
    assert isinstance(found, AskLater | NoTurn), "there was one left, and it is taken"


def test_a_429_is_told_to_the_others_at_once_and_ends_what_was_held(
    store: MemoryStore, clock: Clock
) -> None:
    mine, other = ledger(store, clock), ledger(store, clock)
    mine.take(ONE, Use(within_s=10, background=False, ahead=4))

    mine.report(
        ONE, Spoken(100, 0), sent=clock.now, received=clock.now + 0.1,
        throttled=True, retry_after_s=20,
    )  # fmt: skip

    assert store.writes == 2
    for each in (mine, other):
        assert isinstance(found := each.take(ONE, CALL), NoTurn)
        assert found.after_s >= 20
        assert not found.in_line


def test_background_work_is_told_its_place(store: MemoryStore, clock: Clock) -> None:
    mine = ledger(store, clock)
    mine.take(ONE, CALL)
    mine.report(
        ONE, Spoken(100, 0), sent=clock.now, received=clock.now + 0.1,
        throttled=True, retry_after_s=20,
    )  # fmt: skip

    places = [mine.take(ONE, Use(within_s=5)) for _ in range(5)]

    assert all(isinstance(place, NoTurn) and place.in_line for place in places)
    waits = [place.after_s for place in places if isinstance(place, NoTurn)]
    assert waits == sorted(set(waits))


def test_slots_can_be_given_back(store: MemoryStore, clock: Clock) -> None:
    mine, other = ledger(store, clock), ledger(store, clock)
    taken = 0
    while isinstance(mine.take(ONE, Use(within_s=0, background=False, ahead=98)), Turn):
        taken += 1
        if taken == 60:
            break
    assert isinstance(other.take(ONE, Use(within_s=0, background=False)), AskLater | NoTurn)

    assert mine.give_back() == 39
    assert mine.give_back() == 0

    assert isinstance(other.take(ONE, Use(within_s=0, background=False)), Turn)


def test_a_clock_that_is_wrong_waits_for_the_right_moment(clock: Clock) -> None:
    """Its slots are told in its own time."""
    store = MemoryStore(clock)
    right = ledger(store, clock)
    wrong = Ledger(
        store, "https://acme.example", Freshdesk(limits={"total": 100}),
        clock=lambda: clock.now + 1.5,
    )  # fmt: skip
    for _ in range(40):
        clock.now += 0.317
        right.take(ONE, CALL)
        turn = wrong.take(ONE, CALL)

    assert isinstance(turn, Turn)
    assert turn.begin == pytest.approx(clock.now + 1.5, abs=0.2)
