"""How every simulator listens: one port, one handler for all paths, work that is due in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from aiohttp import web

from local.simulator.http import cancelled

TICK_S = 0.05
"""How often what is due is looked for while no request comes."""


@asynccontextmanager
async def serving(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
    host: str,
    port: int,
    *,
    largest_body: int,
    run_due: Callable[[], object] | None = None,
    services: Iterable[AbstractAsyncContextManager[object]] = (),
) -> AsyncIterator[str]:
    """Listen and yield the base URL.

    ``largest_body`` is in bytes; ``run_due`` is called again and again; ``services`` run meanwhile.
    Raises OSError when the port cannot be had.
    """
    app = web.Application(client_max_size=largest_body)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    async with AsyncExitStack() as stack:
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        for service in services:
            await stack.enter_async_context(service)
        await web.TCPSite(runner, host, port).start()
        if run_due is not None:
            ticker = asyncio.create_task(_ticking(run_due))
            stack.push_async_callback(cancelled, ticker)
        address = runner.addresses[0]
        yield f"http://{address[0]}:{address[1]}"


async def _ticking(run_due: Callable[[], object]) -> None:
    while True:
        run_due()
        await asyncio.sleep(TICK_S)
