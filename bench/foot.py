"""What a reader of the table has to know. Pure."""

from __future__ import annotations

from bench.freshbridge_subject import KILL_TIMEOUT_S, KILL_VISIBILITY_S, TIMEOUT_S, VISIBILITY_S
from bench.rates import Rates


def text(rates: Rates) -> str:
    """The notes below the table."""
    window = f"{rates.window_s:g} s"
    return f"""
utilisation     calls let through / (limit x time from the first call to the last / window), at
                most 100 %; the limit is {rates.creations} creations per {window}. Another client's
                calls are left out of both sides. The line below it counts whole windows only.
lost            asked for, and no ticket when the queue was empty; a message that ended in a
                dead-letter queue is lost.      duplicates  surplus tickets of one message
p50, p99        from the start of the backlog until the ticket is there; in `interactive` until the
                API answers, in `fairness` until the second account's ticket is there.
receives        as the consumers log them: those of a process that was killed may be missing.
writes          requests that write, refused ones too, counted in front of the emulator's DynamoDB.

Each run begins with a rate budget that knows nothing: Freshbridge learns the limit and where its
windows begin from the first replies, the peers are told the limit. Processes are warm. The peers
read queues of their own on the same emulator, maxReceiveCount 5. naive: five processes that sleep
out a 429. pyrate-limiter: one process, eight threads, with tenacity.
Where executors are killed their queue's visibility time-out is {KILL_VISIBILITY_S} s and the
function's time-out {KILL_TIMEOUT_S} s, in place of {VISIBILITY_S} s and {TIMEOUT_S} s: killed work
waits that long. The emulator does not schedule fair queues, as Amazon SQS does."""
