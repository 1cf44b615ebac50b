"""What a queue's function does with dead letters: keep them, let them in again, close them.

A message that carries a letter is let in once. Who redrives a letter, moves its message in the SQS
console or finds a stale copy sends a message; the letter decides which of them runs. A message of
a letter that was discarded, or that another message has taken, is acknowledged and does not run.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from freshbridge.dead_letters.letter import Failure, Letter, State, text_of
from freshbridge.dead_letters.parking import Parking, parked
from freshbridge.dead_letters.subject import letter_id, read_subject, same_effect_otherwise
from freshbridge.errors import Conflict, FreshbridgeError, InvalidRequest
from freshbridge.queues.payload import INLINE_LIMIT, PayloadGone

if TYPE_CHECKING:
    from freshbridge.dead_letters.carrier import Mark
    from freshbridge.dead_letters.store import LetterStore
    from freshbridge.dead_letters.subject import Queue
    from freshbridge.queues.payload import PayloadStore

FOLDER = "dead-letters"


@dataclass(frozen=True)
class Message:
    """A message as its function got it. `sent_s`: seconds since the epoch; `mark`: its letter."""

    message_id: str
    body: str
    sent_s: float
    mark: Mark | None = None


@dataclass(frozen=True)
class Admission:
    """Whether a message may run, and with which body."""

    may_run: bool
    body: str


class Intake:
    """The dead letters of one queue."""

    def __init__(
        self, queue: Queue, store: LetterStore, payloads: PayloadStore, *, function: str
    ) -> None:
        """`function`: who parks and closes, as histories tell it."""
        self.queue = queue
        self._store = store
        self._payloads = payloads
        self._function = function

    def park(self, message: Message, failure: Failure, *, carried: bool = True) -> Letter | None:
        """Keep the letter of a message; a letter that is there already gets one round more.

        Where it is not `carried`, the SQS dead-letter queue has no copy and is to get one. None for
        a copy from before the letter was edited, which is not to be kept: the edit stays.

        Raises:
            ClientError, BotoCoreError, LetterContended: it is not kept.
        """
        text = self._unpacked(message.body)
        known = (
            message.mark.letter_id
            if message.mark
            else letter_id(self.queue, text, message.message_id)
        )
        parking = Parking(
            letter_id=known,
            queue=self.queue,
            body=message.body,
            failure=failure,
            subject=read_subject(text),
            sent_at=text_of(message.sent_s),
            expires_at=self._store.expiry(),
        )

        older = False

        def change(before: Letter | None) -> Letter:
            nonlocal older
            now = self._store.clock()
            older = before is not None and self._is_older(message, text, before)
            if before is not None and older:
                return before.without_copy(failure.parked_by, now, failure.code)
            letter = parked(parking, before, now)
            # A pointer's object expires with the message; the letter is kept for longer.
            body = pack_body(self._payloads, letter, text)
            letter = replace(letter, body=body)
            return letter if carried else replace(letter, carried=False, return_at=text_of(now))

        kept = self._store.change(known, change)
        return None if older else kept

    def uncarried(self, letter: Letter) -> None:
        """Note that the SQS dead-letter queue did not take the copy: it is sent later.

        Raises:
            ClientError, BotoCoreError, LetterContended: not noted; the letter is kept all the same.
        """

        def change(now: Letter | None) -> Letter | None:
            if now is None or now.state is not State.PARKED or now.round != letter.round:
                return None
            return replace(now, carried=False, return_at=text_of(self._store.clock()))

        self._store.change(letter.letter_id, change)

    def admit(self, message: Message) -> Admission:
        """Whether the message may run now, and with which body: an edited letter's is another.

        A letter that is not kept any more cannot say no: its message runs as it is.

        Raises:
            ClientError, BotoCoreError, LetterContended: it cannot be told; try again.
        """
        mark = message.mark
        if mark is None:
            return Admission(True, message.body)
        claimer = mark.claim or message.message_id
        missing = False

        def claim(letter: Letter | None) -> Letter | None:
            nonlocal missing
            missing = letter is None
            return letter and letter.claimed(claimer, mark.round, self._store.clock())

        taken = self._store.change(mark.letter_id, claim)
        if taken is not None:
            return Admission(True, taken.body)
        return Admission(missing, message.body)

    def settle(self, message: Message, note: str = "") -> None:
        """Close the letter of a message that is done, if it still is the one that has it.

        Raises:
            ClientError, BotoCoreError, LetterContended: it stays open, and is run again when the
                message's lease is over; the idempotency key then gives the first run's result.
        """
        mark = message.mark
        if mark is None:
            return
        claimer = mark.claim or message.message_id

        def close(letter: Letter | None) -> Letter | None:
            held = letter is not None and letter.state is State.REDRIVEN
            if letter is None or not held or letter.claimed_by != claimer:
                return None
            return letter.resolved(self._function, self._store.clock(), note)

        self._store.change(mark.letter_id, close)

    def _is_older(self, message: Message, text: str, letter: Letter) -> bool:
        """True for a copy that never went through the letter, which was edited since."""
        if message.mark is not None or not letter.original_body:
            return False
        return same_effect_otherwise(text, self._unpacked(letter.body))

    def _unpacked(self, body: str) -> str:
        try:
            return self._payloads.unpack(body)
        except PayloadGone:
            # What is left of it is worth keeping: the pointer names the object.
            return body


def failure_of(
    error: BaseException | None, *, code: str, message: str, attempts: int, function: str
) -> Failure:
    """Why a message is parked, with what the provider said where it said anything."""
    if not isinstance(error, FreshbridgeError):
        return Failure(code, message, attempts, function)
    said = {
        "status": error.status,
        "where": error.where,
        "code": error.provider_code,
        "message": error.provider_message,
        "request_id": error.provider_request_id,
    }
    named = error.fields if isinstance(error, InvalidRequest | Conflict) else ()
    return Failure(
        code,
        message,
        attempts,
        function,
        provider={k: v for k, v in said.items() if v} if error.status is not None else {},
        fields=tuple(asdict(entry) for entry in named),
        advice=error.advice,
    )


def pack_body(
    payloads: PayloadStore, letter: Letter, text: str, *, limit: int = INLINE_LIMIT
) -> str:
    """The text as it travels: itself, or over `limit` bytes a pointer to an object of its own.

    Raises:
        ClientError, BotoCoreError: S3 did not take it.
    """
    # Named by its content: whoever loses the race for the letter has not written over the winner's.
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    key = f"{FOLDER}/{letter.letter_id}/{digest[:32]}.json"
    return payloads.pack(text, key, limit=limit)
