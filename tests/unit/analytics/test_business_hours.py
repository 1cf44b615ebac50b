"""Working time against stepping through the minutes one by one, across changes of the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from freshbridge.analytics.business_hours import (
    Calendar,
    Calendars,
    UnreadableCalendar,
    minutes_of,
    read_calendar,
)
from freshbridge.analytics.period import instant_of
from freshbridge.analytics.time_zones import UnknownTimeZone

ZONES = ("America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo",
         "America/Havana", "Atlantic/Azores", "Pacific/Chatham", "Etc/UTC")  # fmt: skip
# Opening at midnight, or after the hours in which clocks are moved.
HOURS = st.tuples(
    st.sampled_from([0, *range(240, 1400, 15)]), st.sampled_from([*range(300, 1440, 15), 1440])
).filter(lambda hours: hours[0] < hours[1])
WEEK = st.dictionaries(st.integers(0, 6), HOURS, min_size=1)


def stepping(calendar: Calendar, start: int, end: int) -> int:
    """Seconds of the minutes whose wall-clock time is a working one."""
    total = 0
    for instant in range(start, end, 60):
        local = datetime.fromtimestamp(instant, calendar.zone)
        opens, closes = calendar.hours.get(local.weekday(), (0, 0))
        total += 60 * (opens <= local.hour * 60 + local.minute < closes)
    return total


@settings(deadline=None)
@given(
    st.sampled_from(ZONES),
    WEEK,
    st.integers(instant_of("2025-01-01") // 60, instant_of("2026-12-20") // 60),
    st.integers(0, 4 * 1440),
)
@example("America/Havana", {5: (0, 1440), 6: (0, 1440)}, instant_of("2026-10-31T12:00") // 60, 2880)
@example("America/New_York", {6: (0, 1440)}, instant_of("2026-03-08") // 60, 2880)
@example("Europe/London", {6: (0, 1440)}, instant_of("2026-10-25") // 60, 2880)
@example("Africa/Cairo", {4: (0, 1440)}, instant_of("2026-04-23T12:00") // 60, 2880)
def test_working_time_is_the_minutes_one_by_one(
    zone: str, week: dict[int, tuple[int, int]], first_minute: int, minutes: int
) -> None:
    calendar = Calendar("Office", ZoneInfo(zone), week)
    start = first_minute * 60
    end = start + minutes * 60

    assert calendar.elapsed(start, end) == stepping(calendar, start, end)


@given(WEEK, st.lists(st.integers(1_750_000_000, 1_780_000_000), min_size=3, max_size=3))
def test_two_spans_that_meet_make_the_whole(
    week: dict[int, tuple[int, int]], instants: list[int]
) -> None:
    calendar = Calendar("Office", ZoneInfo("Europe/London"), week)
    first, middle, last = sorted(instants)

    whole = calendar.elapsed(first, last)

    assert whole == calendar.elapsed(first, middle) + calendar.elapsed(middle, last)
    assert 0 <= whole <= last - first
    assert calendar.elapsed(last, first) == 0


def office(**changed: Any) -> dict[str, Any]:
    """Business hours as Freshdesk lists them."""
    hours = {"start_time": "8:00 am", "end_time": "5:00 pm"}
    return {
        "id": 11,
        "name": "Office",
        "is_default": True,
        "time_zone": "Eastern Time (US & Canada)",
        "business_hours": dict.fromkeys(("monday", "tuesday", "friday"), hours),
    } | changed


def test_a_weekend_and_a_change_of_the_clock_are_left_out() -> None:
    # Given hours in New York, where the clock is put forward on Sunday, 2026-03-08
    calendar = read_calendar(office())

    # When a ticket waits from Friday 16:00 there to Monday 09:00
    elapsed = calendar.elapsed(
        instant_of("2026-03-06T21:00:00Z"), instant_of("2026-03-09T13:00:00Z")
    )

    assert elapsed == 2 * 3600


def test_both_of_freshdesks_ways_to_write_a_time_are_read() -> None:
    long = {"start_time": "08:00:00 am", "end_time": "05:00:00 pm"}

    assert read_calendar(office()).hours[0] == (480, 1020)
    assert read_calendar(office(business_hours={"monday": long})).hours == {0: (480, 1020)}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("12:00 am", 0), ("12:30 PM", 750), ("11:59 pm", 1439), ("17:30", 1050), ("00:00", 0)],
)
def test_times_of_day(text: str, minutes: int) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize("text", ["", "noon", "25:00", "13:00 pm", "0:00 am", "8:60 am", "8 am"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(UnreadableCalendar, match="no time of day"):
        minutes_of(text)


def test_a_day_may_end_at_midnight() -> None:
    hours = {"start_time": "12:00 am", "end_time": "12:00 am"}

    assert read_calendar(office(business_hours={"sunday": hours})).hours == {6: (0, 1440)}


def test_a_day_that_closes_before_it_opens_is_refused_by_name() -> None:
    hours = {"start_time": "5:00 pm", "end_time": "8:00 am"}

    with pytest.raises(UnreadableCalendar, match=r"'Office' close before they open on monday"):
        read_calendar(office(business_hours={"monday": hours}))


def test_a_day_without_times_and_a_name_of_no_day_are_closed() -> None:
    hours = {"start_time": "8:00 am", "end_time": "5:00 pm"}
    calendar = read_calendar(
        office(business_hours={"monday": None, "someday": hours, "Friday": hours})
    )

    assert calendar.hours == {4: (480, 1020)}


def test_a_zone_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownTimeZone):
        read_calendar(office(time_zone="Middle Earth"))


def test_a_calendar_without_days_is_open_around_the_clock() -> None:
    calendar = read_calendar(office(business_hours=None))

    assert calendar.elapsed(0, 1000) == 1000


def test_a_group_has_its_own_calendar_or_the_default_one() -> None:
    night = office(id=12, name="Night", is_default=False)
    calendars = Calendars([office(), night], {31: 12, 32: None, 33: 99})

    names = [calendars.of(group).name for group in (31, 32, 33, 34, None)]

    assert names == ["Night", "Office", "Office", "Office", "Office"]


def test_a_calendar_that_no_group_has_need_not_be_readable() -> None:
    odd = office(id=12, is_default=False, time_zone="Middle Earth")

    assert Calendars([office(), odd], {31: 11}).of(31).name == "Office"
    with pytest.raises(UnknownTimeZone):
        Calendars([office(), odd], {31: 12})


def test_without_a_default_the_first_made_is_it() -> None:
    calendars = Calendars(
        [office(id=13, is_default=False, name="B"), office(id=12, name="A", is_default=False)], {}
    )

    assert calendars.of(None).name == "A"


def test_an_account_without_business_hours_is_told_so() -> None:
    with pytest.raises(UnreadableCalendar, match="no business hours"):
        Calendars([], {})
