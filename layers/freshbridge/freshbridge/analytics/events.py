"""What happened to one ticket in the period, as the counts and durations that it adds to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from freshbridge.analytics.period import Period
from freshbridge.analytics.records import Ticket

Elapsed = Callable[[int | None, int, int], int]
"""Seconds that count from one instant to another, for a ticket of a group."""


@dataclass(frozen=True, slots=True)
class Event:
    """One count, or one duration when `seconds` is set; `at` is its instant, None for no day."""

    name: str
    at: int | None
    seconds: int | None = None


def by_the_clock(_group_id: int | None, start: int, end: int) -> int:
    """All seconds count."""
    return max(0, end - start)


def events_of(ticket: Ticket, period: Period, elapsed: Elapsed, now: int) -> Iterator[Event]:
    """Everything that a ticket adds to the figures of the period."""
    yield from _volume(ticket, period)
    answered = ticket.first_responded_at
    if answered is not None and answered in period:
        taken = elapsed(ticket.group_id, ticket.created_at, answered)
        yield Event("first_response", answered, taken)
    finished = ticket.finished_at
    if finished is not None and finished in period:
        yield Event("resolution", finished, elapsed(ticket.group_id, ticket.created_at, finished))
    yield from _reopening(ticket, period)
    yield from _service_levels(ticket, period, now)


def _volume(ticket: Ticket, period: Period) -> Iterator[Event]:
    finished = ticket.finished_at
    if ticket.created_at in period:
        yield Event("volume_in", ticket.created_at)
    if finished in period:
        yield Event("volume_out", finished)
    if ticket.created_at < period.start and (finished is None or finished >= period.start):
        yield Event("backlog_at_start", None)


def _reopening(ticket: Ticket, period: Period) -> Iterator[Event]:
    if ticket.reopened_at in period:
        yield Event("reopened", ticket.reopened_at)


def _service_levels(ticket: Ticket, period: Period, now: int) -> Iterator[Event]:
    finished = ticket.finished_at
    answers = [at for at in (ticket.first_responded_at, finished) if at is not None]
    deadlines = (
        ("first_response", ticket.first_response_due_at, min(answers, default=None)),
        ("resolution", ticket.due_at, finished),
    )
    passed = [
        (name, due, met)
        for name, due, met in deadlines
        if due is not None and due in period and due < now
    ]
    if not ticket.has_stats:
        # Whether and when it was answered is not known.
        passed = [deadline for deadline in passed if deadline[0] == "resolution"]
    for name, due, met in passed:
        yield Event(f"{name}_due", due)
        if met is None or met > due:
            yield Event(f"{name}_breached", due)
    if passed and ticket.escalated:
        yield Event("escalated", max(due for _, due, _ in passed))
