"""Park a message that will not succeed: into the table of dead letters and the dead-letter queue.

The table keeps the letter, its body and its history; the queue keeps a copy with the reason in its
attributes, so that a person sees it in any SQS console and its alarms ring. A message is parked
when one of the two has it: the scheduled redrive function mends the other. When neither takes it,
the message is not acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge.dead_letters import carrier
from freshbridge.dead_letters.carrier import REASON_LENGTH, Carrier, read_mark
from freshbridge.dead_letters.intake import Message, failure_of
from freshbridge.dead_letters.store import LetterContended
from freshbridge.queues.history import history_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from freshbridge.dead_letters.intake import Intake
    from freshbridge.dead_letters.letter import Failure, Letter

__all__ = ["REASON_LENGTH", "DeadLetterQueue", "Parked", "message_of"]


@dataclass(frozen=True)
class Parked:
    """`listed` is False while the table does not have it; `carried` while SQS does not."""

    letter_id: str = ""
    listed: bool = True
    carried: bool = True


class DeadLetterQueue:
    """Where one function parks its dead letters, and lets those in again that come back."""

    def __init__(
        self,
        queue_url: str,
        *,
        function: str,
        letters: Intake | None = None,
        client: SQSClient | None = None,
    ) -> None:
        """`function`: the name written into `parked_by`. Without `letters` SQS alone keeps them."""
        self._carrier = Carrier("", queue_url, client)
        self._function = function
        self._letters = letters

    def park(
        self,
        body: str,
        *,
        code: str,
        reason: str,
        attempts: int,
        parked_at: str,
        record: SQSRecord | None = None,
        error: BaseException | None = None,
    ) -> Parked:
        """Keep the message with the reason: a stable word, and a sentence without personal data.

        `parked_at` is UTC, ISO 8601. `record` is the message as it came, `error` what it met. A
        copy from before its letter was edited is given up: the letter stays as it is.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: the message was not parked.
        """
        if self._letters is not None and record is not None:
            failure = failure_of(
                error, code=code, message=reason, attempts=attempts, function=self._function
            )
            parked = self._kept(self._letters, message_of(record), failure)
            if parked is not None:
                return parked
        # Without a mark: the redrive function takes it into the table later.
        self._carrier.client.send_message(
            QueueUrl=self._carrier.dead_letter_queue_url,
            MessageBody=body,
            MessageAttributes=carrier.reason(
                code=code,
                message=reason,
                attempts=attempts,
                parked_by=self._function,
                parked_at=parked_at,
            ),
        )
        return Parked(listed=self._letters is None)

    def admit(self, record: SQSRecord) -> bool:
        """Whether the message may run; its body is then the letter's, which may have been edited.

        Raises:
            ClientError, BotoCoreError, LetterContended: it cannot be told; try again.
        """
        message = message_of(record)
        if self._letters is None or message.mark is None:
            return True
        admission = self._letters.admit(message)
        record.raw_event["body"] = admission.body
        return admission.may_run

    def settle(self, record: SQSRecord, note: str = "") -> None:
        """Close the letter of a message that is done.

        Raises:
            ClientError, BotoCoreError, LetterContended: it stays open.
        """
        if self._letters is not None:
            self._letters.settle(message_of(record), note)

    def marks(self, record: SQSRecord) -> dict[str, MessageAttributeValueTypeDef]:
        """The attributes of a message that takes this one's place: it runs for the same letter.

        Empty for a message that carries no letter.
        """
        message = message_of(record)
        if message.mark is None:
            return {}
        claim = message.mark.claim or message.message_id
        return carrier.marked(replace(message.mark, claim=claim))

    def _kept(self, letters: Intake, message: Message, failure: Failure) -> Parked | None:
        """What became of it; None while the table does not take it."""
        try:
            letter = letters.park(message, failure)
        except (ClientError, BotoCoreError, LetterContended):
            return None
        return Parked() if letter is None else self._copied(letter)

    def _copied(self, letter: Letter) -> Parked:
        try:
            self._carrier.park(letter)
        except (ClientError, BotoCoreError):
            self._note_missing_copy(letter)
            return Parked(letter.letter_id, carried=False)
        return Parked(letter.letter_id)

    def _note_missing_copy(self, letter: Letter) -> None:
        assert self._letters is not None  # noqa: S101 - there is a letter
        try:
            self._letters.uncarried(letter)
        except (ClientError, BotoCoreError, LetterContended):
            # It is kept, listed and can be redriven; only the SQS console does not show it.
            return


def message_of(record: SQSRecord) -> Message:
    """What the room of dead letters needs of a message that Lambda handed over."""
    return Message(
        message_id=record.message_id,
        body=record.body,
        sent_s=history_of(record.raw_event).first_sent_ms / 1000,
        mark=read_mark(record.raw_event.get("messageAttributes") or {}),
    )
