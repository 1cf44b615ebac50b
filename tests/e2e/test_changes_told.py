"""A change that the sync finds is told, and what its event lacks is fetched: with IAM enforced."""

from __future__ import annotations

from typing import Any

import pytest

from local.scenario import Scenario
from local.stack import Stack
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e


def test_a_rule_runs_on_what_the_sync_found_and_the_router_fetched(stack: Stack) -> None:
    # Given an account that is polled, and loaded once
    polled = Scenario(stack)
    polled.connect()
    instance = polled.instance["id"]
    entries = {"event.notification.enabled": "true", "event.vendor.type": "polling"}
    path = f"/elements/api-v2/instances/{instance}"
    assert polled.api.send("PATCH", path, {"configuration": entries}).ok
    # What its sync embeds would be in the event, and nothing would have to be fetched
    bare: dict[str, Any] = {"config": {"sync": {"tickets": {"include": []}}}}
    assert polled.api.send("PATCH", f"/api/integrations/{instance}", bare).ok
    ticket = polled.freshdesk.api(
        "POST",
        "/tickets",
        {
            "subject": "A lamp is out", "description": "It is dark in here", "type": "Problem",
            "email": "mira@customer.example", "priority": 1, "status": 2,
        },
    )  # fmt: skip
    polled.ticket_id = ticket["id"]
    sync = f"/api/integrations/{instance}/sync"
    eventually(polled.begin_sync, "a run to begin")

    def loaded() -> bool:
        state = polled.api.call("GET", sync)["tickets"] or {}
        return bool(state.get("events", {}).get("mode") == "telling")

    eventually(loaded, "the first load")

    # When a ticket is resolved, and a rule's condition and note name what no list of tickets has
    rule = {
        "trigger": {
            "platform": "freshdesk", "event": "ticket_resolved",
            "conditions": {"description": {"contains": "dark"}},
        },
        "actions": [{
            "platform": "freshdesk", "action": "add_note",
            "parameters": {
                "ticket_id": "{{ ticket.id }}",
                "body": "Was {{ changes.status.from }}, for {{ ticket.requester.email }}",
            },
        }],
    }  # fmt: skip
    saved = polled.api.call("POST", f"/api/integrations/{instance}/rules", rule)
    polled.freshdesk.api("PUT", f"/tickets/{ticket['id']}", {"status": 4})
    eventually(polled.begin_sync, "the next run to begin")

    # Then the note is there, once, and the run tells that the ticket was fetched
    wanted = "Was 2, for mira@customer.example"
    eventually(lambda: wanted in [note["body"] for note in polled.notes()], "the rule's note")
    runs = f"/api/integrations/{instance}/rules/{saved['rule_id']}/runs"
    (run,) = polled.api.call("GET", runs)["runs"]
    assert run["enriched"] == "fetched"
    polled.api.send("PATCH", path, {"configuration": {"event.notification.enabled": "false"}})
