"""How much working time lies between two instants. Pure.

A calendar has, for each weekday, the wall-clock times at which work begins and ends, in its own
time zone; daylight saving is therefore met day by day. Freshdesk's API tells neither holidays nor
breaks, so none are taken out.
Facts: https://developers.freshdesk.com/api/#list_all_business_hours
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from freshbridge.analytics.time_zones import time_zone
from freshbridge.errors import InvalidRequest

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES = 1440
# The vendor's page writes "08:00:00 am", real accounts answer "8:00 am".
_TIME = re.compile(r"\s*(\d{1,2}):([0-5]\d)(?::([0-5]\d))?\s*(?:([ap])\.?m\.?)?\s*", re.IGNORECASE)


class UnreadableCalendar(InvalidRequest):
    """Business hours whose times cannot be understood."""

    code = "unreadable_business_hours"
    default_advice = "Correct the calendar in Freshdesk, or ask without business hours."


class Calendar:
    """One set of business hours; `hours` maps weekdays, Monday 0, to minutes after midnight."""

    def __init__(self, name: str, zone: ZoneInfo, hours: Mapping[int, tuple[int, int]]) -> None:
        self.name = name
        self.zone = zone
        self.hours = dict(hours)
        self._known: dict[int, tuple[int, int]] = {}

    def elapsed(self, start: int, end: int) -> int:
        """Working seconds from `start` to `end`, seconds since the epoch; 0 when they are swapped.

        A calendar without hours is open around the clock.
        """
        if end <= start:
            return 0
        if not self.hours:
            return end - start
        first = datetime.fromtimestamp(start, self.zone).date().toordinal()
        last = datetime.fromtimestamp(end, self.zone).date().toordinal()
        total = 0
        for day in range(first, last + 1):
            opens, closes = self._open_on(day)
            total += max(0, min(end, closes) - max(start, opens))
        return total

    def _open_on(self, ordinal: int) -> tuple[int, int]:
        known = self._known.get(ordinal)
        if known is None:
            known = self._known[ordinal] = self._worked_out(date.fromordinal(ordinal))
        return known

    def _worked_out(self, day: date) -> tuple[int, int]:
        if day.weekday() not in self.hours:
            return 0, 0
        opens, closes = self.hours[day.weekday()]
        # Where the clock is put back over a closing time, that time comes twice: work ends at the
        # second one. A midnight that comes twice begins the next day at the first.
        fold = 0 if closes == DAY_MINUTES else 1
        return self._instant(day, opens, fold=0), self._instant(day, closes, fold=fold)

    def _instant(self, day: date, minutes: int, *, fold: int) -> int:
        days, minutes = divmod(minutes, DAY_MINUTES)
        day += timedelta(days=days)
        hour, minute = divmod(minutes, 60)
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone, fold=fold)
        return int(local.timestamp())


def minutes_of(text: str) -> int:
    """Minutes after midnight of "8:00 am", "08:00:00 am" or "17:30".

    Raises:
        UnreadableCalendar: it is none of these.
    """
    found = _TIME.fullmatch(text)
    hour = int(found[1]) if found else 99
    half = (found[4] or "").lower() if found else ""
    if found is None or hour > 23 or (half and not 1 <= hour <= 12):
        raise UnreadableCalendar(f"{text[:32]!r} is no time of day", where="business_hours")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + int(found[2])


def read_calendar(record: Mapping[str, Any]) -> Calendar:
    """A calendar as `GET /business_hours` lists it: closed days are missing.

    Raises:
        UnreadableCalendar: a day closes before it opens, or a time cannot be read.
        UnknownTimeZone: its zone has no such name.
    """
    name = str(record.get("name") or "")
    hours: dict[int, tuple[int, int]] = {}
    for day, times in (record.get("business_hours") or {}).items():
        if str(day).lower() not in WEEKDAYS or not times:
            continue
        opens, closes = minutes_of(str(times["start_time"])), minutes_of(str(times["end_time"]))
        # Midnight at the end of a day is written as the one at its beginning.
        closes = closes or DAY_MINUTES
        if closes <= opens:
            raise UnreadableCalendar(
                f"business hours {name[:64]!r} close before they open on {day}",
                where="business_hours",
            )
        hours[WEEKDAYS.index(str(day).lower())] = (opens, closes)
    return Calendar(name, time_zone(str(record.get("time_zone") or "UTC")), hours)


class Calendars:
    """Which calendar counts for a group: its own, else the account's default."""

    def __init__(
        self, records: Sequence[Mapping[str, Any]], groups: Mapping[int, int | None]
    ) -> None:
        """`records` as listed; `groups` maps a group's id to its `business_hour_id`.

        Raises:
            UnreadableCalendar: there is no calendar at all, or one cannot be read.
        """
        by_id = {record["id"]: record for record in records}
        default = next((one["id"] for one in records if one.get("is_default")), None)
        if default is None and by_id:
            default = min(by_id)
        if default is None:
            raise UnreadableCalendar("the account has no business hours", where="business_hours")
        # One that no group has may be as odd as it likes.
        used = {default, *(id_ for id_ in groups.values() if id_ in by_id)}
        read = {id_: read_calendar(by_id[id_]) for id_ in used}
        self._default = read[default]
        self._of_group = {
            group: read[id_] for group, id_ in groups.items() if id_ is not None and id_ in read
        }

    def of(self, group_id: int | None) -> Calendar:
        """The calendar of a group, or of tickets without one."""
        if group_id is None:
            return self._default
        return self._of_group.get(group_id, self._default)
