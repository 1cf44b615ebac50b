"""An account whose lake holds records, a client of Open Connectors, and the functions between."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from freezegun.api import FrozenDateTimeFactory

from freshbridge import aws
from freshbridge.instances import token
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.lake.encoding import rows_of
from freshbridge.lake.lake import Lake
from freshbridge.lake.rows import State
from freshbridge.queues.envelope import ActionRequest
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run import Standing
from freshbridge.sync.run_items import number, standing_body, standing_key, text
from tests import builders
from tests.fakes.provider import FakeTransport
from tests.integration.callback_world import KEY
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    STACK_NAME,
    USER_SECRET,
    Stack,
    Start,
)

ELEMENTS = "/elements/api-v2"
AS_OF = "2026-03-03T12:00:00Z"


def ticket(number: int, **changed: Any) -> dict[str, Any]:
    """A ticket as Freshdesk lists it."""
    return {
        "id": number,
        "subject": f"Printer {number}",
        "status": 2 + number % 4,
        "tags": ["vip"] if number % 2 else [],
        "custom_fields": {"cf_region": "EMEA", "cf_room": None},
        "stats": {"resolved_at": None},
        "is_escalated": number % 3 == 0,
        "updated_at": f"2026-03-{1 + number % 28:02d}T08:00:00Z",
    } | changed


@dataclass
class Reply:
    """An answer of the API."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.text)


@dataclass
class World:
    """The stack with one connected account."""

    stack: Stack
    start: Start
    receiver: FakeTransport
    clock: FrozenDateTimeFactory | None
    token: str = ""

    def connect(self, **changed: Any) -> Instance:
        """Connect the account; its token is known from then on."""
        instance_id = changed.get("instance_id", builders.INSTANCE_ID)
        self.token = token.new_token(instance_id, b"x" * 32)
        changed.setdefault("tokens", (token.token_hash(self.token),))
        instance = self.stack.connect(builders.instance(**changed))
        kept = {"username": builders.API_KEY, "event.notification.signature.key": KEY}
        Vault(STACK_NAME).replace_credentials(instance_id, kept)
        return instance

    def disable(self) -> None:
        """Switch the account off."""
        self.connect_again(disabled=True)

    def connect_again(self, **changed: Any) -> None:
        """Change the account behind the API's back; it is enabled where nothing else is said."""
        Registry(self.stack.names["InstanceTable"], age_s=0).change(
            builders.INSTANCE_ID,
            lambda held: builders.instance(**vars(held) | {"disabled": False} | changed),
        )

    def hold(
        self,
        records: list[dict[str, Any]],
        name: str = "tickets",
        state: State = State.LIVE,
        instance_id: str = builders.INSTANCE_ID,
    ) -> None:
        """Put records into the lake, as a sync does."""
        rows = rows_of(
            OBJECTS[name], records, seen_at="2026-03-31T00:00:00.000000Z", state=state
        ).rows
        lake = Lake(self.stack.names["LakeBucket"])
        lake.merge(instance_id, OBJECTS[name], rows, run_id="run_1")

    def synced(
        self, name: str = "tickets", *, instance_id: str = builders.INSTANCE_ID, **changed: Any
    ) -> None:
        """Say how far the sync of an object has come: to AS_OF, where nothing else is said."""
        standing = Standing(
            **{"complete_since": AS_OF, "last_started_at": AS_OF, "last_run": "run_1"} | changed
        )
        aws.dynamodb().put_item(
            TableName=self.stack.names["SyncTable"],
            Item={
                **standing_key(instance_id, name),
                "run_id": text(""),
                "lease_until": number(0.0),
                "body": text(standing_body(standing)),
            },
        )

    def held(self, name: str = "tickets", view: str = "current") -> list[dict[str, Any]]:
        """What the lake's files hold, read without any of the code that wrote or exports them."""
        bucket, found = self.stack.names["LakeBucket"], []
        prefix = f"{builders.INSTANCE_ID}/{name}/{view}/"
        for page in (
            aws.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        ):
            for entry in page.get("Contents", []):
                body = aws.s3().get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                for line in gzip.decompress(body).decode().splitlines():
                    record = json.loads(line)
                    found.append({k: v for k, v in record.items() if not k.startswith("_")})
        return found

    def call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        organization: bool = True,
        shown: str | None = None,
        base64_encoded: bool = False,
    ) -> Reply:
        """One call with the Element token."""
        secrets = [f"User {USER_SECRET}"]
        if organization:
            secrets.append(f"Organization {ORGANIZATION_SECRET}")
        secrets.append(f"Element {self.token if shown is None else shown}")
        event = builders.rest_event(
            method,
            path,
            body=body,
            headers={"Authorization": ", ".join(secrets), **(headers or {})},
            base64_encoded=base64_encoded,
        )
        event["queryStringParameters"] = query
        answer = self.start("ConnectorApi").handler(event, builders.Context())
        found = {k.lower(): v[0] for k, v in answer["multiValueHeaders"].items()}
        return Reply(answer["statusCode"], answer["body"], found)

    def query(self, q: str, **more: Any) -> Reply:
        """POST /bulk/query with the query in the URL, as the documentation shows it."""
        return self.call("POST", f"{ELEMENTS}/bulk/query", query={"q": q}, **more)

    def status(self, job_id: str) -> dict[str, Any]:
        """Where a job stands."""
        found: dict[str, Any] = self.call("GET", f"{ELEMENTS}/bulk/{job_id}/status").body
        return found

    def work(
        self,
        *,
        turns: int = 200,
        tick_s: float = 1,
        until: Callable[[], bool] = lambda: False,
    ) -> None:
        """Let the executor do what is queued, to the last of it or until something holds."""
        handler = self.start("ActionExecutor").handler
        for _ in range(turns):
            if self.stack.count("ActionQueue")[0]:
                self.stack.deliver("ActionQueue", handler)
            if until() or (self.stack.count("ActionQueue") == (0, 0) and not self._delayed()):
                return
            self.pass_time(timedelta(seconds=tick_s))
        raise AssertionError("it does not come to an end")

    def pass_time(self, moment: timedelta) -> None:
        """Let time pass in this world."""
        assert self.clock is not None, "this world's time is the real one"
        self.clock.tick(moment)

    def tell(self) -> None:
        """Let the callbacks' function send what there is."""
        while self.stack.count("CallbackQueue")[0]:
            self.stack.deliver("CallbackQueue", self.start("CallbackSender").handler)

    def run(self, action_id: str = "act_0001", **parameters: Any) -> dict[str, Any]:
        """Run an export through the queue; the record that it leaves."""
        request = ActionRequest(
            **asdict(builders.action_request(action_id=action_id, idempotency_key=action_id))
            | {"action": "export_object", "parameters": parameters, "origin": {"type": "api"}}
        )
        self.stack.send("ActionQueue", request)
        self.work()
        return self.record(action_id)

    def record(self, action_id: str) -> dict[str, Any]:
        """What GET /api/actions/{id} tells."""
        found: dict[str, Any] = self.call("GET", f"/api/actions/{action_id}").body["data"]
        return found

    def download(self, url: str) -> tuple[bytes, dict[str, str]]:
        """What a presigned URL gives: the bytes, and what it says about itself."""
        parts = urlsplit(url)
        query = {name: found[0] for name, found in parse_qs(parts.query).items()}
        assert query["X-Amz-Expires"] == "3600"
        assert "X-Amz-Signature" in query
        key = parts.path.lstrip("/").removeprefix("demo-payloads/")
        found = aws.s3().get_object(Bucket=self.stack.names["PayloadBucket"], Key=key)
        return found["Body"].read(), query

    def _delayed(self) -> bool:
        name: Any = "ApproximateNumberOfMessagesDelayed"
        found: Any = aws.sqs().get_queue_attributes(
            QueueUrl=self.stack.names["ActionQueue"], AttributeNames=[name]
        )["Attributes"]
        return int(found[name]) > 0


def form(**fields: str) -> str:
    """A form's body."""
    return urlencode(fields)
