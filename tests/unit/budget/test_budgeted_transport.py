"""Calls wait for their slot, or are put off without being sent."""

from __future__ import annotations

import pytest

from freshbridge.budget.budgeted_transport import BudgetExhausted, Budgets, Waiting
from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import Freshdesk
from freshbridge.budget.store import BudgetUnavailable
from freshbridge.errors import Retry, Throttled, Unreachable
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

    def __init__(self, *answers: Answer, limit: int = 100, window_s: float = 60.0) -> None:
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
            on_wait=self.waits.append,
        )

    def transport(self, waiting: Waiting) -> Transport:
        return self.budgets.around(
            self.provider, platform="freshdesk", origin=ORIGIN, waiting=waiting
        )


def refusal(after: int) -> ProviderReply:
    return empty_reply(429, {"Retry-After": str(after)})


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

    with pytest.raises(BudgetExhausted) as caught:
        transport.send(ME)

    assert len(world.provider.requests) == 1
    assert world.time.slept == []
    error = caught.value
    assert isinstance(error, Throttled)
    assert error.code == "budget_wait"
    assert error.after is not None
    assert 40 <= error.after < 60
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
    with pytest.raises(BudgetExhausted, match="too slow") as caught:
        for _ in range(8):
            transport.send(ME)

    assert caught.value.after == 1.0
    assert world.store.writes > before + 1


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


def test_two_instances_of_one_account_share_a_ledger_and_give_back_together() -> None:
    world = World()
    ahead = Use(within_s=0, background=False, ahead=4)
    world.transport(Waiting(5.0, use=ahead)).send(ME)
    world.transport(Waiting(5.0, use=ahead)).send(ME)

    assert world.store.writes == 1
    assert world.budgets.give_back() == 3
