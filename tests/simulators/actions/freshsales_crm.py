"""Actions against the Freshsales simulator, over real HTTP, as the executor would run them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, cast

import pytest
from moto import mock_aws

from freshbridge import aws
from freshbridge.actions.action import Outcome
from freshbridge.freshsales.client import FreshsalesClient
from freshbridge.freshsales.roots import KNOWN, Roots
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.envelope import ActionRequest
from freshbridge.transport import RequestsTransport
from local.freshsales.account import DEMO_API_KEY, Account
from local.freshsales.app import Simulator
from local.freshsales.settings import changed
from local.simulator.faults import fault_of
from tests import builders
from tests.fakes.freshsales import freshsales_instance, run_freshsales
from tests.integration.conftest import STACK_NAME, Stack
from tests.simulators.actions.conftest import Desk
from tests.simulators.actions.once_world import READ_TIMEOUT_S, World
from tests.simulators.served import served as simulator_served

_IDS = count(193_100_001)
OWN_KINDS = ("throttle_as_400", "throttle_as_405")
"""What goes wrong with this provider only."""


class Crm:
    """A served account: run actions on it, and look at its state directly."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self.url = url
        self.transport = RequestsTransport()
        self.client = FreshsalesClient(self.transport, url, DEMO_API_KEY, known=Roots())
        self.simulator = simulator

    @property
    def account(self) -> Account:
        """What the simulator holds."""
        return self.simulator.account

    def settle(self, **settings: Any) -> None:
        """Change the account's settings."""
        self.account.settings = changed(self.account.settings, settings)

    def run(self, name: str, parameters: dict[str, Any] | None = None, **given: Any) -> Outcome:
        """Run one action; `given` as for `run_freshsales`."""
        return run_freshsales(
            name, parameters or {}, self.transport, origin=self.url, api_key=DEMO_API_KEY, **given
        )

    def records(self, table: str) -> list[dict[str, Any]]:
        """Those that were not deleted."""
        return [one for one in self.account.table(table).values() if not one["is_deleted"]]

    def first(self, table: str) -> int:
        """The id of a selector's first choice."""
        return next(iter(self.account.table(table)))


@contextmanager
def served(persona: str = "suite") -> Iterator[Crm]:
    """A simulator of this test's own, served from a thread."""
    simulator = Simulator(Account(persona=persona))
    with simulator_served(simulator) as url:
        # An account of an earlier test may have had the port, and the other generation's path.
        KNOWN.kept.pop(url, None)
        KNOWN.confirmed.discard(url)
        crm = Crm(url, simulator)
        try:
            yield crm
        finally:
            crm.transport.close()


class CrmWorld(World):
    """Executors that come and go, one after another, on one simulated Freshsales account."""

    def __init__(self, crm: Crm, stack: Stack) -> None:
        # What the world uses of a Freshdesk account is what both simulators have alike.
        self.desk = cast("Desk", crm)
        self.crm = crm
        self.stack = stack
        # Not by its port, which a later account of the same stack may get.
        self.instance = replace(freshsales_instance(crm.url), instance_id=str(next(_IDS)))
        Registry(stack.names["InstanceTable"]).create(self.instance)
        Vault(STACK_NAME).create(
            self.instance.instance_id,
            credentials={"api_key": DEMO_API_KEY},
            webhook_secret=builders.WEBHOOK_SECRET,
        )
        self.calls = []
        self.after_reply = lambda _request: None

    def fault(self, match: str, kind: str, **more: Any) -> None:
        """Let the next matching request go wrong, in a way of this provider's too."""
        more = {"count": 1, "delay_s": 3 * READ_TIMEOUT_S, **more}
        described = {"match": match, "kind": kind, **more}
        self.crm.simulator.state.faults.append(fault_of(described, OWN_KINDS))

    def request(self, action: str, parameters: dict[str, Any], name: str = "1") -> ActionRequest:
        """A request of its own for each name."""
        return builders.action_request(
            action_id=f"act_{name}",
            idempotency_key=f"act_{name}",
            instance_id=self.instance.instance_id,
            platform="freshsales",
            action=action,
            parameters=parameters,
        )


@contextmanager
def stack_in_memory() -> Iterator[Stack]:
    """An empty stack."""
    aws.forget_clients()
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield Stack()
    aws.forget_clients()


@contextmanager
def world_of(stack: Stack, persona: str) -> Iterator[CrmWorld]:
    """An account without limits, served over HTTP, and connected to the stack."""
    with served(persona) as crm:
        crm.settle(limits={"hour": None, "minute": None})
        yield CrmWorld(crm, stack)


@pytest.fixture
def crm() -> Iterator[Crm]:
    """A suite account without limits."""
    with served() as made:
        made.settle(limits={"hour": None, "minute": None})
        yield made


@pytest.fixture
def classic() -> Iterator[Crm]:
    """A classic account, which has leads, without limits."""
    with served("classic") as made:
        made.settle(limits={"hour": None, "minute": None})
        yield made
