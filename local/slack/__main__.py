"""``python -m local.slack``: serve one simulated workspace until told to stop."""

import sys

from local.simulator import command
from local.slack.app import Simulator
from local.slack.workspace import DEMO_TOKEN, Workspace


def main() -> int:
    parser = command.parser("local.slack", "A Slack workspace on this machine.", port=8030)
    parser.add_argument("--token", default=DEMO_TOKEN, help="bot token of the app")
    given = parser.parse_args()
    return command.run(
        "Slack", given.host, given.port, lambda: Simulator(Workspace(token=given.token))
    )


if __name__ == "__main__":
    sys.exit(main())
