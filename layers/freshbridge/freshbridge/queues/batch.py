"""Process an SQS batch so that every message ends done, put off, or parked with its reason.

Built on the Powertools batch processor; its one hook for failures decides:

    Retry            hide the message until its wait is over, report it as failed, keep it
    nothing tried    the same, however often: it waited for the rate budget, or for its turn
    Retry, too long  park it: it has been tried for a day
    Reject           park it at once: trying again cannot help
    AWS failing      as Retry: an outage of a table or bucket is nobody's defect
    anything else    a defect: tried a few times, then parked

A parked message is acknowledged only after the dead-letter queue has it. One bad message never
holds back its batch.
"""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
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
from freshbridge.errors import Reject, Retry
from freshbridge.observability import count
from freshbridge.queues.backoff import wait_of, wait_seconds

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


class AwsUnavailable(Retry):
    """A table, bucket, queue or secret that the work needs did not answer, or refused."""

    code = "aws_unavailable"


@dataclass(frozen=True)
class Patience:
    """When a message has been tried for long enough.

    `deadline_s`: seconds since it was first sent. `receives`: must stay below the queue's
    maxReceiveCount, or SQS moves the message itself and no reason travels with it.
    `defect_receives`: for errors that nobody foresaw. `reserve_ms`: time left in the invocation
    below which no further message is begun.
    """

    deadline_s: float = 86_400.0
    receives: int = 45
    defect_receives: int = 5
    reserve_ms: int = 8_000


@dataclass(frozen=True)
class Verdict:
    """What becomes of a failed message: parked for `code` and `reason`, or hidden for `wait_s`.

    `renew`: sent anew instead of hidden, so that SQS counts its receives from the beginning.
    """

    park: bool
    code: str
    reason: str
    wait_s: int = 0
    renew: bool = False


def judge(
    error: BaseException, *, receives: int, age_s: float, patience: Patience, jitter: float
) -> Verdict:
    """Decide what becomes of a message whose handler raised `error`.

    Pure. `receives` counts this delivery too; `age_s` is the time since the message was first
    sent; `jitter` is random in [0, 1).
    """
    error = _foreseen(error)
    if isinstance(error, Reject):
        return Verdict(park=True, code=error.code, reason=str(error))
    if isinstance(error, Retry):
        wait = wait_of(error, receives, random=jitter)
        if error.costs_no_attempt:
            # SQS counts this receive all the same, and would move the message itself in the end.
            renew = receives >= patience.receives
            return Verdict(False, error.code, str(error), wait, renew=renew)
        if age_s >= patience.deadline_s or receives >= patience.receives:
            return Verdict(park=True, code=f"exhausted_{error.code}", reason=str(error))
        return Verdict(park=False, code=error.code, reason=str(error), wait_s=wait)
    # An unforeseen error's text may quote the message it choked on: only its type is told.
    reason = f"unforeseen {type(error).__name__}; the function's log has the traceback"
    return Verdict(
        park=receives >= patience.defect_receives,
        code="defect",
        reason=reason,
        wait_s=wait_seconds(receives, random=jitter),
    )


def _foreseen(error: BaseException) -> BaseException:
    """An AWS call that failed after botocore's own tries, as what it means; others as they are."""
    if isinstance(error, ClientError):
        return AwsUnavailable(f"AWS: {error.operation_name} {error.response['Error']['Code']}")
    if isinstance(error, BotoCoreError):
        return AwsUnavailable(f"AWS: {aws.error_name(error)}")
    return error


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
        client: SQSClient | None = None,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`queue_url`: the queue that feeds this function. `clock`: seconds since the epoch."""
        super().__init__(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        self._queue_url = queue_url
        self._dead_letters = dead_letters
        self._log = logger
        self._metrics = metrics
        self.patience = patience or Patience()
        self._observer = observer
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
        attributes = record.raw_event["attributes"]
        receives = int(attributes["ApproximateReceiveCount"])
        age_s = self._clock() - int(attributes["SentTimestamp"]) / 1000
        verdict = judge(
            error, receives=receives, age_s=age_s, patience=self.patience, jitter=self._jitter()
        )
        details = {"receives": receives, "code": verdict.code, "reason": verdict.reason}
        if verdict.code == "defect":
            # Where it failed, not its text, which may quote the message.
            frames = traceback.format_tb(error.__traceback__)
            self._log.error("message failed unforeseen", extra={**details, "frames": frames})
        kept = self._observer is not None and self._observer(record, error, verdict)
        if verdict.park and (kept or self._parked(record, verdict, receives)):
            self._log.warning("message parked", extra={**details, "dead_letter": not kept})
            count(self._metrics, "MessagesParked")
            return self.success_handler(record, None)
        if verdict.renew and self._renewed(record, verdict.wait_s):
            return self.success_handler(record, None)
        if not verdict.park:
            self._hide(record, verdict.wait_s)
            self._log.info("message put off", extra={**details, "wait_s": verdict.wait_s})
            count(self._metrics, "MessagesDeferred")
        return super().failure_handler(record, exception)

    def _parked(self, record: SQSRecord, verdict: Verdict, receives: int) -> bool:
        try:
            self._dead_letters.park(
                record.body,
                code=verdict.code,
                reason=verdict.reason,
                attempts=receives,
                parked_at=timestamps.to_text(timestamps.now()),
            )
        except (ClientError, BotoCoreError) as error:
            self._log.error("could not park", extra={"error": aws.error_name(error)})
            count(self._metrics, "ParkingFailed")
            return False
        return True

    def _renewed(self, record: SQSRecord, wait_s: int) -> bool:
        try:
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=record.body,
                DelaySeconds=min(wait_s, LONGEST_DELAY_S),
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
        handle(record)

    return process_partial_response(
        event=event, record_handler=record_handler, processor=processor, context=context
    )
