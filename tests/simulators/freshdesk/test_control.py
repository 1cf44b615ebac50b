"""Seeding, settings, clock, statistics and truth over HTTP."""

import json

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator

SEED = {"tickets": 60, "contacts": 10, "companies": 3, "agents": 2, "conversations_per_ticket": 2,
        "deleted_share": 0.1, "spam_share": 0.1, "seed": 5}  # fmt: skip


async def seeded(simulator: RunningSimulator, **more: object) -> dict[str, list[dict[str, object]]]:
    await simulator.control("/reset", {})
    await simulator.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    counts = await simulator.control("/seed", {**SEED, **more})
    names = ("tickets", "contacts", "companies", "agents", "conversations")
    truth = {name: await simulator.control(f"/truth?object={name}") for name in names}
    assert counts == {name: len(records) for name, records in truth.items()}
    return truth


async def test_the_same_seed_gives_the_same_records(simulator: RunningSimulator) -> None:
    first, second = await seeded(simulator), await seeded(simulator)
    other = await seeded(simulator, seed=6)
    # Starting records keep the stamps of the moment of the reset.
    for one in (first, second, other):
        one["agents"] = []
    assert first == second
    assert first["tickets"] != other["tickets"]


async def test_truth_shows_deleted_and_spam_tickets(simulator: RunningSimulator) -> None:
    tickets = (await seeded(simulator))["tickets"]
    assert len(tickets) == 60
    assert any(one["deleted"] for one in tickets)
    assert any(one["spam"] for one in tickets)
    shown = await simulator.get("/tickets", per_page="100", updated_since="2020-01-01")
    assert len(shown.body) == sum(not one["deleted"] and not one["spam"] for one in tickets)


async def test_truth_can_be_read_in_parts(simulator: RunningSimulator) -> None:
    await seeded(simulator)
    ids: list[int] = []
    while part := await simulator.control(
        f"/truth?object=tickets&limit=25&after={ids[-1] if ids else 0}"
    ):
        ids += [one["id"] for one in part]
    assert ids == list(range(1, 61))


async def test_seeded_tickets_can_share_one_updated_at(simulator: RunningSimulator) -> None:
    tickets = (await seeded(simulator, same_updated_at=40))["tickets"]
    stamps = [str(one["updated_at"]) for one in tickets]
    assert max(stamps.count(stamp) for stamp in stamps) >= 40
    assert all(str(one["updated_at"]) >= str(one["created_at"]) for one in tickets)


async def test_reset_empties_everything(simulator: RunningSimulator) -> None:
    await simulator.control("/config", {"plan": "growth", "limits": {"total": 1}})
    await simulator.control("/faults", {"match": "* /", "kind": "status"})
    await simulator.control("/clock", {"freeze": "2020-01-01"})
    await simulator.get("/account")
    await simulator.control("/reset", {})
    assert (await simulator.get("/account")).headers["X-Ratelimit-Total"] == "400"
    assert await simulator.control("/truth?object=tickets") == []
    assert (await simulator.control("/clock"))["frozen"] is False
    assert (await simulator.control("/stats"))["total"]["requests"] == 1
    assert (await simulator.ticket())["id"] == 1


async def test_stats_count_by_endpoint_and_show_duplicates(simulator: RunningSimulator) -> None:
    await simulator.ticket(subject="once")
    await simulator.ticket(subject="twice")
    await simulator.ticket(subject="other", custom_fields={"cf_marker": "twice"})
    await simulator.post("/tickets/1/notes", {"body": "n"})
    await simulator.post("/tickets/1/notes", {"body": "n"})
    await simulator.get("/tickets/99")
    stats = await simulator.control("/stats")
    assert stats["endpoints"]["POST /tickets"]["statuses"] == {"201": 3}
    assert stats["endpoints"]["GET /tickets/{id}"]["statuses"] == {"404": 1}
    assert stats["total"]["requests"] == stats["total"]["credits"] == 6
    assert stats["creates"]["tickets"] == {"once": 1, "twice": 2}
    assert stats["duplicates"] == {"tickets": {"twice": 2}, "conversations": {"1:n": 2}}


async def test_seeding_counts_as_nothing(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 5})
    stats = await simulator.control("/stats")
    assert (stats["total"]["requests"], stats["creates"]["tickets"]) == (0, {})


async def test_keys_can_be_replaced(simulator: RunningSimulator) -> None:
    dana = next(iter(simulator.account.agents))
    await simulator.control("/config", {"api_keys": {"fresh": dana}})
    assert (await simulator.get("/account")).status == 401
    shown = await simulator.control("/config")
    assert shown["api_keys"] == {"fresh": dana}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/config", {"plan": "gold"}, "plan is one of"),
        ("/config", {"windows": 1}, "unknown setting 'windows'"),
        ("/config", {"window_s": 0}, "window_s takes seconds > 0"),
        ("/config", {"limits": {"tickets": 1}}, "limits is an object with keys among"),
        ("/config", {"api_keys": {"k": 5}}, "there is no agent 5"),
        ("/config", {"latency_ms": "fast"}, "latency_ms takes a number"),
        ("/seed", {"ticket": 5}, "unknown: ticket"),
        ("/seed", {"tickets": -5}, "tickets takes a number >= 0"),
        ("/clock", {"advance_s": -1}, "advance takes seconds >= 0"),
        ("/clock", {"forward": 1}, "clock takes freeze and advance_s"),
        ("/clock", {"freeze": "soon"}, "Invalid isoformat string"),
        ("/faults", {"match": "POST /x", "kind": "?"}, "kind is one of"),
    ],
)
async def test_mistakes_are_explained(
    simulator: RunningSimulator, path: str, body: object, message: str
) -> None:
    answer = await simulator.send("POST", f"/__sim{path}", json=body)
    assert answer.status == 400
    assert message in answer.body["message"]


async def test_a_control_body_needs_no_content_type(simulator: RunningSimulator) -> None:
    answer = await simulator.send(
        "POST", "/__sim/config", data=json.dumps({"plan": "growth"}),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert answer.body["plan"] == "growth"


async def test_an_unknown_object_names_the_known_ones(simulator: RunningSimulator) -> None:
    answer = await simulator.send("GET", "/__sim/truth", params={"object": "sandwiches"})
    assert (answer.status, "tickets" in answer.body["message"]) == (400, True)


async def test_what_customers_do_is_not_counted_as_created_by_the_api(
    simulator: RunningSimulator,
) -> None:
    asked = {"email": "m@c.example", "subject": "Help", "description": "Broken"}
    await simulator.control("/customer/tickets", asked)
    await simulator.control("/customer/tickets/1/replies", {"body": "Still"})
    assert (await simulator.control("/stats"))["creates"] == {"tickets": {}, "conversations": {}}
