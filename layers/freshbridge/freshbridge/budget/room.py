"""How much of a bucket's windows is granted, and how much may be. Pure: no I/O."""

from __future__ import annotations

import math

from freshbridge.budget.bucket import HEADROOM, OTHERS_MARGIN, Bucket
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.phase import Phase

LEAST_USABLE = 0.15
"""Share of a window below which what is left between its guarded ends is not worth having."""
MOST_KEPT = 0.5
"""Share of a window that is left to interactive calls at most, however many have come lately."""
SPREAD = 2.0
"""Interactive calls come at random, and so their number varies by its square root: so many times
that is left to them beyond the usual."""


def usable_phase(bucket: Bucket, moment: Moment) -> Phase | None:
    """Where windows begin, if that leaves this sender enough of each."""
    phase = bucket.phase.aged(moment.at) if bucket.phase else None
    if phase is None:
        return None
    left = bucket.window_s - phase.width - bucket.travel_s - 2 * moment.doubt
    return phase if left >= LEAST_USABLE * bucket.window_s else None


def granted_in(bucket: Bucket, phase: Phase, number: int, until: float | None = None) -> int:
    """Credits that window `number` may have to count, of those with slots up to `until`."""
    granted = granted_at_most(bucket, phase, number, until)
    if until is not None or not _mixed(bucket, phase, number):
        return granted
    return min(granted, _as_replied(bucket, phase, number, granted))


def granted_at_most(bucket: Bucket, phase: Phase, number: int, until: float | None = None) -> int:
    """The same, but for what replies have told: it grows by what is granted and by nothing else."""
    begin, end = phase.low + number * phase.window_s, phase.closes(number)
    # Slots of the time before the phase was known may be used a little outside their own window.
    if _mixed(bucket, phase, number):
        begin -= late_s(bucket)
    if bucket.loose_until > end:
        end += bucket.doubt
    return bucket.grants.between(begin, end if until is None else min(end, until))


def _mixed(bucket: Bucket, phase: Phase, number: int) -> bool:
    return bucket.loose_until > phase.low + number * phase.window_s - late_s(bucket)


def late_s(bucket: Bucket) -> float:
    """How long after its slot began a call of the time of unknown windows may be counted."""
    return validity_s(bucket) + bucket.travel_s + bucket.doubt


def _as_replied(bucket: Bucket, phase: Phase, number: int, granted: int) -> int:
    """What window `number` has counted by the last reply, and may have since; or `granted`."""
    certain = phase.opens(number) <= bucket.left_sent and bucket.left_at <= phase.closes(number)
    if bucket.left is None or not certain:
        return granted
    longest = longest_valid_s(bucket) + bucket.travel_s + bucket.doubt
    end = phase.closes(number) + (bucket.doubt if bucket.loose_until > phase.closes(number) else 0)
    return bucket.limit - bucket.left + bucket.grants.between(bucket.left_sent - longest, end)


def room_in(bucket: Bucket, phase: Phase, number: int, now: float) -> float:
    """Credits that this project may use in window `number`, as it looks at `now`."""
    usable = bucket.usable(now)
    others = bucket.others.in_window(number)
    expected = others.usual
    if others.seen_at:
        passed = passed_of(phase, number, others.seen_at)
        # One window's beginning, taken for the whole, is the only guide while nothing is usual.
        expected = max(
            others.seen + others.usual * (1 - passed),
            0.0 if others.usual else others.seen / max(passed, 0.25),
        )
    return max(usable - with_margin(expected, bucket.limit), min(usable, bucket.floor))


def room_in_any(bucket: Bucket, now: float) -> float:
    """The same of a window of which nothing is known, or of any stretch as long as one."""
    room = bucket.usable(now) - with_margin(bucket.others.usual, bucket.limit)
    return max(room, bucket.floor)


def expected(bucket: Bucket, room: float, now: float) -> float:
    """Credits per window that interactive calls will need, going by those that came lately."""
    return min(bucket.interactive.per_window(now, bucket.window_s), MOST_KEPT * room)


def credit_s(bucket: Bucket, now: float) -> float:
    """Seconds of the provider's time that one credit takes when work is waiting."""
    return bucket.window_s / room_in_any(bucket, now)


def passed_of(phase: Phase, number: int, at: float) -> float:
    """The share of window `number` that is over at `at`, 0 to 1."""
    opens = phase.opens(number)
    return min(max((at - opens) / (phase.closes(number) - opens), 0.0), 1.0)


def validity_s(bucket: Bucket) -> float:
    """How long a slot may be used when the windows are unknown."""
    return min(1.0, bucket.window_s / 10)


def longest_valid_s(bucket: Bucket) -> float:
    """How long a slot may be used when the windows are known."""
    return min(5.0, bucket.window_s / 4)


def with_margin(others: float, limit: int) -> float:
    """Credits to leave to other consumers who are taken to use `others`."""
    if others <= 0:
        return 0.0
    # What comes at random varies by its square root.
    return others * (1 + OTHERS_MARGIN) + 1.5 * math.sqrt(others) + HEADROOM * limit
