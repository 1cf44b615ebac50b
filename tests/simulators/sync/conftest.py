"""A simulated account without limits, served over HTTP, and the client that reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.feed import Feed, PageRead, Scope
from freshbridge.transport import RequestsTransport
from local.freshdesk.account import DEMO_API_KEY, Account, Record
from local.freshdesk.app import Simulator
from local.freshdesk.seed import seed
from local.freshdesk.settings import BUCKETS, changed
from tests.simulators.served import served


@dataclass
class Desk:
    """The account and its client."""

    simulator: Simulator
    client: FreshdeskClient
    url: str

    @property
    def account(self) -> Account:
        """What there is, to be looked at and changed between two calls."""
        return self.simulator.account

    def configure(self, **settings: Any) -> None:
        """Change the plan's knobs."""
        self.account.settings = changed(self.account.settings, settings)

    def seed(self, **options: Any) -> None:
        """Put data in, deterministic."""
        seed(self.account, options)

    def calls(self, name: str) -> int:
        """How many requests of one endpoint were made."""
        endpoints = self.simulator.state.stats.body()["endpoints"]
        return int(endpoints.get(name, {}).get("requests", 0))

    def table(self, name: str) -> dict[int, Record]:
        """The records that there are."""
        return self.account.table(name)


@dataclass
class Copy:
    """What the feeds gave: of two versions the later `updated_at` wins, on a tie the later read."""

    records: dict[int, tuple[Record, State]] = field(default_factory=dict)
    rows: int = 0
    calls: int = 0

    def ids(self, state: State = State.LIVE) -> set[int]:
        """Those in one state."""
        return {one for one, (_, known) in self.records.items() if known is state}

    def read(
        self, desk: Desk, feed: Feed, scope: Scope, *, between: Callable[[int], None] | None = None
    ) -> PageRead:
        """Read a feed to its end; `between` is called before each page. Returns the last page."""
        position = feed.first(scope)
        for number in range(10_000):
            if between is not None:
                between(number)
            page = feed.read(desk.client, json.loads(json.dumps(position)))
            self.calls += page.calls
            self._merge(page.records, feed.state)
            if page.position is None:
                return page
            position = page.position
        raise AssertionError("the reading does not end")

    def _merge(self, records: Sequence[Record], state: State) -> None:
        for record in records:
            self.rows += 1
            known = self.records.get(record["id"])
            stamp = str(record.get("updated_at"))
            if known is None or str(known[0].get("updated_at")) <= stamp:
                self.records[record["id"]] = (record, state)


@pytest.fixture
def desk() -> Iterator[Desk]:
    simulator = Simulator()
    with served(simulator) as url:
        made = Desk(simulator, FreshdeskClient(RequestsTransport(), url, DEMO_API_KEY), url)
        made.configure(plan="enterprise", limits=dict.fromkeys(BUCKETS))
        yield made
