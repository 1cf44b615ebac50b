"""Actions against the Freshdesk simulator, over real HTTP, as the executor would run them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.reference.cache import ReferenceCache
from freshbridge.transport import RequestsTransport
from local.freshdesk.account import DEMO_API_KEY, Account
from local.freshdesk.app import Simulator
from tests import builders
from tests.fakes.actions import run_action
from tests.simulators.served import served


class Desk:
    """A served account: run actions on it, and look at its state directly."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self.url = url
        self.transport = RequestsTransport()
        self.client = FreshdeskClient(self.transport, url, DEMO_API_KEY)
        self.simulator = simulator
        self.instance = builders.instance(origin=url)

    @property
    def account(self) -> Account:
        """What the simulator holds."""
        return self.simulator.account

    def run(self, name: str, parameters: dict[str, Any] | None = None, **given: Any) -> Outcome:
        """Run one action; `given` as for `run_action`."""
        given = {"instance": self.instance, "reference": ReferenceCache(None), **given}
        return run_action(
            name,
            parameters or {},
            self.transport,
            base_url=self.url,
            api_key=DEMO_API_KEY,
            **given,
        )

    def ticket(self, **fields: Any) -> int:
        """A new ticket's number."""
        body = {"email": "mira@client.example", "subject": "Blank page", "description": "It is."}
        made: int = self.client.create_ticket({**body, **fields})["id"]
        return made


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A simulator of this test's own, served from a thread."""
    simulator = Simulator()
    with served(simulator) as url:
        desk = Desk(url, simulator)
        yield desk
        desk.transport.close()
