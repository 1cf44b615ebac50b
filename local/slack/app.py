"""The HTTP edge: the Web API below ``/api``, the incoming webhook, and ``/__sim/…`` to steer it.

The Web API answers 200 to whatever it refuses and says why in ``error``; only a rate limit and a
server's failure have statuses of their own. A webhook answers in plain text with a status.
"""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from aiohttp import web

from local.simulator.http import Outcome, dropped, early_answer, response, spoilt
from local.simulator.routing import Reply
from local.simulator.serving import serving
from local.slack.content import Refused, check
from local.slack.methods import METHODS, Method, Throttled
from local.slack.steering import Steering
from local.slack.workspace import DEMO_WEBHOOK, Channel, Workspace

_MAX_BODY = 4 * 1024 * 1024
_WEBHOOK_STATUS = {
    "channel_is_archived": 410, "channel_not_found": 404, "no_service": 404, "no_team": 404,
    "no_active_hooks": 404, "invalid_token": 403, "team_disabled": 403, "action_prohibited": 403,
}  # fmt: skip
_TEXT = {"Content-Type": "text/html"}


class Simulator:
    """One workspace served over HTTP. ``serve`` runs it for as long as its context is open."""

    def __init__(self, workspace: Workspace | None = None) -> None:
        self.workspace = workspace or Workspace()
        self._steering = Steering(self.workspace)

    def serve(self, host: str, port: int) -> AbstractAsyncContextManager[str]:
        """Listen; its value is the base URL. Raises OSError when the port cannot be had."""
        return serving(self._handle, host, port, largest_body=_MAX_BODY)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.url.path
        if path.startswith("/__sim/"):
            return response(await self._steered(request, path.removeprefix("/__sim")))
        body = await request.read()
        name = f"{request.method} {path}"
        fault = next((f for f in self.workspace.faults if f.strikes(request.method, path)), None)
        if fault and fault.kind == "drop_before":
            outcome = Outcome(None, fault=fault.kind)
        elif fault and (early := early_answer(fault, {"ok": False, "error": "ratelimited"})):
            outcome = Outcome(early, fault=fault.kind)
        else:
            outcome = Outcome(self._answer(request, path, body))
            outcome = spoilt(outcome, fault) if fault else outcome
        if outcome.delay_s:
            await asyncio.sleep(outcome.delay_s)
        reply = outcome.reply
        self.workspace.stats.answered(name, reply.status if reply else None, outcome.fault)
        if reply is None:
            return dropped(request)
        if reply.status == 429:
            self.workspace.stats.endpoint(name).throttled += 1
        return response(reply, {"X-Slack-Req-Id": uuid4().hex})

    def _answer(self, request: web.Request, path: str, body: bytes) -> Reply:
        if path.startswith("/services/"):
            return self._webhook(request, path, body)
        method = METHODS.get(path.removeprefix("/api/"))
        if method is None:
            return Reply(200, {"ok": False, "error": "unknown_method"})
        try:
            self._check_access(request, method)
            return Reply(
                200, {"ok": True, **method.run(self.workspace, _read(request, body, method))}
            )
        except Refused as refusal:
            return Reply(200, {"ok": False, "error": refusal.word, **refusal.details})
        except Throttled as throttled:
            headers = {"Retry-After": str(throttled.seconds)}
            return Reply(429, {"ok": False, "error": "ratelimited"}, headers)

    def _check_access(self, request: web.Request, method: Method) -> None:
        settings = self.workspace.settings
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token or kind != "Bearer":
            raise Refused("not_authed")
        if token != self.workspace.token:
            raise Refused("invalid_auth")
        if settings.token_state:
            raise Refused(settings.token_state)
        if method.scope and method.scope not in settings.scopes:
            provided = ",".join(settings.scopes)
            raise Refused("missing_scope", needed=method.scope, provided=provided)

    def _webhook(self, request: web.Request, path: str, body: bytes) -> Reply:
        try:
            channel = self._webhook_channel(request.method, path)
            content = _payload(request, body)
            check(content)
            if seconds := self.workspace.wait_s(channel):
                headers = {**_TEXT, "Retry-After": str(seconds)}
                return Reply(429, b"rate_limited", headers)
            self.workspace.post(channel, content, by="webhook")
        except Refused as refusal:
            return Reply(_WEBHOOK_STATUS.get(refusal.word, 400), refusal.word.encode(), _TEXT)
        return Reply(200, b"ok", _TEXT)

    def _webhook_channel(self, method: str, path: str) -> Channel:
        if path != DEMO_WEBHOOK or method != "POST":
            raise Refused("no_service")
        if state := self.workspace.settings.webhook_state:
            raise Refused(state)
        channel = self.workspace.find(self.workspace.settings.webhook_channel)
        if channel is None:
            raise Refused("channel_not_found")
        if channel.archived:
            raise Refused("channel_is_archived")
        return channel

    async def _steered(self, request: web.Request, path: str) -> Reply:
        try:
            text = await request.text()
            body = json.loads(text) if text.strip() else None
            return self._steering.answer(request.method, path, request.query, body)
        except ValueError as error:
            return Reply(400, {"message": str(error)})


def _read(request: web.Request, body: bytes, method: Method) -> dict[str, Any]:
    """The arguments: of the query and of a form; of JSON for the methods that take it."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        # A method that reads passes over JSON, and then lacks its arguments.
        read = method.takes_json and body.strip()
        return arguments | (_object(body, "invalid_json") if read else {})
    if request.content_type == "application/x-www-form-urlencoded":
        return arguments | dict(parse_qsl(body.decode("utf-8", "replace")))
    if body:
        raise Refused("invalid_post_type")
    return arguments


def _payload(request: web.Request, body: bytes) -> dict[str, Any]:
    if request.content_type == "application/x-www-form-urlencoded":
        body = dict(parse_qsl(body.decode("utf-8", "replace"))).get("payload", "").encode()
    return _object(body, "invalid_payload")


def _object(body: bytes, word: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise Refused(word) from None
    if not isinstance(found, dict):
        raise Refused(word)
    return found
