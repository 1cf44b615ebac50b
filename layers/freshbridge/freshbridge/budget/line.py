"""Places in line: when work whose slot is too far away to wait for is to come back. Pure: no I/O.

Places lie as far apart as the provider's rate allows, and a little before the slots that they are
for, so that somebody always waits when a slot comes up. A backlog of any size thus comes back
spread over the time it takes instead of all at every new window. A whole batch gets its places at
once, some of them together: who comes back together is received, and reserves, together.

New work joins the end. Two kinds need not: who came back and found no slot after all (other work
was faster, or took longer than assumed) has a line of its own that begins now; and a lane, work of
one origin, may use a share of the rate at once however long the others' line is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from freshbridge.budget.bucket import Bucket
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.reservation import Ask, Deferred
from freshbridge.budget.room import credit_s

LONGEST_LINE_S = 36_000.0
"""Places further away than this all lie here: Amazon SQS hides a message for 12 hours at most."""
LEAD_S = 0.5
"""Places lie this much before their slots: messages come back up to a second late, and some are
slow to be fetched."""
HEAD_START_S = 1.0
"""So much of the provider's time is promised ahead of when a line begins: who comes back is late by
a second at times, and the slots of that second would be lost in every window to come."""
TOGETHER_S = 1.5
"""Places within this time are given as one."""
PROMISED_S = 10.0
"""Places are promised ahead for no more than this much of the provider's time."""
SCARCE = 1 / 60
"""Share of a window between two slots from which on they are scarce."""
LANE_SHARE = 0.2
"""Share of the rate that one lane may use ahead of the common line."""


def ahead(bucket: Bucket, ask: Ask, moment: Moment) -> bool:
    """Whether the time that new work asks for is promised to others, and to its own lane."""
    within = moment.at + max(ask.within_s, 1.0)
    return min(bucket.line_until, bucket.lanes.get(ask.lane, 0.0)) > within


def passed(bucket: Bucket, ask: Ask, moment: Moment, credits: int) -> Bucket:
    """After slots for `credits` were granted: new work has passed a line, if there is one."""
    if not ask.background or ask.returning or bucket.line_until <= moment.at:
        return bucket
    step = credit_s(bucket, moment.at) / LANE_SHARE
    until = max(bucket.lanes.get(ask.lane, 0.0), moment.at) + credits * step
    return replace(bucket, lanes={**bucket.lanes, ask.lane: until})


def join(
    buckets: Mapping[str, Bucket], ask: Ask, moment: Moment, slot: float
) -> tuple[dict[str, Bucket], Deferred]:
    """Places for up to `ask.count` calls, of which the first may have its slot at `slot` or later.

    `buckets` are those that are charged, by name; they are returned as they are then.
    """
    soonest = max(moment.at, slot - min(LEAD_S, ask.within_s / 2))
    steps = {name: ask.charges[name] * credit_s(buckets[name], moment.at) for name in buckets}
    slowest = max(steps, key=lambda name: steps[name])
    changed = dict(buckets)
    apart = steps[slowest]
    # Places that nobody comes to are lost, so few are promised where they are scarce.
    count = max(1, min(ask.count, int(PROMISED_S / apart)))
    if ask.returning:
        # Its place in the other lines is behind it.
        late = max(buckets[slowest].again_until - soonest, 0.0)
        window_s = buckets[slowest].window_s
        if apart > max(ask.within_s, SCARCE * window_s):
            # Slots are scarce, and open up at the same point of every window: whoever comes at
            # another finds none. As many as a window has come together.
            late = math.floor(late / window_s) * window_s
        first = soonest + late
        changed[slowest] = replace(buckets[slowest], again_until=first + count * apart)
    else:
        first = soonest - HEAD_START_S
        for name, bucket in buckets.items():
            # Only the slowest bucket makes the work wait; in the others it takes its share of
            # the time and no more, so that work which needs only those is not held up by it.
            earliest = soonest if name == slowest else moment.at
            taken = count * steps[name]
            common = max(bucket.line_until, earliest - HEAD_START_S)
            own = max(bucket.lanes.get(ask.lane, 0.0), earliest)
            aside = own < common
            end = own + taken / LANE_SHARE if aside else common + taken
            changed[name] = replace(
                bucket, line_until=common + taken, lanes={**bucket.lanes, ask.lane: end}
            )
            first = max(first, min(own, common))
            if aside and name == slowest:
                apart = steps[name] / LANE_SHARE
    furthest = moment.at + LONGEST_LINE_S
    together = max(1, int(TOGETHER_S / apart))
    places = [first + i // together * together * apart for i in range(count)]
    times = [min(max(place, soonest), furthest) for place in places]
    return changed, Deferred(times[0], in_line=True, rest=tuple(times[1:]))
