"""One dead letter, and what may happen to it.

Pure: the time is an argument, in seconds since the epoch. What is kept is text, UTC, ISO 8601.

    parked ──redrive──► returning ──taken by its function──► redriven ──done──► resolved
      │  ▲                  └────────── parked again ◄──────────┘
    discard  restore
      ▼  │
    discarded

The letter, not the message, decides: any number of messages may carry a letter's id back to its
queue (a redrive, a move in the SQS console, a stale copy), and the first that is taken runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from freshbridge import timestamps
from freshbridge.dead_letters.cool_down import return_after
from freshbridge.dead_letters.subject import Queue, Subject
from freshbridge.errors import Conflict

RESEND_S = (3_600, 14_400, 43_200)
"""How long a letter that was sent may lie in its queue before it is sent once more."""
LEASE_S = 46_800
"""How long a message that was taken is left alone: Amazon SQS hides one for 12 hours at most."""
LONGEST_HISTORY = 100


class State(StrEnum):
    """Where a dead letter stands."""

    PARKED = "parked"
    RETURNING = "returning"
    REDRIVEN = "redriven"
    RESOLVED = "resolved"
    DISCARDED = "discarded"


class NotParked(Conflict):
    """The letter is on its way already, or done."""

    code = "dead_letter_not_parked"
    default_advice = "Look at its history: GET /api/dead-letters/{id}."


class Discarded(Conflict):
    """It was given up, and nothing runs it until it is restored."""

    code = "dead_letter_discarded"
    default_advice = "Restore it first: POST /api/dead-letters/{id}/restore."


class NotDiscarded(Conflict):
    """Only what was discarded can be restored."""

    code = "dead_letter_not_discarded"
    default_advice = "There is nothing to undo."


@dataclass(frozen=True)
class Entry:
    """One line of a letter's history; `by` is who did it: a user, a function, "automatic"."""

    at: str
    what: str
    by: str
    note: str = ""

    def shown(self) -> dict[str, str]:
        """The entry without what it does not have."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Failure:
    """Why a message was parked. `attempts` are its receives; `provider` what the provider said."""

    code: str
    message: str
    attempts: int
    parked_by: str
    provider: dict[str, Any] = field(default_factory=dict)
    fields: tuple[dict[str, str], ...] = ()
    advice: str = ""


@dataclass(frozen=True)
class Letter:
    """`body` is what travels: the message's text, or a pointer to it where that is long.

    `round` counts the parkings and travels with each message, so that one of an earlier round is
    known for a stale copy. `return_at` is when the letter is due to be looked at: to come back, or
    to be sent once more when its message was lost. `claimed_by` is the message that took it.
    `carried` is False while the SQS dead-letter queue has no copy though it should.
    `original_body` is what came before the first edit; "" while nobody has edited it.
    """

    letter_id: str
    queue: Queue
    state: State
    round: int
    body: str
    failure: Failure
    subject: Subject
    first_sent_at: str
    first_parked_at: str
    parked_at: str
    expires_at: int
    returns: int = 0
    sends: int = 0
    return_at: str = ""
    claimed_by: str = ""
    carried: bool = True
    original_body: str = ""
    history: tuple[Entry, ...] = ()
    version: int = 0

    @property
    def spread(self) -> float:
        """A number in [0, 1) that is this letter's own."""
        return int(self.letter_id[-4:], 16) / 65_536 if _is_hex(self.letter_id[-4:]) else 0.0

    def noted(self, what: str, by: str, now: float, note: str = "") -> Letter:
        """With a line more in its history; the oldest but the first go when it grows too long."""
        entries = (*self.history, Entry(text_of(now), what, by, note))
        if len(entries) > LONGEST_HISTORY:
            entries = (entries[0], *entries[-(LONGEST_HISTORY - 1) :])
        return replace(self, history=entries)

    def edited(
        self, body: str, subject: Subject, by: str, now: float, note: str, *, original: str
    ) -> Letter:
        """With another body, which is what any message of it will run.

        `original`: the body from before the first edit.
        """
        changed = replace(self, body=body, subject=subject, original_body=original)
        return changed.noted("edited", by, now, note)

    def without_copy(self, by: str, now: float, code: str) -> Letter:
        """As it is, after a copy from before its edit failed: that one is given up."""
        return self.noted("older copy given up", by, now, code)

    def sent_back(self, by: str, now: float, *, automatic: bool = False) -> Letter:
        """On its way to its queue.

        Raises:
            NotParked, Discarded: it is in no state to be sent.
        """
        self.require_parked()
        sent = replace(
            self,
            state=State.RETURNING,
            # A person who sends it grants it all its automatic returns anew.
            returns=self.returns + 1 if automatic else 0,
            sends=1,
            return_at=text_of(now + RESEND_S[0]),
            carried=True,
        )
        return sent.noted("returned" if automatic else "redriven", by, now)

    def sent_again(self, now: float) -> Letter:
        """Sent once more, since its message did not arrive or was never heard of again."""
        wait = LEASE_S if self.state is State.REDRIVEN else RESEND_S[min(self.sends, 2)]
        again = replace(self, sends=self.sends + 1, return_at=text_of(now + wait))
        return again.noted("sent again", "automatic", now)

    def not_sent(self, now: float, note: str) -> Letter:
        """Parked as before: the queue did not take it."""
        back = replace(self, state=State.PARKED, return_at="", sends=0)
        return back.noted("not sent", "", now, note)

    def claimed(self, claimer: str, round: int | None, now: float) -> Letter | None:
        """Taken by a message that is about to run; None where that message must not run.

        `claimer` names the message and is the same each time it comes; `round` is the one that it
        carries. Who holds the letter takes it again, as often as SQS delivers it.
        """
        if self.state in (State.RESOLVED, State.DISCARDED):
            return None
        if round is not None and round < self.round:
            return None
        held = self.state is State.REDRIVEN
        if held and self.claimed_by != claimer and text_of(now) < self.return_at:
            return None
        taken = replace(
            self, state=State.REDRIVEN, claimed_by=claimer, return_at=text_of(now + LEASE_S)
        )
        # Nobody here sent it: somebody moved it with a tool of Amazon SQS.
        return taken.noted("redriven", "queue", now) if self.state is State.PARKED else taken

    def resolved(self, by: str, now: float, note: str = "") -> Letter:
        """Done."""
        done = replace(self, state=State.RESOLVED, return_at="", claimed_by="")
        return done.noted("resolved", by, now, note)

    def discarded(self, by: str, reason: str, now: float) -> Letter:
        """Given up.

        Raises:
            NotParked, Discarded: there is nothing to give up.
        """
        self.require_parked()
        gone = replace(self, state=State.DISCARDED, return_at="", carried=True)
        return gone.noted("discarded", by, now, reason)

    def restored(self, by: str, now: float) -> Letter:
        """Parked again after it was discarded; the SQS queue gets a copy once more.

        Raises:
            NotDiscarded: it was not.
        """
        if self.state is not State.DISCARDED:
            raise NotDiscarded(f"dead letter {self.letter_id} is {self.state}, not discarded")
        # Its copy may have been deleted: a new round, and a new copy soon.
        back = replace(
            self,
            state=State.PARKED,
            round=self.round + 1,
            carried=False,
            return_at=text_of(now),
        )
        return back.noted("restored", by, now)

    def carried_again(self) -> Letter:
        """The SQS queue has its copy; back to when it was due by itself."""
        return replace(self, carried=True, return_at=due_at(self))

    def put_off(self, now: float, wait_s: float) -> Letter:
        """Looked at again later."""
        return replace(self, return_at=text_of(now + wait_s))

    def require_parked(self) -> None:
        """Raise NotParked or Discarded unless the letter waits to be dealt with."""
        if self.state is State.DISCARDED:
            raise Discarded(f"dead letter {self.letter_id} was discarded")
        if self.state is not State.PARKED:
            said = (
                "on its way already" if self.state is State.RETURNING else f"{self.state} already"
            )
            raise NotParked(f"dead letter {self.letter_id} is {said}")


def due_at(letter: Letter) -> str:
    """When a parked letter comes back by itself; "" for never."""
    wait = return_after(letter.failure.code, letter.returns, spread=letter.spread)
    if wait is None:
        return ""
    return text_of(timestamps.from_text(letter.parked_at).timestamp() + wait)


def text_of(seconds: float) -> str:
    """The first whole second that is not before, as text."""
    return timestamps.to_text(timestamps.from_epoch(math.ceil(seconds)))


def _is_hex(text: str) -> bool:
    return len(text) == 4 and all(c in "0123456789abcdef" for c in text)
