"""Executors that come and go, one after another, on one simulated account and one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from moto import mock_aws

from freshbridge import aws
from freshbridge.actions.action import Outcome
from freshbridge.actions.claims import ClaimLedger
from freshbridge.actions.execute import Executor
from freshbridge.actions.record import ActionRecord, State
from freshbridge.actions.record_store import RecordStore
from freshbridge.errors import FreshbridgeError, Reject, Retry
from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.payload import PayloadStore
from freshbridge.reference.cache import ReferenceCache
from freshbridge.transport import Transport
from local.freshdesk.account import DEMO_API_KEY
from local.simulator.faults import fault_of
from tests import builders
from tests.fakes.actions import services
from tests.integration.conftest import STACK_NAME, Stack
from tests.simulators.actions.conftest import Desk

READ_TIMEOUT_S = 0.4
"""Real seconds: what "slow" takes longer than."""
MOST_ATTEMPTS = 20


class Killed(BaseException):
    """The function's process ends here: nothing in it gets to say a word more."""


class World:
    """Runs requests as a queue would: again and again, each time in a cold function."""

    def __init__(self, desk: Desk, stack: Stack) -> None:
        self.desk = desk
        self.stack = stack
        self.instance = builders.instance(origin=desk.url)
        Registry(stack.names["InstanceTable"]).create(self.instance)
        Vault(STACK_NAME).create(
            self.instance.instance_id,
            credentials={"username": DEMO_API_KEY},
            webhook_secret=builders.WEBHOOK_SECRET,
        )
        self.calls: list[str] = []
        self.after_reply: Callable[[ProviderRequest], None] = lambda _request: None

    def now(self) -> datetime:
        """The simulator's time, to the microsecond."""
        return datetime.fromtimestamp(self.desk.account.clock.seconds(), UTC)

    def fault(self, match: str, kind: str, **more: Any) -> None:
        """Let the next matching request go wrong."""
        more = {"count": 1, "delay_s": 3 * READ_TIMEOUT_S, **more}
        faults = self.desk.simulator.state.faults
        faults.append(fault_of({"match": match, "kind": kind, **more}))

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.desk.simulator.state.faults.clear()

    def request(self, action: str, parameters: dict[str, Any], name: str = "1") -> ActionRequest:
        """A request of its own for each name."""
        return builders.action_request(
            action_id=f"act_{name}",
            idempotency_key=f"act_{name}",
            action=action,
            parameters=parameters,
        )

    def attempt(self, request: ActionRequest, *, remaining_ms: int = 60_000) -> Outcome:
        """One delivery; what it raises is on record, as the function's handler puts it there."""
        executor = self._executor()
        context = cast("Any", builders.Context(remaining_ms=remaining_ms))
        try:
            return executor.execute(request, context)
        except FreshbridgeError as error:
            state = State.FAILED if isinstance(error, Reject) else State.WAITING
            executor.failed(request, state, error=error, code=error.code, reason=str(error))
            raise

    def killed(self, request: ActionRequest, *, after_the_call: bool) -> None:
        """One delivery whose function dies in its first write, before it or after it was done."""

        def die(sent: ProviderRequest) -> None:
            if sent.method != "GET":
                raise Killed

        hook = "after_reply" if after_the_call else "before"
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            patch.setattr(self, hook, die)
            # Cut off at once, so that the next delivery need not wait for its time to be over.
            self.attempt(request, remaining_ms=1)

    def before(self, request: ProviderRequest) -> None:
        """Called before a request is sent."""

    def wait(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self.desk.account.clock.advance(seconds)

    def deliver(self, request: ActionRequest) -> Outcome | FreshbridgeError:
        """Deliver it until it is done or refused, waiting as it is told to."""
        for _ in range(MOST_ATTEMPTS):
            try:
                return self.attempt(request)
            except Retry as error:
                self.wait((error.after or 1.0) + 1.0)
            except Reject as error:
                return error
        raise AssertionError("it never came to an end")

    def record(self, request: ActionRequest) -> ActionRecord:
        """What the stack tells of it."""
        return self._records().get(request.action_id)

    def send(self, transport: Transport, request: ProviderRequest) -> ProviderReply:
        """Through the wire, with what happens around it."""
        self.before(request)
        self.calls.append(request.where)
        reply = transport.send(request)
        self.after_reply(request)
        return reply

    def _records(self) -> RecordStore:
        payloads = PayloadStore(self.stack.names["PayloadBucket"])
        return RecordStore(
            self.stack.names["ActionTable"],
            payloads,
            days=30,
            clock=lambda: self.now().timestamp(),
        )

    def _executor(self) -> Executor:
        world = self

        class Wire:
            def send(self, request: ProviderRequest) -> ProviderReply:
                return world.send(world.desk.transport, request)

        connections = Connections(
            Registry(self.stack.names["InstanceTable"]),
            Vault(STACK_NAME),
            Wire,
            allowed_origins=(self.desk.url,),
            timeouts=Timeouts(read_s=READ_TIMEOUT_S),
        )
        return Executor(
            connections,
            services(
                reference=ReferenceCache(None),
                claims=ClaimLedger(self.stack.names["IdempotencyTable"]),
            ),
            self._records(),
            PayloadStore(self.stack.names["PayloadBucket"]),
            idempotency_table=self.stack.names["IdempotencyTable"],
            clock=self.now,
        )


@contextmanager
def world_of(desk: Desk) -> Iterator[World]:
    """An empty stack in memory around an account that is served over HTTP."""
    aws.forget_clients()
    with mock_aws():
        yield World(desk, Stack())
    aws.forget_clients()
