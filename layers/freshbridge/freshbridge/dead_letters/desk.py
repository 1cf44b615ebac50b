"""What people, jobs and the schedule do with dead letters: send back, give up, take that back.

The letter is written first and its message sent after: of two who send one letter at once, one is
refused. A process that dies between the two leaves a letter that is "returning" and due: the
schedule sends it again. Two messages of one letter do no harm, as the first one taken runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.actions.record import State as ActionState
from freshbridge.actions.record_store import UnknownActionRecord
from freshbridge.dead_letters.letter import Letter, State, text_of
from freshbridge.dead_letters.store import LetterContended, UnknownLetter
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from freshbridge.actions.record_store import RecordStore
    from freshbridge.dead_letters.carrier import Carrier
    from freshbridge.dead_letters.store import LetterStore
    from freshbridge.dead_letters.subject import Queue

Edit = Callable[[Letter], Letter]
"""Makes another letter of one that is about to be sent; raises InvalidRequest where it cannot."""
AUTOMATIC = "automatic"


class NotSentBack(Retry):
    """Amazon SQS did not take the message; the letter is parked as before."""

    code = "dead_letter_not_sent"


class Desk:
    """Works on the letters of one stack."""

    def __init__(
        self,
        store: LetterStore,
        carriers: Mapping[Queue, Carrier],
        records: RecordStore,
    ) -> None:
        """`records`: those of the actions, which show that an action is queued again."""
        self.store = store
        self.carriers = carriers
        self._records = records

    def send_back(
        self, letter_id: str, by: str, *, edit: Edit | None = None, automatic: bool = False
    ) -> Letter:
        """Send the letter to its queue, changed by `edit` where there is one.

        Raises:
            UnknownLetter, NotParked, Discarded: there is nothing to send.
            NotSentBack: SQS did not take it.
            LetterContended, ClientError, BotoCoreError: nothing was changed.
        """

        def change(letter: Letter | None) -> Letter:
            found = _there(letter, letter_id)
            found.require_parked()
            ready = found if edit is None else edit(found)
            return ready.sent_back(by, self.store.clock(), automatic=automatic)

        sent = self._changed(letter_id, change)
        try:
            self.carriers[sent.queue].send_back(sent)
        except (ClientError, BotoCoreError) as error:
            self._take_back(sent)
            raise NotSentBack(
                f"Amazon SQS did not take dead letter {letter_id}: {aws.error_name(error)}"
            ) from error
        self._reopen(sent)
        return sent

    def send_again(self, letter_id: str) -> Letter | None:
        """Send a letter once more whose message was not heard of; None where there is no need.

        Raises:
            LetterContended, ClientError, BotoCoreError: it stays due.
        """
        now = self.store.clock()

        def change(letter: Letter | None) -> Letter | None:
            if letter is None or letter.state not in (State.RETURNING, State.REDRIVEN):
                return None
            return letter.sent_again(now) if is_due(letter, now) else None

        sent = self.store.change(letter_id, change)
        if sent is not None:
            self.carriers[sent.queue].send_back(sent)
        return sent

    def carry(self, letter: Letter) -> None:
        """Give the SQS dead-letter queue the copy that it lacks.

        Raises:
            LetterContended, ClientError, BotoCoreError: it stays due.
        """
        self.carriers[letter.queue].park(letter)

        def change(now: Letter | None) -> Letter | None:
            same = now is not None and now.round == letter.round and now.state is State.PARKED
            return now.carried_again() if now is not None and same else None

        self.store.change(letter.letter_id, change)

    def discard(self, letter_id: str, by: str, reason: str) -> Letter:
        """Give the letter up; its message runs no more, wherever a copy of it still is.

        Raises:
            UnknownLetter, NotParked, Discarded: there is nothing to give up.
            LetterContended, ClientError, BotoCoreError: nothing was changed.
        """
        return self._changed(
            letter_id,
            lambda letter: _there(letter, letter_id).discarded(by, reason, self.store.clock()),
        )

    def restore(self, letter_id: str, by: str) -> Letter:
        """Undo a discard.

        Raises:
            UnknownLetter, NotDiscarded: there is nothing to undo.
            LetterContended, ClientError, BotoCoreError: nothing was changed.
        """
        restored = self._changed(
            letter_id, lambda letter: _there(letter, letter_id).restored(by, self.store.clock())
        )
        try:
            self.carry(restored)
        except (ClientError, BotoCoreError, LetterContended):
            # It is due: the schedule sends the copy.
            return restored
        return self.store.find(letter_id) or restored

    def put_off(self, letter_id: str, wait_s: float) -> None:
        """Look at a parked letter again later.

        Raises:
            LetterContended, ClientError, BotoCoreError: it stays due.
        """

        def change(letter: Letter | None) -> Letter | None:
            parked = letter is not None and letter.state is State.PARKED
            return letter.put_off(self.store.clock(), wait_s) if letter and parked else None

        self.store.change(letter_id, change)

    def _changed(self, letter_id: str, change: Callable[[Letter | None], Letter]) -> Letter:
        kept = self.store.change(letter_id, change)
        assert kept is not None  # noqa: S101 - `change` makes one or raises
        return kept

    def _take_back(self, sent: Letter) -> None:
        """Park again what SQS did not take, unless it did all the same and the letter was taken."""

        def change(letter: Letter | None) -> Letter | None:
            if letter is None or letter.version != sent.version:
                return None
            return letter.not_sent(self.store.clock(), "Amazon SQS did not take it")

        try:
            self.store.change(sent.letter_id, change)
        except (ClientError, BotoCoreError, LetterContended):
            # It is "returning", and is sent again when it is due.
            return

    def _reopen(self, letter: Letter) -> None:
        """Show the action as queued; one that had succeeded says so still, and will again."""
        if not letter.subject.action_id:
            return
        try:
            record = self._records.get(letter.subject.action_id)
            if record.state.final and record.state is not ActionState.SUCCEEDED:
                self._records.reopen(record)
        except (ClientError, BotoCoreError, UnknownActionRecord, Retry):
            # The record only tells; the queue has the message.
            return


def is_due(letter: Letter, now: float) -> bool:
    """True when the letter's moment has come."""
    return bool(letter.return_at) and letter.return_at <= text_of(now)


def _there(letter: Letter | None, letter_id: str) -> Letter:
    if letter is None:
        raise UnknownLetter(f"no dead letter {letter_id[:64]}")
    return letter
