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
    """The latest row of every ticket in the lake."""
    scenario.read_lake()
    latest: dict[int, dict[str, Any]] = {}
    for row in scenario.rows:
        if row["id"] not in latest or row["updated_at"] >= latest[row["id"]]["updated_at"]:
            latest[row["id"]] = row
    return latest


def run(scenario: Scenario) -> None:
    scenario.api.call("POST", f"/api/integrations/{scenario.instance['id']}/sync")


def test_every_ticket_is_there_in_its_latest_state(stack: Stack) -> None:
    # Given an account with more tickets than three pages hold, newly connected
    connected = Scenario(stack)
    connected.freshdesk.steer("POST", "/seed", {"tickets": SEEDED, "contacts": 20, "seed": 7})
    connected.connect()

    # When the sync runs
    run(connected)

    # Then every ticket is in the lake
    eventually(lambda: len(lake(connected)) >= SEEDED, "all tickets to reach the lake")
    assert {i: row["updated_at"] for i, row in lake(connected).items()} == truth(connected)

    # And when one changes and the sync runs again, the change follows
    changed = max(truth(connected))
    connected.freshdesk.api("PUT", f"/tickets/{changed}", {"subject": "Changed since"})
    run(connected)
    eventually(
        lambda: lake(connected)[changed]["subject"] == "Changed since", "the change to follow"
    )
    assert {i: row["updated_at"] for i, row in lake(connected).items()} == truth(connected)
