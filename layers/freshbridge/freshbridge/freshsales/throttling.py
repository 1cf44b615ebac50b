"""How Freshsales says that it is being called too often, and for how long. Pure: no I/O.

Mostly with a 429. Its parts throttle each other as well, and then that 429 is quoted inside a 400,
in a text that no language setting changes: `UCR contact fetch failure :: response_code :: 429 ::
response :: Too many requests`. Bulk upserts that meet each other are answered 405 for a while, and
so may any write be: where the path does take the verb, a 405 without words of the product's own
comes from what stands before it.

The limits: https://crmsupport.freshworks.com/support/solutions/articles/50000002502
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from freshbridge.http_message import ProviderReply, ProviderRequest

LONGEST_WAIT_S = 3600.0
"""The longer of the provider's windows; what asks for more is a clock in another zone."""
BULK_WAIT_S = 5.0
"""Between two tries of what was answered 405, such as a bulk upsert that met another one."""
QUOTED_WAIT_S = 1.0
"""After a 429 that is quoted, which names no time: of calls side by side it strikes one, so the
account's others need not wait longer. Whose call it was waits as its own attempts tell."""
_BUSY = re.compile(r"too many requests", re.IGNORECASE)
_QUOTED = re.compile(r"::\s*response_code\s*::\s*429\b", re.IGNORECASE)
_BULK = re.compile(r"/(?:contacts|sales_accounts|deals|leads)/bulk_upsert(?:\.json)?/?")
_SUITE_LEADS = re.compile(r"/crm/sales/api/leads(?:/|$)")
_ONE = r"(?:contacts|sales_accounts|deals|leads|tasks|appointments|notes|sales_activities)"
_TAKEN = {
    "POST": re.compile(rf"/api/{_ONE}(?:/upsert|/[0-9]+/(?:clone|convert))?(?:\.json)?/?"),
    "PUT": re.compile(rf"/api/{_ONE}/[0-9]+(?:\.json)?/?"),
    "DELETE": re.compile(rf"/api/{_ONE}/[0-9]+(?:/forget)?(?:\.json)?/?"),
}
"""The writes that every account takes, by their verb."""
_EPOCH_S, _DAY_FIRST, _EPOCH_MS = 10, 12, 13  # digits


def in_disguise(reply: ProviderReply, request: ProviderRequest) -> bool:
    """Whether a reply that is no 429 means one. Nothing was carried out by a 405."""
    if reply.status == 400:
        return _QUOTED.search(reply.body.decode("utf-8", "replace")) is not None
    if reply.status != 405:
        return False
    return is_bulk_upsert(request) or (is_taken(request) and not _says_something(reply))


def is_taken(request: ProviderRequest) -> bool:
    """Whether a call is a write of one record that any account takes; the suite has no leads."""
    pattern = _TAKEN.get(request.method)
    path = request.path
    if pattern is None or _SUITE_LEADS.search(path):
        return False
    found = pattern.search(path)
    return found is not None and found.end() == len(path)


def is_bulk_upsert(request: ProviderRequest) -> bool:
    """Whether a call upserts many records at once, or asks for it: it may meet another such one."""
    return request.method == "POST" and _ends_in_bulk(request.path)


def wait_s(reply: ProviderReply) -> float | None:
    """Seconds until it may be called again, None when it does not say.

    `Retry-After` in either form; else `x-ratelimit-reset`, which has been seen as epoch seconds, as
    milliseconds, and as day, month, year and time in twelve digits (taken for UTC). A time is
    measured against the reply's own `Date`, so that this machine's clock plays no part.
    """
    if reply.retry_after_s is not None:
        return min(reply.retry_after_s, LONGEST_WAIT_S)
    left = reset_in_s(reply)
    return None if left is None else min(left, LONGEST_WAIT_S)


def reset_in_s(reply: ProviderReply) -> float | None:
    """Seconds until the window that the reply speaks of begins anew, None when it does not say.

    Read as `wait_s` says. Both of its times are whole seconds, rounded nobody knows which way.
    """
    reset = _reset(reply.headers.get("x-ratelimit-reset", "").strip())
    try:
        sent = parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if reset is None:
        return None
    sent = sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent
    left = (reset - sent).total_seconds()
    # A time that is over says nothing about the one that is to come.
    return left if left > 0 else None


def _says_something(reply: ProviderReply) -> bool:
    """Whether the product itself answers: in JSON, saying anything but that it is too busy."""
    text = reply.body.decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return bool(said) and _QUOTED.search(text) is None and _BUSY.search(text) is None


def _ends_in_bulk(path: str) -> bool:
    found = _BULK.search(path)
    return found is not None and found.end() == len(path)


def _reset(text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit()):
        return None
    try:
        if len(text) == _DAY_FIRST:
            # No zone in it: the next line says which one it is taken for.
            return datetime.strptime(text, "%d%m%y%H%M%S").replace(tzinfo=UTC)
        if len(text) == _EPOCH_S:
            return datetime.fromtimestamp(int(text), UTC)
        if len(text) == _EPOCH_MS:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
