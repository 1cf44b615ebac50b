"""A run over everything finds what left without a trace, and says how that is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from freezegun import freeze_time

from freshbridge.lake.lake import Lake
from freshbridge.sync.objects import OBJECTS
from tests import builders
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
MANY = builders.Context(300_000)
POLLING = {
    "subdomain": "acme",
    "event.notification.enabled": "true",
    "event.vendor.type": "polling",
    "event.objects": "accounts",
}
COMPANIES = OBJECTS["companies"]


class World:
    """A stack that copies the companies of an account."""

    def __init__(self, stack: Stack, start: Start, provider: FakeTransport, clock: Any) -> None:
        self.stack, self._start, self.provider, self._clock = stack, start, provider, clock
        self.companies = {
            n: {"id": n, "name": f"C{n}", "created_at": "2026-03-01T00:00:00Z",
                "updated_at": "2026-03-01T00:00:00Z"}
            for n in range(1, 5)
        }  # fmt: skip
        provider.on("GET", "/api/v2/companies", self._list)
        self.lake = Lake(stack.names["LakeBucket"])

    def connect(self, **settings: Any) -> None:
        """Copy them, and tell what changes."""
        config = {"sync": {"companies": settings}}
        self.stack.connect(
            builders.instance(configuration=POLLING, sync_objects=("companies",), config=config)
        )

    def state(self) -> dict[str, Any]:
        """What GET says of the companies."""
        return dict(self._asked("GET")["companies"])

    def sync(self, **more: Any) -> dict[str, Any]:
        """A run over everything, a minute after the last one; its manifest."""
        self._clock.tick(60)
        data = self._asked("POST", json.dumps({"full": True, **more}))
        while self.stack.count("SyncQueue")[0]:
            assert self.stack.deliver("SyncQueue", self._start("SyncWorker").handler, MANY) == []
        manifest = self.lake.read_manifest(builders.INSTANCE_ID, "companies", data["run_id"])
        assert manifest is not None
        return manifest

    def _asked(self, method: str, body: str = "") -> dict[str, Any]:
        path = f"/api/integrations/{builders.INSTANCE_ID}/sync"
        event = builders.rest_event(
            method, path, body=body, headers={"authorization": ACCESS},
            parameters={"proxy": path.removeprefix("/api/")},
        )  # fmt: skip
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        return dict(json.loads(answer["body"])["data"])

    def rows(self, *, removed: bool = False) -> set[str]:
        """The ids of what is held, or was."""
        return {row.id for row in self.lake.rows(builders.INSTANCE_ID, COMPANIES, removed=removed)}

    def told(self) -> list[tuple[str, int]]:
        """What was queued as events."""
        bodies = [json.loads(one["body"]) for one in self.stack.bodies("EventQueue")]
        return [(one["type"], one["record"]["id"]) for one in bodies]

    def _list(self, request: Any) -> Any:
        return PagedList(list(self.companies.values()))(request)


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> Iterator[World]:
    with freeze_time("2026-03-03T12:00:00Z", tick=True) as clock:
        yield World(stack, start, provider, clock)


def test_what_left_without_a_trace_is_found_told_and_proved(world: World) -> None:
    # Given companies that are held
    world.connect()
    first = world.sync()
    assert first["complete"] is True
    assert "Nothing was held before" in first["proof"]["why"][0]

    # When one is deleted for good, and one is not shown by the list any more
    missed = world.companies.pop(2)
    del world.companies[1]
    world.provider.on("GET", "/api/v2/companies/1", empty_reply(404))
    world.provider.on("GET", "/api/v2/companies/2", json_reply(missed))
    second = world.sync()

    # Then the one is a tombstone, the other is kept, and the report says both
    assert world.rows() == {"2", "3", "4"}
    assert world.rows(removed=True) == {"1"}
    assert world.told() == [("company_deleted", 1)]
    proof = second["proof"]
    assert proof["candidates"] == {
        "count": 2, "held_back": 0, "verdicts": {"gone": 1, "missed": 1},
    }  # fmt: skip
    assert proof["held"] == {"before": 4, "after": 3}
    assert proof["changed"]["removed"] == 1
    assert proof["gaps"] == []
    assert second["complete"] is False
    assert "1 companies exist and were not in the provider's list" in proof["why"][0]

    # And once the list shows it again, the copy is complete
    world.companies[2] = missed
    assert world.sync()["complete"] is True


def test_too_many_are_held_back_until_somebody_lets_them_go(world: World) -> None:
    world.connect(most_removed=1, most_removed_share=0)
    world.sync()
    world.companies = {4: world.companies[4]}
    asked = len(world.provider.requests)

    held = world.sync()

    assert held["proof"]["candidates"]["held_back"] == 3
    assert held["complete"] is False
    assert "release_removals" in held["proof"]["why"][0]
    told = world.state()
    assert (told["complete"], told["held_back"]["count"]) == (False, 3)
    assert told["held_back"]["why"] == held["proof"]["why"][0]
    assert told["held_back"]["release"].startswith("POST /api/integrations/{id}/sync {")
    assert world.rows() == {"1", "2", "3", "4"}
    assert {request.path for request in world.provider.requests[asked:]} == {"/api/v2/companies"}

    for number in (1, 2, 3):
        world.provider.on("GET", f"/api/v2/companies/{number}", empty_reply(404))
    released = world.sync(objects=["companies"], release_removals=True)

    assert released["complete"] is True
    assert world.rows() == {"4"}
    assert len(world.told()) == 3
    assert (world.state()["complete"], world.state()["held_back"]) == (True, None)

    # And that was for this run alone
    world.companies = {n: {"id": n, "updated_at": "2026-03-01T00:00:00Z"} for n in (4, 5, 6)}
    world.sync()
    world.companies = {}
    assert world.sync()["proof"]["candidates"]["held_back"] == 3
