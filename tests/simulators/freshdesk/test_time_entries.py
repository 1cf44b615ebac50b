"""Time entries and their timers over HTTP, on a frozen clock."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshdesk.time_entries import seconds_of, time_spent_of
from tests.simulators.freshdesk.conftest import Answer, RunningSimulator

NOON = 1_772_539_200.0


@pytest.fixture
async def ticket(simulator: RunningSimulator) -> dict[str, Any]:
    simulator.account.clock.freeze(NOON)
    return await simulator.ticket()


async def add(simulator: RunningSimulator, ticket: dict[str, Any], **fields: Any) -> Answer:
    return await simulator.post(f"/tickets/{ticket['id']}/time_entries", fields)


async def view(simulator: RunningSimulator, entry_id: int) -> dict[str, Any]:
    entries = (await simulator.get("/time_entries")).body
    found: dict[str, Any] = next(one for one in entries if one["id"] == entry_id)
    return found


def codes(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 400, answer.content
    return [(one["field"], one["code"]) for one in answer.errors]


async def test_a_booked_entry(simulator: RunningSimulator, ticket: dict[str, Any]) -> None:
    answer = await add(simulator, ticket, time_spent="01:20", note="Root-cause call")
    entry = answer.body
    assert answer.status == 201
    assert answer.headers["Location"].endswith(f"/time_entries/{entry['id']}")
    assert set(entry) == {
        "id", "billable", "note", "timer_running", "agent_id", "ticket_id", "company_id",
        "time_spent", "time_spent_in_seconds", "executed_at", "start_time", "created_at",
        "updated_at",
    }  # fmt: skip
    assert (entry["time_spent"], entry["time_spent_in_seconds"]) == ("01:20", 4800)
    assert (entry["timer_running"], entry["billable"]) == (False, True)
    assert entry["agent_id"] == (await simulator.get("/agents/me")).body["id"]
    simulator.account.clock.advance(3600)
    assert (await view(simulator, entry["id"]))["time_spent"] == "01:20"


@pytest.mark.parametrize("fields", [{}, {"start_time": "2026-03-03T11:00:00Z"}])
async def test_saying_nothing_or_a_start_runs_the_timer(
    simulator: RunningSimulator, ticket: dict[str, Any], fields: dict[str, Any]
) -> None:
    entry = (await add(simulator, ticket, **fields)).body
    assert entry["timer_running"] is True
    before = entry["time_spent_in_seconds"]
    assert before == (3600 if fields else 0)
    simulator.account.clock.advance(120)
    assert (await view(simulator, entry["id"]))["time_spent_in_seconds"] == before + 120


async def test_one_timer_runs_per_agent(
    simulator: RunningSimulator, ticket: dict[str, Any]
) -> None:
    first = (await add(simulator, ticket)).body
    other_agent = max(simulator.account.agents)
    others = (await add(simulator, ticket, agent_id=other_agent)).body
    simulator.account.clock.advance(300)
    await add(simulator, ticket, timer_running=True)
    simulator.account.clock.advance(60)
    stopped = await view(simulator, first["id"])
    assert (stopped["timer_running"], stopped["time_spent"]) == (False, "00:05")
    assert (await view(simulator, others["id"]))["timer_running"] is True


async def test_toggling_stops_and_starts(
    simulator: RunningSimulator, ticket: dict[str, Any]
) -> None:
    entry = (await add(simulator, ticket)).body
    path = f"/time_entries/{entry['id']}/toggle_timer"
    simulator.account.clock.advance(600)
    answer = await simulator.put(path)
    assert (answer.status, answer.content) == (200, b"")
    simulator.account.clock.advance(600)
    assert (await view(simulator, entry["id"]))["time_spent"] == "00:10"
    await simulator.put(path)
    simulator.account.clock.advance(60)
    assert (await view(simulator, entry["id"]))["time_spent"] == "00:11"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"time_spent": "80"}, [("time_spent", "invalid_value")]),
        ({"time_spent": "01:75"}, [("time_spent", "invalid_value")]),
        ({"time_spent": 80}, [("time_spent", "datatype_mismatch")]),
        ({"start_time": "2026-03-04T12:00:00Z"}, [("start_time", "invalid_value")]),
        (
            {"start_time": "2026-03-03T11:00:00Z", "timer_running": False},
            [("start_time", "incompatible_field")],
        ),
        ({"agent_id": 1}, [("agent_id", "invalid_value")]),
        ({"minutes": 5}, [("minutes", "invalid_field")]),
    ],
)
async def test_a_wrong_entry_is_refused(
    simulator: RunningSimulator,
    ticket: dict[str, Any],
    fields: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    assert codes(await add(simulator, ticket, **fields)) == expected
    assert (await simulator.get("/time_entries")).body == []


async def test_what_an_update_may_not_do(
    simulator: RunningSimulator, ticket: dict[str, Any]
) -> None:
    running = (await add(simulator, ticket)).body
    path = f"/time_entries/{running['id']}"
    start = {"start_time": "2026-03-03T11:00:00Z"}
    same = await simulator.put(path, {"timer_running": True})
    assert codes(same) == [("timer_running", "invalid_value")]
    assert codes(await simulator.put(path, start)) == [("start_time", "incompatible_field")]
    other = {"agent_id": max(simulator.account.agents)}
    assert codes(await simulator.put(path, other)) == [("agent_id", "incompatible_field")]
    # Stopping may correct the start
    stopped = await simulator.put(path, {**start, "timer_running": False})
    assert (stopped.status, stopped.body["time_spent"]) == (200, "01:00")
    assert codes(await simulator.put(path, start)) == [("start_time", "incompatible_field")]
    assert (await simulator.put(path, other)).body["agent_id"] == other["agent_id"]


async def test_lists_and_deleting(simulator: RunningSimulator, ticket: dict[str, Any]) -> None:
    early = {"time_spent": "00:10", "executed_at": "2026-03-01T00:00:00Z", "billable": False}
    first = (await add(simulator, ticket, **early)).body
    second = (await add(simulator, ticket, time_spent="00:20")).body
    other = await simulator.ticket(email="b@c.example")
    third = (await add(simulator, other, time_spent="00:30")).body
    everything = {first["id"], second["id"], third["id"]}
    for query, expected in (
        ({}, everything),
        ({"billable": "false"}, {first["id"]}),
        ({"executed_after": "2026-03-02"}, {second["id"], third["id"]}),
        ({"executed_before": "2026-03-02"}, {first["id"]}),
        ({"agent_id": str(first["agent_id"])}, everything),
        ({"agent_id": "1"}, set()),
    ):
        listed = await simulator.get("/time_entries", **query)
        assert {one["id"] for one in listed.body} == expected, query
    of_ticket = await simulator.get(f"/tickets/{ticket['id']}/time_entries")
    assert [one["id"] for one in of_ticket.body] == [first["id"], second["id"]]
    assert (await simulator.delete(f"/time_entries/{first['id']}")).status == 204
    assert (await simulator.delete(f"/time_entries/{first['id']}")).status == 404


async def test_a_plan_without_time_tracking(
    simulator: RunningSimulator, ticket: dict[str, Any]
) -> None:
    await simulator.control("/config", {"without_features": ["time_tracking"]})
    answer = await add(simulator, ticket, time_spent="00:10")
    assert (answer.status, answer.body["code"]) == (403, "require_feature")


@given(st.integers(min_value=0, max_value=500 * 60))
def test_minutes_survive_the_wire_form(minutes: int) -> None:
    assert seconds_of(time_spent_of(minutes * 60)) == minutes * 60
