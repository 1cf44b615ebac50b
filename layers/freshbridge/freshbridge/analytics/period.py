"""The period a report is about, and the local days it falls into. Pure.

Instants are whole seconds since the epoch: they compare, subtract and store at a fraction of a
datetime's cost, and a report holds one for every event of every ticket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from freshbridge import timestamps
from freshbridge.errors import InvalidRequest

LONGEST_DAYS = 366


class InvalidPeriod(InvalidRequest):
    """The period is empty, begins in the future, or is too long."""

    code = "invalid_period"


@dataclass(frozen=True)
class Period:
    """From `start`, included, to `end`, not included; both in seconds since the epoch."""

    start: int
    end: int
    zone: ZoneInfo

    def __contains__(self, instant: int | None) -> bool:
        return instant is not None and self.start <= instant < self.end

    def day_of(self, instant: int) -> str:
        """The local day of an instant, `2026-03-01`."""
        return datetime.fromtimestamp(instant, self.zone).date().isoformat()

    def days(self) -> list[str]:
        """Every local day that the period touches, in order."""
        first = datetime.fromtimestamp(self.start, self.zone).date()
        last = datetime.fromtimestamp(self.end - 1, self.zone).date()
        return [
            (first + timedelta(days=number)).isoformat()
            for number in range((last - first).days + 1)
        ]

    def shown(self) -> dict[str, str]:
        """The period as a report tells it: UTC texts."""
        return {"from": text_of(self.start), "to": text_of(self.end)}


def text_of(instant: int) -> str:
    """`2026-03-03T12:02:40Z`."""
    return timestamps.to_text(datetime.fromtimestamp(instant, UTC))


def instant_of(text: str) -> int:
    """Seconds since the epoch of a time as Freshdesk writes it."""
    return int(timestamps.from_text(text).timestamp())


def read_moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    """An aware time: a day is its local midnight, a time without a zone is local."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return value if value.tzinfo else value.replace(tzinfo=zone)


def period(
    start: date | datetime, end: date | datetime, *, zone: ZoneInfo, now: datetime
) -> Period:
    """The period from `start` to `end`, cut off at `now`; a day stands for its local midnight.

    Raises:
        InvalidPeriod: nothing lies in it, nothing of it has happened yet, or it is too long.
    """
    first, last = read_moment(start, zone), read_moment(end, zone)
    if first >= last:
        raise InvalidPeriod(
            "the period ends before it begins", where="to", advice="`to` is not included in it."
        )
    if first >= now:
        raise InvalidPeriod("the period has not begun yet", where="from")
    last = min(last, now)
    if last - first > timedelta(days=LONGEST_DAYS, hours=1):
        raise InvalidPeriod(
            f"the period is longer than {LONGEST_DAYS} days",
            where="to",
            advice="Ask year by year.",
        )
    # Rounded up, so that something has happened in even the shortest period.
    return Period(
        int(first.timestamp()), max(int(last.timestamp()), int(first.timestamp()) + 1), zone
    )
