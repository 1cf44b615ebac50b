"""A webhook receiver with a memory, on a free local port, and waiting with a deadline."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy

DEADLINE_S = 30.0


@dataclass
class Receiver:
    """Answers with the queued statuses, then 200, and remembers what arrived."""

    statuses: list[int] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[CIMultiDictProxy[str]] = field(default_factory=list)
    hang: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.methods.append(request.method)
        self.headers.append(request.headers)
        self.bodies.append(await request.read())
        if self.hang:
            await self.closing.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {"Location": "/moved"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)

    async def body(self, number: int = 1) -> Any:
        """The JSON of the ``number``-th call, once it has arrived."""
        await until(lambda: len(self.bodies) >= number)
        return orjson.loads(self.bodies[number - 1])


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    receiver.url = str(server.make_url("/hook?token=secret"))
    yield receiver
    receiver.closing.set()
    await server.close()


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as ``condition`` holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("the condition did not come true before the deadline")
        await asyncio.sleep(0.002)
