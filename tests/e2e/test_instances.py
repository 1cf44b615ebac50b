"""A client written for Open Connectors on the deployed stack, with IAM enforced."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from local.deploy import STACK_NAME
from local.scenario import Scenario
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e
INSTANCES = "/elements/api-v2/instances"
MASK = "********"
PAYLOAD = {
    "freshdesk_webhook": {"ticket_id": 999_998, "triggered_event": "{priority:{from:1,to:2}}"}
}


class Client:
    """Sends what the documentation's cURL sends: the header's name in lower case."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.session = requests.Session()
        self.session.trust_env = False
        self.answers: list[str] = []

    def __call__(
        self, method: str, path: str, body: Any = None, *, token: str = ""
    ) -> requests.Response:
        stack = self.scenario.stack
        access = f"User {stack.user_secret}, Organization {stack.organization_secret}"
        headers = {"authorization": access + (f", Element {token}" if token else "")}
        answer = self.session.request(
            method, stack.api_url + path, json=body, headers=headers, timeout=30
        )
        self.answers.append(answer.text)
        return answer


def test_an_instance_lives_from_its_creation_to_its_deletion(connected: Scenario) -> None:
    client, stack = Client(connected), connected.stack
    simulator = stack.simulators["freshdesk"]
    configuration = {
        "subdomain": simulator.domain,
        "username": simulator.api_key,
        "filter.response.nulls": True,
    }
    body = {
        "element": {"key": "freshdeskv2"},
        "configuration": configuration,
        "tags": ["Docs"],
        "name": "API Instance",
    }

    # A wrong key is refused in the provider's words, and leaves nothing
    wrong = body | {"configuration": configuration | {"username": "wrong-key-made-up"}}
    refused = client("POST", INSTANCES, wrong)
    assert refused.status_code == 401
    assert refused.json()["message"] == "Authentication failed: Invalid API key"
    assert "logged in" in refused.json()["providerMessage"]

    # The right one makes an instance, whose token is shown this once
    created = client("POST", INSTANCES, body)
    assert created.status_code == 200
    made = created.json()
    client.answers.remove(created.text)
    path, token = f"{INSTANCES}/{made['id']}", made["token"]
    expected = {"subdomain": simulator.domain, "username": MASK, "filter.response.nulls": "true"}
    assert made["configuration"].items() >= expected.items()

    # It is listed, by brackets in the query too, and read
    listed = client("GET", f"{INSTANCES}?tags[]=Docs&searchText=api%20inst&pageSize=1")
    assert [found["id"] for found in listed.json()] == [made["id"]]
    assert listed.headers["Elements-Total-Count"] == "1"
    assert client("GET", f"{INSTANCES}?tags%5B%5D=nobody").status_code == 404
    assert client("GET", path).json() == made | {"token": MASK}

    # renamed, configured by its token, its key rotated to what it is
    assert client("PATCH", path, {"name": "Renamed"}).json()["name"] == "Renamed"
    entries = client("GET", f"{INSTANCES}/configuration", token=token).json()
    key = next(entry for entry in entries if entry["key"] == "username")
    assert key["propertyValue"] == MASK
    entry = f"{path}/configuration/{key['id']}"
    assert client("PATCH", entry, {"propertyValue": simulator.api_key}).json() == key
    assert client("PATCH", entry, {"propertyValue": "wrong-key-made-up"}).status_code == 401

    # tested by the other face
    host = simulator.domain.partition("://")[2]
    tested = client("POST", f"/api/integrations/{made['id']}/test").json()
    assert tested["message"] == "Connection successful"
    assert (tested["domain"], tested["may_not"]) == (host, [])

    # and reached by webhooks
    secret = stack.clients.secrets.get_secret_value(
        SecretId=f"freshbridge/{STACK_NAME}/webhooks/{made['id']}"
    )["SecretString"]
    hook = client.session.post(
        f"{stack.api_url}/api/webhooks/freshdesk/{made['id']}",
        json=PAYLOAD,
        headers={"X-Freshbridge-Secret": json.loads(secret)["secret"]},
        timeout=30,
    )
    assert hook.status_code == 202
    event_id = hook.json()["data"]["event_id"]
    eventually(
        lambda: [
            line
            for line in stack.logs("EventRouter")
            if event_id in line and '"event routed"' in line
        ],
        "the event to be routed",
    )

    # until it is deleted
    assert client("DELETE", INSTANCES, token=token).status_code == 200
    assert client("GET", path).status_code == 404
    assert client("GET", f"{INSTANCES}/configuration", token=token).status_code == 401
    assert not [text for text in client.answers if simulator.api_key in text or token in text]
