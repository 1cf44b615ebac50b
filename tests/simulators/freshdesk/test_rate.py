"""Rate windows: the arithmetic, then the same over HTTP with a moved clock."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshdesk.rate import RateWindows
from local.freshdesk.settings import Settings
from tests.simulators.freshdesk.conftest import RunningSimulator

TINY = replace(Settings(), limits={"total": 10, "ticket_create": 3})


def test_a_bucket_of_its_own_is_what_the_headers_report() -> None:
    windows = RateWindows()
    charge = windows.charge(TINY, 0, "ticket_create", 1)
    assert charge.headers() == {
        "X-Ratelimit-Total": "3",
        "X-Ratelimit-Remaining": "2",
        "X-Ratelimit-Used-CurrentRequest": "1",
    }
    assert windows.charge(TINY, 0, None, 1).headers()["X-Ratelimit-Remaining"] == "8"


def test_a_full_window_refuses_until_it_ends_and_reports_calls_made_meanwhile() -> None:
    windows = RateWindows()
    for _ in range(3):
        assert windows.charge(TINY, 60, "ticket_create", 1).allowed
    refused = windows.charge(TINY, 77.5, "ticket_create", 1)
    assert (refused.allowed, refused.retry_after, refused.while_blocked) == (False, 43, False)
    assert windows.charge(TINY, 119.9, "ticket_create", 1).retry_after == 1
    assert windows.charge(TINY, 119.9, "ticket_create", 1).while_blocked
    assert windows.charge(TINY, 120, "ticket_create", 1).allowed


def test_refused_calls_eat_the_total_as_well() -> None:
    windows = RateWindows()
    for _ in range(10):
        windows.charge(TINY, 0, "ticket_create", 1)
    assert not windows.charge(TINY, 0, None, 1).allowed


def test_an_account_without_room_refuses_calls_of_buckets_with_room() -> None:
    windows = RateWindows()
    windows.charge(TINY, 0, None, 10)
    charge = windows.charge(TINY, 0, "ticket_create", 1)
    assert (charge.allowed, charge.limit, charge.remaining) == (False, 10, 0)


def test_a_cost_larger_than_what_is_left_is_refused() -> None:
    windows = RateWindows()
    windows.charge(TINY, 0, None, 8)
    assert not windows.charge(TINY, 0, None, 3).allowed


@given(
    limit=st.integers(1, 20),
    window=st.floats(0.5, 100),
    calls=st.lists(st.tuples(st.floats(0, 300), st.integers(1, 5)), max_size=60),
)
def test_no_window_lets_more_through_than_its_limit(
    limit: int, window: float, calls: list[tuple[float, int]]
) -> None:
    settings = replace(Settings(), limits={"total": limit}, window_s=window)
    windows = RateWindows()
    granted: dict[int, int] = {}
    for now, cost in sorted(calls):
        charge = windows.charge(settings, now, None, cost)
        number = math.floor(now / window)
        if charge.allowed:
            granted[number] = granted.get(number, 0) + cost
        else:
            assert charge.retry_after is not None
            # Waiting that long always leads out of the window.
            assert now + charge.retry_after >= (number + 1) * window - 1e-6
    assert all(credits_used <= limit for credits_used in granted.values())


async def test_429_has_no_body_and_says_when_to_come_back(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": 6_000_000_015})
    await simulator.control("/config", {"limits": {"total": 2}})
    assert [(await simulator.get("/account")).status for _ in range(2)] == [200, 200]
    refused = await simulator.get("/account")
    assert (refused.status, refused.content) == (429, b"")
    assert refused.headers["Retry-After"] == "45"
    assert refused.headers["X-Ratelimit-Remaining"] == "0"
    await simulator.control("/clock", {"advance_s": 44})
    assert (await simulator.get("/account")).status == 429
    await simulator.control("/clock", {"advance_s": 1})
    answer = await simulator.get("/account")
    assert (answer.status, answer.headers["X-Ratelimit-Remaining"]) == (200, "1")
    assert "Retry-After" not in answer.headers
    totals = (await simulator.control("/stats"))["total"]
    assert (totals["throttled"], totals["calls_while_blocked"], totals["credits"]) == (2, 1, 3)


async def test_invalid_requests_count_before_anything_is_looked_at(
    simulator: RunningSimulator,
) -> None:
    await simulator.control("/clock", {"freeze": True})
    await simulator.control("/config", {"limits": {"total": 100}})
    await simulator.send("GET", "/api/v2/account", headers={"Authorization": None})
    await simulator.get("/nowhere")
    await simulator.post("/tickets", {"bad": 1})
    assert (await simulator.get("/account")).headers["X-Ratelimit-Remaining"] == "96"


@pytest.mark.parametrize(
    ("path", "query", "used"),
    [
        ("/tickets/1", {}, "1"),
        ("/tickets/1", {"include": "requester,company"}, "3"),
        ("/tickets/1", {"include": "conversations"}, "2"),
        ("/tickets", {}, "1"),
        ("/tickets", {"include": "stats"}, "3"),
        ("/tickets", {"include": "stats,requester"}, "5"),
    ],
)
async def test_embedding_costs_one_credit_on_a_view_and_two_on_a_list(
    simulator: RunningSimulator, path: str, query: dict[str, str], used: str
) -> None:
    await simulator.ticket()
    answer = await simulator.get(path, **query)
    assert answer.headers["X-Ratelimit-Used-CurrentRequest"] == used


async def test_each_plan_brings_its_own_limits(simulator: RunningSimulator) -> None:
    seen = {}
    for plan in ("growth", "pro", "enterprise"):
        await simulator.control("/config", {"plan": plan})
        total = (await simulator.get("/account")).headers["X-Ratelimit-Total"]
        listed = (await simulator.get("/tickets")).headers["X-Ratelimit-Total"]
        seen[plan] = (total, listed)
    assert seen == {"growth": ("200", "20"), "pro": ("400", "100"), "enterprise": ("700", "200")}


async def test_the_window_length_is_a_knob(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": 6_000_000_000})
    await simulator.control("/config", {"limits": {"total": 1}, "window_s": 5})
    await simulator.get("/account")
    assert (await simulator.get("/account")).headers["Retry-After"] == "5"
    await simulator.control("/clock", {"advance_s": 5})
    assert (await simulator.get("/account")).status == 200


async def test_the_statistics_tell_what_each_window_let_through(
    simulator: RunningSimulator,
) -> None:
    # Given a limit of two a minute, one call late in a minute and four at the next one's start
    await simulator.control("/clock", {"freeze": 6_000_000_050})
    await simulator.control("/config", {"limits": {"total": 2}})
    await simulator.get("/account")
    await simulator.control("/clock", {"advance_s": 10})
    for _ in range(2):
        await simulator.get("/account")
        await simulator.control("/clock", {"advance_s": 3})
    for _ in range(2):
        await simulator.get("/account")

    # Then each is counted in the minute that it came in, refused ones apart
    assert (await simulator.control("/stats"))["windows"] == [
        {
            "begins": 6_000_000_000,
            "credits": 1,
            "throttled": 0,
            "first_at": 6_000_000_050,
            "last_at": 6_000_000_050,
        },
        {
            "begins": 6_000_000_060,
            "credits": 2,
            "throttled": 2,
            "first_at": 6_000_000_060,
            "last_at": 6_000_000_063,
        },
    ]
