"""An instance that wants its events, a receiver of them, and the time that passes in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory

from freshbridge.http_message import ProviderRequest
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.notifications.delivery import Delivery, Status, delivery_of
from tests import builders
from tests.fakes.provider import FakeTransport
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    STACK_NAME,
    USER_SECRET,
    Stack,
    Start,
)

URL = "https://events.example.com/in"
OTHER_URL = "https://other.example.com/hooks/2"
KEY = "signature-key-made-up-91bb"


def wanting(*urls: str, **changed: Any) -> Instance:
    """An instance that sends its events to URLs."""
    configuration = {
        "subdomain": "acme",
        "event.notification.enabled": "true",
        "event.notification.callback.url": ",".join(urls or (URL,)),
    } | changed.pop("configuration", {})
    entries = ("event.notification.signature.key", "username")
    return builders.instance(configuration=configuration, secret_entries=entries, **changed)


def signed(request: ProviderRequest, key: str = KEY) -> bool:
    """Whether a request's signature fits, as a receiver checks it."""
    digest = hmac.new(key.encode(), request.body or b"", hashlib.sha256).digest()
    shown = request.headers.get("elements-webhook-signature", "")
    return hmac.compare_digest(shown, f"sha256={base64.b64encode(digest).decode()}")


def event_ids(request: ProviderRequest) -> list[str]:
    """Which events a notification tells of."""
    ids: list[str] = json.loads(request.body or b"{}")["message"]["eventIds"]
    return ids


@dataclass
class World:
    """Everything between a webhook and a receiver."""

    stack: Stack
    start: Start
    receiver: FakeTransport
    clock: FrozenDateTimeFactory

    def connect(self, *urls: str, secrets: dict[str, str] | None = None, **changed: Any) -> None:
        """Connect an account that sends its events to URLs."""
        instance = self.stack.connect(wanting(*urls, **changed))
        kept = {"username": builders.API_KEY, "event.notification.signature.key": KEY}
        Vault(STACK_NAME).replace_credentials(instance.instance_id, kept | (secrets or {}))

    def configure(self, **entries: str) -> None:
        """Change entries behind the API's back; points are written as two underscores."""
        named = {key.replace("__", "."): value for key, value in entries.items()}
        registry = Registry(self.stack.names["InstanceTable"], age_s=0)
        registry.change(
            builders.INSTANCE_ID,
            lambda held: builders.instance(
                **vars(held) | {"configuration": held.configuration | named}
            ),
        )

    def happen(self, number: int = 1, **changed: Any) -> None:
        """A webhook comes and is routed."""
        body = json.dumps(builders.simple_content(ticket_id=number, **changed))
        event = builders.received_event(event_id=f"evt_{number:04d}", body=body)
        self.stack.send("EventQueue", event)
        assert self.stack.deliver("EventQueue", self.start("EventRouter").handler) == []

    def send(self, context: builders.Context | None = None) -> list[str]:
        """The callbacks' function takes all that lies there; returns the bodies that it kept."""
        handler = self.start("CallbackSender").handler
        kept = []
        while self.stack.count("CallbackQueue")[0]:
            kept += self.stack.deliver("CallbackQueue", handler, context)
        return kept

    def queued(self) -> list[dict[str, Any]]:
        """The messages that lie there."""
        found: list[dict[str, Any]] = self.stack.bodies("CallbackQueue")
        # What was looked at is visible again in the moment after.
        self.clock.tick(timedelta(seconds=1))
        return found

    def now(self) -> datetime:
        """The time in this world."""
        return self.clock().replace(tzinfo=UTC)

    def sweep(self) -> None:
        """The minute's schedule."""
        self.start("CallbackSender").handler({"scheduled": True}, builders.Context())

    def later(self, seconds: float) -> None:
        """Time passes, and what has come of it is sent."""
        self.clock.tick(timedelta(seconds=seconds))
        self.send()

    def deliveries(self) -> list[Delivery]:
        """Every delivery there is."""
        items = self.stack.items("CallbackTable")
        return [delivery_of(item) for item in items if item["sk"]["S"].startswith("delivery#")]

    def statuses(self) -> list[Status]:
        """What became of them."""
        return sorted(delivery.status for delivery in self.deliveries())

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        below: str = "/elements/api-v2",
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers of an answer of the API."""
        event = builders.rest_event(
            method,
            f"{below}{path}",
            body=None if body is None else json.dumps(body),
            headers={"Authorization": f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"},
        )
        event["queryStringParameters"] = query
        event["multiValueQueryStringParameters"] = {k: [v] for k, v in (query or {}).items()}
        answer = self.start("ConnectorApi").handler(event, builders.Context())
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return answer["statusCode"], json.loads(answer["body"]), headers
