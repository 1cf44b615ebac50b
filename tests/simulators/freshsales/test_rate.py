"""Rate windows: hour and minute, headers in every form, and what refused calls do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshsales.rate import RateWindows
from local.freshsales.settings import SettingError, Settings, changed
from tests.simulators.freshsales.conftest import RunningSimulator

NOON = "2024-06-07T12:00:00Z"
NOON_S = 1_717_761_600


async def limited(suite: RunningSimulator, hint: str, **limits: int | None) -> None:
    await suite.control("/clock", {"freeze": NOON})
    await suite.control("/config", {"limits": limits, "retry_hint": hint})


async def test_every_answer_tells_what_is_left(suite: RunningSimulator) -> None:
    await limited(suite, "reset_epoch", hour=3, minute=None)
    left = []
    for path in ("/selector/owners", "/nonsense", "/contacts/5", "/selector/owners"):
        answer = await suite.get(path)
        left.append((answer.status, answer.headers["x-ratelimit-remaining"]))
    assert left == [(200, "2"), (404, "1"), (404, "0"), (429, "0")]
    assert answer.headers["x-ratelimit-limit"] == "3"
    assert answer.headers["x-ratelimit-reset"] == str(NOON_S + 3600)
    assert answer.body == {"message": "Too many requests"}
    assert "Retry-After" not in answer.headers
    # The date is the account's, as the reset is.
    assert answer.headers["Date"] == "Fri, 07 Jun 2024 12:00:00 GMT"


async def test_a_wrong_key_counts_too(suite: RunningSimulator) -> None:
    await limited(suite, "none", hour=1, minute=None)
    path = "/crm/sales/api/selector/owners"
    refused = await suite.send("GET", path, headers={"Authorization": "Token token=no"})
    assert refused.status == 401
    assert (await suite.get("/selector/owners")).status == 429


@pytest.mark.parametrize(
    ("hint", "reset", "retry_after"),
    [
        ("reset_epoch", str(NOON_S + 60), None),
        ("reset_epoch_ms", str((NOON_S + 60) * 1000), None),
        ("reset_dmyhis", "070624120100", None),
        ("retry_after", str(NOON_S + 60), "60"),
        ("none", None, None),
    ],
)
async def test_how_a_429_tells_when_to_come_back(
    suite: RunningSimulator, hint: str, reset: str | None, retry_after: str | None
) -> None:
    await limited(suite, hint, hour=10, minute=1)
    assert "Retry-After" not in (await suite.get("/selector/owners")).headers
    answer = await suite.get("/selector/owners")
    assert answer.status == 429
    assert answer.headers.get("x-ratelimit-reset") == reset
    assert answer.headers.get("Retry-After") == retry_after
    assert answer.headers["x-ratelimit-limit"] == "1"
    await suite.control("/clock", {"advance_s": 60})
    assert (await suite.get("/selector/owners")).status == 200


async def test_a_full_hour_is_told_before_a_full_minute(suite: RunningSimulator) -> None:
    await limited(suite, "retry_after", hour=1, minute=1)
    await suite.get("/selector/owners")
    answer = await suite.get("/selector/owners")
    assert answer.headers["Retry-After"] == "3600"


async def test_refused_calls_are_counted_apart(suite: RunningSimulator) -> None:
    await limited(suite, "none", hour=2, minute=None)
    for _ in range(5):
        await suite.get("/selector/owners")
    stats = await suite.control("/stats")
    assert stats["total"]["statuses"] == {"200": 2, "429": 3}
    assert stats["total"]["throttled"] == 3
    assert stats["total"]["calls_while_blocked"] == 2
    assert stats["total"]["credits"] == 2
    assert stats["windows"] == [
        {"begins": NOON_S, "credits": 2, "throttled": 3, "first_at": NOON_S, "last_at": NOON_S}
    ]


async def test_without_limits_there_is_nothing_to_tell(suite: RunningSimulator) -> None:
    await limited(suite, "reset_epoch", hour=None, minute=None)
    answer = await suite.get("/selector/owners")
    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]


@pytest.mark.parametrize(
    ("persona", "plan", "hour"),
    [("suite", "", 1000), ("suite", "pro", 2000), ("suite", "enterprise", 5000),
     ("classic", "", 1000), ("classic", "estate", 2000), ("classic", "forest", 5000)],
)  # fmt: skip
def test_plans(persona: str, plan: str, hour: int) -> None:
    settings = changed(Settings(), {"persona": persona, "plan": plan})
    assert (settings.limit("hour"), settings.limit("minute")) == (hour, 400)
    own = changed(settings, {"limits": {"hour": 5}})
    assert own.limit("hour") == 5
    assert changed(own, {"plan": plan}).limit("hour") == hour


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plan": "forest"}, "plan is one of free"),
        ({"persona": "modern"}, "persona is one of"),
        ({"limits": {"day": 1}}, "limits is an object with keys among hour, minute"),
        ({"limits": {"hour": True}}, "limits.hour takes a whole number or null"),
        ({"limits": {"hour": "1"}}, "limits.hour takes a whole number or null"),
        ({"window_s": 0}, "window_s takes seconds > 0"),
        ({"latency_ms": -1}, "latency_ms takes a number >= 0"),
        ({"retry_hint": "soon"}, "retry_hint is one of"),
        ({"forbidden": "deals"}, "forbidden takes a list"),
        ({"deleted_keep_keys": 1}, "deleted_keep_keys takes a bool"),
        ({"plan": 7}, "plan takes a str"),
        ({"utc_offset_minutes": -9999}, "utc_offset_minutes takes a number"),
        ({"webhook_retry_schedule_s": ["x"]}, "webhook_retry_schedule_s takes a number"),
        ({"nonsense": 1}, "unknown setting 'nonsense'"),
    ],
)
def test_a_wrong_setting_says_what_it_takes(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        changed(Settings(), changes)


@given(
    st.lists(st.floats(0, 900), max_size=200),
    st.integers(0, 20),
    st.integers(0, 10),
    st.floats(1, 400),
    st.floats(1, 60),
)
def test_no_window_lets_through_more_than_its_limit(
    steps: list[float], hour: int, minute: int, window_s: float, minute_s: float
) -> None:
    settings = Settings(
        limits={"hour": hour, "minute": minute}, window_s=window_s, minute_window_s=minute_s
    )
    windows, now = RateWindows(), 1000.0
    passed: dict[tuple[str, int], int] = {}
    for step in steps:
        now += step
        charge = windows.charge(settings, now)
        numbers = (("hour", int(now // window_s)), ("minute", int(now // minute_s)))
        if charge.allowed:
            for number in numbers:
                passed[number] = passed.get(number, 0) + 1
        else:
            limits = {"hour": hour, "minute": minute}
            assert any(passed.get(one, 0) >= limits[one[0]] for one in numbers)
            assert charge.reset_at > now
            assert charge.wait_s >= 1
    assert all(count <= (hour if name == "hour" else minute) for (name, _), count in passed.items())
