"""The two actions of destinations against the simulator; a folder of its own has more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.actions.freshsales_crm import served, stack_in_memory
from tests.simulators.destinations.run_world import MAPPING, RunWorld, people


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with stack_in_memory() as stack, served() as crm:
        crm.settle(limits={"hour": None, "minute": None})
        yield RunWorld(crm, stack)


def test_one_record_and_many_go_the_same_way(world: RunWorld) -> None:
    into = world.destination(resource_type="contacts", mapping=MAPPING)
    first, *others = people(4, "way")

    outcome = world.one(into, first, show=True)
    progress = world.run(into, others)

    assert outcome.data["outcome"] == "created"
    assert outcome.data["response"]["body"]["contact"]["last_name"] == "Way 1"
    assert progress.outcomes == {"created": 3}
    assert world.actions() == {"send_record", "send_records"}
