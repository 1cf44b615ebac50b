"""Places for calls while it is unknown when the windows begin. Pure: no I/O.

No stretch of time as long as a window, and as much longer as a call's time is uncertain, holds more
than the limit. Which slots are given is chosen so that a reset is soon seen, since that opens all.
"""

from __future__ import annotations

import math

from freshbridge.budget.bucket import Bucket
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.known_windows import early
from freshbridge.budget.place import Demand, Place
from freshbridge.budget.room import MOST_KEPT, SPREAD, expected, room_in_any, validity_s

WATCHERS = 0.06
"""Share of the calls that keep watch for a reset while it is unknown where windows begin."""


def in_any_stretch(bucket: Bucket, demand: Demand, moment: Moment) -> Place:
    """The earliest place at or after `moment`."""
    valid = validity_s(bucket)
    doubt = max(moment.doubt, bucket.doubt)
    span = bucket.window_s + valid + bucket.travel_s + 2 * doubt
    room = room_in_any(bucket, moment.at)
    at = moment.at
    bins = [found for found in bucket.grants.bins() if found[1] > at - span]
    held = sum(credits for _, _, credits in bins)
    if demand.background and bins:
        # As the first call's window must end, so does what is kept of it for others.
        passed = min(max((at - bins[0][0]) / bucket.window_s, 0.0), 1.0)
        left = min(max((bins[0][1] + span - at) / bucket.window_s, 0.0), 1.0)
        room -= max(demand.share * (1 - passed) * room, _needed(bucket, room, at, left))
        # In step with the first call, so that a slow beginning is made up for.
        share_used = (held + demand.cost) / room - early(demand, room)
        at = max(at, min(bins[0][0] + share_used * bucket.window_s, bins[0][1] + span))
    before = held
    for _, end, credits in bins:
        if held == 0 or held + demand.cost <= room:
            break
        at, held = max(at, math.nextafter(end + span, math.inf)), held - credits
    if demand.background and before and before + demand.cost > (1 - WATCHERS) * room:
        # The last few are spread over what would be silence, so that no reset goes unseen in it.
        first, last = bins[0][1], bins[-1][1]
        at = max(at, last + (first + span - last) / (WATCHERS * room + 1))
    if bucket.left is not None and at < bucket.left_at + span:
        since = bucket.grants.since(bucket.left_at + bucket.grants.width)
        if since + demand.cost > bucket.left:
            at = bucket.left_at + span
    return Place(at, at + valid, loose=True)


def _needed(bucket: Bucket, room: float, at: float, left: float) -> float:
    """Credits for the interactive calls of the share of a window that is `left`."""
    usual = expected(bucket, room, at) * left
    return min(usual + SPREAD * math.sqrt(usual), MOST_KEPT * room)
