"""Put dead letters back on their queue, or say what is there.

A message is sent first and deleted after: a crash between the two leaves a copy behind, and the
idempotency key makes the second one harmless. Reading hides a message for `HIDDEN_S`; a dry run
shows it again at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_S = 120
UNPARKED = "moved_by_queue"
"""The code shown for a message that SQS itself moved: its function died each time it was tried."""


@dataclass
class Outcome:
    """`moved`: put back on the queue. `by_code`: messages seen, by the reason they were parked."""

    moved: int = 0
    by_code: dict[str, int] = field(default_factory=dict)


class Redrive:
    """From one dead-letter queue to the queue beside it."""

    def __init__(self, source_url: str, target_url: str, client: SQSClient | None = None) -> None:
        """`source_url`: the dead-letter queue; `target_url`: where its messages came from."""
        self._source_url = source_url
        self._target_url = target_url
        self._injected = client

    @property
    def _client(self) -> SQSClient:
        return self._injected or aws.sqs()

    def run(self, *, limit: int, dry_run: bool, may_go_on: Callable[[], bool]) -> Outcome:
        """Handle up to `limit` messages, as long as `may_go_on`."""
        outcome = Outcome()
        seen: list[MessageTypeDef] = []
        try:
            while len(seen) < limit and may_go_on():
                batch = self._receive(min(10, limit - len(seen)))
                if not batch:
                    break
                for message in batch:
                    seen.append(message)
                    name = _code(message)
                    outcome.by_code[name] = outcome.by_code.get(name, 0) + 1
                    if not dry_run:
                        self._put_back(message)
                        outcome.moved += 1
        finally:
            if dry_run:
                self._show_again(seen)
        return outcome

    def _receive(self, count: int) -> list[MessageTypeDef]:
        answer = self._client.receive_message(
            QueueUrl=self._source_url,
            MaxNumberOfMessages=count,
            VisibilityTimeout=HIDDEN_S,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _put_back(self, message: MessageTypeDef) -> None:
        # Without the attributes that tell why it was parked: it starts over.
        self._client.send_message(QueueUrl=self._target_url, MessageBody=message["Body"])
        self._client.delete_message(
            QueueUrl=self._source_url, ReceiptHandle=message["ReceiptHandle"]
        )

    def _show_again(self, messages: list[MessageTypeDef]) -> None:
        for message in messages:
            self._client.change_message_visibility(
                QueueUrl=self._source_url,
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=0,
            )


def _code(message: MessageTypeDef) -> str:
    attributes = message.get("MessageAttributes", {})
    return attributes["code"]["StringValue"] if "code" in attributes else UNPARKED
