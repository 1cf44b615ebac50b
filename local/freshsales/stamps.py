"""Moments on the wire: ISO 8601 with the account's own offset on Suite, ``Z`` on Classic.

Stamps of one account have one form and so sort as text in time order: records keep them as text.
Written moments may come in any form the web is known to send, a JavaScript date's text included.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

_FRACTION = re.compile(r"\.\d+")
# As in: Tue Jun 21 2099 11:00:00 GMT+0000
_SCRIPT_DATE = re.compile(r"^\w{3} (\w{3} \d{1,2} \d{4} \d\d:\d\d:\d\d) GMT([+-]\d{4})")


@lru_cache(maxsize=65_536)
def stamp_of(epoch_s: int, offset_minutes: int) -> str:
    """``2024-05-10T20:48:27+02:00``, or with ``Z`` for an offset of zero."""
    zone = timezone(timedelta(minutes=offset_minutes))
    text = datetime.fromtimestamp(epoch_s, zone).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if offset_minutes == 0 else text


def parse_moment(text: str) -> datetime:
    """An aware moment; without a zone it is taken as UTC. Raises ValueError for anything else."""
    if script := _SCRIPT_DATE.match(text):
        return datetime.strptime(f"{script[1]} {script[2]}", "%b %d %Y %H:%M:%S %z")
    cleaned = _FRACTION.sub("", text.strip().replace(" UTC", "+00:00"))
    moment = datetime.fromisoformat(cleaned)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_date(text: str) -> str:
    """``YYYY-MM-DD`` of a date or a moment. Raises ValueError."""
    if len(text) == 10:
        return date.fromisoformat(text).isoformat()
    return parse_moment(text).date().isoformat()
