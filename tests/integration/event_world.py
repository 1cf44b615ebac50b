"""A stack with events in it, seen through the API's routes and the router."""

from __future__ import annotations

import json
from typing import Any

from freshbridge import timestamps
from freshbridge.queues.envelope import ReceivedEvent
from tests import builders
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
EVENTS = f"/api/integrations/{builders.INSTANCE_ID}/events"


def came(number: int, *, at: str = builders.RECEIVED_AT, **content: Any) -> ReceivedEvent:
    """A webhook about a ticket of its own, by default of its creation."""
    told = {"ticket_id": 1000 + number, "ticket_subject": f"Number {number}"} | content
    body = json.dumps(builders.simple_content(**told))
    return builders.received_event(event_id=f"evt_{number:04}", received_at=at, body=body)


def recently(seconds_ago: int = 60) -> str:
    """A time shortly before now."""
    return timestamps.to_text(timestamps.from_epoch(timestamps.epoch() - seconds_ago))


class World:
    """Calls functions of one stack."""

    def __init__(self, stack: Stack, start: Start) -> None:
        self.stack = stack
        self._start = start
        stack.connect()

    def route(self, *events: ReceivedEvent) -> None:
        """Let events come in, and the router do all that there is to do."""
        for event in events:
            self.stack.send("EventQueue", event)
        self.settle()

    def settle(self, most: int = 50) -> int:
        """Run the router until its queue is empty; how often it took."""
        for turn in range(most):
            if not self.stack.count("EventQueue")[0]:
                return turn
            self.stack.deliver("EventQueue", self._start("EventRouter").handler)
        raise AssertionError("the router's queue does not get empty")

    def act(self) -> None:
        """Run the executor once."""
        self.stack.deliver("ActionQueue", self._start("ActionExecutor").handler)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        token: str = "",
        **query: str,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers of one answer of the API."""
        text = None if body is None else json.dumps(body)
        headers = {"Authorization": ACCESS + (f", Element {token}" if token else "")}
        if key:
            headers["Idempotency-Key"] = key
        event = builders.rest_event(method, path, body=text, headers=headers)
        event["queryStringParameters"] = query or None
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        sent = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return answer["statusCode"], json.loads(answer["body"]), sent

    def events(self, **query: str) -> list[dict[str, Any]]:
        """One page of the list."""
        status, body, _headers = self.call("GET", EVENTS, **query)
        assert status == 200, body
        found: list[dict[str, Any]] = body["data"]["events"]
        return found

    def ids(self, **query: str) -> list[str]:
        """The ids on one page of the list."""
        return [event["id"] for event in self.events(**query)]

    def trail(self, event_id: str) -> dict[str, Any]:
        """All of one event."""
        status, body, _headers = self.call("GET", f"{EVENTS}/{event_id}")
        assert status == 200, body
        found: dict[str, Any] = body["data"]
        return found

    def action_events(self) -> list[str]:
        """The events that queued actions are about, in the queue's order."""
        return [body["origin"]["event_id"] for body in self.stack.bodies("ActionQueue")]
