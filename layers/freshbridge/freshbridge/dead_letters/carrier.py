"""The messages that carry a letter: how they are marked, and how they are read and sent.

The SQS dead-letter queue holds one message a parked letter, with the reason in its attributes, so
that any SQS console shows it. What says which letter it is travels in attributes too, and goes back
to the queue with whatever tool moves the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge import aws
from freshbridge.queues.envelope import fair_group

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef, MessageTypeDef

    from freshbridge.dead_letters.letter import Letter

LETTER_ID, ROUND, CLAIM = "dead_letter_id", "dead_letter_round", "dead_letter_claim"
REASON_LENGTH = 500


@dataclass(frozen=True)
class Mark:
    """Which letter a message carries. `claim`: who it runs for, where it is not the first."""

    letter_id: str
    round: int | None = None
    claim: str = ""


def read_mark(attributes: dict[str, Any]) -> Mark | None:
    """The mark among a message's attributes, as Lambda or as SQS itself hands them over."""
    values = {
        name: str(found.get("stringValue") or found.get("StringValue") or "")
        for name, found in attributes.items()
    }
    letter_id = values.get(LETTER_ID)
    if not letter_id:
        return None
    number = values.get(ROUND, "")
    known = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else None
    return Mark(letter_id, known, values.get(CLAIM, ""))


def text(value: str) -> MessageAttributeValueTypeDef:
    """A text attribute without what Amazon SQS would refuse the whole message for."""
    # SQS allows tab, newline, return and U+0020 up.
    clean = "".join(c for c in value if c in "\t\n\r" or " " <= c <= "\ud7ff")
    return {"DataType": "String", "StringValue": clean or "-"}


def number(value: int) -> MessageAttributeValueTypeDef:
    """A number attribute."""
    return {"DataType": "Number", "StringValue": str(value)}


def marked(mark: Mark) -> dict[str, MessageAttributeValueTypeDef]:
    """The attributes of a mark."""
    shown = {LETTER_ID: text(mark.letter_id)}
    if mark.round is not None:
        shown[ROUND] = number(mark.round)
    if mark.claim:
        shown[CLAIM] = text(mark.claim)
    return shown


def reason(
    *, code: str, message: str, attempts: int, parked_by: str, parked_at: str
) -> dict[str, MessageAttributeValueTypeDef]:
    """The attributes that tell a person why a message was parked."""
    return {
        "code": text(code),
        "reason": text(message[:REASON_LENGTH] or "no reason given"),
        "attempts": number(attempts),
        "parked_by": text(parked_by),
        "parked_at": text(parked_at),
    }


class Carrier:
    """Sends a letter to its queue, or a copy of it to the dead-letter queue beside."""

    def __init__(
        self, queue_url: str, dead_letter_queue_url: str, client: SQSClient | None = None
    ) -> None:
        """`queue_url`: where its function takes messages from."""
        self.queue_url = queue_url
        self.dead_letter_queue_url = dead_letter_queue_url
        self._injected = client

    @property
    def client(self) -> SQSClient:
        """The client; made at first use."""
        return self._injected or aws.sqs()

    def send_back(self, letter: Letter) -> None:
        """Put the letter on its queue; one that was taken already goes on as what took it.

        Raises:
            ClientError, BotoCoreError: SQS did not take it.
        """
        mark = Mark(letter.letter_id, letter.round, letter.claimed_by)
        self.client.send_message(
            QueueUrl=self.queue_url,
            MessageBody=letter.body,
            MessageAttributes=marked(mark),
            MessageGroupId=_group(letter),
        )

    def park(self, letter: Letter) -> None:
        """Put a copy of the parked letter into the dead-letter queue.

        Raises:
            ClientError, BotoCoreError: SQS did not take it.
        """
        self.client.send_message(
            QueueUrl=self.dead_letter_queue_url,
            MessageBody=letter.body,
            MessageAttributes={
                **reason(
                    code=letter.failure.code,
                    message=letter.failure.message,
                    attempts=letter.failure.attempts,
                    parked_by=letter.failure.parked_by,
                    parked_at=letter.parked_at,
                ),
                **marked(Mark(letter.letter_id, letter.round)),
            },
            # It goes back with whatever tool moves the message.
            MessageGroupId=_group(letter),
        )

    def receive(self, *, hidden_s: int, wait_s: int) -> list[MessageTypeDef]:
        """Up to ten messages of the dead-letter queue, with all that they carry.

        Each is hidden from others for `hidden_s`; for the first one is waited up to `wait_s`.

        Raises:
            ClientError, BotoCoreError: SQS did not answer.
        """
        answer = self.client.receive_message(
            QueueUrl=self.dead_letter_queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=hidden_s,
            WaitTimeSeconds=wait_s,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return answer.get("Messages", [])


def _group(letter: Letter) -> str:
    return fair_group(letter.subject.instance_id, letter.subject.origin_type)
