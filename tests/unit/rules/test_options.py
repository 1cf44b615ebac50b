"""A rule's options and hours are read, refused with their place, and written back the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.rules.invalid import InvalidRule
from freshbridge.rules.model import read_rule, write_rule
from freshbridge.rules.options import LOOP_GUARD, Cap, Options, read_options, write_options
from freshbridge.rules.schedule import Schedule, read_schedule, write_schedule

HOURS: dict[str, Any] = {
    "days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
    "from": "09:00",
    "to": "17:30",
    "time_zone": "Europe/Berlin",
    "outside": "wait",
}
WHOLE: dict[str, Any] = {
    "enabled": False,
    "run": "ordered",
    "on_failure": "continue",
    "missing": "empty",
    "enrich": "always",
    "schedule": HOURS,
    "rate_cap": {"runs": 20, "per": "minute"},
    "loop_guard": {"runs": 3, "per": "hour"},
}
RULE: dict[str, Any] = {
    "trigger": {"platform": "freshdesk", "event": "ticket_created"},
    "actions": [{"platform": "freshdesk", "action": "add_note"}],
}


def test_a_rule_that_says_nothing_runs_at_once_always_and_not_endlessly() -> None:
    options = read_options({})

    assert options == Options()
    assert (options.enabled, options.ordered, options.missing) == (True, False, "error")
    assert (options.rate_cap, options.schedule, options.loop_guard) == (None, None, LOOP_GUARD)


def test_options_read_and_write_back_the_same() -> None:
    assert write_options(read_options(WHOLE)) == WHOLE
    assert read_options(WHOLE).rate_cap == Cap(20, "minute")
    rule = read_rule(RULE | WHOLE, rule_id="rul_1")
    assert read_rule(write_rule(rule), rule_id="rul_1") == rule


def test_null_is_the_same_as_not_said() -> None:
    assert read_options(dict.fromkeys(WHOLE)) == Options()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("enabled", "yes", "enabled must be true or false"),
        ("run", "sideways", "run must be parallel or ordered"),
        ("run", ["ordered"], "run must be"),
        ("on_failure", "retry", "on_failure must be stop or continue"),
        ("missing", 7, "missing must be error or empty"),
        ("schedule", "weekdays", "schedule must be an object"),
        ("schedule", {"day": []}, "schedule.day is unknown"),
        ("schedule", {"days": []}, "schedule.days must be"),
        ("schedule", {"days": ["someday"]}, "schedule.days must be"),
        ("schedule", {"days": "monday"}, "schedule.days must be"),
        ("schedule", {"from": "9:00"}, "schedule.from must be a time of day"),
        ("schedule", {"to": "24:30"}, "schedule.to must be a time of day"),
        ("schedule", {"to": 17}, "schedule.to must be a time of day"),
        ("schedule", {"from": "09:00", "to": "09:00"}, "schedule.to must be another time"),
        ("schedule", {"time_zone": "Europe/Nowhere"}, "schedule.time_zone must be the name"),
        ("schedule", {"time_zone": "../etc/passwd"}, "schedule.time_zone must be the name"),
        ("schedule", {"time_zone": 7}, "schedule.time_zone must be the name"),
        ("schedule", {"outside": "drop"}, "schedule.outside must be skip or wait"),
        ("rate_cap", 20, "rate_cap must be"),
        ("rate_cap", {"runs": 20, "every": "minute"}, "rate_cap must be"),
        ("rate_cap", {"runs": 0}, "rate_cap.runs must be a whole number from 1 to 1000"),
        ("rate_cap", {"runs": True}, "rate_cap.runs must be"),
        ("rate_cap", {"runs": 1001}, "rate_cap.runs must be"),
        ("rate_cap", {"runs": 5, "per": "day"}, "rate_cap.per must be minute or hour"),
        ("rate_cap", {"runs": 5, "per": ["hour"]}, "rate_cap.per must be minute or hour"),
        ("loop_guard", {"runs": 101}, "loop_guard.runs must be a whole number from 1 to 100"),
    ],
)
def test_what_is_wrong_is_named(option: str, value: Any, words: str) -> None:
    with pytest.raises(InvalidRule) as raised:
        read_rule(RULE | {option: value}, rule_id="rul_1")

    assert words in str(raised.value)
    assert raised.value.fields[0].field.startswith(option)


# --- hours


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def hours(**changed: Any) -> Schedule:
    schedule = read_schedule(HOURS | changed)
    assert schedule is not None
    return schedule


def opening(moment: str, **changed: Any) -> datetime:
    return hours(**changed).next_open(at(moment))


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        # 2 March 2026 is a Monday; Berlin is an hour ahead of UTC.
        ("2026-03-02T08:00:00+00:00", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02T07:59:59+00:00", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02T16:29:59+00:00", "2026-03-02T16:29:59+00:00"),
        ("2026-03-02T16:30:00+00:00", "2026-03-03T08:00:00+00:00"),
        ("2026-03-06T20:00:00+00:00", "2026-03-09T08:00:00+00:00"),
        # The clock is put forward on Sunday, 29 March.
        ("2026-03-27T20:00:00+00:00", "2026-03-30T07:00:00+00:00"),
    ],
)
def test_when_the_hours_begin_next(moment: str, opens: str) -> None:
    assert opening(moment) == at(opens)


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = {"days": ["friday"], "from": "22:00", "to": "06:00", "time_zone": "UTC"}

    for moment in ("2026-03-06T22:00:00+00:00", "2026-03-07T05:59:59+00:00"):
        assert opening(moment, **night) == at(moment)
    for moment in ("2026-03-06T05:00:00+00:00", "2026-03-06T21:59:00+00:00"):
        assert opening(moment, **night) == at("2026-03-06T22:00:00+00:00")
    assert opening("2026-03-07T06:00:00+00:00", **night) == at("2026-03-13T22:00:00+00:00")


def test_a_day_may_be_whole() -> None:
    day = {"days": ["monday"], "from": "00:00", "to": "24:00", "time_zone": "UTC"}

    assert opening("2026-03-02T23:59:59+00:00", **day) == at("2026-03-02T23:59:59+00:00")
    assert opening("2026-03-03T00:00:00+00:00", **day) == at("2026-03-09T00:00:00+00:00")


def test_an_hour_that_the_clock_leaves_out_opens_all_the_same() -> None:
    gap = {"days": ["sunday"], "from": "02:15", "to": "02:45", "time_zone": "Europe/Berlin"}

    # On 29 March 2026 there is no 02:15 in Berlin: what would be it is 03:15.
    assert opening("2026-03-29T00:00:00+00:00", **gap) == at("2026-03-29T01:15:00+00:00")


MINUTES = st.integers(0, 1439).map(lambda m: f"{m // 60:02d}:{m % 60:02d}")


def on_the_wall(local: datetime, days: list[str], span: tuple[str, str]) -> bool:
    """Whether a clock on the wall shows a time within the hours."""
    shown = local.strftime("%H:%M")
    today, yesterday = (
        (local - timedelta(days=back)).strftime("%A").lower() in days for back in (0, 1)
    )
    begins, ends = span
    if begins < ends:
        return today and begins <= shown < ends
    return (today and shown >= begins) or (yesterday and shown < ends)


FIRST = datetime.fromisoformat("2026-01-01")


@given(
    st.lists(st.sampled_from(HOURS["days"]), min_size=1),
    st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    st.datetimes(FIRST, FIRST + timedelta(days=365), timezones=st.just(UTC)),
)
def test_the_next_opening_is_within_the_hours_and_nothing_before_it_is(
    days: list[str], span: tuple[str, str], zone: str, moment: datetime
) -> None:
    schedule = hours(days=days, **{"from": span[0], "to": span[1], "time_zone": zone})

    opens = schedule.next_open(moment)

    assert moment <= opens <= moment + timedelta(days=8)
    assert schedule.next_open(opens) == opens
    if opens != moment:
        assert schedule.next_open(opens - timedelta(seconds=1)) == opens
    local = opens.astimezone(ZoneInfo(zone))
    if local.utcoffset() == (local - timedelta(days=1)).utcoffset():
        assert on_the_wall(local, days, span)
    assert read_schedule(write_schedule(schedule)) == schedule


# --- any JSON

NAMES = st.sampled_from(
    ["trigger", "actions", "conditions", "platform", "event", "parameters", "action", "name",
     "delay_s", "any", "not", "priority", "eq", "gt", "matches", *WHOLE, *HOURS]
) | st.text(max_size=5)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["freshdesk", "ticket_created", "add_note", "ordered", "High", "09:00", "("]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def read(body: Any) -> None:
    """Either a rule that is written as JSON and read again, or a refusal that names a place."""
    try:
        rule = read_rule(body, rule_id="rul_1")
    except InvalidRule as error:
        assert error.fields
        assert error.fields[0].field
        assert error.fields[0].field in str(error)
        return
    written = json.loads(json.dumps(write_rule(rule), allow_nan=False))
    assert read_rule(written, rule_id="rul_1", saved=True) == rule


@given(st.dictionaries(NAMES, JSON, max_size=5))
def test_any_object_is_a_rule_or_refused_with_a_place(body: dict[str, Any]) -> None:
    read(body)


@given(JSON, JSON, st.dictionaries(st.sampled_from(sorted(WHOLE)), JSON, max_size=3))
def test_any_conditions_parameters_and_options_are(
    conditions: Any, parameters: Any, options: dict[str, Any]
) -> None:
    trigger = {"platform": "freshdesk", "event": "ticket_created", "conditions": conditions}
    action = {"platform": "freshdesk", "action": "add_note", "parameters": parameters}
    read({"trigger": trigger, "actions": [action], **options})
    read({"trigger": trigger | {"conditions": {}}, "actions": [action], **options})
