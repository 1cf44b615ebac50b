"""Move all that a dead-letter queue holds back to its queue, as it is.

On AWS the queue service does it by itself: a message move task goes on after this returns, a whole
queue of any length. Where the service has no such tasks (the local emulator), messages are moved
one by one: sent first and deleted after, so that a crash between the two leaves a copy and loses
nothing. Either way a message keeps what says which dead letter it is, so each letter runs once.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge.dead_letters.carrier import marked, read_mark
from freshbridge.errors import Conflict

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

    from freshbridge.dead_letters.carrier import Carrier

POLL_S = 1
"""A receive that waits asks all of the servers that a queue is spread over."""
HIDDEN_S = 120
NO_TASKS = (
    "InvalidAction",
    "UnsupportedOperation",
    "AWS.SimpleQueueService.UnsupportedOperation",
    "AccessDenied",
)
"""What a service answers that does not know move tasks, or does not let this function start one."""


class MoveUnderWay(Conflict):
    """Amazon SQS moves a queue's messages once at a time."""

    code = "move_under_way"
    default_advice = "Wait until it is done, or cancel it in the SQS console."


@dataclass(frozen=True)
class Moved:
    """`task` where the service goes on by itself; `moved` counts what was moved here."""

    task: bool
    moved: int = 0


class Mover:
    """From one dead-letter queue to the queue beside it."""

    def __init__(self, carrier: Carrier) -> None:
        """`carrier` knows both queues."""
        self._carrier = carrier

    def move_all(self, may_go_on: Callable[[], bool]) -> Moved:
        """Start the service's own move, or move messages here while `may_go_on`.

        Raises:
            MoveUnderWay: the service is at it already.
            ClientError, BotoCoreError: SQS did not answer; nothing is lost.
        """
        try:
            self._carrier.client.start_message_move_task(
                SourceArn=self._arn(self._carrier.dead_letter_queue_url),
                # Parked messages were sent here, so SQS knows no source of theirs.
                DestinationArn=self._arn(self._carrier.queue_url),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_TASKS:
                raise
            # A service that has no tasks has nothing to say of them either.
            with suppress(ClientError):
                if self.progress().get("status") == "RUNNING":
                    raise MoveUnderWay("messages of this queue are being moved already") from error
            return Moved(task=False, moved=self._move(may_go_on))
        return Moved(task=True)

    def progress(self) -> dict[str, Any]:
        """`{"status", "moved", "of"}` of the last move task; {} where there was none.

        Raises:
            ClientError, BotoCoreError: SQS did not answer.
        """
        try:
            found = self._carrier.client.list_message_move_tasks(
                SourceArn=self._arn(self._carrier.dead_letter_queue_url), MaxResults=1
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_TASKS:
                raise
            return {}
        tasks: list[Any] = list(found.get("Results", []))
        if not tasks:
            return {}
        return {
            "status": tasks[0].get("Status", ""),
            "moved": tasks[0].get("ApproximateNumberOfMessagesMoved", 0),
            "of": tasks[0].get("ApproximateNumberOfMessagesToMove"),
        }

    def _arn(self, queue_url: str) -> str:
        found = self._carrier.client.get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["QueueArn"]
        )
        return found["Attributes"]["QueueArn"]

    def _move(self, may_go_on: Callable[[], bool]) -> int:
        moved = 0
        while may_go_on() and (batch := self._carrier.receive(hidden_s=HIDDEN_S, wait_s=POLL_S)):
            for message in batch:
                self._put_back(message)
                moved += 1
        return moved

    def _put_back(self, message: MessageTypeDef) -> None:
        attributes: Any = message.get("Attributes", {})
        mark = read_mark(dict(message.get("MessageAttributes", {})))
        group = attributes.get("MessageGroupId")
        grouped: dict[str, Any] = {"MessageGroupId": group} if group else {}
        self._carrier.client.send_message(
            QueueUrl=self._carrier.queue_url,
            MessageBody=message["Body"],
            # Without what tells why it was parked, and when it was first sent: it starts over.
            MessageAttributes=marked(mark) if mark else {},
            **grouped,
        )
        self._carrier.client.delete_message(
            QueueUrl=self._carrier.dead_letter_queue_url, ReceiptHandle=message["ReceiptHandle"]
        )
