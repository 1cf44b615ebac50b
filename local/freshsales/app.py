"""The HTTP edge: everything between a socket and a resource family's handler.

Order of a request: the account's rate windows count it first, then the key, the path and verb, the
permission, the body, then the handler. Faults strike where their kind says.
"""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from email.utils import formatdate
from uuid import uuid4

from aiohttp import web

from local.freshsales import route_table, starting_records
from local.freshsales.account import Account, Record
from local.freshsales.control import Control
from local.freshsales.errors import (
    LEAKED_THROTTLE,
    ApiError,
    Message,
    envelope,
    forbidden,
    not_found,
    throttled,
)
from local.freshsales.rate import Charge
from local.freshsales.routing import Reply, Request, Route
from local.freshsales.state import SimulatorState
from local.freshsales.wire import PAGE, api_path, authenticate, read_body, read_json
from local.simulator.faults import Fault
from local.simulator.http import (
    Outcome,
    base_url,
    dropped,
    early_answer,
    html,
    response,
    spoilt,
    verb,
)
from local.simulator.routing import Match, Router
from local.simulator.serving import serving

CONTROL = "/__sim"
_COMMON_HEADERS = {
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "X-Content-Type-Options": "nosniff",
    "Server": "fwe",
}
_MAX_BODY = 32 * 1024 * 1024
_SLASHES = re.compile("/{2,}")


class Simulator:
    """One account served over HTTP. ``serve`` runs it for as long as its context is open."""

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()
        self.state = SimulatorState(self.account)
        self._api = Router(route for routes in route_table.FAMILIES for route in routes)
        control = (Control(self.state).routes, *route_table.CONTROL_FAMILIES)
        self._control = Router(route for routes in control for route in routes)
        for listen in route_table.LISTENERS:
            listen(self.account)
        self.account.on_reset(lambda: starting_records.fill(self.account))
        self.account.reset()

    def serve(self, host: str, port: int) -> AbstractAsyncContextManager[str]:
        """Listen; its value is the base URL. Raises OSError when the port cannot be had."""
        return serving(
            self._handle,
            host,
            port,
            largest_body=_MAX_BODY,
            run_due=self.account.run_due,
            services=(service(self.account) for service in route_table.SERVICES),
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.account.run_due()
        path = _SLASHES.sub("/", request.url.raw_path)
        if path.startswith(f"{CONTROL}/"):
            return response(await self._control_reply(request, path.removeprefix(CONTROL)))
        has_key = "Authorization" in request.headers
        inner = api_path(self.account, path, has_key=has_key)
        if inner is None:
            # Another generation's root is a missing page; elsewhere is the web application.
            return response(html(404 if "/api/" in path else 200, PAGE))
        return await self._api_response(request, inner)

    async def _control_reply(self, request: web.Request, path: str) -> Reply:
        match = self._control.match(request.method, path)
        if not isinstance(match, Match):
            return Reply(404, {"message": f"no such control call: {request.method} {path}"})
        try:
            body = await read_json(request)
            self.account.writes += match.route.method != "GET"
            return match.route.handler(
                Request(
                    self.account, {}, request.method, request.url.path, match.ids, match.texts,
                    _query(request), body, base_url=base_url(request),
                )
            )  # fmt: skip
        except ApiError as error:
            return self._refusal(error, control=True)
        except ValueError as error:
            return Reply(400, {"message": str(error)})

    async def _api_response(self, request: web.Request, path: str) -> web.StreamResponse:
        settings = self.account.settings
        if settings.latency_ms:
            await asyncio.sleep(settings.latency_ms / 1000)
        match = self._api.match(verb(request), path)
        name = match.route.name if isinstance(match, Match) else f"{verb(request)} (unknown)"
        outcome = await self._outcome(request, path, match, name)
        if outcome.delay_s:
            await asyncio.sleep(outcome.delay_s)
        reply = outcome.reply
        self.state.stats.answered(name, reply.status if reply else None, outcome.fault)
        if reply is None:
            return dropped(request)
        # The account's own time: what a reset of its windows is to be measured against.
        date = formatdate(self.account.clock.seconds(), usegmt=True)
        own = {"Date": date, "X-Request-Id": str(uuid4())}
        return response(reply, {**_COMMON_HEADERS, **outcome.headers, **own})

    async def _outcome(
        self, request: web.Request, path: str, match: Match[Route] | list[str], name: str
    ) -> Outcome:
        fault = self.state.fault_for(verb(request), path)
        if fault and fault.kind == "drop_before":
            return Outcome(None, fault=fault.kind)
        settings = self.account.settings
        charge = self._charge(name)
        headers = charge.headers(settings.retry_hint)
        if not charge.allowed:
            return Outcome(Reply(429, throttled(settings)), headers=headers)
        if fault and (early := self._early(fault)):
            return Outcome(early, fault=fault.kind, headers=headers)
        outcome = Outcome(await self._reply(request, match), headers=headers)
        if fault and fault.kind == "commit_then_duplicate":
            said = envelope(400, [Message("not_unique", label="Email")], settings)
            return Outcome(Reply(400, said), fault=fault.kind, headers=headers)
        return spoilt(outcome, fault) if fault else outcome

    def _early(self, fault: Fault) -> Reply | None:
        """The answer of a fault that leaves no effect, the vendor's disguises included."""
        settings = self.account.settings
        if fault.kind == "throttle_as_400":
            return Reply(400, envelope(400, [LEAKED_THROTTLE], settings))
        if fault.kind == "throttle_as_405":
            return html(405, b"<html><head><title>405 Not Allowed</title></head></html>")
        return early_answer(fault, throttled(settings))

    def _charge(self, name: str) -> Charge:
        now, settings = self.account.clock.seconds(), self.account.settings
        charge = self.state.windows.charge(settings, now)
        self.state.stats.charged(name, charge, now, settings.window_s)
        return charge

    async def _reply(self, request: web.Request, match: Match[Route] | list[str]) -> Reply:
        try:
            user = authenticate(self.account, request)
            return await self._routed(request, match, user)
        except ApiError as error:
            return self._refusal(error)

    def _refusal(self, error: ApiError, *, control: bool = False) -> Reply:
        body = error.body(self.account.settings)
        return Reply(error.status, {"message": str(body)} if control else body)

    async def _routed(
        self, request: web.Request, match: Match[Route] | list[str], user: Record
    ) -> Reply:
        settings = self.account.settings
        if not isinstance(match, Match):
            raise not_found()
        route = match.route
        if settings.persona not in route.personas:
            raise forbidden() if settings.leads_status == 403 else not_found()
        if route.resource in settings.forbidden:
            raise forbidden()
        body, files = await read_body(request, files=route.files)
        return route.handler(
            Request(
                self.account, user, verb(request), request.url.path, match.ids, match.texts,
                _query(request), body, files, base_url(request),
            )
        )  # fmt: skip


def _query(request: web.Request) -> dict[str, str]:
    """Of a name given twice, the last value counts."""
    return dict(request.query.items())
