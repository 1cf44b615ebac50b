"""``python -m local.freshsales``: serve one simulated account until told to stop."""

import argparse
import asyncio
import gc
import signal
import sys

from local.freshsales.account import DEMO_API_KEY, Account
from local.freshsales.app import Simulator
from local.freshsales.settings import PERSONAS
from local.freshsales.wire import root_of


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.freshsales", description="A Freshsales account on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8011, help="0 takes a free one")
    parser.add_argument("--api-key", default=DEMO_API_KEY, help="key of the first user")
    parser.add_argument(
        "--persona", choices=PERSONAS, default="suite", help="generation of the product"
    )
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    account = Account(api_key=arguments.api_key, persona=arguments.persona)
    simulator = Simulator(account)
    async with simulator.serve(arguments.host, arguments.port) as url:
        print(
            f"Freshsales simulator ({arguments.persona}) listening on {url}{root_of(account)}",
            flush=True,
        )
        await stop.wait()


def main() -> int:
    arguments = _arguments()
    # Seeded tables are large and live for ever: full collections over them would stall answers.
    gc.set_threshold(100_000, 50, 100)
    try:
        asyncio.run(_serve(arguments))
    except OSError as error:
        reason = error.strerror or error
        print(
            f"The Freshsales simulator cannot listen on {arguments.host}:{arguments.port} "
            f"({reason}). Choose another --port, or 0 for a free one.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
