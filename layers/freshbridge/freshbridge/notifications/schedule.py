"""When a notification that was not taken is sent again. Pure.

Nine times, the x-th 2^(2x) seconds after the first failure: 4 seconds, 16, 64, … and at last a
little under 73 hours. Then its subscription is deactivated.
Source: https://docs.cloud-elements.com, "Event Management: Event Retry and Queueing"
"""

from __future__ import annotations

RETRIES = 9
LEAST_WAIT_S = 4.0
"""Between two calls, however late the first of them came to its end."""
MOST_RETRY_AFTER_S = 3600.0
"""A receiver may ask for this much patience; more would push the schedule's end out of sight."""


def next_attempt_at(
    failures: int, first_failed_at: float, *, now: float, retry_after: float | None = None
) -> float | None:
    """When to send again after `failures` calls failed; None when it was sent often enough.

    All times are seconds since the epoch; `retry_after` is what the receiver asked for, in seconds
    from now.
    """
    if failures > RETRIES:
        return None
    planned = first_failed_at + 4.0**failures
    asked = min(max(retry_after or 0.0, LEAST_WAIT_S), MOST_RETRY_AFTER_S)
    return max(planned, now + asked)
