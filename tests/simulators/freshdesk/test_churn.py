"""Tickets that change by themselves while a client reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator

FROZEN = "2026-03-03T10:00:00Z"


async def prepared(simulator: RunningSimulator, tickets: int = 50) -> None:
    await simulator.control("/reset", {})
    await simulator.control("/clock", {"freeze": FROZEN})
    await simulator.control("/config", {"limits": {"total": None, "ticket_list": None}})
    await simulator.control("/seed", {"tickets": tickets, "contacts": 5, "deleted_share": 0.2})


async def advance(simulator: RunningSimulator, seconds: float) -> None:
    await simulator.control("/clock", {"advance_s": seconds})


async def tickets_of(simulator: RunningSimulator) -> dict[int, dict[str, Any]]:
    found = await simulator.control("/truth?object=tickets")
    return {one["id"]: one for one in found}


async def test_so_many_tickets_are_edited_a_second(simulator: RunningSimulator) -> None:
    await prepared(simulator)
    before = await tickets_of(simulator)

    await simulator.control("/churn", {"updates_per_s": 4})
    await advance(simulator, 2.6)

    shown = await simulator.control("/churn")
    assert shown == {"running": True, "updates": 10, "creations": 0, "deletions": 0}
    after = await tickets_of(simulator)
    edited = {one for one in after if after[one] != before[one]}
    assert 1 <= len(edited) <= 10
    assert all(after[one]["subject"].startswith("Edited") for one in edited)
    assert {after[one]["updated_at"] for one in edited} == {"2026-03-03T10:00:02Z"}
    assert not any(before[one]["deleted"] for one in edited)


async def test_a_reader_meets_the_changes_between_two_pages(simulator: RunningSimulator) -> None:
    await prepared(simulator)
    query = {"updated_since": "2020-01-01T00:00:00Z", "order_by": "updated_at", "per_page": "10"}
    undisturbed = (await simulator.get("/tickets", **query, order_type="asc", page="2")).body

    await simulator.control("/churn", {"updates_per_s": 10})
    await advance(simulator, 1)
    second = (await simulator.get("/tickets", **query, order_type="asc", page="2")).body

    # Those that moved to the end have let others slide onto the page that was read already.
    passed_over = {one["id"] for one in undisturbed} - {one["id"] for one in second}
    assert passed_over
    newest = (await simulator.get("/tickets", **query, order_type="desc")).body
    assert newest[0]["updated_at"] == "2026-03-03T10:00:01Z"


async def test_the_same_seed_changes_the_same_tickets(simulator: RunningSimulator) -> None:
    async def churned(seed: int) -> dict[int, dict[str, Any]]:
        await prepared(simulator)
        rates = {"updates_per_s": 6, "creations_per_s": 2, "deletions_per_s": 1}
        await simulator.control("/churn", {**rates, "seed": seed})
        await advance(simulator, 5)
        return await tickets_of(simulator)

    first, second, other = await churned(3), await churned(3), await churned(4)

    assert first == second
    assert first != other


async def test_tickets_come_and_go_as_well(simulator: RunningSimulator) -> None:
    await prepared(simulator)
    before = await tickets_of(simulator)

    await simulator.control("/churn", {"creations_per_s": 3, "deletions_per_s": 2})
    await advance(simulator, 2)

    after = await tickets_of(simulator)
    assert len(after) == len(before) + 6
    was_live = {one for one, ticket in after.items() if not before.get(one, {}).get("deleted")}
    gone = {one for one in was_live if after[one]["deleted"]}
    assert len(gone) == 4
    shown = await simulator.control("/churn")
    assert shown == {"running": True, "updates": 0, "creations": 6, "deletions": 4}


async def test_it_ends_when_it_is_told_to_and_with_the_account(
    simulator: RunningSimulator,
) -> None:
    await prepared(simulator)
    await simulator.control("/churn", {"updates_per_s": 10})
    await advance(simulator, 1)

    stopped = (await simulator.send("DELETE", "/__sim/churn")).body
    await advance(simulator, 5)

    assert stopped == {"running": False, "updates": 10, "creations": 0, "deletions": 0}
    assert await simulator.control("/churn") == stopped
    await simulator.control("/churn", {"updates_per_s": 10})
    await prepared(simulator)
    before = await tickets_of(simulator)
    await advance(simulator, 5)
    assert await tickets_of(simulator) == before


async def test_a_new_one_takes_the_place_of_the_old(simulator: RunningSimulator) -> None:
    await prepared(simulator)
    await simulator.control("/churn", {"updates_per_s": 100})
    await simulator.control("/churn", {"updates_per_s": 2})

    await advance(simulator, 3)

    assert (await simulator.control("/churn"))["updates"] == 6


async def test_an_empty_account_stays_empty(simulator: RunningSimulator) -> None:
    await simulator.control("/reset", {})
    await simulator.control("/clock", {"freeze": FROZEN})

    await simulator.control("/churn", {"updates_per_s": 5, "deletions_per_s": 5})
    await advance(simulator, 1)

    assert await tickets_of(simulator) == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"updates": 5}, "unknown: updates"),
        ({"updates_per_s": -1}, "updates_per_s takes a number from 0"),
        ({"updates_per_s": 1e9}, "updates_per_s takes a number from 0"),
        ({"deletions_per_s": "many"}, "deletions_per_s takes a number"),
        ({"object": "contacts"}, "object is tickets"),
        ({"seed": "x"}, "seed takes a whole number"),
    ],
)
async def test_a_wrong_option_is_said(
    simulator: RunningSimulator, body: dict[str, object], said: str
) -> None:
    answer = await simulator.send("POST", "/__sim/churn", json=body)

    assert answer.status == 400
    assert said in answer.body["message"]
