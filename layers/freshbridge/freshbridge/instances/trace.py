"""Trace logging: while it is on, each call to an instance's provider is kept for a person to see.

Pure: when it is on, what is kept of a call, and how a page of entries is asked for. An entry holds
what a call was and how it went: never a header, a query, a body or an address.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from freshbridge.errors import FieldError, FreshbridgeError, InvalidRequest, mask_emails
from freshbridge.freshdesk.wire import rate_limit_of
from freshbridge.http_message import ProviderReply, ProviderRequest

if TYPE_CHECKING:
    from freshbridge.freshdesk.rate_limit import RateLimit
    from freshbridge.instances.model import Instance

DEFAULT_MINUTES = 60
LONGEST_MINUTES = 1440
KEPT_S = 7 * 86_400
"""How long an entry can be read."""
PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 200
_LONGEST_ID = 128
# Ids and the words that APIs name their paths with; anything else may be a key or a person's name.
_SHOWN_SEGMENT = re.compile(r"[0-9]{1,19}|[A-Za-z][A-Za-z_.-]{0,29}[0-9]{0,2}|")
_HIDDEN_SEGMENT = "*"
_CURSOR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z#[0-9a-f]{1,32}")


class InvalidTraceRequest(InvalidRequest):
    """The duration or the page that was asked for cannot be used."""

    code = "invalid_trace_request"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a provider is called, as far as it is known: "" where it is not."""

    correlation_id: str = ""
    action_id: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One call, which began at `at` (seconds since the epoch).

    `error` is None when a complete reply came, whatever its status. Otherwise it is the code of
    what was raised, and `status` is None or that of a reply that was cut off or not taken.
    `reply_bytes` counts the body after decompression.
    """

    at: float
    method: str
    path: str
    status: int | None
    error: str | None
    duration_ms: int
    rate_limit: RateLimit | None
    request_bytes: int
    reply_bytes: int | None
    function: str
    cause: Cause

    @property
    def time(self) -> str:
        """UTC, ISO 8601 with microseconds: entries sort by it as text."""
        return _time_text(datetime.fromtimestamp(self.at, UTC))

    def shown(self) -> dict[str, Any]:
        """The entry as the API shows it."""
        limit = self.rate_limit
        return {
            "time": self.time,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "error": self.error,
            "duration_ms": self.duration_ms,
            "rate_limit": limit
            and {
                "total": limit.total,
                "remaining": limit.remaining,
                "bucket": str(limit.bucket),
            },
            "request_bytes": self.request_bytes,
            "reply_bytes": self.reply_bytes,
            "function": self.function,
            "correlation_id": self.cause.correlation_id or None,
            "action_id": self.cause.action_id or None,
            "run_id": self.cause.run_id or None,
        }


def is_on(instance: Instance, now: float) -> bool:
    """Whether calls of the instance are to be kept; `now` is seconds since the epoch."""
    return instance.trace_until is not None and now < instance.trace_until


def entry_of(
    request: ProviderRequest,
    outcome: ProviderReply | Exception,
    *,
    at: float,
    duration_s: float,
    platform: str,
    function: str,
    cause: Cause,
) -> TraceEntry:
    """What is kept of a call; `outcome` is its reply, or what was raised in its place."""
    status: int | None
    error: str | None
    size, limit = None, None
    if isinstance(outcome, ProviderReply):
        status, error, size = outcome.status, None, len(outcome.body)
        # Only Freshdesk's headers and limits are known here.
        limit = rate_limit_of(outcome, request) if platform == "freshdesk" else None
    elif isinstance(outcome, FreshbridgeError):
        status, error = outcome.status, outcome.code
    else:
        status, error = None, type(outcome).__name__
    return TraceEntry(
        at=at,
        method=request.method,
        path=shown_path(request.told_path or request.path),
        status=status,
        error=error,
        duration_ms=max(0, round(duration_s * 1000)),
        rate_limit=limit,
        request_bytes=_body_bytes(request),
        reply_bytes=size,
        function=function,
        cause=Cause(_id(cause.correlation_id), _id(cause.action_id), _id(cause.run_id)),
    )


def shown_path(path: str) -> str:
    """The path with numeric ids and plain words as they are, and `*` for every other part."""
    return "/".join(
        part if _SHOWN_SEGMENT.fullmatch(part) else _HIDDEN_SEGMENT for part in path.split("/")
    )


def read_minutes(body: dict[str, Any]) -> int:
    """`{"duration": minutes}` of a request to switch tracing on; 60 when it says none.

    Raises:
        InvalidTraceRequest: not a whole number from 1 to 1440, or an unknown field.
    """
    unknown = sorted(set(body) - {"duration"})
    wrong = [FieldError(name, "unknown field", "unknown") for name in unknown]
    minutes = body.get("duration", DEFAULT_MINUTES)
    whole = isinstance(minutes, int) and not isinstance(minutes, bool)
    if not whole or not 1 <= minutes <= LONGEST_MINUTES:
        accepted = f"must be minutes, a whole number from 1 to {LONGEST_MINUTES}"
        wrong.append(FieldError("duration", accepted, "invalid_value"))
    if wrong:
        raise InvalidTraceRequest("trace logging was not switched on", fields=wrong)
    return int(minutes)


def read_page(limit: str | None, before: str | None) -> tuple[int, str | None]:
    """How many entries to list, and the position that they must come before.

    `before` is the `before` of the page before, or a time in ISO 8601.

    Raises:
        InvalidTraceRequest: naming each that cannot be used.
    """
    wrong = []
    size = int(limit) if limit and limit.isascii() and limit.isdigit() and len(limit) < 6 else 0
    if limit is not None and not 1 <= size <= LARGEST_PAGE_SIZE:
        accepted = f"must be a whole number from 1 to {LARGEST_PAGE_SIZE}"
        wrong.append(FieldError("limit", accepted, "invalid_value"))
    position = before if before and _CURSOR.fullmatch(before) else None
    if before is not None and position is None:
        try:
            moment = datetime.fromisoformat(before)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            position = _time_text(moment.astimezone(UTC))
        except (ValueError, OverflowError):
            accepted = "must be a time in ISO 8601, or the `before` of the page before"
            wrong.append(FieldError("before", accepted, "invalid_value"))
    if wrong:
        raise InvalidTraceRequest("the page cannot be given", fields=wrong)
    return (PAGE_SIZE if limit is None else size), position


def expires_at(entry: TraceEntry) -> int:
    """When an entry is over, in whole seconds since the epoch."""
    return math.ceil(entry.at) + KEPT_S


def _time_text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _id(text: str) -> str:
    # Ids can come from a deployer's own messages.
    return mask_emails(text[:_LONGEST_ID])


def _body_bytes(request: ProviderRequest) -> int:
    """The body's size; of a multipart one its values and files, without the lines between."""
    try:
        content = request.content()
    except InvalidRequest:
        return 0  # what cannot be written was not sent
    if content is not None:
        return len(content)
    values = sum(len(name.encode()) + len(value.encode()) for name, value in request.form)
    return values + sum(part.size for part in request.files)
