"""A request and its reply as people are shown them: without the key, without tokens. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freshbridge.http_message import ProviderReply, ProviderRequest

MASKED = "********"
MOST_SHOWN = 48_000
"""Characters of a body."""
_SECRET = re.compile(r"auth|cookie|key|token|secret|passw|credential|signature", re.IGNORECASE)
"""What names of headers hold whose values nobody is to see."""
_TOKENS = "fc_widget_collaboration"
_HEADERS = (
    "content-type", "x-request-id", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining",
    "x-ratelimit-reset", "location",
)  # fmt: skip


def shown_request(request: ProviderRequest) -> dict[str, Any]:
    """`{"method", "url", "headers", "body"}`; what opens the account is masked."""
    headers = {
        name: _masked(value) if _SECRET.search(name) else value
        for name, value in request.headers.items()
    }
    content = request.content()
    return {
        "method": request.method,
        "url": request.full_url,
        "headers": headers,
        "body": None if content is None else _body(content),
    }


def shown_reply(reply: ProviderReply) -> dict[str, Any]:
    """`{"status", "headers", "body", "took_ms"}`."""
    return {
        "status": reply.status,
        "headers": {name: reply.headers[name] for name in _HEADERS if name in reply.headers},
        "body": _body(reply.body) if reply.body else None,
        "took_ms": round(reply.elapsed_s * 1000),
    }


def _masked(value: str) -> str:
    scheme, sign, _key = value.partition("=")
    return f"{scheme}={MASKED}" if sign else MASKED


def _body(content: bytes) -> Any:
    text = content.decode("utf-8", "replace")
    if len(text) > MOST_SHOWN:
        return f"{text[:MOST_SHOWN]}…"
    try:
        return json.loads(text, object_hook=_without_tokens)
    except (ValueError, RecursionError):
        return text


def _without_tokens(found: dict[str, Any]) -> dict[str, Any]:
    found.pop(_TOKENS, None)
    return found
