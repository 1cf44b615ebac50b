"""Bulk update and delete, and the jobs that do them."""

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator


@pytest.fixture
async def three_tickets(simulator: RunningSimulator) -> RunningSimulator:
    await simulator.control("/clock", {"freeze": True})
    await simulator.control("/config", {"job_delay_s": 10})
    for _ in range(3):
        await simulator.ticket()
    return simulator


async def test_a_bulk_update_happens_when_its_job_runs(three_tickets: RunningSimulator) -> None:
    action = {
        "ids": [1, 2, 77],
        "properties": {"status": 4, "tags": ["merged"], "skip_close_notification": True},
        "reply": {"body": "Done"},
    }
    answer = await three_tickets.post("/tickets/bulk_update", {"bulk_action": action})
    assert answer.status == 202
    job_id = answer.body["job_id"]
    assert answer.body["href"] == f"{three_tickets.url}/api/v2/jobs/{job_id}"
    waiting = (await three_tickets.get(f"/jobs/{job_id}")).body
    assert waiting == {"id": job_id, "status": "IN PROGRESS"}
    assert (await three_tickets.get("/tickets/1")).body["status"] == 2
    await three_tickets.control("/clock", {"advance_s": 10})
    assert (await three_tickets.get(f"/jobs/{job_id}")).body["status"] == "COMPLETED"
    tickets = {one["id"]: one for one in (await three_tickets.get("/tickets")).body}
    assert [tickets[number]["status"] for number in (1, 2, 3)] == [4, 4, 2]
    assert tickets[1]["tags"] == ["merged"]
    assert len((await three_tickets.get("/tickets/2/conversations")).body) == 1


async def test_a_bulk_delete_skips_what_is_gone_already(three_tickets: RunningSimulator) -> None:
    await three_tickets.delete("/tickets/1")
    await three_tickets.post("/tickets/bulk_delete", {"bulk_action": {"ids": [1, 2]}})
    await three_tickets.control("/clock", {"advance_s": 10})
    assert [one["id"] for one in (await three_tickets.get("/tickets")).body] == [3]


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        ("bulk_delete", {"ids": [1]}, "ids", "invalid_field"),
        ("bulk_delete", {"bulk_action": {}}, "bulk_action.ids", "missing_field"),
        ("bulk_delete", {"bulk_action": {"ids": ["1"]}}, "bulk_action.ids", "datatype_mismatch"),
        (
            "bulk_update", {"bulk_action": {"ids": [1], "properties": {"subject": "x"}}},
            "bulk_action.properties.subject", "invalid_field",
        ),
        (
            "bulk_update", {"bulk_action": {"ids": [1], "properties": {"group_id": 1}}},
            "group_id", "invalid_value",
        ),
    ],
)  # fmt: skip
async def test_wrong_bodies_start_no_job(
    three_tickets: RunningSimulator, path: str, body: object, field: str, code: str
) -> None:
    answer = await three_tickets.post(f"/tickets/{path}", body)
    assert (answer.errors[0]["field"], answer.errors[0]["code"]) == (field, code)
    assert three_tickets.account.jobs == {}


async def test_an_unknown_job_is_404(simulator: RunningSimulator) -> None:
    assert (await simulator.get("/jobs/e4d18654f60b")).status == 404
