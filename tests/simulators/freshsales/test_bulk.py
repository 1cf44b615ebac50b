"""Bulk upsert: the job, the report in a text in JSON, the limits, the rows that fail."""

from typing import Any

import orjson
import pytest

from tests.simulators.freshsales.conftest import RunningSimulator


def item(number: int, **data: Any) -> dict[str, Any]:
    return {"emails": f"c{number}@x.example", "data": {"last_name": f"L{number}", **data}}


async def submitted(suite: RunningSimulator, table: str, items: list[Any]) -> str:
    """The path of the job below the API's root."""
    answer = await suite.post(f"/{table}/bulk_upsert", {table: items})
    assert answer.status == 200, answer.content
    assert set(answer.body) == {"job_status_url", "message"}
    url: str = answer.body["job_status_url"]
    assert url.startswith(f"{suite.url}/crm/sales/api/job_statuses/")
    return url.removeprefix(f"{suite.url}/crm/sales/api")


async def test_a_job_runs_after_its_delay_and_reports_in_a_text(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await suite.control("/config", {"job_delay_s": 10})
    await suite.contact("c1@x.example")
    job = await submitted(
        suite, "contacts",
        [item(1, job_title="CTO"), item(2), {"emails": "bad@@x", "data": {"last_name": "B"}}],
    )  # fmt: skip

    early = (await suite.get(job)).body
    assert (early["status"], early["data"], early["progress"]) == ("IN_PROGRESS", None, 0)
    assert len(suite.account.table("contacts")) == 1
    await suite.control("/clock", {"advance_s": 10})
    late = (await suite.get(job)).body

    assert (late["status"], late["progress"]) == ("SUCCESS", 100)
    assert late["created_at"] == "2026-03-03T12:00:00+02:00"
    assert late["status_updated_at"] == "2026-03-03T12:00:10+02:00"
    assert isinstance(late["data"], str)
    assert orjson.loads(late["data"]) == {
        "record_status": {"succeeded": 2, "failed": 1},
        "detailed_failure_report": [{"emails": "bad@@x", "errors": ["Email is invalid"]}],
    }
    people = {one["email"]: one for one in suite.account.table("contacts").values()}
    assert set(people) == {"c1@x.example", "c2@x.example"}
    assert people["c1@x.example"]["job_title"] == "CTO"


async def test_a_job_may_take_several_polls(suite: RunningSimulator) -> None:
    await suite.control("/config", {"job_delay_s": 0, "job_polls": 2})
    job = await submitted(suite, "contacts", [item(1)])
    assert [(await suite.get(job)).body["status"] for _ in range(4)] == [
        "IN_PROGRESS", "IN_PROGRESS", "SUCCESS", "SUCCESS"
    ]  # fmt: skip
    assert (await suite.get("/job_statuses/5")).status == 404


async def test_a_job_may_fail_as_a_whole(suite: RunningSimulator) -> None:
    await suite.control("/config", {"job_delay_s": 0, "job_ends": "FAILED"})
    job = await submitted(suite, "contacts", [item(1)])
    body = (await suite.get(job)).body
    assert (body["status"], body["data"]) == ("FAILED", None)
    assert suite.account.table("contacts") == {}


async def test_accounts_and_deals_by_name_or_id(suite: RunningSimulator) -> None:
    await suite.control("/config", {"job_delay_s": 0})
    account = await suite.made("sales_accounts", name="A")
    items: list[Any] = [
        {"name": "A", "data": {"city": "Lima"}},
        {"name": "B", "data": {}},
        {"id": str(account["id"]), "data": {"phone": "1"}},
        {"id": 5, "data": {"phone": "1"}},
        {"website": "x", "data": {}},
        {"name": "C"},
        "text",
    ]
    job = await submitted(suite, "sales_accounts", items)
    report = orjson.loads((await suite.get(job)).body["data"])
    assert report["record_status"] == {"succeeded": 3, "failed": 4}
    assert report["detailed_failure_report"][0] == {"id": 5, "errors": ["Record not found"]}
    accounts = suite.account.table("sales_accounts").values()
    assert [(one["name"], one["city"], one["phone"]) for one in accounts] == [
        ("A", "Lima", "1"), ("B", None, None)
    ]  # fmt: skip
    job = await submitted(suite, "deals", [{"name": "D", "data": {"amount": 1}}])
    assert orjson.loads((await suite.get(job)).body["data"])["record_status"]["succeeded"] == 1


async def test_100_rows_are_the_most(suite: RunningSimulator) -> None:
    answer = await suite.post("/contacts/bulk_upsert", {"contacts": [item(n) for n in range(101)]})
    assert answer.status == 400
    assert answer.messages == ["A maximum of 100 records are allowed."]
    wrong: list[Any] = [{}, {"contacts": []}, {"contact": [item(1)]}, []]
    for body in wrong:
        assert (await suite.post("/contacts/bulk_upsert", body)).status == 400
    await suite.control("/config", {"job_delay_s": 0})
    await submitted(suite, "contacts", [item(n) for n in range(100)])
    assert len(suite.account.table("contacts")) == 100


async def test_too_many_jobs_at_once_are_405_for_a_while(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await suite.control("/config", {"job_delay_s": 10, "bulk_at_once": 2})
    for number in (1, 2):
        await submitted(suite, "contacts", [item(number)])
    refused = await suite.post("/contacts/bulk_upsert", {"contacts": [item(3)]})
    assert refused.status == 405
    await suite.control("/clock", {"advance_s": 10})
    await submitted(suite, "contacts", [item(3)])


@pytest.mark.parametrize("table", ["contacts", "sales_accounts", "deals"])
async def test_bulk_destroy_goes_to_the_bin_a_little_later(
    suite: RunningSimulator, table: str
) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await suite.control("/seed", {table: 3})
    chosen = list(suite.account.table(table))[:2]
    answer = await suite.post(f"/{table}/bulk_destroy", {"selected_ids": [*chosen, 5]})
    assert answer.status == 200
    assert "message" in answer.body
    gone = [one["is_deleted"] for one in suite.account.table(table).values()]
    assert gone == [False, False, False]
    await suite.control("/clock", {"advance_s": 1})
    gone = [one["is_deleted"] for one in suite.account.table(table).values()]
    assert gone == [True, True, False]


async def test_accounts_destroyed_with_their_people(suite: RunningSimulator) -> None:
    await suite.control("/config", {"job_delay_s": 0})
    account = await suite.made("sales_accounts", name="A")
    await suite.contact(sales_account_id=account["id"])
    body = {"selected_ids": [account["id"]], "delete_associated_contacts_deals": True}
    await suite.post("/sales_accounts/bulk_destroy", body)
    assert all(one["is_deleted"] for one in suite.account.table("contacts").values())


async def test_creations_by_jobs_are_counted_per_marker(suite: RunningSimulator) -> None:
    await suite.control("/config", {"job_delay_s": 0})
    for number in (1, 2):
        await submitted(suite, "contacts", [item(number, custom_field={"cf_marker": "m"})])
    stats = await suite.control("/stats")
    assert stats["creates"]["contacts"] == {"m": 2}
    assert stats["duplicates"]["contacts"] == {"m": 2}
