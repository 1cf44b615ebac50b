"""Messages that cannot succeed: parked with their reason, run once they can be."""

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


def notes(scenario: Scenario, ticket_id: int) -> list[str]:
    """What the ticket's notes say."""
    found = scenario.freshdesk.steer("GET", "/truth?object=conversations")
    return [entry["body_text"] for entry in found if entry["ticket_id"] == ticket_id]


def letter_of(scenario: Scenario, action_id: str, state: str = "parked") -> dict[str, Any]:
    """The dead letter of an action in a state, once it is in it."""

    def there() -> Any:
        found = scenario.api.call("GET", "/api/dead-letters?state=all&limit=200")
        letters = found["dead_letters"]
        return [x for x in letters if x.get("action_id") == action_id and x["state"] == state]

    [letter] = eventually(there, f"the letter of {action_id} to be {state}")
    return dict(letter)


@pytest.fixture
def scenario(connected: Scenario) -> Any:
    """The connected stack; its dead letters are given up afterwards."""
    yield connected
    for queue in ("events", "actions", "sync"):
        redrive(connected, queue=queue, discard="the test is over")


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
    eventually(lambda: set(notes(scenario, ticket_id)) == {"first", "second"}, "both notes")
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
    assert (looked["moved"], looked["by_code"]) == (0, {letter["code"]: 1})
    assert parked(scenario, "Action") != []

    # And when the ticket is restored and the dead letter put back, the action runs
    scenario.freshdesk.api("PUT", f"/tickets/{ticket_id}/restore")
    assert redrive(scenario, queue="actions")["moved"] == 1

    eventually(lambda: notes(scenario, ticket_id) == ["after all"], "the redriven note")
    assert parked(scenario, "Action") == []
    letter_of(scenario, "trashed", "resolved")


def test_a_letter_is_mended_and_sent_back_over_the_api(scenario: Scenario) -> None:
    # Given a note for a ticket that there never was, and two copies of it in the queue
    ticket_id = new_ticket(scenario)
    scenario.stack.clients.queues.send_message(
        QueueUrl=scenario.stack.outputs["ActionQueueUrl"],
        MessageBody=request_for(scenario, "mistyped", 99_999_999, "mended"),
    )
    letter = letter_of(scenario, "mistyped")
    path = f"/api/dead-letters/{letter['id']}"
    whole = scenario.api.call("GET", path)
    assert whole["parameters"] == {"ticket_id": 99_999_999, "body": "mended"}
    assert whole["provider"]["status"] == 404

    # When it is sent back with the right one, and all of the queue is moved back beside it
    body = {"parameters": {"ticket_id": ticket_id}}
    assert scenario.api.call("POST", f"{path}/redrive", body)["state"] == "returning"
    redrive(scenario, queue="actions", all=True)

    # Then the note is there once, and the history tells of it
    letter_of(scenario, "mistyped", "resolved")
    assert notes(scenario, ticket_id) == ["mended"]
    eventually(lambda: queue_is_empty(scenario), "every copy to be acknowledged")
    assert notes(scenario, ticket_id) == ["mended"]
    history = [entry["what"] for entry in scenario.api.call("GET", path)["history"]]
    assert history == ["parked", "edited", "redriven", "resolved"]


def queue_is_empty(scenario: Scenario) -> bool:
    found = scenario.stack.clients.queues.get_queue_attributes(
        QueueUrl=scenario.stack.outputs["ActionQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    return all(int(n) == 0 for name, n in found.items() if name.startswith("ApproximateNumber"))


def test_a_discarded_letter_stays_where_it_is(scenario: Scenario) -> None:
    scenario.stack.clients.queues.send_message(
        QueueUrl=scenario.stack.outputs["ActionQueueUrl"],
        MessageBody=request_for(scenario, "unwanted", 99_999_998, "never"),
    )
    path = f"/api/dead-letters/{letter_of(scenario, 'unwanted')['id']}"

    scenario.api.call("POST", f"{path}/discard", {"reason": "nobody needs it"})
    redrive(scenario, scheduled=True)

    assert parked(scenario, "Action") == []
    letter_of(scenario, "unwanted", "discarded")
    scenario.api.call("POST", f"{path}/restore")
    [copy] = parked(scenario, "Action")
    assert copy["code"] == "not_found"
    job = scenario.api.call("POST", "/api/dead-letters/redrive", {"filter": {"code": "not_found"}})
    assert job["done"] == 1
    # The ticket is still not there
    assert letter_of(scenario, "unwanted")["round"] == 3


def test_what_is_due_comes_back_by_itself(scenario: Scenario) -> None:
    # Given a message that the queue moved by itself, and a scheduled run that takes it in
    ticket_id = new_ticket(scenario)
    scenario.stack.clients.queues.send_message(
        QueueUrl=scenario.stack.outputs["ActionDeadLetterQueueUrl"],
        MessageBody=request_for(scenario, "crashed", ticket_id, "late"),
    )
    done = redrive(scenario, scheduled=True)
    assert done["swept"]["actions"]["adopted"] == 1
    assert done["due"] is not None
    assert done["jobs"] is not None
    letter = letter_of(scenario, "crashed")
    assert letter["code"] == "moved_by_queue"

    # When its moment has come, as it does for passing causes
    table = scenario.stack.outputs["DeadLetterTableName"]
    scenario.stack.clients.dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": letter["id"]}},
        UpdateExpression="SET return_at = :past, due = :due",
        ExpressionAttributeValues={
            ":past": {"S": "2026-01-01T00:00:00Z"},
            ":due": {"S": "letter"},
        },
    )
    assert redrive(scenario, scheduled=True)["due"]["returned"] == 1

    # Then it runs
    eventually(lambda: notes(scenario, ticket_id) == ["late"], "the note")
    letter_of(scenario, "crashed", "resolved")


def test_a_message_delivered_twice_has_its_effect_once(scenario: Scenario) -> None:
    # Given one request that arrives twice, as SQS may deliver it
    ticket_id = new_ticket(scenario)
    body = request_for(scenario, "twice", ticket_id, "only once")
    queue_url = scenario.stack.outputs["ActionQueueUrl"]
    for _ in range(2):
        scenario.stack.clients.queues.send_message(QueueUrl=queue_url, MessageBody=body)

    # When both were handled; one that finds the other at it waits until that must be over
    def handled() -> bool:
        lines = [line for line in scenario.stack.logs("ActionExecutor") if '"twice"' in line]
        return sum("action done" in line or "already_running" in line for line in lines) == 2

    eventually(handled, "both deliveries to be handled")

    # Then there is one note
    found = scenario.freshdesk.steer("GET", "/truth?object=conversations")
    assert [e["body_text"] for e in found if e["ticket_id"] == ticket_id] == ["only once"]


def test_a_callback_s_dead_letter_is_listed_and_parked_anew_by_its_own_function(
    scenario: Scenario,
) -> None:
    # Given a callback whose message lacks what is to be told
    event_id = "evt_callback_e2e"
    body = {"kind": "event", "instance_id": str(scenario.instance["id"])}
    scenario.stack.clients.queues.send_message(
        QueueUrl=scenario.stack.outputs["CallbackQueueUrl"],
        MessageBody=json.dumps(body | {"notice": {"event_id": event_id}}),
    )

    def letters() -> Any:
        found = scenario.api.call("GET", "/api/dead-letters?queue=callbacks")["dead_letters"]
        return [letter for letter in found if letter.get("event_id") == event_id]

    [letter] = eventually(letters, "the callback to be parked")
    assert (letter["code"], letter["parked_by"]) == ("unreadable_message", "callback_sender")

    # When it is sent back, by the command's function
    told = redrive(scenario, queue="callbacks", filter={"code": "unreadable_message"})
    assert told["moved"] == 1

    # Then its function has had it once more, and says the same
    path = f"/api/dead-letters/{letter['id']}"
    eventually(lambda: scenario.api.call("GET", path)["round"] == 2, "it to be parked again")
    whole = scenario.api.call("GET", path)
    assert [entry["what"] for entry in whole["history"]] == ["parked", "redriven", "parked again"]
    assert whole["event_ids"] == [event_id]
    assert redrive(scenario, queue="callbacks", discard="the test is over")["done"] == 1
