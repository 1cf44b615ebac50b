"""What a reply teaches about the limits it was counted under. Pure: no I/O.

a limit in the headers      is the limit from now on, of the bucket that the headers speak for
fewer left than we used     somebody else uses the account: leave them what they usually take
more left than before       the window was reset in between: see `phase`
429                         nothing more until Retry-After, and less than before for a while
a passing refusal           nothing more for a moment; the limit is not what it was about
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from freshbridge.budget.bucket import FLOOR, Bucket, Others
from freshbridge.budget.phase import Phase, bracketed
from freshbridge.budget.reset_watch import is_reset
from freshbridge.budget.room import granted_in

SHORTEST_BLOCK_S = 1.0
SUSPICION = 0.02
"""Share of the limit up to which use by others is taken for noise."""
_MOST_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class Report:
    """One reply. Times are of the common clock, `sent` at the earliest, `received` at the latest.

    `buckets` are those the call was counted in; the first is the one that an ordinary reply's
    headers speak for. `limit` and `remaining` are credits, None where the reply told none.
    `reset` brackets a moment at which the first bucket's window began anew, or will. `whole` names
    the account's bucket, which the headers may speak for instead. `passing`: the provider refused
    for `retry_after_s`, and not since a limit was used up; it is the first bucket that waits.
    """

    buckets: tuple[str, ...]
    cost: int
    sent: float
    received: float
    limit: int | None = None
    remaining: int | None = None
    throttled: bool = False
    retry_after_s: float | None = None
    reset: tuple[float, float] | None = None
    whole: str = ""
    passing: bool = False


def learned(bucket: Bucket, report: Report, *, alone: bool = True) -> Bucket:
    """What is known of the bucket after a reply whose headers speak for it.

    Not `alone` when they may speak for the whole account instead: then what others use is to be
    found there (`learned_of_all`), where all calls of this project are known.
    """
    if report.reset is not None:
        bucket = _with_reset(bucket, *report.reset, at=report.received)
    if report.limit is not None:
        if report.limit != bucket.limit:
            bucket = replace(bucket, left=None, left_sent=0.0, left_at=0.0)
        bucket = bucket.with_limit(report.limit, told=True)
    if report.remaining is not None:
        bucket = _with_remaining(bucket, report, report.remaining)
        if alone:
            bucket = _with_others(bucket, report, report.remaining)
    return bucket


def learned_of_all(whole: Bucket, own: Bucket, report: Report) -> Bucket:
    """The account's bucket after a reply that may speak for it, or for the endpoint's `own`.

    `own` is as it was before. The limit and what is left are not taken over: were they the
    endpoint's, calls to others would be missing from them.
    """
    if report.reset is not None:
        whole = _with_reset(whole, *report.reset, at=report.received)
    if report.remaining is None:
        return whole
    if (reset := _between_processes(own, report, report.remaining)) is not None:
        whole = _with_reset(whole, *reset)
    return _with_others(whole, report, report.remaining)


def throttled(bucket: Bucket, report: Report) -> Bucket:
    """The bucket after a 429 that speaks for it, or may speak for it."""
    if report.sent < bucket.blocked_until:
        return bucket  # sent before the block was known: it tells nothing new
    observed = _granted_by(bucket, report) - report.cost
    usable = bucket.usable(report.received)
    wait = report.retry_after_s or _usual_wait(bucket, report)
    if bucket.phase is None and report.retry_after_s and wait <= bucket.window_s + 1:
        # Whole seconds, rounded up, until the window's end.
        end = (report.sent + wait - 1, report.received + wait)
        bucket = _with_reset(bucket, *end, at=report.received)
    return replace(
        bucket,
        blocked_until=max(bucket.blocked_until, report.received + wait),
        # One 429 may be a passing thing: what is usable is halved at most, and again by the next.
        ceiling=max(min(usable, float(observed)), 1.0, usable / 2, FLOOR * bucket.limit),
        lowered_at=report.received,
    )


def held_back(bucket: Bucket, report: Report) -> Bucket:
    """The bucket after a refusal that will pass, whatever its limit is."""
    until = report.received + (report.retry_after_s or SHORTEST_BLOCK_S)
    return replace(bucket, blocked_until=max(bucket.blocked_until, until))


def _usual_wait(bucket: Bucket, report: Report) -> float:
    """How long to wait when a 429 does not say: to the window's end, or a part of a window."""
    if bucket.phase is not None:
        number = bucket.phase.number(report.received)
        return max(bucket.phase.opens(number + 1) - report.received, SHORTEST_BLOCK_S)
    return max(min(bucket.window_s / 4, 60.0), SHORTEST_BLOCK_S)


def _with_reset(bucket: Bucket, low: float, high: float, at: float | None = None) -> Bucket:
    at = high if at is None else at
    if at < bucket.no_phase_before:
        return bucket
    known = bucket.phase.aged(at) if bucket.phase else None
    if known is None:
        phase = bracketed(bucket.window_s, low, high)
        if phase is None:
            return bucket
        others = Others(usual=bucket.others.usual, number=phase.number(at))
        return replace(bucket, phase=phase, others=others, scouted=others.number)
    if not 0 <= high - low <= bucket.window_s / 2:
        return bucket
    if (narrowed := known.narrowed(low, high)) is not None:
        return replace(bucket, phase=narrowed, misled=max(bucket.misled - 1, 0))
    return _misled(bucket, at)


def _misled(bucket: Bucket, at: float) -> Bucket:
    """The windows do not begin where they were believed to: trust no phase for a while.

    What was granted lately may be used until its slot ends, so it counts as granted then.
    """
    since, until = at - bucket.window_s / 4, at + bucket.window_s / 4
    return replace(
        bucket,
        phase=None,
        misled=bucket.misled + 1,
        no_phase_before=at + bucket.window_s * 2 ** min(bucket.misled + 1, _MOST_DOUBLINGS),
        grants=bucket.grants.postponed(since, until),
        loose_until=max(bucket.loose_until, until),
    )


def _between_processes(
    bucket: Bucket, report: Report, remaining: int
) -> tuple[float, float] | None:
    """A reset between this reply and the newest that anybody reported, whichever came first."""
    if bucket.left is None or bucket.limit != report.limit:
        return None
    if report.sent >= bucket.left_at and is_reset(bucket.left, remaining, bucket.limit):
        return bucket.left_sent, report.received
    if report.received <= bucket.left_sent and is_reset(remaining, bucket.left, bucket.limit):
        return report.sent, bucket.left_at
    return None


def _with_remaining(bucket: Bucket, report: Report, remaining: int) -> Bucket:
    if (reset := _between_processes(bucket, report, remaining)) is not None:
        bucket = _with_reset(bucket, *reset)
    if report.received > bucket.left_at:
        bucket = replace(bucket, left=remaining, left_sent=report.sent, left_at=report.received)
    return bucket


def _with_others(bucket: Bucket, report: Report, remaining: int) -> Bucket:
    phase = bucket.phase.aged(report.received) if bucket.phase else None
    if phase is None or report.limit is None:
        return bucket
    number = phase.number(report.sent)
    if report.sent < phase.opens(number) or report.received > phase.closes(number):
        return bucket  # which window it was counted in is not certain
    others = bucket.others.in_window(number)
    if number < others.number:
        return bucket
    used = report.limit - remaining
    # Everything that may have been counted by then is taken for ours: when nobody else is there,
    # nobody must be suspected. Once somebody is, what is likely counts.
    certain = used - _granted_by(bucket, report, phase)
    likely = used - granted_in(bucket, phase, number, (report.sent + report.received) / 2)
    suspected = others.usual or others.seen or certain > SUSPICION * bucket.limit
    found = likely if suspected else certain
    seen = max(others.seen, found if found > SUSPICION * bucket.limit else 0)
    seen_at = max(others.seen_at, report.received)
    return replace(bucket, others=replace(others, seen=seen, seen_at=seen_at))


def _granted_by(bucket: Bucket, report: Report, phase: Phase | None = None) -> int:
    """Credits whose slots may have been used by the time the reply came, in the same window."""
    phase = phase or (bucket.phase.aged(report.received) if bucket.phase else None)
    until = report.received + bucket.grants.width
    if phase is None:
        return bucket.grants.between(report.received - bucket.window_s, until)
    return granted_in(bucket, phase, phase.number(report.received), until)
