"""An account that the product's own sync copies into a lake in memory.

The account is simulated and served over HTTP; planner and worker are the functions' own handlers
around a stack from template.yaml. Time is frozen, and moved.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import pytest
import requests
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from moto import mock_aws

from freshbridge import aws, timestamps
from freshbridge.budget import assembly
from freshbridge.budget.budgeted_transport import Budgets
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.queues.envelope import to_text
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.touch import RecordTouch
from freshbridge.transport import RequestsTransport
from local.freshdesk.account import Account, Record
from local.freshdesk.app import Simulator
from local.freshdesk.clock import Clock
from local.freshdesk.settings import BUCKETS as LIMITS
from local.freshdesk.settings import changed
from tests import builders
from tests.fakes.moto_transactions import one_copy_each
from tests.integration.conftest import BUCKETS, HANDLERS, Stack
from tests.simulators.served import served

BEGIN = "2026-10-05T08:00:00Z"
BUCKET = BUCKETS["LakeBucket"]
LONG = builders.Context(300_000)
OFTEN = ("tickets", "conversations")
FORTNIGHT = 14 * 24 * 60


@dataclass
class LakeWorld:
    """The account, the stack and the time."""

    desk: Simulator
    url: str
    stack: Stack
    patch: pytest.MonkeyPatch
    clock: FrozenDateTimeFactory

    def __post_init__(self) -> None:
        self.client = FreshdeskClient(RequestsTransport(), self.url, builders.API_KEY)
        self.instance = builders.instance(
            origin=self.url,
            sync_objects=tuple(OBJECTS),
            config={
                "sync": {
                    **{name: {"every_minutes": FORTNIGHT} for name in OBJECTS if name not in OFTEN},
                    "tickets": {"include": ["stats", "requester", "description"]},
                }
            },
        )

    @property
    def account(self) -> Account:
        """What there is."""
        return self.desk.account

    def at(self, moment: str) -> LakeWorld:
        """Go on to that time."""
        self.clock.move_to(moment)
        return self

    def ticket(self, requester: Record, subject: str, **fields: Any) -> int:
        """A ticket that somebody opens now; its id."""
        made = self.client.create_ticket({
            "requester_id": requester["id"], "subject": subject, "description": f"<p>{subject}</p>",
            "status": 2, "priority": 1, "source": 2, **fields,
        })  # fmt: skip
        return int(made["id"])

    def answer(self, ticket_id: int, minutes: int) -> None:
        """An agent's first response, so long after now."""
        self.clock.tick(60 * minutes)
        self.client.add_reply(ticket_id, "<p>We look into it.</p>")

    def mark_spam(self, ticket_id: int) -> None:
        """As an agent does, which no call of the API can."""
        requests.post(
            f"{self.url}/__sim/tickets/{ticket_id}/spam", json={"spam": True}, timeout=10
        ).raise_for_status()

    def rate(self, ticket_id: int) -> None:
        """A customer's answer to the survey, which no call of the product makes."""
        requests.post(
            f"{self.url}/api/v2/tickets/{ticket_id}/satisfaction_ratings",
            json={"ratings": {"default_question": 103}, "feedback": "Good"},
            auth=(builders.API_KEY, "X"), timeout=10,
        ).raise_for_status()  # fmt: skip

    def sync(self, runs: int) -> None:
        """What a tick of the schedule brings about, to its end: so many runs."""
        begun = self._function("ScheduledSync").handler({}, builders.Context())
        assert begun["queued"] == runs
        self.settle()

    def touch(self, name: str, record_id: int) -> None:
        """What a webhook that names a record brings about."""
        order = RecordTouch(str(record_id), name, self.instance.instance_id, "touch-1", "evt_1")
        self.stack.send("SyncQueue", to_text(order))
        self.settle()

    def settle(self) -> None:
        """Let the worker work until there is no message left."""
        worker = self._function("SyncWorker")
        for _ in range(200):
            visible, hidden = self.stack.count("SyncQueue")
            if visible + hidden == 0:
                return
            if not visible:
                self.clock.tick(10)
                continue
            left = self.stack.deliver("SyncQueue", worker.handler, LONG)
            assert self.stack.messages("SyncDeadLetterQueue") == [], left
        raise AssertionError("the sync does not end")

    def files(self) -> dict[str, bytes]:
        """What the lake's bucket holds, by `bucket/key`."""
        s3, bucket = aws.s3(), self.stack.names["LakeBucket"]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [entry["Key"] for page in pages for entry in page["Contents"]]
        return {
            f"{bucket}/{key}": s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys
        }

    def _function(self, name: str) -> Any:
        variables = self.stack.environment(name)
        for variable, value in (variables | {"ALLOWED_PROVIDER_ORIGINS": self.url}).items():
            self.patch.setenv(variable, value)
        return import_module(HANDLERS[name])


@contextmanager
def lake_world() -> Iterator[LakeWorld]:
    """An empty account without limits and an empty stack that is connected to it."""
    with (
        pytest.MonkeyPatch.context() as patch,
        freeze_time(BEGIN, real_asyncio=True) as clock,
        mock_aws(),
        one_copy_each(),
    ):
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        assert isinstance(clock, FrozenDateTimeFactory)
        frozen = clock

        def sleep(seconds: float) -> None:
            frozen.tick(seconds)

        patch.setattr(assembly, "Budgets", partial(Budgets, clock=timestamps.epoch, sleep=sleep))
        # Asked for by its name each time, so that the account's time is the frozen one.
        desk = Simulator(Account(Clock(lambda: time.time()), api_key=builders.API_KEY))  # noqa: PLW0108 - see above
        settings = {"plan": "enterprise", "limits": dict.fromkeys(LIMITS)}
        desk.account.settings = changed(desk.account.settings, settings)
        _forget()
        with served(desk) as url:
            world = LakeWorld(desk, url, Stack(), patch, frozen)
            world.stack.connect(world.instance)
            yield world
    _forget()


def _forget() -> None:
    """Empty what warm functions keep."""
    aws.forget_clients()
    for name in ("ScheduledSync", "SyncWorker"):
        import_module(HANDLERS[name])._ports.cache_clear()
