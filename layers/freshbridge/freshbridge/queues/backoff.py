"""How long a message that failed for the moment stays hidden.

Full jitter, as described by Amazon's builders' library: a random wait below a ceiling that doubles
with each attempt, never before the moment the server named. Pure: the random number is an argument.
Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from freshbridge.errors import Retry

BASE_S = 2.0
CEILING_S = 900.0
LONGEST_VISIBILITY_S = 43_200 - 900
"""Amazon SQS hides a message for 12 hours at most, counted from its receipt; it refuses more. The
function may have held the message for the 15 minutes that Lambda gives it."""


def wait_seconds(attempt: int, *, random: float, floor: float | None = None) -> int:
    """Whole seconds to hide a message that has been tried `attempt` times (1 is the first).

    `random` is in [0, 1). `floor` is the server's Retry-After in seconds; the wait is spread above
    it, so that many waiters do not come back in one instant. The result is 1 to 42,300: zero would
    hand the message to a second function while the first still holds it.
    """
    ceiling = min(CEILING_S, BASE_S * 2.0 ** min(max(attempt, 1) - 1, 30))
    wait = (floor or 0.0) + random * (min(ceiling, 30.0) if floor else ceiling)
    return min(max(math.ceil(wait), 1), LONGEST_VISIBILITY_S)


def wait_of(error: Retry, attempt: int, *, random: float) -> int:
    """Whole seconds to wait after an error, as `wait_seconds`; as it says where nothing was tried.

    Those who wait for a budget were given times that lie apart already.
    """
    if error.costs_no_attempt and error.after is not None:
        return min(max(math.ceil(error.after), 1), LONGEST_VISIBILITY_S)
    return wait_seconds(attempt, random=random, floor=error.after)
