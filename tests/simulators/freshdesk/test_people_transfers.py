"""Contacts and companies out to CSV and in from it, as the vendor's JavaScript SDK asks for it."""

import csv
import io
from typing import Any

import aiohttp
import pytest

from tests.simulators.freshdesk.conftest import Answer, RunningSimulator

NOTHING: dict[str, Any] = {"fields": {"default_fields": [], "custom_fields": []}}


def wanted(default: list[str], custom: list[str]) -> dict[str, Any]:
    return {"fields": {"default_fields": default, "custom_fields": custom}}


async def downloaded(simulator: RunningSimulator, url: str) -> list[list[str]]:
    """The rows behind a link, which needs no key."""
    path = url.removeprefix(simulator.url)
    answer = await simulator.send("GET", path, headers={"Authorization": None})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv")
    return list(csv.reader(io.StringIO(answer.content.decode())))


async def imported(simulator: RunningSimulator, people: str, text: str, **columns: int) -> Answer:
    form = aiohttp.FormData()
    form.add_field("file", text.encode(), filename="people.csv", content_type="text/csv")
    for name, column in columns.items():
        form.add_field(f"fields[{name}]", str(column))
    return await simulator.send("POST", f"/api/v2/{people}/imports", data=form)


async def test_an_export_is_ready_after_a_while(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": True})
    await simulator.control("/config", {"job_delay_s": 30})
    company = (await simulator.post("/companies", {"name": "Acorn"})).body
    body: dict[str, Any] = {"name": "Ann, the first", "email": "ann@a.example", "tags": ["a", "b"]}
    body |= {"company_id": company["id"], "custom_fields": {"loyalty_points": 7}}
    await simulator.post("/contacts", body)
    gone = (await simulator.post("/contacts", {"name": "Bob", "phone": "1"})).body
    await simulator.delete(f"/contacts/{gone['id']}")

    asked = wanted(["name", "email", "tag_names", "company_name"], ["loyalty_points"])
    started = await simulator.post("/contacts/export", asked)
    assert (started.status, list(started.body)) == (200, ["id"])
    path = f"/contacts/export/{started.body['id']}"
    running = await simulator.get(path)
    assert running.body == {"id": started.body["id"], "status": "in_progress"}
    assert (await simulator.post("/contacts/export", asked)).status == 409

    await simulator.control("/clock", {"advance_s": 30})
    ready = (await simulator.get(path)).body
    assert (ready["id"], ready["status"]) == (started.body["id"], "completed")
    assert await downloaded(simulator, ready["download_url"]) == [
        ["Full name", "Email", "Tags", "Company", "Loyalty points"],
        ["Ann, the first", "ann@a.example", "a,b", "Acorn", "7"],
    ]
    assert (await simulator.post("/contacts/export", asked)).status == 200
    await simulator.control("/clock", {"advance_s": 16 * 86_400})
    assert (await simulator.get(path)).status == 404


async def test_companies_are_exported_alike(simulator: RunningSimulator) -> None:
    body = {"name": "Acorn", "domains": ["a.example", "b.example"], "custom_fields": {"seats": 3}}
    await simulator.post("/companies", body)
    started = await simulator.post("/companies/export", wanted(["name", "domains"], ["seats"]))
    ready = (await simulator.get(f"/companies/export/{started.body['id']}")).body
    rows = await downloaded(simulator, ready["download_url"])
    assert rows[1:] == [["Acorn", "a.example,b.example", "3"]]
    assert (await simulator.get("/companies/export/none")).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "fields"),
        ({"fields": {"default_fields": ["name"]}}, "fields.custom_fields"),
        (wanted(["shoe"], []), "fields.default_fields"),
        (wanted([], ["name"]), "fields.custom_fields"),
    ],
    ids=["nothing", "no custom", "unknown", "default among custom"],
)
async def test_an_export_names_columns_there_are(
    simulator: RunningSimulator, body: dict[str, Any], field: str
) -> None:
    answer = await simulator.post("/contacts/export", body)
    assert [one["field"] for one in answer.errors] == [field]


async def test_an_import_makes_and_changes_contacts(simulator: RunningSimulator) -> None:
    known = {"name": "Ann", "email": "ann@a.example", "custom_fields": {"department": "Old"}}
    ann = (await simulator.post("/contacts", known)).body
    text = (
        "Name,Mail,Company,Tags,Points,Team\n"
        'Ann Lee,ANN@a.example,Acorn,"x, y",5,\n'
        "Bob,bob@b.example,Acorn,,,Sales\n"
        ",nobody@b.example,,,,\n"
        "No Mail,not an address,,,,\n"
        "Short\n"
    )
    columns = {
        "name": 0, "email": 1, "company_name": 2, "tag_names": 3, "loyalty_points": 4,
        "department": 5,
    }  # fmt: skip
    started = await imported(simulator, "contacts", text, **columns)
    assert started.status == 201
    path = f"/contacts/imports/{started.body['id']}"
    assert started.headers["Location"].endswith(path)
    shown = (await simulator.get(path)).body
    assert (shown["status"], shown["total_records"], shown["completed_records"]) == (
        "completed", 5, 2,
    )  # fmt: skip
    assert shown["failures"]["count"] == 3
    rows = await downloaded(simulator, shown["failures"]["report"])
    assert [row[0] for row in rows] == ["", "No Mail", "Short"]

    changed = (await simulator.get(f"/contacts/{ann['id']}")).body
    assert (changed["name"], changed["tags"]) == ("Ann Lee", ["x", "y"])
    assert changed["custom_fields"]["loyalty_points"] == 5
    assert changed["custom_fields"]["department"] == "Old"
    company = (await simulator.get(f"/companies/{changed['company_id']}")).body
    assert company["name"] == "Acorn"
    (bob,) = (await simulator.get("/contacts", email="bob@b.example")).body
    assert (bob["company_id"], bob["custom_fields"]["department"]) == (company["id"], "Sales")


async def test_an_import_makes_and_changes_companies(simulator: RunningSimulator) -> None:
    old = (await simulator.post("/companies", {"name": "Acorn"})).body
    text = 'n,d,t\nACORN,"a.example,b.example",Premium\nBeech,,Basic\nCedar,,Golden\n'
    started = await imported(simulator, "companies", text, name=0, domains=1, account_tier=2)
    assert started.body["failures"]["count"] == 1
    changed = (await simulator.get(f"/companies/{old['id']}")).body
    assert (changed["domains"], changed["account_tier"]) == (["a.example", "b.example"], "Premium")
    names = [one["name"] for one in (await simulator.get("/companies")).body]
    assert names == ["ACORN", "Beech"]


async def test_an_import_can_be_cancelled_before_it_ran(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": True})
    await simulator.control("/config", {"job_delay_s": 30})
    started = await imported(simulator, "contacts", "n,e\nA,a@a.example\n", name=0, email=1)
    path = f"/contacts/imports/{started.body['id']}"
    assert started.body["status"] == "in_progress"
    assert started.body["estimated_time_remaining"] == "00:00:10"
    cancelled = await simulator.put(f"{path}/cancel")
    assert (cancelled.status, cancelled.content) == (204, b"")
    await simulator.control("/clock", {"advance_s": 60})
    assert (await simulator.get(path)).body["status"] == "cancelled"
    assert (await simulator.get("/contacts")).body == []
    assert (await simulator.put(f"{path}/cancel")).status == 400
    assert (await simulator.put("/contacts/imports/7/cancel")).status == 404


async def test_the_last_five_imports_are_listed(simulator: RunningSimulator) -> None:
    ids = [
        (await imported(simulator, "contacts", "n\nA\n", name=0)).body["id"] for _ in range(7)
    ]  # fmt: skip
    listed = (await simulator.get("/contacts/imports")).body
    assert [one["id"] for one in listed] == ids[:1:-1]
    assert (await simulator.get("/contacts/imports", status="cancelled")).body == []
    assert (await simulator.get("/contacts/imports", status="lost")).status == 400


async def test_a_file_that_is_no_csv_fails(simulator: RunningSimulator) -> None:
    endless = f'n\n"{"x" * 200_000}"\n'
    started = await imported(simulator, "contacts", endless, name=0)
    assert started.body["status"] == "failed"


@pytest.mark.parametrize(
    ("fields", "filename", "offences"),
    [
        ({"fields[name]": "0"}, None, ["file"]),
        ({"fields[name]": "0"}, "people.xls", ["file"]),
        ({}, "people.csv", ["fields.name"]),
        ({"fields[name]": "first"}, "people.csv", ["fields.name"]),
        ({"fields[name]": "0", "fields[shoe]": "1"}, "people.csv", ["fields.shoe"]),
        ({"fields[name]": "0", "mode": "x"}, "people.csv", ["mode"]),
    ],
    ids=["no file", "no csv", "no name", "no number", "unknown attribute", "unknown part"],
)
async def test_an_import_that_cannot_be_read_is_refused(
    simulator: RunningSimulator,
    fields: dict[str, str],
    filename: str | None,
    offences: list[str],
) -> None:
    form = aiohttp.FormData(fields, default_to_multipart=True)
    if filename:
        form.add_field("file", b"n\nA\n", filename=filename)
    answer = await simulator.send("POST", "/api/v2/contacts/imports", data=form)
    assert [one["field"] for one in answer.errors] == offences
    assert (await simulator.get("/contacts/imports")).body == []
