"""What is granted for calls that had their reply by then is left out of a new window. Pure: no I/O.

While it is unknown where windows begin, a slot says little about when its call is counted: it may
be used late, travel long, and its sender's clock be wrong. Once a reset has been seen, all slots of
that long before it would thus count in the new window too, which is a quarter of a short one. But
whoever made the calls knows which of them had been answered before: those are in the old one only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from freshbridge.budget.bucket import Bucket
from freshbridge.budget.phase import Phase
from freshbridge.budget.room import late_s


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that had its reply: `credits` of `bucket`, granted for a slot that began at `begin`.

    It was counted `before` that time. Both are epoch seconds of the common clock.
    """

    bucket: str
    credits: int
    begin: float
    before: float


def settled(bucket: Bucket, phase: Phase, call: Answered) -> Bucket:
    """With what was granted for `call` in no window that began after it was counted.

    It is moved no further than that takes, so that every stretch of time that may hold the call
    holds it, should the phase prove wrong.
    """
    turn = phase.low + math.ceil((call.before - phase.low) / phase.window_s) * phase.window_s
    early_enough = turn - late_s(bucket) - 1.5 * bucket.grants.width
    if call.begin > bucket.loose_until or call.begin <= early_enough:
        return bucket
    grants = bucket.grants.add(call.begin, -call.credits).add(early_enough, call.credits)
    return replace(bucket, grants=grants)
