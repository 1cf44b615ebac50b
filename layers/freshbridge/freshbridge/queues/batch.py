"""Process an SQS batch so that every message ends done, put off, or parked with its reason.

Built on the Powertools batch processor; its one hook for failures does what the verdict says (see
`verdict`). A parked message is acknowledged only after the dead-letter queue has it. One bad
message never holds back its batch.
"""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, timestamps
from freshbridge.errors import Retry
from freshbridge.observability import count
from freshbridge.queues.history import History, history_of
from freshbridge.queues.verdict import Patience, Verdict, judge

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.utilities.batch.base import FailureResponse, SuccessResponse
    from aws_lambda_powertools.utilities.batch.types import (
        BatchTypeModels,
        PartialItemFailureResponse,
    )
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_sqs import SQSClient

    from freshbridge.queues.park import DeadLetterQueue

    ExceptionInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


LONGEST_DELAY_S = 900
"""Amazon SQS delays a new message no longer."""


class HandedBack(Retry):
    """The function has no time left for this message; the next invocation takes it."""

    code = "handed_back"
    costs_no_attempt = True


Observer = Callable[[SQSRecord, BaseException, Verdict], bool]
"""Told what becomes of a failed message, before it happens; must not raise. True when it keeps what
would be parked: the message then needs no dead letter."""


class RetryingBatchProcessor(BatchProcessor):
    """The Powertools processor with a verdict for every failure instead of one for all."""

    def __init__(
        self,
        *,
        queue_url: str,
        dead_letters: DeadLetterQueue,
        logger: Logger,
        metrics: Metrics,
        patience: Patience | None = None,
        observer: Observer | None = None,
        defects: Callable[[SQSRecord], int | None] | None = None,
        afterwards: Callable[[], object] | None = None,
        client: SQSClient | None = None,
        clock: Callable[[], float] = timestamps.epoch,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`queue_url`: the queue that feeds this function. `clock`: seconds since the epoch.

        `defects`: how many errors nobody foresaw a message met before; see `judge`. `afterwards`
        is called once after each batch, however it ended.
        """
        super().__init__(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        self._queue_url = queue_url
        self._dead_letters = dead_letters
        self._log = logger
        self._metrics = metrics
        self.patience = patience or Patience()
        self._observer = observer
        self._defects = defects
        self._afterwards = afterwards
        self._injected = client
        self._clock = clock
        self._jitter = jitter

    @property
    def _client(self) -> SQSClient:
        return self._injected or aws.sqs()

    def begin(self, record: SQSRecord) -> None:
        """Let no log line about this message carry the id of the one before."""
        self._log.set_correlation_id(record.message_id)

    def failure_handler(
        self, record: SQSRecord | BatchTypeModels, exception: ExceptionInfo
    ) -> SuccessResponse | FailureResponse:
        """Park or hide the message; only a parked one counts as processed."""
        if not isinstance(record, SQSRecord):
            return super().failure_handler(record, exception)
        error = exception[1] or RuntimeError("failed without an exception")
        history = history_of(record.raw_event)
        verdict = judge(
            error,
            history,
            now=self._clock(),
            patience=self.patience,
            jitter=self._jitter(),
            defects=None if self._defects is None else self._defects(record),
        )
        receives = history.before + history.receives
        details = {"receives": receives, "code": verdict.code, "reason": verdict.reason}
        if verdict.code == "defect":
            # Where it failed, not its text, which may quote the message.
            frames = traceback.format_tb(error.__traceback__)
            self._log.error("message failed unforeseen", extra={**details, "frames": frames})
        kept = self._observer is not None and self._observer(record, error, verdict)
        if verdict.park and (kept or self._parked(record, verdict, receives, error)):
            self._log.warning("message parked", extra={**details, "dead_letter": not kept})
            count(self._metrics, "MessagesParked")
            if kept:
                self.settle(record, "what it came to is listed elsewhere")
            return self.success_handler(record, None)
        if verdict.renew and self._renewed(record, history, verdict.wait_s):
            self._log.info("message sent anew", extra={**details, "wait_s": verdict.wait_s})
            count(self._metrics, "MessagesDeferred")
            return self.success_handler(record, None)
        if not verdict.park:
            self._hide(record, verdict.wait_s)
            self._log.info("message put off", extra={**details, "wait_s": verdict.wait_s})
            count(self._metrics, "MessagesDeferred")
        return super().failure_handler(record, exception)

    def end(self) -> None:
        """Give up what was held for this batch only: it is of no use to the next one."""
        if self._afterwards is not None:
            self._afterwards()

    def admit(self, record: SQSRecord) -> bool:
        """False for a message whose dead letter was given up, or is run by another message."""
        if self._dead_letters.admit(record):
            return True
        self._log.info("dead letter not run", extra={"reason": "discarded, or taken before"})
        count(self._metrics, "DeadLettersNotRun")
        return False

    def settle(self, record: SQSRecord, note: str = "") -> None:
        """Close the dead letter, if it was one, of a message that is done."""
        try:
            self._dead_letters.settle(record, note)
        except (ClientError, BotoCoreError, Retry) as error:
            # It is run again in half a day, and answers then what it answered now.
            self._log.warning("dead letter not closed", extra={"error": aws.error_name(error)})

    def _parked(
        self, record: SQSRecord, verdict: Verdict, receives: int, error: BaseException
    ) -> bool:
        try:
            parked = self._dead_letters.park(
                record.body,
                code=verdict.code,
                reason=verdict.reason,
                attempts=receives,
                parked_at=timestamps.to_text(timestamps.now()),
                record=record,
                error=error,
            )
        except (ClientError, BotoCoreError) as failure:
            self._log.error("could not park", extra={"error": aws.error_name(failure)})
            count(self._metrics, "ParkingFailed")
            return False
        if not (parked.listed and parked.carried):
            self._log.warning("parked in part", extra=vars(parked))
            count(self._metrics, "PartlyParked")
        return True

    def _renewed(self, record: SQSRecord, history: History, wait_s: int) -> bool:
        group = record.raw_event["attributes"].get("MessageGroupId")
        try:
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=record.body,
                DelaySeconds=min(wait_s, LONGEST_DELAY_S),
                MessageAttributes={**self._dead_letters.marks(record), **history.attributes()},
                **({"MessageGroupId": group} if group else {}),
            )
        except (ClientError, BotoCoreError) as error:
            self._log.warning("could not renew", extra={"error": aws.error_name(error)})
            return False
        return True

    def _hide(self, record: SQSRecord, wait_s: int) -> None:
        try:
            self._client.change_message_visibility(
                QueueUrl=self._queue_url,
                ReceiptHandle=record.receipt_handle,
                VisibilityTimeout=wait_s,
            )
        except (ClientError, BotoCoreError) as error:
            # Not lost: it comes back after the queue's own visibility time-out, only later.
            self._log.warning("could not hide", extra={"error": aws.error_name(error)})
            count(self._metrics, "HidingFailed")


def process_batch(
    event: dict[str, Any],
    context: LambdaContext,
    processor: RetryingBatchProcessor,
    handle: Callable[[SQSRecord], None],
) -> PartialItemFailureResponse:
    """Run `handle` over the batch and answer with the messages that SQS must keep.

    A message that the remaining time is too short for is handed back untouched.
    """

    def record_handler(record: SQSRecord) -> None:
        processor.begin(record)
        if context.get_remaining_time_in_millis() < processor.patience.reserve_ms:
            raise HandedBack("no time left in this invocation", after=1.0)
        if processor.admit(record):
            handle(record)
            processor.settle(record)

    try:
        return process_partial_response(
            event=event, record_handler=record_handler, processor=processor, context=context
        )
    finally:
        processor.end()
