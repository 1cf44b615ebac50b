"""What a Freshsales reply that is no success means, as a typed error. Pure: no I/O.

The status decides the type, except where a 400 or a 405 is throttling in disguise; the body adds
words, which come in the language of the key's owner and are never compared. They come as
`{errors: {code, message}}`, message being a text or a list of them, or flat, or not at all: an
HTML page is never quoted.

Facts: https://developers.freshworks.com/crm/api/#error
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from freshbridge.errors import (
    Context,
    FreshbridgeError,
    Reject,
    Retry,
    Throttled,
    class_for_status,
)
from freshbridge.freshsales.throttling import BULK_WAIT_S, in_disguise, wait_s
from freshbridge.http_message import ProviderReply, ProviderRequest

_WORDS_LIMIT = 20
# What one generation of the product lacks is refused as if the user might not, or as not there.
_LACKING = (403, 404)
_LEADS = re.compile(r"/crm/sales/api/(?:settings/)?leads(?:/|$)")
_JOBS = re.compile(r"(?<!/crm/sales)/api/(?:\w+/bulk_upsert|job_statuses/)")
_INSTEAD = (
    (_LEADS, "The suite has no leads: use a contact with a lifecycle_stage_id."),
    (_JOBS, "Bulk upserts are the suite's: upsert the records one by one here."),
)
# The sentences for 401, 404 and 429 are those that callers of the product have been promised.
_WHAT = {
    401: "Authentication failed: Invalid API key",
    403: "Permission denied by Freshsales",
    405: "Freshsales has no such action here",
    429: "Rate limit exceeded. Please try again later",
}
# What a path's collection holds, as people call it.
_RECORD = {
    "appointments": "appointment",
    "contacts": "contact",
    "deals": "deal",
    "leads": "lead",
    "lists": "list",
    "notes": "note",
    "sales_accounts": "account",
    "sales_activities": "sales activity",
    "tasks": "task",
}


@dataclass(frozen=True, slots=True)
class ProviderWords:
    """The body's content, as far as it could be read; several messages are joined."""

    message: str = ""
    code: str = ""


def error_from(reply: ProviderReply, request: ProviderRequest) -> FreshbridgeError:
    """Return the error for a reply outside 200-299."""
    words = read_words(_redacted(reply.body.decode("utf-8", "replace"), request))
    disguised = in_disguise(reply, request)
    error_class = Throttled if disguised else class_for_status(reply.status)
    context = Context(
        where=request.where,
        status=reply.status,
        advice=_instead(reply.status, request.path),
        provider_code=words.code,
        provider_message=words.message,
        provider_request_id=reply.headers.get("x-request-id", ""),
    )
    what = _WHAT[429] if disguised else _what(reply.status, request.path)
    if issubclass(error_class, Retry):
        after = wait_s(reply)
        if disguised:
            # When the account's window ends, which its headers tell too, has nothing to do with it.
            after = reply.retry_after_s
        if disguised and reply.status == 405:
            after = max(after or 0.0, BULK_WAIT_S)
        return error_class(
            what,
            after=after,
            outcome_unknown=not request.read_only and _may_have_begun(reply.status),
            **context,
        )
    rejected: type[Reject] = error_class
    return rejected(what, **context)


def _instead(status: int, path: str) -> str:
    """What to use where the account's generation of the product lacks what was asked for."""
    fitting = (advice for pattern, advice in _INSTEAD if pattern.search(path))
    return next(fitting, "") if status in _LACKING else ""


def _may_have_begun(status: int) -> bool:
    """A 5xx may hide a write that was made, and so may a 400 that quotes what failed within."""
    return status == 400 or not 400 <= status < 500


def _what(status: int, path: str) -> str:
    if status == 404:
        name = path.rpartition("/api/")[2].partition("/")[0]
        record = _RECORD.get(name)
        if record is None:
            return "Freshsales has nothing here"
        return f"{record.capitalize()} not found: Invalid {record} ID"
    if status in _WHAT:
        return _WHAT[status]
    if 400 <= status < 500:
        return "Freshsales refuses the request"
    if 300 <= status < 400:
        return "The Freshsales address redirects to another one"
    return "Freshsales failed"


def read_words(text: str) -> ProviderWords:
    """Read an error body in any of the shapes seen; whatever is not JSON yields no words."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return ProviderWords()
    if not isinstance(body, dict):
        return ProviderWords()
    errors = body.get("errors")
    inner = errors if isinstance(errors, dict) else {}
    found: list[str] = []
    for candidate in (
        inner.get("message"),
        errors,
        body.get("message"),
        body.get("error"),
        body.get("description"),
    ):
        found = _texts(candidate)
        if found:
            break
    return ProviderWords("; ".join(found), _code(inner.get("code", body.get("code"))))


def _texts(value: Any) -> list[str]:
    """The texts of a text, of a list of them, or of objects with a message."""
    listed = value if isinstance(value, list) else [value]
    found = []
    for entry in listed[:_WORDS_LIMIT]:
        text = entry.get("message") if isinstance(entry, dict) else entry
        if isinstance(text, str) and text.strip():
            found.append(text.strip().rstrip("."))
    return found


def _code(value: Any) -> str:
    """The body's own code where it says more than the status, which it repeats mostly."""
    return value if isinstance(value, str) else ""


def _redacted(text: str, request: ProviderRequest) -> str:
    """Remove the key that `request` carries from `text`, should anything have echoed it."""
    _, _, credential = request.headers.get("authorization", "").partition("=")
    key = credential.strip().strip('"')
    return text.replace(key, "[key]") if key else text
