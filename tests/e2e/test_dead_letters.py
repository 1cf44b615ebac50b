"""Messages that cannot succeed: parked with their reason, never in the way, redriven by hand."""

import json
from typing import Any

import pytest

from local.scenario import Scenario
from tests.e2e.conftest import eventually


def request_for(scenario: Scenario, key: str, ticket_id: int, text: str) -> str:
    """An action request as a deployer's own code would send it."""
    return json.dumps(
        {
            "action_id": key,
            "instance_id": scenario.instance["id"],
            "platform": "freshdesk",
            "action": "add_note",
            "parameters": {"ticket_id": ticket_id, "body": text},
            "idempotency_key": key,
            "origin": {"type": "test"},
            "submitted_at": "2026-01-01T00:00:00Z",
        }
    )


def new_ticket(scenario: Scenario) -> int:
    body = {"email": "ann@client.example", "subject": "A question", "description": "?"}
    ticket = scenario.freshdesk.api("POST", "/tickets", {**body, "status": 2, "priority": 1})
    return int(ticket["id"])


def parked(scenario: Scenario, queue: str) -> list[dict[str, Any]]:
    """The dead letters of a queue, put back in view at once."""
    sqs = scenario.stack.clients.queues
    answer = sqs.receive_message(
        QueueUrl=scenario.stack.outputs[f"{queue}DeadLetterQueueUrl"],
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        MessageAttributeNames=["All"],
    )
    return [
        {"body": m["Body"]}
        | {name: value["StringValue"] for name, value in m.get("MessageAttributes", {}).items()}
        for m in answer.get("Messages", [])
    ]


def redrive(scenario: Scenario, **event: Any) -> dict[str, Any]:
    answer = scenario.stack.clients.functions.invoke(
        FunctionName=scenario.stack.outputs["DeadLetterRedriveName"],
        Payload=json.dumps(event).encode(),
    )
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    return result


@pytest.fixture
def scenario(connected: Scenario) -> Any:
    """The connected stack; its dead letters are gone again afterwards."""
    yield connected
    for queue in ("Event", "Action", "Sync"):
        connected.stack.clients.queues.purge_queue(
            QueueUrl=connected.stack.outputs[f"{queue}DeadLetterQueueUrl"]
        )


def test_a_poison_message_does_not_hold_back_its_batch(scenario: Scenario) -> None:
    # Given a batch with a message that is no action request in its middle
    ticket_id = new_ticket(scenario)
    bodies = [
        request_for(scenario, "batch-1", ticket_id, "first"),
        "this is not JSON",
        request_for(scenario, "batch-2", ticket_id, "second"),
    ]

    # When it is sent as one
    scenario.stack.clients.queues.send_message_batch(
        QueueUrl=scenario.stack.outputs["ActionQueueUrl"],
        Entries=[{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)],
    )

    # Then the two others ran, and the poison is parked with its reason
    def notes() -> set[str]:
        found = scenario.freshdesk.steer("GET", "/truth?object=conversations")
        return {entry["body_text"] for entry in found if entry["ticket_id"] == ticket_id}

    eventually(lambda: notes() == {"first", "second"}, "both notes")
    [letter] = eventually(lambda: parked(scenario, "Action"), "the poison message to be parked")
    assert letter["body"] == "this is not JSON"
    assert letter["code"] == "unreadable_message"
    assert letter["reason"].startswith("message is not JSON")
    assert letter["parked_by"] == "action_executor"
    assert letter["attempts"] == "1"


def test_a_refused_action_is_parked_and_can_be_redriven_once_mended(scenario: Scenario) -> None:
    # Given an action on a ticket that is in the trash
    ticket_id = new_ticket(scenario)
    scenario.freshdesk.api("DELETE", f"/tickets/{ticket_id}")
    scenario.stack.clients.queues.send_message(
        QueueUrl=scenario.stack.outputs["ActionQueueUrl"],
        MessageBody=request_for(scenario, "trashed", ticket_id, "after all"),
    )
    [letter] = eventually(lambda: parked(scenario, "Action"), "the action to be parked")
    assert letter["code"] in ("wrong_state", "not_found")

    # When the dead letters are looked at, they stay
    looked = redrive(scenario, queue="actions", dry_run=True)
    assert looked == {"queue": "actions", "moved": 0, "by_code": {letter["code"]: 1}}

    # And when the ticket is restored and the dead letter put back, the action runs
    scenario.freshdesk.api("PUT", f"/tickets/{ticket_id}/restore")
    assert redrive(scenario, queue="actions")["moved"] == 1

    def noted() -> bool:
        found = scenario.freshdesk.steer("GET", "/truth?object=conversations")
        return [e["body_text"] for e in found if e["ticket_id"] == ticket_id] == ["after all"]

    eventually(noted, "the redriven note")
    assert parked(scenario, "Action") == []


def test_a_message_delivered_twice_has_its_effect_once(scenario: Scenario) -> None:
    # Given one request that arrives twice, as SQS may deliver it
    ticket_id = new_ticket(scenario)
    body = request_for(scenario, "twice", ticket_id, "only once")
    queue_url = scenario.stack.outputs["ActionQueueUrl"]
    for _ in range(2):
        scenario.stack.clients.queues.send_message(QueueUrl=queue_url, MessageBody=body)

    # When both were handled
    def handled() -> bool:
        lines = scenario.stack.logs("ActionExecutor")
        return sum('"action_id":"twice"' in line for line in lines) == 2

    eventually(handled, "both deliveries to be handled")

    # Then there is one note
    found = scenario.freshdesk.steer("GET", "/truth?object=conversations")
    assert [e["body_text"] for e in found if e["ticket_id"] == ticket_id] == ["only once"]
