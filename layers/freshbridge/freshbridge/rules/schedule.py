"""When a rule may run: days and hours on the wall of one time zone. Pure.

    {"days": ["monday", "friday"], "from": "09:00", "to": "17:30", "time_zone": "Europe/Berlin",
     "outside": "skip"}

Hours that end before they begin go over midnight and belong to the day on which they begin. Outside
the hours a rule is skipped, or its actions wait for the next opening. Holidays are not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from freshbridge.analytics.business_hours import WEEKDAYS
from freshbridge.analytics.time_zones import UnknownTimeZone, time_zone
from freshbridge.rules.invalid import invalid, member

_TIME = re.compile(r"(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DAY_MINUTES = 1440
_KEYS = ("days", "from", "to", "time_zone", "outside")


@dataclass(frozen=True)
class Schedule:
    """`days` are weekdays, Monday 0; `opens` and `closes` minutes after midnight."""

    days: tuple[int, ...]
    opens: int
    closes: int
    zone: str
    outside: Literal["skip", "wait"]

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself when it is within the hours, else when they begin next."""
        today = moment.astimezone(time_zone(self.zone)).date()
        starts = []
        # From yesterday, whose hours may go over midnight, to the same day of next week.
        for offset in range(-1, 9):
            day = today + timedelta(days=offset)
            if day.weekday() not in self.days:
                continue
            opens, closes = self._hours_of(day)
            if opens <= moment < closes:
                return moment
            if opens > moment:
                starts.append(opens)
        return min(starts)

    def _hours_of(self, day: date) -> tuple[datetime, datetime]:
        length = self.closes - self.opens
        closes = self.closes if length > 0 else self.closes + _DAY_MINUTES
        return self._instant(day, self.opens), self._instant(day, closes)

    def _instant(self, day: date, minutes: int) -> datetime:
        # Through UTC, where an hour that the clock leaves out or repeats is a moment all the same.
        days, minutes = divmod(minutes, _DAY_MINUTES)
        hour, minute = divmod(minutes, 60)
        zone = time_zone(self.zone)
        day += timedelta(days=days)
        return datetime.fromtimestamp(
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp(), zone
        )


def read_schedule(value: object, path: str = "schedule") -> Schedule | None:
    """A rule's schedule; None where it has none.

    Raises:
        InvalidRule: naming the entry.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid(path, f"must be an object of {', '.join(_KEYS)}")
    for name in value:
        if name not in _KEYS:
            raise invalid(f"{path}.{member(name)}", f"is unknown; there are {', '.join(_KEYS)}")
    outside = value.get("outside", "skip")
    if outside not in ("skip", "wait"):
        raise invalid(f"{path}.outside", "must be skip or wait")
    schedule = Schedule(
        days=_days(value.get("days", list(WEEKDAYS[:5])), f"{path}.days"),
        opens=_minutes(value.get("from", "00:00"), f"{path}.from") % _DAY_MINUTES,
        closes=_minutes(value.get("to", "24:00"), f"{path}.to"),
        zone=_zone(value.get("time_zone", "UTC"), f"{path}.time_zone"),
        outside=outside,
    )
    if schedule.opens == schedule.closes:
        raise invalid(f"{path}.to", "must be another time than from")
    return schedule


def write_schedule(schedule: Schedule | None) -> dict[str, Any] | None:
    """The form that `read_schedule` takes."""
    if schedule is None:
        return None
    return {
        "days": [WEEKDAYS[day] for day in schedule.days],
        "from": _clock(schedule.opens),
        "to": _clock(schedule.closes),
        "time_zone": schedule.zone,
        "outside": schedule.outside,
    }


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}"


def _days(value: object, path: str) -> tuple[int, ...]:
    known = isinstance(value, list) and all(
        isinstance(day, str) and day.lower() in WEEKDAYS for day in value
    )
    if not isinstance(value, list) or not known or not value:
        raise invalid(path, f"must be a list of some of {', '.join(WEEKDAYS)}")
    return tuple(sorted({WEEKDAYS.index(day.lower()) for day in value}))


def _minutes(value: object, path: str) -> int:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise invalid(path, "must be a time of day such as 09:30")
    return int(found[1]) * 60 + int(found[2]) if found[1] else _DAY_MINUTES


def _zone(value: object, path: str) -> str:
    try:
        if isinstance(value, str) and value:
            time_zone(value)
            return value
    except UnknownTimeZone:
        pass
    raise invalid(path, "must be the name of a time zone such as Europe/Berlin")
