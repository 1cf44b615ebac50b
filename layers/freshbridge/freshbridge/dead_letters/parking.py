"""How a message that is parked becomes a letter, or the letter that it was before once more.

Pure: the time is an argument, in seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from freshbridge.dead_letters.letter import Failure, Letter, State, due_at, text_of
from freshbridge.dead_letters.subject import Queue, Subject


@dataclass(frozen=True)
class Parking:
    """A message that is to be parked now. `expires_at` is in seconds since the epoch."""

    letter_id: str
    queue: Queue
    body: str
    failure: Failure
    subject: Subject
    sent_at: str
    expires_at: int


def parked(parking: Parking, before: Letter | None, now: float) -> Letter:
    """The letter of a message that is parked, as its first or as one of several times."""
    at = text_of(now)
    letter = Letter(
        letter_id=parking.letter_id,
        queue=parking.queue,
        state=State.PARKED,
        round=(before.round if before else 0) + 1,
        body=parking.body,
        failure=parking.failure,
        subject=parking.subject,
        first_sent_at=before.first_sent_at if before else parking.sent_at,
        first_parked_at=before.first_parked_at if before else at,
        parked_at=at,
        expires_at=parking.expires_at,
        returns=before.returns if before else 0,
        original_body=before.original_body if before else "",
        history=before.history if before else (),
        version=before.version if before else 0,
    )
    letter = replace(letter, return_at=due_at(letter))
    what = "parked again" if before else "parked"
    note = f"{parking.failure.code}: {parking.failure.message}"
    return letter.noted(what, parking.failure.parked_by, now, note)
