"""Send envelopes to a queue, in batches, and never lose one in silence.

`SendMessageBatch` can refuse single entries while it answers 200; those are an error here. Every
message names its group, so that the queues are fair: one instance's backlog delays no other's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.errors import Retry
from freshbridge.queues.envelope import Message, to_text

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from freshbridge.queues.payload import PayloadStore

# A batch takes 10 entries and 1 MiB in all; ten bodies of the inline limit would not fit in it.
BATCH_ENTRIES = 10
BATCH_BYTES = 900 * 1024


class NotQueued(Retry):
    """Amazon SQS did not take a message. Nothing was stored: the caller must not say it was."""

    code = "not_queued"


class Publisher:
    """Sends to one queue."""

    def __init__(
        self,
        queue_url: str,
        payloads: PayloadStore,
        *,
        prefix: str,
        client: SQSClient | None = None,
    ) -> None:
        """`prefix`: folder in the payload bucket for bodies that are too large for the queue."""
        self._queue_url = queue_url
        self._payloads = payloads
        self._prefix = prefix
        self._injected = client

    @property
    def _client(self) -> SQSClient:
        return self._injected or aws.sqs()

    def publish(self, envelope: Message, name: str, delay_s: int = 0) -> None:
        """Send one message. `name` is its id, unique in the queue; `delay_s` is 0 to 900.

        Raises:
            NotQueued: when SQS or S3 refused or did not answer; nothing may be assumed stored.
        """
        try:
            body = self._body(name, envelope)
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=body,
                DelaySeconds=min(max(delay_s, 0), 900),
                MessageGroupId=envelope.group,
            )
        except (ClientError, BotoCoreError) as error:
            raise NotQueued(f"could not queue {name}: {aws.error_name(error)}") from error

    def publish_all(self, envelopes: Iterable[tuple[str, Message]]) -> int:
        """Send (name, envelope) pairs and return how many.

        Raises:
            NotQueued: when any entry was refused. Entries before it may have been sent, so the
                receiver must be idempotent.
        """
        sent = 0
        for batch in self._batches(envelopes):
            try:
                answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=batch)
            except (ClientError, BotoCoreError) as error:
                raise NotQueued(f"could not queue a batch: {aws.error_name(error)}") from error
            if failed := answer.get("Failed"):
                codes = sorted({entry["Code"] for entry in failed})
                raise NotQueued(f"{len(failed)} of {len(batch)} messages refused: {codes}")
            sent += len(batch)
        return sent

    def _body(self, name: str, envelope: Message) -> str:
        try:
            return self._payloads.pack(to_text(envelope), f"{self._prefix}/{name}.json")
        except (ClientError, BotoCoreError) as error:
            raise NotQueued(
                f"could not keep the body of {name}: {aws.error_name(error)}"
            ) from error

    def _batches(
        self, envelopes: Iterable[tuple[str, Message]]
    ) -> Iterator[Sequence[SendMessageBatchRequestEntryTypeDef]]:
        batch: list[SendMessageBatchRequestEntryTypeDef] = []
        size = 0
        for name, envelope in envelopes:
            body = self._body(name, envelope)
            length = len(body.encode())
            if batch and (len(batch) == BATCH_ENTRIES or size + length > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(
                {"Id": str(len(batch)), "MessageBody": body, "MessageGroupId": envelope.group}
            )
            size += length
        if batch:
            yield batch
