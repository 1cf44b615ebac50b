"""One message for each record that a webhook changed, however many webhooks there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshbridge.routing.touching import DELAY_S, Touching
from freshbridge.sync.touch import RecordTouch
from tests import builders
from tests.fakes.observed import Observed

INSTANCE = builders.instance(config={"sync": {"from_webhooks": True}})


class World:
    """A queue and marks with memory."""

    def __init__(self) -> None:
        self.sent: list[tuple[RecordTouch, str, int]] = []
        self.marked: set[tuple[Any, ...]] = set()
        self.fetched: tuple[Mapping[str, Any], str] | None = None
        self.told = Observed()
        self.touching = Touching(
            self,  # type: ignore[arg-type]  # stands in for the queue
            self,  # type: ignore[arg-type]  # and for the marks
            held=lambda _event, _name: self.fetched,
            metrics=self.told.metrics,
        )

    def publish(self, order: RecordTouch, name: str, delay_s: int = 0) -> None:
        """Send one message."""
        self.sent.append((order, name, delay_s))

    def set(self, *of: Any) -> bool:
        """Whether there was no mark of the record."""
        known, self.marked = self.marked, self.marked | {of[:3]}
        return of[:3] not in known


def test_the_first_of_a_burst_asks_and_waits_for_the_others() -> None:
    world = World()
    for number in range(3):
        world.touching.touch(builders.event(id=f"evt_{number}", ticket={"id": 7}), INSTANCE)

    ((order, name, delay_s),) = world.sent
    assert order == RecordTouch("7", "tickets", INSTANCE.instance_id, "touch-evt_0", "evt_0")
    assert (name, delay_s) == ("evt_0-tickets", DELAY_S)
    assert world.told.counts == {"RecordsTouched": 1}


def test_what_was_fetched_goes_along_and_needs_no_mark() -> None:
    world = World()
    world.fetched = ({"id": 7}, "2026-03-03T12:00:00.000000Z")

    world.touching.touch(builders.event(ticket={"id": 7}), INSTANCE)

    ((order, _, delay_s),) = world.sent
    assert (order.record, order.seen_at, delay_s) == (*world.fetched, 0)
    assert world.marked == set()


def test_who_does_not_want_it_asks_for_nothing() -> None:
    world = World()
    world.touching.touch(builders.event(ticket={"id": 7}), builders.instance())
    assert (world.sent, world.marked) == ([], set())
