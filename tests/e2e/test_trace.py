"""Trace logging on the deployed stack, with IAM enforced: an action's call is seen in it."""

import time
from typing import Any

import pytest

from freshbridge.queues.envelope import ActionRequest, to_text
from local.scenario import Scenario
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e
EVERY_S = 2.0


def open_ticket(scenario: Scenario) -> int:
    """A ticket of the account's own; its type matches no rule."""
    fields = {
        "email": "mira.holt@client.example",
        "subject": "Trace me",
        "description": "Words that no trace may hold",
        "type": "Question",
        "status": 2,
        "priority": 1,
    }
    return int(scenario.freshdesk.api("POST", "/tickets", fields)["id"])


def queue_note(scenario: Scenario, ticket_id: int, number: int) -> str:
    """Queue one note as a deployer's own code would; returns the action's id."""
    action_id = f"act_trace_{number}"
    request = ActionRequest(
        action_id=action_id,
        instance_id=str(scenario.instance["id"]),
        platform="freshdesk",
        action="add_note",
        parameters={"ticket_id": ticket_id, "body": "Words that no trace may hold"},
        idempotency_key=action_id,
        origin={},
        submitted_at="2026-03-03T12:02:40Z",
    )
    scenario.stack.clients.queues.send_message(
        QueueUrl=scenario.stack.outputs["ActionQueueUrl"], MessageBody=to_text(request)
    )
    return action_id


def test_an_actions_call_is_seen_while_trace_logging_is_on(connected: Scenario) -> None:
    # Given trace logging, switched on in Open Connectors' words
    api, instance_id = connected.api, connected.instance["id"]
    ticket_id = open_ticket(connected)
    path = f"/elements/api-v2/instances/{instance_id}"
    switched = api.send("PUT", f"{path}/trace-logging", {"duration": 30})
    assert (switched.status_code, switched.json()) == (200, {})
    assert api.send("GET", path).json()["traceLoggingEnabled"] is True

    # When notes are added now and then, until a warm executor has noticed the switch
    queued: list[str] = []
    began = time.monotonic()

    def traced() -> list[dict[str, Any]]:
        if time.monotonic() - began >= EVERY_S * len(queued):
            queued.append(queue_note(connected, ticket_id, len(queued)))
        entries = api.call("GET", f"/api/integrations/{instance_id}/trace?limit=200")["entries"]
        return [entry for entry in entries if entry["action_id"] in queued]

    entry = eventually(traced, "the note's call to be in the trace")[0]

    # Then the call is there as it was
    assert (entry["method"], entry["path"]) == ("POST", f"/api/v2/tickets/{ticket_id}/notes")
    assert (entry["status"], entry["error"]) == (201, None)
    assert entry["function"] == "action_executor"
    assert entry["correlation_id"] == entry["action_id"]
    assert entry["rate_limit"]["bucket"] == "total"
    assert entry["rate_limit"]["total"] >= entry["rate_limit"]["remaining"] > 0
    assert entry["duration_ms"] > 0
    assert entry["request_bytes"] > 0
    assert entry["reply_bytes"] > 0

    # and the connection test's calls as well, the newest first
    api.send("POST", f"/api/integrations/{instance_id}/test")
    answer = api.send("GET", f"/api/integrations/{instance_id}/trace?limit=2")
    assert {e["function"] for e in answer.json()["data"]["entries"]} <= {
        "connector_api",
        "action_executor",
    }
    everything = api.send("GET", f"/api/integrations/{instance_id}/trace?limit=200")
    assert "connector_api" in {e["function"] for e in everything.json()["data"]["entries"]}
    for private in ("Words that", "mira.holt", connected.freshdesk.api_key, connected.api.url):
        assert private not in everything.text

    # and it can be switched off
    off = api.call("DELETE", f"/api/integrations/{instance_id}/trace-logging")
    assert off == {"trace_until": None}
    assert api.send("GET", path).json()["traceLoggingEnabled"] is False
