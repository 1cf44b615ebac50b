"""Calls wait for their slot, or are put off without being sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import pytest

from freshbridge.budget.account import Account
from freshbridge.budget.assembly import budgets
from freshbridge.budget.budgeted_transport import BudgetExhausted, Budgets, Waiting
from freshbridge.budget.ledger import AskLater, Ledger, NoTurn, Turn, Use
from freshbridge.budget.limits import Freshdesk
from freshbridge.budget.room import granted_at_most
from freshbridge.budget.store import BudgetUnavailable
from freshbridge.budget.turn_taking import until_turn
from freshbridge.errors import InvalidRequest, Retry, Throttled, Unreachable
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.transport import Transport
from tests.fakes.provider import Answer, FakeTransport, empty_reply, json_reply
from tests.unit.budget.world import EPOCH, MemoryStore

ORIGIN = "https://acme.freshdesk.com"
ME = ProviderRequest(method="GET", url=f"{ORIGIN}/api/v2/agents/me")
INTERACTIVE = Use(within_s=0, background=False)


class Time:
    """Moves by sleeping, and by `oversleep_s` more."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.slept: list[float] = []
        self.oversleep_s = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + self.oversleep_s


class World:
    """A provider, a store and the budgets between them."""

    def __init__(
        self, *answers: Answer, limit: int = 100, window_s: float = 60.0, share: float = 0.1
    ) -> None:
        self.time = Time()
        self.store = MemoryStore(self.time.clock)
        self.provider = FakeTransport()
        self.provider.on("GET", "/api/v2/agents/me", *(answers or [json_reply({"id": 1})]))
        self.waits: list[float] = []
        self.budgets = Budgets(
            self.store,
            {"freshdesk": Freshdesk(limits={"total": limit}, window_s=window_s)},
            clock=self.time.clock,
            sleep=self.time.sleep,
            share=share,
            on_wait=self.waits.append,
        )

    def transport(self, waiting: Waiting) -> Transport:
        return self.budgets.around(
            self.provider, platform="freshdesk", origin=ORIGIN, waiting=waiting
        )


def refusal(after: int) -> ProviderReply:
    return empty_reply(429, {"Retry-After": str(after)})


def test_work_that_has_begun_waits_longer_than_work_that_has_not() -> None:
    """Left in the middle it would make its first calls again, or leave their effect half done."""
    waiting = Waiting(2.0, begun_s=20.0)
    world = World(limit=8)  # a call every eight seconds or so

    begun = world.transport(waiting)
    begun.send(ME)
    begun.send(ME)

    assert 5.0 < sum(world.time.slept) < 20.0
    with pytest.raises(BudgetExhausted):
        world.transport(waiting).send(ME)
    assert len(world.provider.requests) == 2


def test_work_that_goes_on_gets_the_slots_of_its_next_calls_at_one_write() -> None:
    world = World(limit=1000)
    alone, reading = (world.transport(Waiting(20.0, then_ahead=ahead)) for ahead in (0, 20))

    before = world.store.writes
    for _ in range(20):
        alone.send(ME)
    one_by_one = world.store.writes - before
    for _ in range(20):
        reading.send(ME)

    assert world.store.writes - before - one_by_one <= one_by_one / 4
    assert len(world.provider.requests) == 40


def test_calls_that_were_answered_before_a_reset_take_nothing_from_the_new_window() -> None:
    world = World(
        *(
            json_reply({}, headers={"X-Ratelimit-Total": "100", "X-Ratelimit-Remaining": str(left)})
            for left in (60, 59, 58, 99)
        ),
        window_s=5.0,
    )
    transport = world.transport(Waiting(5.0, use=INTERACTIVE))
    for _ in range(4):
        transport.send(ME)
        world.time.now += 0.05

    state = Account.from_text(world.store.kept[ORIGIN].text, {})
    total = state.buckets["total"]
    assert total.phase is not None
    assert granted_at_most(total, total.phase, total.phase.number(world.time.now)) == 1


def test_work_that_has_not_begun_asks_for_one_slot_whatever_follows() -> None:
    world = World(limit=1000)

    world.transport(Waiting(20.0, then_ahead=20)).send(ME)

    assert world.budgets.give_back() == 0


def test_a_call_with_room_is_sent_at_once() -> None:
    world = World()

    reply = world.transport(Waiting(5.0, use=INTERACTIVE)).send(ME)

    assert reply.status == 200
    assert world.provider.requests == [ME]
    assert world.time.slept == []


def test_a_near_slot_is_waited_for() -> None:
    world = World(limit=10, window_s=5.0)
    transport = world.transport(Waiting(30.0))

    for _ in range(10):
        transport.send(ME)

    assert len(world.provider.requests) == 10
    assert sum(world.time.slept) > 3.0
    assert world.waits == world.time.slept


def test_a_far_slot_is_not_waited_for_and_nothing_is_sent() -> None:
    world = World(refusal(40))
    transport = world.transport(Waiting(5.0))
    assert transport.send(ME).status == 429

    slept = len(world.time.slept)

    with pytest.raises(BudgetExhausted) as caught:
        transport.send(ME)

    assert len(world.provider.requests) == 1
    assert len(world.time.slept) == slept
    error = caught.value
    assert isinstance(error, Throttled)
    assert error.code == "budget_wait"
    assert error.after is not None
    assert 39 <= error.after < 60
    assert error.in_line
    assert error.costs_no_attempt
    assert not error.outcome_unknown
    assert "GET /api/v2/agents/me" in str(error)


def test_a_call_is_sent_once_the_wait_is_over() -> None:
    world = World(refusal(40), json_reply({"id": 1}))
    with_patience = Waiting(5.0)
    world.transport(with_patience).send(ME)
    with pytest.raises(BudgetExhausted) as caught:
        world.transport(with_patience).send(ME)

    world.time.now += caught.value.after or 0.0
    returning = Waiting(5.0, use=Use(within_s=0, returning=True))

    assert world.transport(returning).send(ME).status == 200


def test_no_wait_is_longer_than_the_invocation_has_left() -> None:
    world = World(limit=10, window_s=5.0)
    tight = Waiting(30.0, remaining_s=lambda: 12.0 - (world.time.now - EPOCH), reserve_s=10.0)
    transport = world.transport(tight)

    with pytest.raises(BudgetExhausted):
        for _ in range(20):
            transport.send(ME)

    assert world.time.now - EPOCH <= 2.0
    assert len(world.provider.requests) < 10


def test_a_process_that_was_held_up_takes_another_slot() -> None:
    world = World(limit=10, window_s=5.0)
    transport = world.transport(Waiting(60.0))
    for _ in range(3):
        transport.send(ME)
    before = world.store.writes

    world.time.oversleep_s = 3.0
    transport.send(ME)

    assert world.time.slept
    assert world.store.writes > before + 1


class AlwaysLater(Ledger):
    """Has a slot for everybody, a second from now."""

    def __init__(self, time: Time) -> None:
        super().__init__(MemoryStore(time.clock), ORIGIN, Freshdesk(), clock=time.clock)
        self.time = time

    def take(self, charges: Mapping[str, int], use: Use) -> Turn:
        del charges, use
        return Turn(self.time.now + 1.0, self.time.now + 2.0)


def test_a_process_that_is_always_too_slow_puts_its_work_off() -> None:
    time = Time()
    waits = 0
    with pytest.raises(BudgetExhausted, match="too slow") as caught:
        for wait_s in until_turn(
            AlwaysLater(time),
            {"total": 1},
            Waiting(60.0, use=INTERACTIVE),
            clock=time.clock,
            where="",
        ):
            waits += 1
            time.now += wait_s + 5.0

    assert waits == 4
    assert caught.value.after == 1.0


def test_a_reply_without_an_answer_is_no_lesson_and_is_raised() -> None:
    world = World(Unreachable("made up"))

    with pytest.raises(Unreachable):
        world.transport(Waiting(5.0)).send(ME)


def test_a_ledger_that_fails_stops_the_call_for_a_later_try() -> None:
    world = World()
    world.store.failing = True

    with pytest.raises(BudgetUnavailable) as caught:
        world.transport(Waiting(5.0)).send(ME)

    assert isinstance(caught.value, Retry)
    assert world.provider.requests == []


def test_headers_set_the_pace() -> None:
    world = World(
        *(
            json_reply({}, headers={"X-Ratelimit-Total": "3", "X-Ratelimit-Remaining": str(left)})
            for left in (2, 1, 0)
        )
    )
    transport = world.transport(Waiting(5.0, use=INTERACTIVE))
    for _ in range(3):
        transport.send(ME)

    with pytest.raises(BudgetExhausted) as caught:
        transport.send(ME)

    assert not caught.value.in_line
    assert len(world.provider.requests) == 3


def test_a_platform_without_limits_has_no_budget() -> None:
    world = World()

    found = world.budgets.around(
        world.provider, platform="slack", origin="https://slack.com", waiting=Waiting(1.0)
    )

    assert found is world.provider
    assert world.store.writes == 0


def test_the_share_kept_for_interactive_calls_is_the_deployers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares = list[float]()
    take = Ledger.take

    def watched(self: Ledger, charges: Mapping[str, int], use: Use) -> Turn | NoTurn | AskLater:
        shares.append(use.share)
        return take(self, charges, use)

    monkeypatch.setattr(Ledger, "take", watched)
    for share in (0.0, 0.3):
        World(share=share).transport(Waiting(5.0)).send(ME)

    assert shares == [0.0, 0.3]
    assert budgets("table", "60", interactive_share="0.9").share == 0.9


@pytest.mark.parametrize("text", ["", "some", "-0.1", "0.95", "nan"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"from 0 to 0\.9"):
        budgets("table", "60", interactive_share=text)


def test_two_instances_of_one_account_share_a_ledger_and_give_back_together() -> None:
    world = World()
    ahead = Use(within_s=0, background=False, ahead=4)
    world.transport(Waiting(5.0, use=ahead)).send(ME)
    world.transport(Waiting(5.0, use=ahead)).send(ME)

    assert world.store.writes == 1
    assert world.budgets.give_back() == 3


def test_slots_that_cannot_be_given_back_fail_nothing_that_was_done() -> None:
    world = World()
    ahead = Use(within_s=0, background=False, ahead=4)
    world.transport(Waiting(5.0, use=ahead)).send(ME)
    world.store.swap = unavailable  # type: ignore[method-assign,assignment]  # others win every race

    assert world.budgets.give_back() == 0


def unavailable(*_: object) -> NoReturn:
    raise BudgetUnavailable("The rate budget was changed by others 16 times in a row", after=1.0)
