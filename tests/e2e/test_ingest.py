"""Webhooks that must be refused: the answer says why, and nothing is queued."""

import base64
import json

import pytest
import requests

from local.scenario import Scenario
from tests.e2e.conftest import eventually

PAYLOAD = {
    "freshdesk_webhook": {"ticket_id": 999_999, "triggered_event": "{priority:{from:1,to:2}}"}
}


class Door:
    """Sends webhooks, and tells what they left behind."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.webhook = scenario.instance["webhook"]
        self.session = requests.Session()
        self.session.trust_env = False

    def knock(
        self, body: bytes, headers: dict[str, str], path: str | None = None
    ) -> requests.Response:
        url = self.scenario.stack.api_url + (path or self.webhook["path"])
        sent = {"Content-Type": "application/json", **headers}
        return self.session.post(url, data=body, headers=sent, timeout=30)

    def routed(self) -> int:
        lines = self.scenario.stack.logs("EventRouter")
        return sum('"event routed"' in line or '"message p' in line for line in lines)

    def queued(self) -> int:
        attributes = self.scenario.stack.clients.queues.get_queue_attributes(
            QueueUrl=self.scenario.stack.outputs["EventQueueUrl"],
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
        return sum(map(int, attributes.values()))


@pytest.fixture
def door(connected: Scenario) -> Door:
    return Door(connected)


def secret_of(door: Door) -> dict[str, str]:
    return {"X-Freshbridge-Secret": door.webhook["secret"]}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Freshbridge-Secret": ""},
        {"X-Freshbridge-Secret": "wrong"},
        {"Authorization": "Basic " + base64.b64encode(b"anyone:wrong").decode()},
        {"Authorization": "Basic !!"},
    ],
    ids=["missing", "empty", "wrong", "wrong Basic", "broken Basic"],
)
def test_without_the_secret_401_and_nothing_queued(door: Door, headers: dict[str, str]) -> None:
    before = door.routed()

    answer = door.knock(json.dumps(PAYLOAD).encode(), headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "webhook_not_authenticated")
    assert (door.queued(), door.routed()) == (0, before)


def test_too_large_413(door: Door) -> None:
    before = door.routed()

    answer = door.knock(b'{"a":"' + b"x" * (1024 * 1024) + b'"}', secret_of(door))

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert (door.queued(), door.routed()) == (0, before)


def test_not_json_400_with_the_place(door: Door) -> None:
    before = door.routed()

    answer = door.knock(b'{"freshdesk_webhook": {"ticket_id": }}', secret_of(door))

    assert answer.status_code == 400
    assert "line 1, column 37" in answer.json()["message"]
    assert (door.queued(), door.routed()) == (0, before)


def test_unknown_instance_404(door: Door) -> None:
    before = door.routed()

    answer = door.knock(
        json.dumps(PAYLOAD).encode(), secret_of(door), "/api/webhooks/freshdesk/ins_unknown"
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_instance")
    assert (door.queued(), door.routed()) == (0, before)


def test_basic_credentials_are_as_good_as_the_header(door: Door) -> None:
    pair = f"freshdesk:{door.webhook['secret']}".encode()

    answer = door.knock(
        json.dumps(PAYLOAD).encode(),
        {"Authorization": "Basic " + base64.b64encode(pair).decode()},
    )

    assert answer.status_code == 202
    assert answer.json()["data"]["event_id"].startswith("evt_")


def test_a_body_too_large_for_a_queue_message_still_arrives(door: Door) -> None:
    # Near the limit of a webhook, and with its envelope over the limit of a queue message.
    large = {"freshdesk_webhook": PAYLOAD["freshdesk_webhook"] | {"ticket_description": ""}}
    room = 1024 * 1024 - len(json.dumps(large))
    large["freshdesk_webhook"]["ticket_description"] = "ö" * 1000 + "x" * (room - 12_000)

    answer = door.knock(json.dumps(large).encode(), secret_of(door))

    event_id = answer.json()["data"]["event_id"]
    assert answer.status_code == 202
    eventually(
        lambda: [
            line
            for line in door.scenario.stack.logs("EventRouter")
            if event_id in line and '"event routed"' in line
        ],
        "the large event to be routed",
    )
