"""The HTTP edge: everything between a socket and a resource family's handler.

Order of a request, as on the real service: the rate window counts it first, then the key, the
path and verb, the content type and the body, then the role, then the handler. Faults strike where
their kind says. Framework details stay in this file, ``wire`` and ``local.simulator.http``.
"""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

from aiohttp import web

from local.freshdesk import attachments, route_table, starting_records
from local.freshdesk.account import Account, Record
from local.freshdesk.control import Control
from local.freshdesk.errors import (
    ApiError,
    access_denied,
    account_suspended,
    method_not_allowed,
    not_found,
)
from local.freshdesk.rate import Charge
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.state import SimulatorState
from local.freshdesk.wire import (
    authenticate,
    check_accept,
    cross_origin_headers,
    is_preflight,
    read_body,
    read_json,
)
from local.simulator.http import (
    Outcome,
    base_url,
    dropped,
    early_answer,
    response,
    spoilt,
    verb,
)
from local.simulator.routing import Match, Router
from local.simulator.serving import serving

API = "/api/v2"
CONTROL = "/__sim"
_COMMON_HEADERS = {
    "X-Freshdesk-Api-Version": "latest=v2; requested=v2",
    "X-Rack-Cache": "miss",
    "Cache-Control": "must-revalidate, no-cache, no-store, private, max-age=0",
    "X-Xss-Protection": "1; mode=block",
    "X-Content-Type-Options": "nosniff",
    "X-Fw-Ratelimiting-Managed": "true",
    "Server": "fwe",
}
# Larger than any attachment the API takes, so that the API's own limit is what answers.
_MAX_BODY = 64 * 1024 * 1024
# The real service takes a doubled slash for one; some clients join their paths that way.
_SLASHES = re.compile("/{2,}")


class Simulator:
    """One account served over HTTP. ``serve`` runs it for as long as its context is open."""

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()
        self.state = SimulatorState(self.account)
        self._api = Router(route for routes in route_table.FAMILIES for route in routes)
        control = (Control(self.state).routes, *route_table.CONTROL_FAMILIES)
        self._control = Router(route for routes in control for route in routes)
        self.account.on_reset(lambda: starting_records.fill(self.account))
        self.account.reset()

    def serve(self, host: str, port: int) -> AbstractAsyncContextManager[str]:
        """Listen; its value is the base URL. Raises OSError when the port cannot be had."""
        return serving(
            self._handle,
            host,
            port,
            largest_body=_MAX_BODY,
            run_due=self._run_due,
            services=(service(self.account) for service in route_table.SERVICES),
        )

    def _run_due(self) -> None:
        if self.account.schedule.run_due():
            self.account.writes += 1

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._run_due()
        path = _SLASHES.sub("/", request.url.raw_path)
        if path.startswith(f"{CONTROL}/"):
            reply = await self._control_reply(request, path.removeprefix(CONTROL))
            return response(reply)
        if path.startswith(attachments.DOWNLOADS):
            return response(attachments.download(self.account, path, dict(request.query)))
        if not path.startswith(f"{API}/"):
            return response(Reply(404))
        # The real service lets a path end in a slash, or name its format.
        path = path.removeprefix(API).rstrip("/").removesuffix(".json")
        return await self._api_response(request, path)

    async def _control_reply(self, request: web.Request, path: str) -> Reply:
        match = self._control.match(request.method, path)
        if not isinstance(match, Match):
            return Reply(404, {"message": f"no such control call: {request.method} {path}"})
        try:
            body = await read_json(request)
            self._count_write(match)
            return match.route.handler(
                Request(
                    self.account, {}, request.method, request.url.path, match.ids, match.texts,
                    dict(request.query), body, base_url=base_url(request),
                )
            )  # fmt: skip
        except ApiError as error:
            return Reply(error.status, error.body, error.headers)
        except ValueError as error:
            return Reply(400, {"message": str(error)})

    def _count_write(self, match: Match[Route]) -> None:
        if match.route.method != "GET":
            self.account.writes += 1

    async def _api_response(self, request: web.Request, path: str) -> web.StreamResponse:
        settings = self.account.settings
        if settings.latency_ms:
            await asyncio.sleep(settings.latency_ms / 1000)
        shared = cross_origin_headers(request)
        if is_preflight(request):
            # A browser's own question: it carries no key, and nothing is done for it.
            return response(Reply(200), {**_COMMON_HEADERS, **shared})
        method = verb(request)
        match = self._api.match(method, path)
        name = match.route.name if isinstance(match, Match) else f"{method} (unknown)"
        outcome = await self._outcome(request, path, match, name)
        if outcome.delay_s:
            await asyncio.sleep(outcome.delay_s)
        reply = outcome.reply
        self.state.stats.answered(name, reply.status if reply else None, outcome.fault)
        if reply is None:
            return dropped(request)
        own = {**_COMMON_HEADERS, **outcome.headers, "X-Request-Id": str(uuid4())}
        return response(reply, {**own, **shared})

    async def _outcome(
        self, request: web.Request, path: str, match: Match[Route] | list[str], name: str
    ) -> Outcome:
        fault = self.state.fault_for(verb(request), path)
        if fault and fault.kind == "drop_before":
            return Outcome(None, fault=fault.kind)
        charge = self._charge(request, match, name)
        headers = charge.headers()
        if not charge.allowed:
            return Outcome(Reply(429), headers=headers)
        if fault and (early := early_answer(fault)):
            return Outcome(early, fault=fault.kind, headers=headers)
        outcome = Outcome(await self._reply(request, match), headers=headers)
        return spoilt(outcome, fault) if fault else outcome

    def _charge(self, request: web.Request, match: Match[Route] | list[str], name: str) -> Charge:
        bucket, cost = None, 1
        if isinstance(match, Match):
            bucket, cost = match.route.bucket, match.route.cost(request.query)
        now = self.account.clock.seconds()
        settings = self.account.settings
        charge = self.state.windows.charge(settings, now, bucket, cost)
        self.state.stats.charged(name, charge, now, settings.window_s)
        return charge

    async def _reply(self, request: web.Request, match: Match[Route] | list[str]) -> Reply:
        try:
            agent = authenticate(self.account, request)
            if self.account.settings.suspended:
                raise account_suspended()
            return await self._routed(request, match, agent)
        except ApiError as error:
            return Reply(error.status, error.body, error.headers)

    async def _routed(
        self, request: web.Request, match: Match[Route] | list[str], agent: Record
    ) -> Reply:
        if not isinstance(match, Match):
            raise method_not_allowed(verb(request), match) if match else not_found()
        check_accept(request)
        route = match.route
        body, files, is_form = await read_body(request, files=route.files)
        if route.admin_only and not starting_records.is_admin(self.account, agent):
            raise access_denied()
        self._count_write(match)
        return route.handler(
            Request(
                self.account, agent, verb(request), request.url.path, match.ids, match.texts,
                dict(request.query), body, files, is_form, base_url(request),
            )
        )  # fmt: skip
