"""The limits that each provider has: what a call costs, and what is assumed until replies tell.

Pure. Nobody is told an account's plan, so the start is the smallest that could be; the first reply
of any endpoint then names a limit. It is the endpoint's own, or the account's where the endpoint
has none, and nothing says which. So one endpoint alone tells no more than that the account's is no
smaller; the account's own, or two that differ, tell the plan if one alone has them, and the rest.

Facts: https://developers.freshdesk.com/api/#ratelimit ,
https://crmsupport.freshworks.com/support/solutions/articles/50000002502 (Freshsales: per account,
1000 to 5000 an hour by plan; older plans 400 a minute).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from freshbridge.budget.bucket import Rule
from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.rate_limit import Bucket as FreshdeskBucket
from freshbridge.freshdesk.rate_limit import RateLimit, bucket_of, credits_of
from freshbridge.freshsales.throttling import (
    BULK_WAIT_S,
    QUOTED_WAIT_S,
    in_disguise,
    is_bulk_upsert,
    reset_in_s,
    wait_s,
)
from freshbridge.http_message import ProviderReply, ProviderRequest

TOTAL = FreshdeskBucket.TOTAL.value
_COLUMNS = (
    TOTAL,
    FreshdeskBucket.TICKET_CREATE.value,
    FreshdeskBucket.TICKET_UPDATE.value,
    FreshdeskBucket.TICKET_LIST.value,
    FreshdeskBucket.CONTACT_LIST.value,
)
FRESHDESK_PLANS: Mapping[str, Mapping[str, int]] = {
    name: dict(zip(_COLUMNS, limits, strict=True))
    for name, limits in {
        "trial": (50, 50, 50, 50, 50),
        "growth": (200, 80, 80, 20, 20),
        "pro": (400, 160, 160, 100, 100),
        "enterprise": (700, 280, 280, 200, 200),
        "addon_1000": (1000, 400, 400, 300, 300),
        "addon_2000": (2000, 800, 800, 400, 400),
    }.items()
}
"""Calls per minute; a trial has no limits beside the total."""
# The least of every plan that has the bucket: right or too small for whoever it is.
_LEAST_FRESHDESK = dict(zip(_COLUMNS, (50, 50, 50, 20, 20), strict=True))
HOUR, MINUTE, BULK = "hour", "minute", "bulk"
FRESHSALES_PLANS: Mapping[str, Mapping[str, int]] = {
    "free": {HOUR: 1000},
    "growth": {HOUR: 1000},
    "pro": {HOUR: 2000, MINUTE: 400},
    "enterprise": {HOUR: 5000, MINUTE: 400},
}
_LEAST_FRESHSALES = {HOUR: 1000, MINUTE: 400}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a reply's headers say: the bucket they may be about, its limit, what is left.

    `resets_in_s`: seconds until that bucket's window begins anew, known to within two or three.
    """

    limit: int | None
    remaining: int | None
    bucket: str | None = None
    resets_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply that means too many calls; `after_s` until the next, None where it does not say.

    `passing`: it was not for a limit of the account. What is overloaded is the `bucket`'s alone.
    """

    after_s: float | None = None
    bucket: str | None = None
    passing: bool = False


class Freshdesk:
    """Freshdesk's limits: per minute for the account, and for some endpoints by themselves.

    `whole` is the bucket that a reply speaks of when its endpoint has no limit of its own.
    """

    whole: ClassVar[str] = TOTAL

    def __init__(
        self,
        *,
        plan: str = "",
        limits: Mapping[str, int] | None = None,
        window_s: float = 60.0,
    ) -> None:
        """`limits` override what `plan` says, which overrides the least of all plans.

        Raises InvalidRequest for a plan or a bucket that is not known.
        """
        self.plan = plan
        self.fixed = dict(limits or {})
        base = {**_LEAST_FRESHDESK, **_known(FRESHDESK_PLANS, plan), **_checked(self.fixed)}
        self.rules = {name: Rule(limit, window_s) for name, limit in base.items()}

    def charges(self, request: ProviderRequest) -> dict[str, int]:
        """Credits per bucket that a call costs; the first is the one its reply will speak of."""
        query = dict(parse_qsl(urlsplit(request.url).query)) | dict(request.params)
        credits = credits_of(request.method, request.path, query.get("include", ""))
        own = bucket_of(request.method, request.path).value
        return {own: credits, TOTAL: credits}

    def spoken(self, reply: ProviderReply, request: ProviderRequest) -> Spoken:
        """Read the reply's headers."""
        found = RateLimit.from_headers(reply.headers, bucket_of(request.method, request.path))
        return Spoken(found.total, found.remaining) if found else Spoken(None, None)

    def refusal(self, reply: ProviderReply, request: ProviderRequest) -> Refusal | None:
        """What a 429 says; None of any other reply."""
        del request
        return Refusal(reply.retry_after_s) if reply.status == 429 else None

    def implied(self, told: Mapping[str, int]) -> dict[str, int]:
        """What the limits that replies have told say of the others, by bucket."""
        if self.plan or not told:
            return {}
        # An endpoint's own limit is never larger than the account's.
        implied = {TOTAL: max(*told.values(), _LEAST_FRESHDESK[TOTAL])}
        plans = [
            plan
            for plan in FRESHDESK_PLANS.values()
            if all(plan.get(name) == limit for name, limit in told.items())
        ]
        if len(plans) == 1 and (TOTAL in told or len(set(told.values())) > 1):
            implied = dict(plans[0])
        return {
            name: limit
            for name, limit in implied.items()
            if name not in self.fixed and name not in told
        }


class Freshsales:
    """Freshsales' limits: per hour and per minute, both for the whole account.

    `whole` is none: a reply speaks of the hour or of the minute. Bulk upserts have a bucket of
    their own beside these, without a limit that is known: they disturb each other, and when one is
    told so no other call has to wait.
    """

    whole: ClassVar[str] = ""

    def __init__(
        self,
        *,
        plan: str = "",
        limits: Mapping[str, int] | None = None,
        window_s: float = 60.0,
    ) -> None:
        """As of Freshdesk; `window_s` is the shorter window's, the longer one is sixty of them."""
        base = {**_LEAST_FRESHSALES, **_known(FRESHSALES_PLANS, plan), **(limits or {})}
        windows = {MINUTE: window_s, HOUR: 60 * window_s}
        if unknown := set(base) - set(windows):
            raise _no_bucket(unknown, windows)
        self.rules = {name: Rule(limit, windows[name]) for name, limit in base.items()}
        # As many as any call may be: it never decides.
        self.rules[BULK] = self.rules[MINUTE]

    def charges(self, request: ProviderRequest) -> dict[str, int]:
        """One credit an hour and a minute for every call, whatever it is."""
        bulk = {BULK: 1} if is_bulk_upsert(request) else {}
        return {HOUR: 1, MINUTE: 1, **bulk}

    def refusal(self, reply: ProviderReply, request: ProviderRequest) -> Refusal | None:
        """What a 429 says, or throttling in disguise; None of any other reply.

        In disguise it tells nothing of the account's limits: what met is bulk upserts, or parts of
        the provider that throttle each other whatever the account does.
        """
        if reply.status == 429:
            return Refusal(wait_s(reply))
        if not in_disguise(reply, request):
            return None
        if reply.status == 405:
            bucket = BULK if is_bulk_upsert(request) else MINUTE
            return Refusal(reply.retry_after_s or BULK_WAIT_S, bucket, passing=True)
        return Refusal(reply.retry_after_s or QUOTED_WAIT_S, MINUTE, passing=True)

    def spoken(self, reply: ProviderReply, request: ProviderRequest) -> Spoken:
        """Read the headers.

        They do not say of which limit they are: of the hour's when its window ends later than any
        minute does, or when the limit is as large as an hour's.
        """
        del request
        fields = {name.lower(): value for name, value in reply.headers.items()}
        as_freshdesk = RateLimit.from_headers(
            {
                "x-ratelimit-total": fields.get("x-ratelimit-limit", ""),
                "x-ratelimit-remaining": fields.get("x-ratelimit-remaining", ""),
            },
            FreshdeskBucket.TOTAL,
        )
        if as_freshdesk is None:
            return Spoken(None, None)
        limit = as_freshdesk.total
        left_s = reset_in_s(reply)
        long = left_s is not None and left_s > self.rules[MINUTE].window_s + 1
        if long or limit is None or limit >= _LEAST_FRESHSALES[HOUR]:
            return Spoken(limit, as_freshdesk.remaining, HOUR, left_s)
        # When a minute ends is seen soon enough, and more exactly, in what is left.
        return Spoken(limit, as_freshdesk.remaining, MINUTE)

    def implied(self, told: Mapping[str, int]) -> dict[str, int]:
        """Nothing: each limit is told by itself."""
        del told
        return {}


Provider = Freshdesk | Freshsales


def _known(plans: Mapping[str, Mapping[str, int]], plan: str) -> Mapping[str, int]:
    if plan and plan not in plans:
        raise InvalidRequest(
            f"plan {plan[:32]!r} is not known",
            where="rate limit",
            advice=f"Use one of {', '.join(plans)}, or none to learn it from the replies.",
        )
    return plans.get(plan, {})


def _checked(limits: Mapping[str, int]) -> Mapping[str, int]:
    if unknown := set(limits) - set(_COLUMNS):
        raise _no_bucket(unknown, _COLUMNS)
    return limits


def _no_bucket(unknown: set[str], known: Mapping[str, float] | tuple[str, ...]) -> InvalidRequest:
    return InvalidRequest(
        f"no rate limit is called {', '.join(sorted(unknown))[:80]}",
        where="rate limit",
        advice=f"The limits are {', '.join(known)}.",
    )
