"""A record that a webhook names is in the lake before any run: with IAM enforced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.scenario import Scenario
from local.stack import Stack
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def told(stack: Stack) -> Iterator[Scenario]:
    """An instance whose webhooks come before those of other tests of the account, and go again."""
    made = Scenario(stack)
    made.connect()
    path = f"/api/integrations/{made.instance['id']}"
    body = {"events": ["ticket_created"], "base_url": stack.api_url, "position": "first"}
    assert made.api.call("POST", f"{path}/webhooks", body)["healthy"]
    yield made
    made.api.call("DELETE", f"{path}/webhooks")
    made.api.call("DELETE", path)


def test_a_new_ticket_is_in_the_lake_without_a_run(told: Scenario) -> None:
    # Given an instance whose first run is over, whose next is a day away, and that has webhooks
    path = f"/api/integrations/{told.instance['id']}"
    settings = {"from_webhooks": True, "tickets": {"every_minutes": 1440}}
    assert told.api.send("PATCH", path, {"config": {"sync": settings}}).ok

    def over() -> bool:
        state = told.api.call("GET", f"{path}/sync")["tickets"]
        return bool(state.get("last_run")) and state["state"] == "idle"

    told.begin_sync()
    eventually(over, "the first run to end")

    # When a customer writes in
    told.open_ticket()

    # Then the ticket is in the lake, and no run brought it there
    def held() -> str:
        told.read_lake()
        mine = [row["_run_id"] for row in told.rows if row["id"] == told.ticket_id]
        return str(mine[0]) if mine else ""

    assert eventually(held, "the ticket to reach the lake").startswith("touch-evt_")
