"""Builds dead letters for tests."""

from __future__ import annotations

from typing import Any

from freshbridge.dead_letters.letter import Failure, Letter
from freshbridge.dead_letters.parking import Parking, parked
from freshbridge.dead_letters.subject import Queue, Subject, letter_id, read_subject
from freshbridge.queues.envelope import to_text
from tests import builders

NOW = 1_772_539_360.0
DAY = 86_400


def failure(**changed: Any) -> Failure:
    """A ticket that is not there."""
    values: dict[str, Any] = {
        "code": "not_found",
        "message": "no such ticket (GET /api/v2/tickets/7, HTTP 404). Check the id.",
        "attempts": 1,
        "parked_by": "action_executor",
    }
    return Failure(**values | changed)


def parking(**changed: Any) -> Parking:
    """The note that is to be added, and cannot be."""
    body = to_text(builders.action_request())
    values: dict[str, Any] = {
        "letter_id": letter_id(Queue.ACTIONS, body, "m-1"),
        "queue": Queue.ACTIONS,
        "body": body,
        "failure": failure(),
        "subject": read_subject(body),
        "sent_at": "2026-03-03T12:00:00Z",
        "expires_at": int(NOW) + 90 * DAY,
    }
    return Parking(**values | changed)


def letter(now: float = NOW, **changed: Any) -> Letter:
    """Parked for the first time."""
    return parked(parking(**changed), None, now)


def about(**changed: Any) -> Subject:
    """A subject that says no more than it is told to."""
    return Subject(**changed)
