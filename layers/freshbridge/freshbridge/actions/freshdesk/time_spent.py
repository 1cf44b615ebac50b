"""Time spent, as people write it and as Freshdesk takes it: `hh:mm`.

Pure. Source: https://developers.freshdesk.com/api/#time-entries
"""

from __future__ import annotations

import re
from typing import Any

MOST_MINUTES = 10_000 * 60

_CLOCK = re.compile(r"(\d{1,5}):([0-5]\d)")
_UNITS = re.compile(
    r"(?:(\d{1,5}(?:\.\d{1,4})?)\s*h(?:ours?|rs?)?)?\s*(?:(\d{1,6})\s*m(?:in(?:ute)?s?)?)?",
    re.IGNORECASE,
)


def time_spent(value: Any) -> str:
    """`hh:mm` of "02:30", "2:30", "2h 30m", "2.5 hours", "150m" or 150, a number of minutes.

    Hours may pass 24; less than a minute is cut off.

    Raises:
        ValueError: anything else. A bare 2.5 could be hours or minutes, so it is refused.
    """
    minutes = _minutes(value)
    if minutes is None or not 0 <= minutes <= MOST_MINUTES:
        raise ValueError(
            'write hours and minutes as "02:30" or "2h 30m", or whole minutes as a number; '
            "10,000 hours at most"
        )
    return written(minutes)


def written(minutes: int) -> str:
    """`02:30` for 150: two digits of hours at least."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minutes(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    if found := _CLOCK.fullmatch(text):
        return int(found[1]) * 60 + int(found[2])
    found = _UNITS.fullmatch(text)
    if not text or not found:
        return None
    # 2.05 h in floating point is just below 123 minutes.
    return int(round(float(found[1] or 0) * 60, 6)) + int(found[2] or 0)
