"""tap-freshdesk, for the tickets alone: `python -m bench.peers.singer_tap JSON`.

Runs in an environment of its own (requirements/tap-freshdesk.txt). The tap is as it was installed
but for the address: it would call https://DOMAIN.freshdesk.com, whatever it is told. Its messages
are added to `output`, from which a Singer target would load them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import singer  # type: ignore[import-not-found] # it is in the peer's own environment
from tap_freshdesk.client import Client  # type: ignore[import-not-found] # the same
from tap_freshdesk.discover import discover  # type: ignore[import-not-found] # the same
from tap_freshdesk.sync import sync  # type: ignore[import-not-found] # the same

SINCE = "2015-01-01T00:00:00Z"


def main() -> None:
    """One run from the state of the last one."""
    given = json.loads(sys.argv[1])
    config = {
        "api_key": given["api_key"],
        "domain": "acmedemo",
        "start_date": SINCE,
        "user_agent": "bench",
    }
    catalog = discover()
    for stream in catalog.streams:
        for part in stream.metadata:
            if part["breadcrumb"] in ((), []):
                part["metadata"]["selected"] = stream.stream == "tickets"
    state = Path(given["state"])
    with Path(given["output"]).open("a") as output, Client(config) as client:
        sys.stdout = output
        client.base_url = f"{given['url']}/api/v2"
        sync(
            client=client,
            config=config,
            catalog=singer.Catalog.from_dict(catalog.to_dict()),
            state=json.loads(state.read_text()) if state.exists() else {},
        )


if __name__ == "__main__":
    main()
