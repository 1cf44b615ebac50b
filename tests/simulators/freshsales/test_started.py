"""The runner of the local stack starts this simulator, with what a user types to connect it."""

import json
import urllib.request
from pathlib import Path

from local.processes import Processes
from local.simulators import start_simulators


def test_the_started_account_answers_at_its_domain_with_its_key(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        one = start_simulators(processes, tmp_path, {})["freshsales"]
        one.wait()
        request = urllib.request.Request(  # noqa: S310 - an address of this machine
            f"{one.domain}/api/selector/owners",
            headers={"Authorization": f"Token token={one.api_key}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            users = json.load(answer)["users"]
    assert one.domain == f"{one.url}/crm/sales"
    assert len(users) == 3
