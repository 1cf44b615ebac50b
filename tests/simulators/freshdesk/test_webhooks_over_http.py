"""A rule made by the API, a ticket made by the API, a receiver, and the log: nothing in between."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator
from tests.simulators.freshdesk.webhook_receiver import Receiver, listening, until


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as receiver:
        yield receiver


def rule(url: str, **fields: Any) -> dict[str, Any]:
    content = {"ticket_id": "{{ticket.id}}", "triggered_event": "{{triggered_event}}"}
    action = {
        "field_name": "trigger_webhook", "request_type": "POST", "url": url,
        "content_type": "JSON", "content_layout": "1", "content": content,
    }  # fmt: skip
    return {"name": "Tell the connector", "actions": [action], **fields}


async def test_a_ticket_made_over_the_api_reaches_the_receiver(
    simulator: RunningSimulator, receiver: Receiver
) -> None:
    # Given one rule for new tickets and one for replies
    assert (await simulator.post("/automations/1/rules", rule(receiver.url))).status == 201
    updates = rule(receiver.url, events=[{"field_name": "reply_sent"}])
    made = await simulator.post("/automations/4/rules", updates)
    assert made.headers["Location"].endswith(f"/api/v2/automations/4/rules/{made.body['id']}")
    # When a ticket is created and answered over the API
    ticket = await simulator.ticket()
    await receiver.body(1)
    await simulator.post(f"/tickets/{ticket['id']}/reply", {"body": "<p>On it</p>"})
    # Then both arrive
    assert [(await receiver.body(n))["freshdesk_webhook"] for n in (1, 2)] == [
        {"ticket_id": ticket["id"], "triggered_event": "{ticket_action:created}"},
        {"ticket_id": ticket["id"], "triggered_event": "{reply_sent:sent}"},
    ]


async def test_a_receiver_that_hangs_does_not_hold_up_the_api(
    simulator: RunningSimulator, receiver: Receiver
) -> None:
    receiver.hang = True
    await simulator.post("/automations/1/rules", rule(receiver.url))
    ticket = await simulator.ticket()
    await until(lambda: len(receiver.bodies) == 1)
    assert (await simulator.get(f"/tickets/{ticket['id']}")).status == 200
    log = await simulator.control("/webhooks")
    assert log["counts"] == {"queued": 1}


async def test_moving_the_clock_makes_the_retry_happen(
    simulator: RunningSimulator, receiver: Receiver
) -> None:
    receiver.statuses = [500, 500]
    await simulator.post("/automations/1/rules", rule(receiver.url))
    await simulator.ticket()
    for calls in (1, 2):
        await until(lambda calls=calls: len(receiver.bodies) == calls)  # type: ignore[misc]  # default binds
        await until(lambda: _next_attempt(simulator) is not None)
        await simulator.control("/clock", {"advance_s": 1800})
    await until(lambda: len(receiver.bodies) == 3)
    await until(lambda: _state(simulator) == "delivered")
    delivery = (await simulator.control("/webhooks"))["deliveries"][0]
    assert [one["status"] for one in delivery["attempts"]] == [500, 500, 200]
    assert "token" not in delivery["url"]


def _next_attempt(simulator: RunningSimulator) -> Any:
    (record,) = simulator.account.table("webhook_deliveries").values()
    return record["next_attempt_at"]


def _state(simulator: RunningSimulator) -> Any:
    (record,) = simulator.account.table("webhook_deliveries").values()
    return record["state"]


async def test_a_reset_removes_rules_and_log(
    simulator: RunningSimulator, receiver: Receiver
) -> None:
    await simulator.post("/automations/1/rules", rule(receiver.url))
    await simulator.ticket()
    await until(lambda: _state(simulator) == "delivered")
    await simulator.control("/reset", {})
    assert (await simulator.control("/webhooks")) == {"counts": {}, "deliveries": []}
    listed = await simulator.get("/automations/1/rules")
    assert listed.body == {"rules": [], "meta": {"count": 0, "cascading_rules": False}}
