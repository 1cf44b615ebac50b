"""Which of an account's buckets a reply speaks of. Pure: no I/O.

A reply tells one limit and what is left of it, and not whose: the endpoint's own or, where it has
none, the whole account's. `learning` has what a bucket learns from a reply that speaks of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from freshbridge.budget.bucket import Bucket
from freshbridge.budget.learning import Report, held_back, learned, learned_of_all, throttled


def heard(buckets: Mapping[str, Bucket], report: Report) -> dict[str, Bucket]:
    """The buckets after a reply; among them are those it was counted in, where they have rules."""
    changed, first = dict(buckets), report.buckets[0]
    if report.passing:
        changed[first] = held_back(changed[first], report)
        return changed
    if _may_be_of_all(buckets, report):
        own, whole = changed[first], changed[report.whole]
        if report.limit is not None and report.limit > whole.limit:
            # An endpoint's limit is never larger than the account's.
            whole = whole.with_limit(report.limit, told=False)
        whole = learned_of_all(whole, own, report)
        changed[report.whole] = throttled(whole, report) if report.throttled else whole
        changed[first] = learned(own, report, alone=False)
        return changed
    speaks = _speakers(buckets, report)
    for name in speaks:
        bucket = changed[name]
        # An ambiguous 429 says for certain only that something is used up.
        if len(speaks) == 1:
            bucket = learned(bucket, report)
        changed[name] = throttled(bucket, report) if report.throttled else bucket
    return changed


def _may_be_of_all(buckets: Mapping[str, Bucket], report: Report) -> bool:
    """Whether the reply of an endpoint may tell the account's numbers, having none of its own.

    It does not where it tells less than the account has.
    """
    first, whole = report.buckets[0], buckets.get(report.whole)
    if whole is None or first == report.whole or first not in buckets:
        return False
    if report.limit is None or report.whole not in report.buckets:
        return False
    own = buckets[first]
    if report.throttled and not (own.told and own.limit == report.limit):
        return False  # a 429 may tell the account's limit where the endpoint has its own
    return report.limit >= whole.limit


def _speakers(buckets: Mapping[str, Bucket], report: Report) -> tuple[str, ...]:
    """The buckets that the reply's numbers are about."""
    known = tuple(name for name in report.buckets if name in buckets)
    if not report.throttled or len(known) < 2:
        own = known[:1] == report.buckets[:1]
        return known[:1] if own or report.throttled else ()
    if report.limit is None:
        return known
    # A 429 speaks for the bucket that is used up, which need not be the endpoint's own.
    same = [name for name in known if buckets[name].told and buckets[name].limit == report.limit]
    if len(same) == 1:
        return (same[0],)
    untold = [name for name in known if not buckets[name].told]
    return (untold[0],) if not same and len(untold) == 1 else known
