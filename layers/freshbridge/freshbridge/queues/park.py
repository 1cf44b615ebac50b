"""Park a message that will not succeed: into the dead-letter queue, with the reason beside it.

The reason travels as message attributes, so that a person sees it in any SQS console without
opening the body. When parking fails the message is not acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef

REASON_LENGTH = 500


class DeadLetterQueue:
    """Where one function parks its dead letters."""

    def __init__(self, queue_url: str, *, function: str, client: SQSClient | None = None) -> None:
        """`function`: the name written into `parked_by`."""
        self._queue_url = queue_url
        self._function = function
        self._injected = client

    @property
    def _client(self) -> SQSClient:
        return self._injected or aws.sqs()

    def park(self, body: str, *, code: str, reason: str, attempts: int, parked_at: str) -> None:
        """Send `body` to the dead-letter queue.

        Attributes: `code` (stable word), `reason` (a sentence without personal data), `attempts`,
        `parked_by`, `parked_at` (UTC, ISO 8601).

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: the message was not parked.
        """
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageAttributes={
                "code": _text(code),
                "reason": _text(reason[:REASON_LENGTH] or "no reason given"),
                "attempts": {"DataType": "Number", "StringValue": str(attempts)},
                "parked_by": _text(self._function),
                "parked_at": _text(parked_at),
            },
        )


def _text(value: str) -> MessageAttributeValueTypeDef:
    # SQS allows tab, newline, return and U+0020 up; anything else would refuse the whole message.
    clean = "".join(c for c in value if c in "\t\n\r" or " " <= c <= "\ud7ff")
    return {"DataType": "String", "StringValue": clean or "-"}
