"""What the HTTP edges of the simulators share: answers, spoilt answers, and requests' own URL."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from local.simulator.faults import HTML_PAGE, Fault
from local.simulator.routing import Reply


@dataclass(slots=True)
class Outcome:
    """What is about to be sent: ``reply`` None means that the connection is closed instead."""

    reply: Reply | None
    delay_s: float = 0.0
    fault: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def early_answer(fault: Fault, throttled: object = None) -> Reply | None:
    """The answer of a fault that leaves no effect; ``throttled`` is the body of a 429."""
    if fault.kind == "status":
        return Reply(fault.status, fault.body)
    if fault.kind == "html_500":
        return html(500)
    if fault.kind == "throttle":
        return Reply(429, throttled, {"Retry-After": str(fault.retry_after)})
    return None


def spoilt(outcome: Outcome, fault: Fault) -> Outcome:
    """What a fault makes of an answer whose work is done."""
    outcome.fault = fault.kind
    if fault.kind == "slow":
        outcome.delay_s = fault.delay_s
    elif fault.kind == "commit_then_drop":
        outcome.reply = None
    else:
        outcome.reply = html(500)
    return outcome


def html(status: int, page: bytes = HTML_PAGE) -> Reply:
    return Reply(status, page, {"Content-Type": "text/html; charset=utf-8"})


def response(reply: Reply, extra: Mapping[str, str] | None = None) -> web.Response:
    """``reply`` as the server sends it; its own headers win over ``extra``."""
    headers = {**(extra or {}), **reply.headers}
    if reply.body is None:
        if reply.status == 200 or reply.status >= 400:
            # An empty refusal, or an empty 200, is typed as a page: clients that parse anything
            # untyped as JSON (freshdesk-api for Node) get on with the real service only if it is.
            headers.setdefault("Content-Type", "text/html; charset=utf-8")
        return web.Response(status=reply.status, headers=headers)
    headers.setdefault("Content-Type", "application/json; charset=utf-8")
    content = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
    return web.Response(status=reply.status, body=content, headers=headers)


def dropped(request: web.Request) -> web.Response:
    """Close the connection; what is returned is not sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def verb(request: web.Request) -> str:
    """The method that routes know: HEAD is a GET whose body stays unsent."""
    return "GET" if request.method == "HEAD" else request.method


def form_text(text: str) -> str:
    """A form's name as text that can be sent back: bytes that are no UTF-8 become ``?``."""
    return text.encode("utf-8", "replace").decode()


def base_url(request: web.Request) -> str:
    """Scheme and host as the client wrote them, also through a proxy that ends its TLS.

    A client may leave the host empty; it is then sent to ``localhost``.
    """
    scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
    authority = request.url.host_port_subcomponent or "localhost"
    return f"{scheme}://{authority}"


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a background task and see it end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
