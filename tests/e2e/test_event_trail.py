"""A webhook's whole way on the deployed stack, with IAM enforced: its trail, and its replay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from local.scenario import Scenario
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e


def settled(scenario: Scenario, event_id: str) -> dict[str, Any]:
    """The event's trail once its actions have succeeded; {} before."""
    path = f"/api/integrations/{scenario.instance['id']}/events/{event_id}"
    answer = scenario.api.send("GET", path)
    if answer.status_code == 404:
        assert "not routed yet" in answer.json()["message"]
        return {}
    trail: dict[str, Any] = answer.json()["data"]
    states = [action["state"] for run in trail["rules"]["runs"] for action in run["actions"]]
    return trail if states and set(states) == {"succeeded"} else {}


def test_a_webhooks_trail_and_its_replay(connected: Scenario) -> None:
    # Given a ticket whose webhook came in
    connected.open_ticket()
    connected.await_webhook()
    events = f"/api/integrations/{connected.instance['id']}/events"
    query = f"?subject=ticket%20{connected.ticket_id}&type=ticket_created"
    listed = eventually(
        lambda: connected.api.call("GET", events + query)["events"], "the event to be listed"
    )
    (event,) = listed

    # When its trail is looked at
    trail = eventually(lambda: settled(connected, event["id"]), "the trail to be complete")

    # Then it goes from the webhook to what the actions came to
    assert (trail["state"], trail["outcome"]) == ("routed", "acted")
    assert trail["received"]["content_type"] == "application/json"
    assert trail["content"]["event"]["ticket"]["id"] == connected.ticket_id
    (run,) = trail["rules"]["runs"]
    assert [action["action"] for action in run["actions"]] == ["add_note", "update_ticket"]
    assert all(action["attempts"] for action in run["actions"])
    assert trail["outgoing"]["bus"]["published_at"]
    assert trail["dead_letters"] == []

    # and when it is replayed, its actions run a second time
    notes = len(connected.notes())
    asked = connected.api.call("POST", f"{events}/{event['id']}/replay")
    replayed = eventually(lambda: settled(connected, asked["id"]), "the replay to be done")
    assert replayed["replay_of"] == event["id"]
    assert len(connected.notes()) == notes + 1
    original = connected.api.call("GET", f"{events}/{event['id']}")
    assert original["received"]["replays"] == [asked["id"]]

    # and so when it is one of a window, which takes the ticket's first event only
    before = datetime.fromisoformat(event["received_at"]) - timedelta(minutes=1)
    window = {"from": before.isoformat(), "subject": connected.ticket_id, "state": "routed"}

    def count() -> Any:
        # A window ends a second ago.
        counted = connected.api.call("POST", f"{events}/replay", window | {"dry_run": True})
        return counted if counted["total"] else None

    counted = eventually(count, "the event to be a second old")
    begun = connected.api.call("POST", f"{events}/replay", window)
    path = f"{events}/replays/{begun['replay_id']}"
    done = eventually(
        lambda: (job := connected.api.call("GET", path))["state"] == "finished" and job,
        "the window to be replayed",
    )
    assert counted["total"] == done["done"] >= 1

    # and Open Connectors' clients see the same
    shown = connected.api.send(
        "GET", f"/elements/api-v2/instances/{connected.instance['id']}/events/{event['id']}"
    ).json()
    assert (shown["id"], shown["status"]) == (event["id"], "CONSUMED")
    assert str(connected.ticket_id) in shown["providerData"]
