"""Go through an SQS dead-letter queue: take in what is not listed, delete copies that are stale.

The queue and the table are written one after the other, so they may differ:

    a copy without a mark     taken in: Amazon SQS moved the message itself, as its function died
                              each time; or the table did not answer when it was parked
    its letter is gone        the same, unless the letter has expired
    an earlier round          deleted: a later copy is there
    the letter is not parked  deleted: it was redriven or discarded
    it was taken, and moved   parked again: its function died each time

Amazon SQS lists nothing: a message has to be received to be seen, and is hidden for that time. What
stays is shown again at once when all was seen; else it is hidden until later runs have seen the
rest, so that a queue of any length is gone through in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import timestamps
from freshbridge.dead_letters.carrier import Mark, read_mark
from freshbridge.dead_letters.intake import Message
from freshbridge.dead_letters.letter import Failure, Letter, State

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

    from freshbridge.dead_letters.carrier import Carrier
    from freshbridge.dead_letters.intake import Intake
    from freshbridge.dead_letters.store import LetterStore

UNPARKED = "moved_by_queue"
"""The code of a message that SQS itself moved: its function died each time it was tried."""
POLL_S = 1
"""A receive that waits asks all of the servers that a queue is spread over."""
HIDDEN_S = 300
LONGEST_HIDDEN_S = 21_600
MOST_HIDDEN = 60_000
"""Amazon SQS hands out no more than 120,000 messages of a queue at a time."""
INTERVAL_S = 300


@dataclass
class Swept:
    """What one run did: messages looked at, taken in, deleted. `whole` when it saw all of them."""

    seen: int = 0
    adopted: int = 0
    deleted: int = 0
    whole: bool = False


class Sweep:
    """One dead-letter queue and the letters of its table."""

    def __init__(self, carrier: Carrier, intake: Intake, store: LetterStore) -> None:
        """`intake` of the same queue."""
        self._carrier = carrier
        self._intake = intake
        self._store = store

    def run(self, *, most: int, may_go_on: Callable[[], bool]) -> Swept:
        """Look at up to `most` messages while `may_go_on`.

        Raises:
            ClientError, BotoCoreError, LetterContended: what was looked at is shown again later.
        """
        swept = Swept()
        staying: list[str] = []
        try:
            while swept.seen < most and may_go_on():
                batch = self._carrier.receive(hidden_s=HIDDEN_S, wait_s=POLL_S)
                if not batch:
                    swept.whole = True
                    break
                swept.seen += len(batch)
                for message in batch:
                    if not self._gone(message, swept):
                        staying.append(message["ReceiptHandle"])
        finally:
            self._show_again(staying, swept.whole)
        return swept

    def depth(self) -> int:
        """About how many messages the queue holds."""
        found = self._carrier.client.get_queue_attributes(
            QueueUrl=self._carrier.dead_letter_queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return sum(int(value) for value in found.values())

    def _gone(self, message: MessageTypeDef, swept: Swept) -> bool:
        """True when the message is not in the queue any more."""
        mark = read_mark(dict(message.get("MessageAttributes", {})))
        letter = self._store.find(mark.letter_id) if mark else None
        if letter is None:
            if mark is not None and self._expired(message):
                return False
            self._adopt(message, mark)
            swept.adopted += 1
        elif self._died(message, mark, letter):
            self._adopt(message, mark)
            swept.adopted += 1
        elif letter.state is State.PARKED and not _is_earlier(mark, letter):
            return False
        else:
            swept.deleted += 1
        self._carrier.client.delete_message(
            QueueUrl=self._carrier.dead_letter_queue_url, ReceiptHandle=message["ReceiptHandle"]
        )
        return True

    def _died(self, message: MessageTypeDef, mark: Mark | None, letter: Letter) -> bool:
        """True for a message that was sent back, and was moved here by SQS again."""
        if _is_earlier(mark, letter) or letter.state not in (State.RETURNING, State.REDRIVEN):
            return False
        owner = (mark.claim if mark else "") or message["MessageId"]
        attributes: Any = message.get("Attributes", {})
        # Only a message that SQS moved names its source; a parked copy was sent here.
        moved = "DeadLetterQueueSourceArn" in attributes
        return moved or owner == letter.claimed_by

    def _adopt(self, message: MessageTypeDef, mark: Mark | None) -> None:
        """Keep the message as a letter, and put a marked copy in its place."""
        said = {
            name: str(value.get("StringValue", ""))
            for name, value in message.get("MessageAttributes", {}).items()
        }
        system: Any = message.get("Attributes", {})
        parked_before = "code" in said and "DeadLetterQueueSourceArn" not in system
        attempts = str(
            said.get("attempts") if parked_before else system.get("ApproximateReceiveCount")
        )
        failure = Failure(
            code=said["code"] if parked_before else UNPARKED,
            message=said.get("reason", "") if parked_before else _DIED,
            attempts=int(attempts) if attempts.isdigit() else 0,
            parked_by=said.get("parked_by", "") if parked_before else "queue",
        )
        sent_ms = int(system.get("SentTimestamp", "0"))
        taken = self._intake.park(
            Message(message["MessageId"], message["Body"], sent_ms / 1000, mark), failure
        )
        if taken is not None:
            self._carrier.park(taken)

    def _expired(self, message: MessageTypeDef) -> bool:
        """True for a copy whose letter was kept for as long as letters are."""
        attributes: Any = message.get("MessageAttributes", {})
        try:
            parked_s = timestamps.from_text(attributes["parked_at"]["StringValue"]).timestamp()
        except (KeyError, ValueError):
            return False
        now = self._store.clock()
        return parked_s + (self._store.expiry() - now) <= now

    def _show_again(self, handles: list[str], whole: bool) -> None:
        if whole:
            wait_s = 0
        else:
            # So many runs it takes to see the others.
            runs = min(self.depth(), MOST_HIDDEN) // max(len(handles), 1) + 1
            wait_s = min(runs * INTERVAL_S, LONGEST_HIDDEN_S)
        for start in range(0, len(handles), 10):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": wait_s}
                for number, handle in enumerate(handles[start : start + 10])
            ]
            # What is refused is in view again when its time is up, only later.
            with suppress(ClientError):
                self._carrier.client.change_message_visibility_batch(
                    QueueUrl=self._carrier.dead_letter_queue_url, Entries=entries
                )


_DIED = "Amazon SQS moved it: its function stopped each time it was tried, before it could say why"


def _is_earlier(mark: Mark | None, letter: Letter) -> bool:
    return mark is not None and mark.round is not None and mark.round < letter.round
