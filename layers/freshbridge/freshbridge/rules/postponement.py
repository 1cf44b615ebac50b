"""Actions that are not to begin yet: a delay, or a schedule that waits. Pure.

`origin.not_before` says when. Amazon SQS delays a new message by 900 seconds at most, so one that
is not due when it is received is sent anew, each time as a new message. Hiding it for hours instead
would count it among the 120,000 messages that a queue may have in flight, and use up its age.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from freshbridge import timestamps

if TYPE_CHECKING:
    from freshbridge.queues.envelope import ActionRequest

LONGEST_DELAY_S = 900


def wait_s(request: ActionRequest, now: datetime) -> int:
    """Seconds by which the request's message is to be delayed, at most 900; 0 when it is due.

    What is no time, in a message that a deployer's own code sent, counts as due.
    """
    due = request.origin.get("not_before")
    if not isinstance(due, str) or not due:
        return 0
    try:
        left = (timestamps.from_text(due) - now).total_seconds()
    except (ValueError, OverflowError):
        return 0
    return min(max(math.ceil(left), 0), LONGEST_DELAY_S)
