"""What is kept of an HTTP API's reply, and which error it is when it is not what was wanted. Pure.

A reply's statuses mean what RFC 9110 says: https://www.rfc-editor.org/rfc/rfc9110#section-15.
"""

from __future__ import annotations

import json
import re
from typing import Any

from freshbridge.errors import (
    Conflict,
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    ProviderDown,
    Reject,
    Retry,
    Unauthorized,
    class_for_status,
)
from freshbridge.http_message import ProviderReply, ProviderRequest

MOST_KEPT = 48_000
"""Characters of a reply's body that later templates may see; the record has no room for more."""
_MOST_HEADERS = ("content-type", "location", "etag", "last-modified", "x-request-id")
_LONGEST_HEADER = 500
_CHARSET = re.compile(r"charset=\"?([\w.:-]{1,40})", re.IGNORECASE)


def captured(reply: ProviderReply) -> dict[str, Any]:
    """`{"status", "headers", "json", "text", "truncated"}`: JSON where it is that, else text.

    A JSON document that is too large to be kept is not kept in part, for half of one is none.
    """
    text = _text(reply)
    found: Any = None
    if "json" in reply.headers.get("content-type", "").lower() or text[:1] in ("{", "["):
        try:
            found = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            found = None
    large = len(text) > MOST_KEPT
    return {
        "status": reply.status,
        "headers": {
            name: reply.headers[name][:_LONGEST_HEADER]
            for name in _MOST_HEADERS
            if name in reply.headers
        },
        "json": None if large else found,
        "text": text[:MOST_KEPT] if found is None else None,
        "truncated": large,
    }


def error_of(
    reply: ProviderReply, request: ProviderRequest, *, repeatable: bool
) -> FreshbridgeError:
    """The error for a status that was not expected.

    A 401 to a request that had no credentials is no sign that any were withdrawn.

    After a 5xx nobody knows whether the request had its effect, but for a 503 that names when to
    come back: that one refuses to do it now.
    """
    if 200 <= reply.status < 300:
        return Reject(
            f"The API answered {reply.status}, which expected_statuses does not list",
            where=request.where,
            status=reply.status,
        )
    kind = class_for_status(reply.status)
    after = reply.retry_after_s
    if issubclass(kind, Retry):
        refused = 400 <= reply.status < 500 or (reply.status == 503 and after is not None)
        what = "The API failed" if issubclass(kind, ProviderDown) else "Its rate limit is used up"
        return kind(
            what,
            where=request.where,
            status=reply.status,
            after=after,
            outcome_unknown=not (refused or repeatable or request.read_only),
        )
    if kind is Unauthorized and "authorization" not in request.headers:
        return Forbidden(
            "The API wants credentials, and the integration has none",
            where=request.where,
            status=reply.status,
            advice="PATCH its credentials.authorization.",
        )
    # Its words are not quoted: nobody knows whose data is in them.
    what = "The API refuses the request"
    if issubclass(kind, InvalidRequest | Conflict):
        return kind(what, where=request.where, status=reply.status, fields=())
    return kind(what, where=request.where, status=reply.status)


def _text(reply: ProviderReply) -> str:
    named = _CHARSET.search(reply.headers.get("content-type", ""))
    try:
        return reply.body.decode(named[1] if named else "utf-8", "replace")
    except LookupError:
        return reply.body.decode("utf-8", "replace")


def _refuse(_constant: str) -> Any:
    # NaN and Infinity are no JSON, and no record could keep them.
    raise ValueError
