"""The account's clock, and the vendor's wire form of a moment."""

from datetime import UTC, datetime, timedelta

from local.simulator import clock


def stamp_of(moment: datetime) -> str:
    """The vendor's wire form: UTC, whole seconds, ``YYYY-MM-DDTHH:MM:SSZ``.

    Stamps of this form sort as text in time order, which is why records keep them as text.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_stamp(stamp: str) -> datetime:
    """The moment a wire stamp names (aware, UTC)."""
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


class Clock(clock.Clock):
    """A clock that tells its time as the vendor writes it."""

    def stamp(self, shift_s: float = 0) -> str:
        """The wire stamp of now, or of ``shift_s`` seconds from now (negative: before)."""
        return stamp_of(self.now() + timedelta(seconds=shift_s))
