"""What a reply says about the rate limit, and which limit it speaks for. Pure: no I/O.

Freshdesk counts calls per minute for the whole account, and has limits of their own for creating,
updating and listing tickets and for listing contacts. On those endpoints the headers report the
endpoint's limit instead of the account's, so a number means nothing without its bucket.

Facts: https://developers.freshdesk.com/api/#ratelimit
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_TICKETS = re.compile(r"/tickets/?")
_ONE_TICKET = re.compile(r"/tickets/[0-9]+/?")
_CONTACTS = re.compile(r"/contacts/?")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?")


class Bucket(StrEnum):
    """A limit that Freshdesk counts by itself."""

    TOTAL = "total"
    TICKET_CREATE = "ticket_create"
    TICKET_UPDATE = "ticket_update"
    TICKET_LIST = "ticket_list"
    CONTACT_LIST = "contact_list"


_BUCKETS = (
    ("POST", _TICKETS, Bucket.TICKET_CREATE),
    ("PUT", _ONE_TICKET, Bucket.TICKET_UPDATE),
    ("GET", _TICKETS, Bucket.TICKET_LIST),
    ("GET", _CONTACTS, Bucket.CONTACT_LIST),
)


def bucket_of(method: str, path: str) -> Bucket:
    """Return the limit a call's headers speak for; `path` with or without `/api/v2`.

    Search, bulk calls, notes and replies have no limit of their own.
    """
    path = path.removeprefix("/api/v2")
    for verb, pattern, bucket in _BUCKETS:
        if method.upper() == verb and pattern.fullmatch(path):
            return bucket
    return Bucket.TOTAL


def credits_of(method: str, path: str, include: str = "") -> int:
    """Return how many calls a request counts for; `include` is the comma list it asks for.

    Each embedded resource costs one more, on the ticket list two more.
    Facts: https://developers.freshdesk.com/api/#embedding
    """
    embedded = len({name.strip() for name in include.split(",")} - {""})
    each = 2 if bucket_of(method, path) is Bucket.TICKET_LIST else 1
    return 1 + each * embedded


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The limit's size, what is left of it and what this call used; None where a header is absent.

    Counted in calls per window, which is a minute on current plans.
    """

    bucket: Bucket
    total: int | None
    remaining: int | None
    used: int | None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], bucket: Bucket) -> "RateLimit | None":
        """Read the three headers, in any letter case; None when none of them holds a number."""
        fields = {name.lower(): value for name, value in headers.items()}
        total, remaining, used = (
            _whole_number(fields.get(f"x-ratelimit-{name}", ""))
            for name in ("total", "remaining", "used-currentrequest")
        )
        if total is None and remaining is None and used is None:
            return None
        return cls(bucket, total, remaining, used)


def _whole_number(text: str) -> int | None:
    """Read "100" and "100.0" alike; a fraction is rounded down, so that it never promises more."""
    text = text.strip()
    return math.floor(float(text)) if _NUMBER.fullmatch(text) else None
