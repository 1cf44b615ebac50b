"""Places for calls where it is known, more or less, when the windows begin. Pure: no I/O.

Background work is spread over the window. It leaves a share of it to interactive calls, which melts
away as the window passes, for what nobody came for is used after all; and where such calls have
come lately, what as many will need until the window is over.

An interactive call does not wait between two windows, where it is uncertain which of them counts
it: when both have room for it, it is granted in both.
"""

from __future__ import annotations

import math
from dataclasses import replace

from freshbridge.budget.bucket import Bucket
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.phase import Phase
from freshbridge.budget.place import Demand, Place
from freshbridge.budget.room import (
    MOST_KEPT,
    SPREAD,
    expected,
    granted_at_most,
    granted_in,
    longest_valid_s,
    passed_of,
    room_in,
)

MELTS_FROM = 0.5
"""Share of a window from which on what is kept for interactive calls melts away."""
SHARP = 1 / 50
"""Share of a window within which it is known well enough where windows begin."""
_WINDOWS_AHEAD = 6


def in_known_windows(bucket: Bucket, demand: Demand, moment: Moment, phase: Phase) -> Place:
    """The earliest place at or after `moment`."""
    number = phase.number(moment.at)
    if not demand.background and (place := _between(bucket, demand, moment, phase, number)):
        return place
    for k in range(number, number + _WINDOWS_AHEAD):
        opens, closes = _first(phase, k, moment), _last(bucket, phase, k, moment)
        granted, room = granted_in(bucket, phase, k), room_in(bucket, phase, k, moment.at)
        if demand.background and (place := _scout(bucket, demand, moment, phase, k)):
            return place
        if granted and granted + demand.cost > room:
            continue
        begin = max(moment.at, opens)
        if demand.background:
            # Else it would be counted in the window before as well, as part of the same bin.
            begin = max(begin, bucket.grants.next_bin(phase.closes(k - 1)))
            used = min((granted + demand.cost) / room, 1.0)
            eased = replace(demand, early=early(demand, room))
            begin = max(begin, _due(bucket, eased, phase, k, used))
            if granted:
                slack = room - granted_at_most(bucket, phase, k) - demand.cost
                enough_s = _enough_for_s(bucket, room, slack, moment)
                # Some of their senders know the time less well, and go on a little longer.
                over = phase.opens(k + 1) + max(moment.doubt, bucket.doubt)
                begin = max(begin, over - enough_s)
        if begin <= closes:
            end = min(closes, begin + longest_valid_s(bucket))
            return Place(begin, end, loose=False)
    begin = phase.opens(number + _WINDOWS_AHEAD)
    return Place(begin, begin, loose=False)


def spread_to(bucket: Bucket, phase: Phase, number: int, at: float) -> float:
    """The share of window `number` that background work spread over it has used by `at`."""
    return min(passed_of(phase, number, at) / _full_at(bucket), 1.0)


def early(demand: Demand, room: float) -> float:
    """Share of the credits that may be used ahead: of a small limit one call's at least."""
    return max(demand.early, min(demand.cost / room, 1.0))


def _first(phase: Phase, number: int, moment: Moment) -> float:
    """From when on a call is counted in window `number` for certain, or in a later one."""
    return phase.opens(number) + moment.doubt


def _last(bucket: Bucket, phase: Phase, number: int, moment: Moment) -> float:
    """Until when a call is counted in window `number` for certain, or in an earlier one."""
    return phase.closes(number) - bucket.travel_s - moment.doubt


def _between(
    bucket: Bucket, demand: Demand, moment: Moment, phase: Phase, number: int
) -> Place | None:
    """A place at once, where one of two windows will count the call, and both have room for it."""
    k = number + 1 if moment.at > _last(bucket, phase, number, moment) else number
    if moment.at >= _first(phase, k, moment):
        return None
    if any(
        granted_in(bucket, phase, one) + demand.cost > room_in(bucket, phase, one, moment.at)
        for one in (k - 1, k)
    ):
        return None
    turn, width = phase.closes(k - 1), bucket.grants.width
    also = turn - width if moment.at >= turn else phase.opens(k) + width
    end = min(_last(bucket, phase, k, moment), moment.at + longest_valid_s(bucket))
    return Place(moment.at, end, loose=False, also=also)


def _scout(
    bucket: Bucket, demand: Demand, moment: Moment, phase: Phase, number: int
) -> Place | None:
    """A place in the middle of where window `number` may begin, for one call each window.

    Its reply tells on which side of it the window began, which halves the uncertainty. It may be
    counted in the window before, whose headroom is there for it.
    """
    if bucket.scouted >= number or demand.cost > bucket.headroom or bucket.others.usual:
        return None
    if phase.width <= max(SHARP * bucket.window_s, 6 * moment.doubt):
        return None
    begin = phase.low + number * phase.window_s + phase.width / 2
    if begin < moment.at:
        return None
    return Place(begin, begin + phase.width / 8, loose=False, scout=number)


def _due(bucket: Bucket, demand: Demand, phase: Phase, number: int, used: float) -> float:
    """When background work may bring window `number` to the share `used` of its room."""
    spread = _full_at(bucket) * (used - demand.early)
    melted = 1 - (1 - used) / demand.share if demand.share > 0 else 0.0
    gone_at = 1 - max(0.02 * bucket.window_s, min(0.4, 0.08 * bucket.window_s)) / bucket.window_s
    kept = MELTS_FROM + (gone_at - MELTS_FROM) * melted if melted > 0 else 0.0
    opens = phase.opens(number)
    return opens + max(spread, kept, 0.0) * (phase.closes(number) - bucket.travel_s - opens)


def _enough_for_s(bucket: Bucket, room: float, slack: float, moment: Moment) -> float:
    """For how long `slack` credits are enough for the interactive calls that are to come.

    As many as usual and more, since they come at random; one is left to the very end.
    """
    usual = expected(bucket, room, moment.at)
    if not usual or slack >= MOST_KEPT * room:
        return math.inf
    if slack < 1:
        return -math.inf if MOST_KEPT * room >= 1 else math.inf
    calls = ((math.sqrt(SPREAD**2 + 4 * slack) - SPREAD) / 2) ** 2
    return calls / usual * bucket.window_s


def _full_at(bucket: Bucket) -> float:
    """Share of a window after which all of it may be used: the rest is for slots that go unused."""
    return 1 - max(0.05 * bucket.window_s, min(0.8, 0.16 * bucket.window_s)) / bucket.window_s
