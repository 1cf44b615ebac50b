"""The period: days of a zone, cut off at the present."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.analytics.period import InvalidPeriod, Period, instant_of, period, text_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_day_is_its_local_midnight() -> None:
    found = period(date(2026, 3, 1), date(2026, 4, 1), zone=BERLIN, now=NOW)

    assert found.shown() == {"from": "2026-02-28T23:00:00Z", "to": "2026-03-31T22:00:00Z"}
    assert len(found.days()) == 31


def test_a_time_keeps_its_own_zone_and_without_one_is_local() -> None:
    found = period(
        datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        datetime(2026, 3, 2, 12, 0),  # noqa: DTZ001 - a time without a zone is what is tested
        zone=BERLIN,
        now=NOW,
    )

    assert found.shown() == {"from": "2026-03-01T12:00:00Z", "to": "2026-03-02T11:00:00Z"}
    assert found.days() == ["2026-03-01", "2026-03-02"]


def test_what_has_not_happened_yet_is_cut_off() -> None:
    found = period(date(2026, 5, 31), date(2026, 7, 1), zone=BERLIN, now=NOW)

    assert found.end == NOW.timestamp()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), "ends before it begins"),
        (date(2026, 3, 2), date(2026, 3, 1), "ends before it begins"),
        (date(2026, 6, 2), date(2026, 6, 3), "has not begun"),
        (date(2024, 3, 1), date(2026, 3, 1), "longer than 366 days"),
    ],
)
def test_an_impossible_period_is_refused(start: date, end: date, words: str) -> None:
    with pytest.raises(InvalidPeriod, match=words):
        period(start, end, zone=BERLIN, now=NOW)


def test_a_whole_leap_year_may_be_asked_for_across_a_change_of_the_clock() -> None:
    found = period(date(2024, 1, 1), date(2025, 1, 1), zone=BERLIN, now=NOW)

    assert len(found.days()) == 366


@given(
    st.integers(instant_of("2024-01-01"), instant_of("2026-05-01")),
    st.integers(1, 40 * 86_400),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Etc/UTC"]),
)
def test_each_instant_of_a_period_lies_on_one_of_its_days(
    first: int, length: int, zone: str
) -> None:
    found = Period(first, first + length, ZoneInfo(zone))
    days = found.days()

    assert found.day_of(found.start) == days[0]
    assert found.day_of(found.end - 1) == days[-1]
    assert days == sorted(set(days))
    assert found.start in found
    assert found.end not in found


def test_an_instant_and_its_text_are_each_other() -> None:
    assert text_of(instant_of("2026-03-03T12:02:40Z")) == "2026-03-03T12:02:40Z"
    assert instant_of("2026-03-03T12:02:40+05:30") == instant_of("2026-03-03T06:32:40Z")
    assert instant_of("2026-03-03") + timedelta(days=1).total_seconds() == instant_of("2026-03-04")
