"""``python -m local.<product>``: what the simulators' commands have in common."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Served(Protocol):
    """Any of the simulators."""

    def serve(self, host: str, port: int) -> AbstractAsyncContextManager[str]:
        """Listen, and give the base URL."""
        ...


def parser(program: str, description: str, *, port: int) -> argparse.ArgumentParser:
    """A parser of the options that all have, ``port`` being the usual one."""
    made = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument("--port", type=int, default=port, help="0 takes a free one")
    return made


def run(
    product: str,
    host: str,
    port: int,
    make: Callable[[], Served],
    told: Callable[[str], str] = "listening on {}".format,
) -> int:
    """Serve what ``make`` gives until SIGINT or SIGTERM; returns the exit status.

    Prints one line once it listens: the product, and what is ``told`` of the base URL.
    """
    try:
        asyncio.run(_serve(product, host, port, make, told))
    except OSError as error:
        reason = error.strerror or error
        print(
            f"The {product} simulator cannot listen on {host}:{port} "
            f"({reason}). Choose another --port, or 0 for a free one.",
            file=sys.stderr,
        )
        return 1
    return 0


async def _serve(
    product: str, host: str, port: int, make: Callable[[], Served], told: Callable[[str], str]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with make().serve(host, port) as url:
        print(f"{product} simulator {told(url)}", flush=True)
        await stop.wait()
