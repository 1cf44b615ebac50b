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
left of the window before is used as well. Nor does it cost the first window that is known: calls
that had their reply before it began are none of its own (`settling`), however late their slots.

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
away as the window passes: what nobody came for is used after all. Where such calls have come lately
(`arrivals`) as many as usual are left room for up to the window's end, whatever the share. They
use anything, and do not wait between two windows: one that either may count is granted in both.
"""

from __future__ import annotations

from dataclasses import replace

from freshbridge.budget.bucket import Bucket
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.known_windows import in_known_windows, spread_to
from freshbridge.budget.place import Demand, Place
from freshbridge.budget.room import expected, granted_in, passed_of, room_in, usable_phase
from freshbridge.budget.unknown_windows import in_any_stretch

BURST = 0.1
"""Share of a window's credits that background work whose time it is may use ahead of the even
spread: when it keeps step, nobody waits. It lags behind by as much before others take over."""


def earliest(bucket: Bucket, demand: Demand, moment: Moment) -> Place:
    """The first place at or after `moment`, as far ahead as it takes."""
    moment = replace(moment, at=max(moment.at, bucket.blocked_until))
    phase = usable_phase(bucket, moment)
    if phase is None:
        return in_any_stretch(bucket, demand, moment)
    return in_known_windows(bucket, demand, moment, phase)


def behind(bucket: Bucket, demand: Demand, moment: Moment) -> bool:
    """Whether those who were promised this time have left a tenth of a window unused."""
    phase = usable_phase(bucket, moment)
    if phase is None:
        return bucket.paced_to < moment.at - BURST * bucket.window_s
    number = phase.number(moment.at)
    room = room_in(bucket, phase, number, moment.at)
    to_come = expected(bucket, room, moment.at) * (1 - passed_of(phase, number, moment.at))
    due = min(spread_to(bucket, phase, number, moment.at) - BURST, 1.0)
    granted = granted_in(bucket, phase, number) + demand.cost
    return granted <= min(room * due, room - to_come)
