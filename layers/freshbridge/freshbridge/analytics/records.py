"""Tickets, time entries and ratings as the calculation reads them: only what it counts. Pure.

No subject, text, name or address is taken over. Times become seconds since the epoch.
Facts: https://developers.freshdesk.com/api/#tickets, #time-entries, #satisfaction-ratings
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from freshbridge.analytics.period import instant_of
from freshbridge.freshdesk.enums import Status

Row = Mapping[str, Any]
FINISHED = (Status.RESOLVED.value, Status.CLOSED.value)
_HOURS_MINUTES = re.compile(r"(\d+):(\d{2})")
# A rating as a share of the best or the worst possible. Classic surveys answer 1, 2 or 3.
_SCORES = {
    103: 1.0, 102: 2 / 3, 101: 1 / 3, 100: 0.0, -101: -1 / 3, -102: -2 / 3, -103: -1.0,
    1: 1.0, 2: 0.0, 3: -1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket. `finished_at` is None while it is open; see `finished_at_of`.

    `has_stats` is False when the row came without the embedded stats, so that its first response
    and its reopening are unknown. `finish_is_update` is True when nothing but the last update says
    when the ticket was finished.
    """

    id: int
    created_at: int
    updated_at: int
    agent_id: int | None
    group_id: int | None
    priority: int | None
    type: str | None
    source: int | None
    first_responded_at: int | None
    finished_at: int | None
    reopened_at: int | None
    first_response_due_at: int | None
    due_at: int | None
    escalated: bool
    has_stats: bool
    finish_is_update: bool


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """Time that an agent logged on a ticket."""

    ticket_id: int
    agent_id: int | None
    executed_at: int
    seconds: int
    billable: bool


@dataclass(frozen=True, slots=True)
class Rating:
    """A survey's answer; `score` runs from -1, the worst, to 1, and is None for an unknown one."""

    ticket_id: int
    agent_id: int | None
    group_id: int | None
    created_at: int
    score: float | None


def read_ticket(row: Row) -> Ticket:
    """A ticket of the list, of a search, or of the lake."""
    stats = row.get("stats") or {}
    finished_at, guessed = finished_at_of(row, stats)
    return Ticket(
        id=row["id"],
        created_at=instant_of(row["created_at"]),
        updated_at=instant_of(row["updated_at"]),
        agent_id=row.get("responder_id"),
        group_id=row.get("group_id"),
        priority=row.get("priority"),
        type=row.get("type"),
        source=row.get("source"),
        first_responded_at=_instant(stats, "first_responded_at"),
        finished_at=finished_at,
        reopened_at=_instant(stats, "reopened_at"),
        first_response_due_at=_instant(row, "fr_due_by"),
        due_at=_instant(row, "due_by"),
        escalated=bool(row.get("fr_escalated") or row.get("is_escalated")),
        has_stats="stats" in row,
        finish_is_update=guessed,
    )


def finished_at_of(row: Row, stats: Row) -> tuple[int | None, bool]:
    """When a ticket was resolved, else closed, and whether only its last update tells.

    A ticket whose status is neither is open, whatever its stats say: it was reopened. Of a ticket
    that was reopened and finished again, only what came after the reopening counts. Never before
    its creation.
    """
    if row.get("status") not in FINISHED:
        return None, False
    created = instant_of(row["created_at"])
    reopened = _instant(stats, "reopened_at") or 0
    for name in ("resolved_at", "closed_at", "status_updated_at"):
        instant = _instant(stats, name)
        if instant is not None and instant >= reopened:
            return max(created, instant), False
    return max(created, instant_of(row["updated_at"])), True


def read_time_entry(row: Row) -> TimeEntry:
    """An entry of the time entries' list; a timer still running counts what it shows."""
    seconds = row.get("time_spent_in_seconds")
    if seconds is None:
        found = _HOURS_MINUTES.fullmatch(str(row.get("time_spent") or "0:00"))
        seconds = int(found[1]) * 3600 + int(found[2]) * 60 if found else 0
    return TimeEntry(
        ticket_id=row["ticket_id"],
        agent_id=row.get("agent_id"),
        executed_at=instant_of(row.get("executed_at") or row["created_at"]),
        seconds=int(seconds),
        billable=bool(row.get("billable")),
    )


def read_rating(row: Row) -> Rating:
    """An entry of the satisfaction ratings' list: the answer to the survey's default question."""
    ratings = row.get("ratings")
    value = ratings.get("default_question") if isinstance(ratings, Mapping) else None
    return Rating(
        ticket_id=row["ticket_id"],
        agent_id=row.get("agent_id"),
        group_id=row.get("group_id"),
        created_at=instant_of(row["created_at"]),
        # True is an int to Python; it must not pass for a classic survey's 1.
        score=_SCORES.get(value) if type(value) is int else None,
    )


def _instant(row: Row, name: str) -> int | None:
    text = row.get(name)
    return instant_of(text) if text else None
