"""Automation rules over HTTP: who may, what is shown, and the places that rules take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator, basic

RULES = "/automations/1/rules"
RULE = {"name": "Tag", "actions": [{"field_name": "add_tag", "value": "new"}]}


async def places(simulator: RunningSimulator) -> list[tuple[str, int]]:
    answer = await simulator.get(RULES)
    assert answer.body["meta"]["count"] == len(answer.body["rules"])
    return [(rule["name"], rule["position"]) for rule in answer.body["rules"]]


async def make(simulator: RunningSimulator, name: str, **fields: Any) -> int:
    answer = await simulator.post(RULES, {**RULE, "name": name, **fields})
    assert answer.status == 201, answer.content
    return int(answer.body["id"])


async def test_a_new_rule_comes_last_and_one_put_somewhere_pushes_the_others_on(
    simulator: RunningSimulator,
) -> None:
    for name in ("a", "b", "c"):
        await make(simulator, name)
    await make(simulator, "first", position=1)
    await make(simulator, "third", position=3)
    assert await places(simulator) == [("first", 1), ("a", 2), ("third", 3), ("b", 4), ("c", 5)]


async def test_moving_and_deleting_leaves_no_gap(simulator: RunningSimulator) -> None:
    ids = [await make(simulator, name) for name in ("a", "b", "c")]
    assert (await simulator.put(f"{RULES}/{ids[2]}", {"position": 1})).status == 200
    assert await places(simulator) == [("c", 1), ("a", 2), ("b", 3)]
    assert (await simulator.delete(f"{RULES}/{ids[0]}")).status == 204
    assert await places(simulator) == [("c", 1), ("b", 2)]
    # One beyond the end is the last
    await simulator.put(f"{RULES}/{ids[2]}", {"position": 99})
    assert await places(simulator) == [("b", 1), ("c", 2)]


async def test_a_rule_without_conditions_is_shown_with_an_empty_set(
    simulator: RunningSimulator,
) -> None:
    number = await make(simulator, "a", description="Tags what is new")
    shown = (await simulator.get(f"{RULES}/{number}")).body
    assert shown["conditions"] == [
        {"name": "condition_set_1", "match_type": "all", "properties": []}
    ]
    assert shown["description"] == "Tags what is new"
    # And it fires for every ticket
    ticket = await simulator.ticket()
    assert (await simulator.get(f"/tickets/{ticket['id']}")).body["tags"] == ["new"]


async def test_an_update_changes_what_it_names_only(simulator: RunningSimulator) -> None:
    number = await make(simulator, "a")
    changed = (await simulator.put(f"{RULES}/{number}", {"active": False})).body
    assert (changed["active"], changed["name"], changed["actions"]) == (
        False, "a", RULE["actions"],
    )  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_an_agent_who_is_no_administrator_may_not(
    simulator: RunningSimulator, method: str
) -> None:
    # Given the key of an agent with no administrator's role
    account = simulator.account
    agent = next(a for a in account.agents.values() if a["contact"]["name"] == "Bao Linh")
    account.api_keys["key-of-an-agent"] = agent["id"]
    number = await make(simulator, "a")
    path = RULES if method in ("GET", "POST") else f"{RULES}/{number}"
    headers = {"Authorization": basic("key-of-an-agent")}
    answer = await simulator.send(method, f"/api/v2{path}", headers=headers)
    assert (answer.status, answer.body["code"]) == (403, "access_denied")
    assert len(await places(simulator)) == 1
