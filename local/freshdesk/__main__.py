"""``python -m local.freshdesk``: serve one simulated account until told to stop."""

import gc
import sys

from local.freshdesk.account import DEMO_API_KEY, Account
from local.freshdesk.app import Simulator
from local.simulator import command


def main() -> int:
    parser = command.parser("local.freshdesk", "A Freshdesk account on this machine.", port=8010)
    parser.add_argument("--api-key", default=DEMO_API_KEY, help="key of the first agent")
    given = parser.parse_args()
    # Seeded tables are large and live for ever: full collections over them would stall answers.
    gc.set_threshold(100_000, 50, 100)
    return command.run(
        "Freshdesk", given.host, given.port, lambda: Simulator(Account(api_key=given.api_key))
    )


if __name__ == "__main__":
    sys.exit(main())
