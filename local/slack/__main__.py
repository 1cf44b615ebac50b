"""``python -m local.slack``: serve one simulated workspace until told to stop."""

import argparse
import asyncio
import signal
import sys

from local.slack.app import Simulator
from local.slack.workspace import DEMO_TOKEN, Workspace


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.slack", description="A Slack workspace on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8030, help="0 takes a free one")
    parser.add_argument("--token", default=DEMO_TOKEN, help="bot token of the app")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    simulator = Simulator(Workspace(token=arguments.token))
    async with simulator.serve(arguments.host, arguments.port) as url:
        print(f"Slack simulator listening on {url}", flush=True)
        await stop.wait()


def main() -> int:
    arguments = _arguments()
    try:
        asyncio.run(_serve(arguments))
    except OSError as error:
        reason = error.strerror or error
        print(
            f"The Slack simulator cannot listen on {arguments.host}:{arguments.port} "
            f"({reason}). Choose another --port, or 0 for a free one.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
