"""When something happened, if the content of a webhook tells it.

Pure. Freshdesk writes times as prose in the helpdesk's own zone ("March 06 2026 at 05:00 PM EST"),
whose short name can mean several zones: such a time tells two events apart, and is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from freshbridge import timestamps

_NAMES = (
    "occurred_at",
    "event_time",
    "timestamp",
    "modified_on",
    "updated_at",
    "updated_on",
    "status_changed_on",
    "created_on",
    "created_at",
)
"""The most telling first. Placeholders have `ticket_` in front."""
_IDS = ("event_id", "delivery_id", "note_id", "conversation_id", "reply_id")
_PREFIXES = ("", "ticket_", "deal_", "contact_", "account_", "sales_account_")
_EARLIEST = 946_684_800  # 2000-01-01, to tell a time from a small number


def stamps(content: Mapping[str, Any]) -> list[str]:
    """What makes this content different from the same change made once more: its times and ids.

    A creation's time does not: it stays what it was with every later change.
    """
    names = [name for name in (*_NAMES, *_IDS) if not name.startswith("created")]
    found = []
    for prefix in _PREFIXES:
        for name in names:
            value = content.get(prefix + name)
            if isinstance(value, int | float | str) and str(value).strip():
                found.append(f"{prefix}{name}={value}")
    return found


def occurred_at(content: Mapping[str, Any], received_at: str) -> str:
    """The content's own time as UTC text, else `received_at`; one in the future is not believed."""
    latest = timestamps.from_text(received_at)
    for prefix in _PREFIXES:
        for name in _NAMES:
            moment = _read(content.get(prefix + name))
            if moment is not None:
                return timestamps.to_text(moment) if moment <= latest else received_at
    return received_at


def _read(value: object) -> datetime | None:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if value > _EARLIEST * 100 else value
            return datetime.fromtimestamp(seconds, UTC) if seconds > _EARLIEST else None
        # A date alone, "20260303", says too little.
        if isinstance(value, str) and len(value) >= len("2026-03-03T12:00"):
            return timestamps.from_text(value.strip()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
