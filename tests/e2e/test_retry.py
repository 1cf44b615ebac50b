"""The provider fails for a while: the message waits and then has its effect once."""

import pytest

from local.scenario import Scenario
from tests.e2e.conftest import eventually
from tests.e2e.test_dead_letters import new_ticket, parked, request_for


@pytest.mark.parametrize("kind", ["throttle", "html_500", "drop_before"])
def test_it_is_tried_again_and_runs_once(connected: Scenario, kind: str) -> None:
    # Given a provider that fails the next note twice
    ticket_id = new_ticket(connected)
    fault = {
        "match": f"POST /tickets/{ticket_id}/notes",
        "kind": kind,
        "count": 2,
        "retry_after": 2,
    }
    connected.freshdesk.steer("POST", "/faults", fault)

    # When the note is asked for
    key = f"retry-{kind}"
    connected.stack.clients.queues.send_message(
        QueueUrl=connected.stack.outputs["ActionQueueUrl"],
        MessageBody=request_for(connected, key, ticket_id, "at last"),
    )

    # Then it is there once, after waits that each had a reason, and nothing was parked
    def notes() -> list[str]:
        found = connected.freshdesk.steer("GET", "/truth?object=conversations")
        return [e["body_text"] for e in found if e["ticket_id"] == ticket_id]

    eventually(notes, "the note")
    eventually(
        lambda: any(
            f'"action_id":"{key}"' in line for line in connected.stack.logs("ActionExecutor")
        ),
        "the action to be done",
    )
    assert notes() == ["at last"]
    assert parked(connected, "Action") == []
    assert connected.put_off() != []
