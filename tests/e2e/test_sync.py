"""The sync misses nothing: many pages, and what changed since."""

from typing import Any

from local.scenario import Scenario
from local.stack import Stack
from tests.e2e.conftest import eventually

SEEDED = 350


def truth(scenario: Scenario) -> dict[int, str]:
    """Id and updated_at of every ticket that exists."""
    found = scenario.freshdesk.steer("GET", "/truth?object=tickets")
    return {t["id"]: t["updated_at"] for t in found if not t.get("deleted") and not t.get("spam")}


def lake(scenario: Scenario) -> dict[int, dict[str, Any]]:
    """Every ticket of the lake's current view."""
    scenario.read_lake()
    found = {row["id"]: row for row in scenario.rows}
    assert len(found) == len(scenario.rows)
    return found


def shown(scenario: Scenario) -> dict[str, Any]:
    """What the API says of the tickets' sync."""
    state = scenario.api.call("GET", f"/api/integrations/{scenario.instance['id']}/sync")
    return dict(state["tickets"])


def ended(scenario: Scenario) -> dict[str, Any]:
    """What the API says once no run is under way."""
    return eventually(
        lambda: now if (now := shown(scenario))["state"] == "idle" else {}, "the run to end"
    )


def run(scenario: Scenario) -> None:
    eventually(scenario.begin_sync, "a run to begin")


def test_every_ticket_is_there_in_its_latest_state(stack: Stack) -> None:
    # Given an account with more tickets than three pages hold, newly connected
    connected = Scenario(stack)
    connected.freshdesk.steer("POST", "/seed", {"tickets": SEEDED, "contacts": 20, "seed": 7})
    connected.connect()

    # When the sync runs
    run(connected)

    # Then every ticket is in the lake, of the account's other tests too
    eventually(lambda: shown(connected)["last_run"], "the run to end")
    assert len(lake(connected)) >= SEEDED
    assert {i: row["updated_at"] for i, row in lake(connected).items()} == truth(connected)

    # And the run tells how that was proved
    state = ended(connected)
    assert (state["last_run"]["state"], state["failures"]) == ("done", 0)
    runs = f"/api/integrations/{connected.instance['id']}/sync/runs"
    listed = connected.api.call("GET", runs)
    first = connected.api.call("GET", f"{runs}/{listed[-1]['run_id']}")["tickets"]
    assert first["manifest"]["complete"] is True
    assert first["manifest"]["held"]["live"] == len(truth(connected))

    # And when one changes, one is deleted and the sync runs again, both follow
    changed, deleted, *_ = sorted(truth(connected), reverse=True)
    connected.freshdesk.api("PUT", f"/tickets/{changed}", {"subject": "Changed since"})
    connected.freshdesk.api("DELETE", f"/tickets/{deleted}")
    run(connected)
    eventually(
        lambda: lake(connected)[changed]["subject"] == "Changed since", "the change to follow"
    )
    eventually(lambda: deleted not in lake(connected), "the deletion to follow")
    assert {i: row["updated_at"] for i, row in lake(connected).items()} == truth(connected)
    assert ended(connected)["last_run"]["state"] == "done"
