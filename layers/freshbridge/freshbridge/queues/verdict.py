"""What becomes of a message whose handler raised an error.

    Retry            hide the message until its wait is over, report it as failed, keep it
    nothing tried    the same: it waited for the rate budget, for a circuit, or for its turn
    past its time    park it: it was first sent longer ago than anybody wants to wait for it
    Reject           park it at once: trying again cannot help
    AWS failing      as Retry: an outage of a table or bucket is nobody's defect
    anything else    a defect: tried a few times, then parked; where its attempts are on record, the
                     receives that it only waited through are none of these

Decided without I/O: time and chance are arguments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.errors import Reject, Retry
from freshbridge.queues.backoff import wait_of, wait_seconds
from freshbridge.queues.history import History


class AwsUnavailable(Retry):
    """A table, bucket, queue or secret that the work needs did not answer, or refused."""

    code = "aws_unavailable"


@dataclass(frozen=True)
class Patience:
    """When a message has been tried for long enough.

    `deadline_s`: seconds since it was first sent, whatever it was tried or waited for. `receives`:
    then it is sent anew, to be counted from the beginning; must stay below the queue's
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
    error: BaseException,
    history: History,
    *,
    now: float,
    patience: Patience,
    jitter: float,
    defects: int | None = None,
) -> Verdict:
    """Decide what becomes of a message whose handler raised `error`.

    `now` is seconds since the epoch, `jitter` random in [0, 1). `defects` is how many errors
    nobody foresaw it met before; None where nobody knows, then each receive counts for one. No wait
    goes beyond the deadline: then the message has one try more, and is parked if that fails.
    """
    error = _foreseen(error)
    receives = history.before + history.receives
    if isinstance(error, Reject):
        return Verdict(park=True, code=error.code, reason=str(error))
    if isinstance(error, Retry):
        left_s = patience.deadline_s - history.age_s(now)
        if left_s <= 0:
            hours = f"{patience.deadline_s / 3600:g} hours"
            reason = f"Not done within {hours} of being sent, its deadline. Last: {error}"
            return Verdict(park=True, code=f"exhausted_{error.code}", reason=reason)
        wait = wait_of(error, receives, random=jitter)
        return Verdict(
            park=False,
            code=error.code,
            reason=str(error),
            wait_s=min(wait, math.ceil(left_s)),
            # SQS would move the message itself in the end.
            renew=history.receives >= patience.receives,
        )
    # An unforeseen error's text may quote the message it choked on: only its type is told.
    reason = f"unforeseen {type(error).__name__}; the function's log has the traceback"
    known = defects is not None
    times = receives if defects is None else defects + 1
    # Its end by age as well, for what is known stays the same where no record can be written.
    ended = known and history.age_s(now) >= patience.deadline_s
    return Verdict(
        park=times >= patience.defect_receives or ended,
        code="defect",
        reason=reason,
        wait_s=wait_seconds(times, random=jitter),
        renew=known and history.receives >= patience.receives,
    )


def _foreseen(error: BaseException) -> BaseException:
    """An AWS call that failed after botocore's own tries, as what it means; others as they are."""
    if isinstance(error, ClientError):
        return AwsUnavailable(f"AWS: {error.operation_name} {error.response['Error']['Code']}")
    if isinstance(error, BotoCoreError):
        return AwsUnavailable(f"AWS: {aws.error_name(error)}")
    return error
