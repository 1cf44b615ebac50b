"""A webhook comes in, and a signed notification goes out: on the deployed stack, IAM enforced."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from local.scenario import Scenario
from tests.e2e.conftest import eventually
from tests.e2e.receiver import Receiver

pytestmark = pytest.mark.e2e
KEY = "signature-key-made-up-e2e"
PATH = "/callbacks/e2e"


def test_a_ticket_is_told_to_a_callback_and_again_after_a_failure(
    connected: Scenario, receiver: Receiver
) -> None:
    # Given an instance whose callback fails at first
    path = f"/elements/api-v2/instances/{connected.instance['id']}"
    entries = {
        "event.notification.enabled": "true",
        "event.notification.callback.url": receiver.origin + PATH,
        "event.notification.signature.key": KEY,
    }
    assert connected.api.send("PATCH", path, {"configuration": entries}).ok
    receiver.answers[PATH] = [503]

    # When a ticket is created in Freshdesk, whose automation calls the webhook
    ticket = connected.freshdesk.api(
        "POST",
        "/tickets",
        {
            "subject": "Printer on fire", "description": "It burns", "type": "Incident",
            "email": "mira@customer.example", "priority": 1, "status": 2,
        },
    )  # fmt: skip
    eventually(lambda: len(receiver.of(PATH)) == 2, "the notification and its repetition")
    connected.api.send("PATCH", path, {"configuration": {"event.notification.enabled": "false"}})

    # Then it was told twice, the same, and signed
    first, again = receiver.of(PATH)
    assert first.body == again.body
    digest = hmac.new(KEY.encode(), first.body, hashlib.sha256).digest()
    for one in (first, again):
        shown = one.headers["elements-webhook-signature"]
        assert shown == "sha256=" + base64.b64encode(digest).decode()
        assert one.headers["elements-webhook-id"] == str(json.loads(first.body)["id"])
    message = json.loads(first.body)["message"]
    assert message["instanceId"] == int(connected.instance["id"])
    assert message["events"][0]["objectId"] == str(ticket["id"])

    # And the account's owner can see that it was delivered
    number = json.loads(first.body)["id"]
    found = f"/elements/api-v2/notifications/{number}/subscriptions/deliveries"
    eventually(
        lambda: connected.api.send("GET", found).json()[0]["status"] == "delivered",
        "the delivery's status",
    )
