"""Times as the products write them: UTC, whole seconds, `2026-03-03T12:02:40Z`."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`2026-03-03T12:02:40Z`; a naive time is refused, since its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be written; use datetime.now(UTC)")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_precise_text(moment: datetime) -> str:
    """`2026-03-03T12:02:40.000001Z`: with microseconds, so that later moments sort later."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """Read an ISO 8601 time; one without a zone is UTC, as Freshdesk documents."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def now() -> datetime:
    """The present, aware of its zone."""
    return datetime.now(UTC)


def epoch() -> float:
    """The present, in seconds since the epoch."""
    return time.time()


def from_epoch(seconds: float) -> datetime:
    """The moment `seconds` after the epoch."""
    return datetime.fromtimestamp(seconds, UTC)
