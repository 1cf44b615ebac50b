"""A webhook comes in, and a signed notification goes out: on the deployed stack, IAM enforced."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest
import requests

from local.scenario import Scenario
from local.stack import Stack
from tests.builders import simple_content
from tests.e2e.conftest import eventually
from tests.e2e.receiver import Receiver

pytestmark = pytest.mark.e2e
KEY = "signature-key-made-up-e2e"
PATH = "/callbacks/e2e"


@pytest.fixture
def told(stack: Stack, receiver: Receiver) -> Iterator[Scenario]:
    """An instance whose events go to a callback from its first one on."""
    made = Scenario(stack)
    made.connect()
    path = f"/elements/api-v2/instances/{made.instance['id']}"
    entries = {
        "event.notification.enabled": "true",
        "event.notification.callback.url": receiver.origin + PATH,
        "event.notification.signature.key": KEY,
    }
    assert made.api.send("PATCH", path, {"configuration": entries}).ok
    yield made
    made.api.call("DELETE", f"/api/integrations/{made.instance['id']}")


def test_a_ticket_is_told_to_a_callback_and_again_after_a_failure(
    told: Scenario, receiver: Receiver
) -> None:
    # Given a callback that fails at first
    receiver.answers[PATH] = [503]

    # When a ticket's webhook comes
    webhook = told.instance["webhook"]
    requests.post(
        told.stack.api_url + webhook["path"],
        json=simple_content(),
        headers={webhook["header"]: webhook["secret"]},
        timeout=30,
    ).raise_for_status()
    eventually(lambda: len(receiver.of(PATH)) == 2, "the notification and its repetition")

    # Then it was told twice, the same, and signed
    first, again = receiver.of(PATH)
    assert first.body == again.body
    digest = hmac.new(KEY.encode(), first.body, hashlib.sha256).digest()
    for one in (first, again):
        shown = one.headers["elements-webhook-signature"]
        assert shown == "sha256=" + base64.b64encode(digest).decode()
        assert one.headers["elements-webhook-id"] == str(json.loads(first.body)["id"])
    message = json.loads(first.body)["message"]
    assert message["instanceId"] == int(told.instance["id"])
    assert message["events"][0]["objectId"] == "1042"

    # And the account's owner can see that it was delivered
    number = json.loads(first.body)["id"]
    found = f"/elements/api-v2/notifications/{number}/subscriptions/deliveries"
    eventually(
        lambda: told.api.send("GET", found).json()[0]["status"] == "delivered",
        "the delivery's status",
    )
