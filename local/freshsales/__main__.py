"""``python -m local.freshsales``: serve one simulated account until told to stop."""

import gc
import sys

from local.freshsales.account import DEMO_API_KEY, Account
from local.freshsales.app import Simulator
from local.freshsales.settings import PERSONAS
from local.freshsales.wire import root_of
from local.simulator import command


def main() -> int:
    parser = command.parser("local.freshsales", "A Freshsales account on this machine.", port=8011)
    parser.add_argument("--api-key", default=DEMO_API_KEY, help="key of the first user")
    parser.add_argument(
        "--persona", choices=PERSONAS, default="suite", help="generation of the product"
    )
    given = parser.parse_args()
    account = Account(api_key=given.api_key, persona=given.persona)
    # Seeded tables are large and live for ever: full collections over them would stall answers.
    gc.set_threshold(100_000, 50, 100)
    return command.run(
        "Freshsales",
        given.host,
        given.port,
        lambda: Simulator(account),
        lambda url: f"({given.persona}) listening on {url}{root_of(account)}",
    )


if __name__ == "__main__":
    sys.exit(main())
