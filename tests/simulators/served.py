"""Serves a simulator from a thread, for tests that call it as the product does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol


class Servable(Protocol):
    """Any of the simulators."""

    def serve(self, host: str, port: int) -> AbstractAsyncContextManager[str]:
        """Listen, and give the base URL."""
        ...


@contextmanager
def served(simulator: Servable) -> Iterator[str]:
    """Serve it on a free loopback port while the body runs; yields its base URL."""
    ready: threading.Event = threading.Event()
    found: list[str] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        over = asyncio.Event()
        async with simulator.serve("127.0.0.1", 0) as url:
            found.append(url)
            stop.append((asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(30), "the simulator did not start"
    try:
        yield found[0]
    finally:
        loop, over = stop[0]
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        assert not thread.is_alive(), "the simulator did not stop"
