"""The work: one message per ticket to create, in the envelope that the documentation shows.

The same messages for every subject: the peers read `parameters` and send them as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

CUSTOMERS = 200
"""Who writes in: as many tickets of each."""
_BATCH = 10
COUNTED: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class Message:
    """One ticket to create; `subject` tells it from every other one of every run."""

    subject: str
    instance_id: str
    customer: int = 0

    def body(self) -> str:
        """The action request."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        request = {
            "action_id": f"act_{self.subject}",
            "instance_id": self.instance_id,
            "platform": "freshdesk",
            "action": "create_ticket",
            "parameters": ticket(self.subject, self.customer),
            "idempotency_key": self.subject,
            "origin": {"type": "bench"},
            "submitted_at": now,
        }
        return json.dumps(request)


def ticket(subject: str, customer: int) -> dict[str, Any]:
    """What is asked for: the fields without which Freshdesk refuses, and a description."""
    return {
        "subject": subject,
        "description": "Since this morning the invoice page stays empty for everybody here.",
        "email": f"customer-{customer:03d}@client.example",
        "status": 2,
        "priority": 1,
    }


def backlog(run: str, count: int, instance_id: str) -> list[Message]:
    """`count` messages whose subjects begin with `run`."""
    return [
        Message(f"{run}-{number:05d}", instance_id, number % CUSTOMERS) for number in range(count)
    ]


def enqueue(queues: SQSClient, url: str, messages: Sequence[Message]) -> None:
    """Send them all; raises RuntimeError when SQS refuses one."""
    batches = [messages[at : at + _BATCH] for at in range(0, len(messages), _BATCH)]

    def send(batch: Sequence[Message]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {
                "Id": str(number),
                "MessageBody": message.body(),
                "MessageGroupId": f"{message.instance_id}.bench",
            }
            for number, message in enumerate(batch)
        ]
        answer = queues.send_message_batch(QueueUrl=url, Entries=entries)
        if failed := answer.get("Failed"):
            raise RuntimeError(f"the queue refused {len(failed)} messages: {failed[0]['Code']}")

    with ThreadPoolExecutor(max_workers=4) as threads:
        list(threads.map(send, batches))


def waiting_in(queues: SQSClient, url: str) -> int:
    """Messages in the queue, whether visible, in somebody's hands or delayed."""
    answer = queues.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTED)
    return sum(int(answer["Attributes"][name]) for name in COUNTED)
