"""When a call may be sent without any of the provider's windows seeing too much. Pure: no I/O.

Two ways, by what is known of where the windows begin.

*Unknown.* Then every stretch of time as long as a window must hold no more than the limit L. A
call whose slot begins at s arrives in [s - d, s + v + d + t]: d is how wrong the sender's clock
may be (the largest doubt of all who were granted something lately, see `clock_offset`), v how long
the slot is valid, t the travel time. So no W + v + t + 2d seconds of slots may hold more than L.
That is safe with any alignment, and uses the share W / (W + v + t + 2d) of what is allowed: 94 % of
400 per 60 s, 85 % of 100 per 5 s once clocks are known to 0.06 s. A token bucket (GCRA) with burst
b and rate r lets b + r (W + v + t + 2d) through: the same bound, less the burst, so it can only be
worse. Hence this is but the way in, and a way in that need lose nothing: the first L calls are
spread over a window's time, in step with the first, so a reset is seen on their way, and what was
left of the window before is used as well.

*Known*, to within `width` seconds, from resets that replies have shown (`phase`). Then only those
windows matter. Slots begin at (window's begin + width + d) at the earliest and end at (window's
end - t - d) at the latest, so that each call is counted in its own window, however the clocks are
wrong and the network dawdles, and each window gets L less one percent. The gap between two windows'
slots costs time, not credits: 99 % is used, and the last percent is room for the call that takes
longer than t and for a scout (below). Here d is the sender's own doubt, mostly far below 2 s, so
that even windows of 5 s are usable in most of their length.

What is assumed: t is 1 s, or a twentieth of a window shorter than 20 s; clocks are wrong by 2 s at
most until the ledger's answers have told by how much; a window lasts as long as its rule says; an
account's windows of one length begin together, until a reply says otherwise. When one of these
proves wrong, the provider's count rises above ours: `learning` then lowers what may be used as if
another consumer were there, and a 429 blocks the bucket.

Background work is spread over the window and leaves a share free for interactive calls, which melts
away as the window passes: what nobody came for is used after all. Interactive calls use anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from freshbridge.budget.bucket import HEADROOM, OTHERS_MARGIN, Bucket
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.phase import Phase

BURST = 0.1
"""Share of a window's credits that background work whose time it is may use ahead of the even
spread: when it keeps step, nobody waits. It lags behind by as much before others take over."""
LEAST_USABLE = 0.15
"""Share of a window below which what is left between its guarded ends is not worth having."""
MELTS_FROM = 0.5
"""Share of a window from which on what is kept for interactive calls melts away."""
SHARP = 1 / 50
"""Share of a window within which it is known well enough where windows begin."""
WATCHERS = 0.06
"""Share of the calls that keep watch for a reset while it is unknown where windows begin."""
_WINDOWS_AHEAD = 6


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of one bucket: `share` of it is kept for interactive calls.

    `early`: share of a window's credits that may be used ahead of the even spread.
    """

    cost: int
    background: bool
    share: float
    early: float


@dataclass(frozen=True, slots=True)
class Place:
    """When a call may be sent; `loose` when it was placed without knowing the windows.

    `scout` is the window whose uncertain beginning it is sent into, if it is.
    """

    begin: float
    end: float
    loose: bool
    scout: int | None = None


def earliest(bucket: Bucket, demand: Demand, moment: Moment) -> Place:
    """The first place at or after `moment`, as far ahead as it takes."""
    moment = replace(moment, at=max(moment.at, bucket.blocked_until))
    phase = usable_phase(bucket, moment)
    if phase is None:
        return _in_any_stretch(bucket, demand, moment)
    return _in_known_windows(bucket, demand, moment, phase)


def usable_phase(bucket: Bucket, moment: Moment) -> Phase | None:
    """Where windows begin, if that leaves this sender enough of each."""
    phase = bucket.phase.aged(moment.at) if bucket.phase else None
    if phase is None:
        return None
    left = bucket.window_s - phase.width - bucket.travel_s - 2 * moment.doubt
    return phase if left >= LEAST_USABLE * bucket.window_s else None


def granted_in(bucket: Bucket, phase: Phase, number: int, until: float | None = None) -> int:
    """Credits that window `number` may have to count, of those with slots up to `until`."""
    begin, end = phase.low + number * phase.window_s, phase.closes(number)
    # Slots of the time before the phase was known may be used a little outside their own window.
    early, late = bucket.doubt, validity_s(bucket) + bucket.travel_s + bucket.doubt
    mixed = bucket.loose_until > begin - late
    if mixed:
        begin -= late
    if bucket.loose_until > end:
        end += early
    if until is not None:
        return bucket.grants.between(begin, min(end, until))
    granted = bucket.grants.between(begin, end)
    return min(granted, _as_replied(bucket, phase, number, end, granted)) if mixed else granted


def _as_replied(bucket: Bucket, phase: Phase, number: int, end: float, granted: int) -> int:
    """What window `number` has counted by the last reply, and may have since; or `granted`."""
    certain = phase.opens(number) <= bucket.left_sent and bucket.left_at <= phase.closes(number)
    if bucket.left is None or not certain:
        return granted
    longest = longest_valid_s(bucket) + bucket.travel_s + bucket.doubt
    return bucket.limit - bucket.left + bucket.grants.between(bucket.left_sent - longest, end)


def room_in(bucket: Bucket, phase: Phase, number: int, now: float) -> float:
    """Credits that this project may use in window `number`, as it looks at `now`."""
    usable = bucket.usable(now)
    others = bucket.others.in_window(number)
    expected = others.usual
    if others.seen_at:
        passed = _passed(phase, number, others.seen_at)
        # One window's beginning, taken for the whole, is the only guide while nothing is usual.
        expected = max(
            others.seen + others.usual * (1 - passed),
            0.0 if others.usual else others.seen / max(passed, 0.25),
        )
    return max(usable - _with_margin(expected, bucket.limit), min(usable, bucket.floor))


def behind(bucket: Bucket, demand: Demand, moment: Moment) -> bool:
    """Whether those who were promised this time have left a tenth of a window unused."""
    phase = usable_phase(bucket, moment)
    if phase is None:
        return bucket.paced_to < moment.at - BURST * bucket.window_s
    number = phase.number(moment.at)
    room = room_in(bucket, phase, number, moment.at)
    due = _passed(phase, number, moment.at) / _full_at(bucket) - BURST
    return granted_in(bucket, phase, number) + demand.cost <= room * min(due, 1.0)


def credit_s(bucket: Bucket, now: float) -> float:
    """Seconds of the provider's time that one credit takes when work is waiting."""
    room = bucket.usable(now) - _with_margin(bucket.others.usual, bucket.limit)
    return bucket.window_s / max(room, bucket.floor)


def validity_s(bucket: Bucket) -> float:
    """How long a slot may be used when the windows are unknown."""
    return min(1.0, bucket.window_s / 10)


def longest_valid_s(bucket: Bucket) -> float:
    """How long a slot may be used when the windows are known."""
    return min(5.0, bucket.window_s / 4)


def _in_known_windows(bucket: Bucket, demand: Demand, moment: Moment, phase: Phase) -> Place:
    number = phase.number(moment.at)
    for k in range(number, number + _WINDOWS_AHEAD):
        opens = phase.opens(k) + moment.doubt
        closes = phase.closes(k) - bucket.travel_s - moment.doubt
        granted, room = granted_in(bucket, phase, k), room_in(bucket, phase, k, moment.at)
        if demand.background and (place := _scout(bucket, demand, moment, phase, k)):
            return place
        if granted and granted + demand.cost > room:
            continue
        begin = max(moment.at, opens)
        if demand.background:
            used = min((granted + demand.cost) / room, 1.0)
            eased = replace(demand, early=_early(demand, room))
            begin = max(begin, _due(bucket, eased, phase, k, used))
        if begin <= closes:
            end = min(closes, begin + longest_valid_s(bucket))
            return Place(begin, end, loose=False)
    begin = phase.opens(number + _WINDOWS_AHEAD)
    return Place(begin, begin, loose=False)


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


def _early(demand: Demand, room: float) -> float:
    """Share of the credits that may be used ahead: of a small limit one call's at least."""
    return max(demand.early, min(demand.cost / room, 1.0))


def _full_at(bucket: Bucket) -> float:
    """Share of a window after which all of it may be used: the rest is for slots that go unused."""
    return 1 - max(0.05 * bucket.window_s, min(0.8, 0.16 * bucket.window_s)) / bucket.window_s


def _passed(phase: Phase, number: int, at: float) -> float:
    opens = phase.opens(number)
    return min(max((at - opens) / (phase.closes(number) - opens), 0.0), 1.0)


def _in_any_stretch(bucket: Bucket, demand: Demand, moment: Moment) -> Place:
    valid = validity_s(bucket)
    doubt = max(moment.doubt, bucket.doubt)
    span = bucket.window_s + valid + bucket.travel_s + 2 * doubt
    room = bucket.usable(moment.at) - _with_margin(bucket.others.usual, bucket.limit)
    room = max(room, bucket.floor)
    at = moment.at
    bins = [found for found in bucket.grants.bins() if found[1] > at - span]
    held = sum(credits for _, _, credits in bins)
    if demand.background and bins:
        # As the first call's window must end, so does what is kept of it for others.
        passed = min(max((at - bins[0][0]) / bucket.window_s, 0.0), 1.0)
        room *= 1 - demand.share * (1 - passed)
        # In step with the first call, so that a slow beginning is made up for.
        share_used = (held + demand.cost) / room - _early(demand, room)
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


def _with_margin(others: float, limit: int) -> float:
    if others <= 0:
        return 0.0
    # What comes at random varies by its square root.
    return others * (1 + OTHERS_MARGIN) + 1.5 * math.sqrt(others) + HEADROOM * limit
