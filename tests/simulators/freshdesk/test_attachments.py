"""Files by multipart: coercion of the text beside them, size limit, links, removal."""

import aiohttp
import pytest

from local.freshdesk import attachments
from tests.simulators.freshdesk.conftest import Answer, RunningSimulator


def form(files: dict[str, bytes], *values: tuple[str, str]) -> aiohttp.FormData:
    data = aiohttp.FormData(quote_fields=False)
    for name, value in values:
        data.add_field(name, value, content_type="text/plain")
    for name, content in files.items():
        data.add_field("attachments[]", content, filename=name, content_type="application/pdf")
    data.add_field("attachments[]", b"", filename="empty.txt", content_type="text/plain")
    return data


async def create(
    simulator: RunningSimulator, files: dict[str, bytes], *more: tuple[str, str]
) -> Answer:
    values = (("email", "a@b.example"), ("subject", "s"), ("description", "d"), *more)
    return await simulator.send("POST", "/api/v2/tickets", data=form(files, *values))


async def test_a_form_is_coerced_and_its_files_kept(simulator: RunningSimulator) -> None:
    answer = await create(
        simulator, {"in voice.pdf": b"%PDF-1"}, ("priority", "3"), ("tags[]", "a"), ("tags[]", "b"),
        ("custom_fields[cf_vip]", "true"), ("custom_fields[cf_reference_number]", "12"),
        ("cc_emails[]", "x@y.example"),
    )  # fmt: skip
    assert answer.status == 201, answer.content
    ticket = answer.body
    assert (ticket["priority"], ticket["tags"]) == (3, ["a", "b"])
    assert ticket["custom_fields"]["cf_vip"] is True
    assert ticket["custom_fields"]["cf_reference_number"] == 12
    assert ticket["cc_emails"] == ["x@y.example"]
    file, empty = ticket["attachments"]
    assert (file["name"], file["size"], file["content_type"]) == (
        "in voice.pdf", 6, "application/pdf",
    )  # fmt: skip
    assert empty["size"] == 0


async def test_what_cannot_be_coerced_is_refused(simulator: RunningSimulator) -> None:
    answer = await create(simulator, {}, ("priority", "high"))
    assert answer.errors[0]["code"] == "datatype_mismatch"
    assert simulator.account.attachments == {}


async def test_a_link_needs_no_key_and_ends_after_five_minutes(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": True})
    url = (await create(simulator, {"a.pdf": b"%PDF-1"})).body["attachments"][0]["attachment_url"]
    path = url.removeprefix(simulator.url)
    keyless = {"Authorization": None}
    answer = await simulator.send("GET", path, headers=keyless)
    assert (answer.status, answer.content) == (200, b"%PDF-1")
    assert answer.headers["Content-Type"] == "application/pdf"
    await simulator.control("/clock", {"advance_s": 301})
    assert (await simulator.send("GET", path, headers=keyless)).status == 403


async def test_a_tickets_files_may_not_exceed_the_limit_together(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_BYTES", 100)
    assert (await create(simulator, {"a": b"x" * 60})).status == 201
    note = (("body", "more"),)
    small = await simulator.send(
        "POST", "/api/v2/tickets/1/notes", data=form({"b": b"x" * 40}, *note)
    )
    assert small.status == 201
    large = await simulator.send("PUT", "/api/v2/tickets/1", data=form({"c": b"x" * 41}))
    assert large.errors[0]["field"] == "attachments"
    assert len((await simulator.get("/tickets/1")).body["attachments"]) == 2


async def test_what_was_said_counts_towards_a_tickets_limit(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_BYTES", 100)
    await simulator.ticket()
    path, body = "/api/v2/tickets/1/notes", ("body", "more")
    notes = [
        await simulator.send("POST", path, data=form({"a": b"x" * 50}, body)) for _ in range(3)
    ]  # fmt: skip
    assert [one.status for one in notes] == [201, 201, 400]
    forward = form({}, ("body", "See"), ("to_emails[]", "a@b.example"))
    await simulator.send("POST", "/api/v2/tickets/1/forward", data=forward)
    own = f"/api/v2/conversations/{notes[0].body['id']}"
    assert (await simulator.send("PUT", own, data=form({"b": b"x"}))).status == 400
    await simulator.delete(f"/conversations/{notes[1].body['id']}")
    assert (await simulator.send("PUT", own, data=form({"b": b"x" * 50}))).status == 200


def test_the_limit_is_20_mb() -> None:
    assert attachments.MAX_BYTES == 20 * 1024 * 1024


async def test_files_are_added_by_an_update_and_removed_by_id(simulator: RunningSimulator) -> None:
    await create(simulator, {"a": b"1"})
    added = await simulator.send("PUT", "/api/v2/tickets/1", data=form({"b": b"2"}))
    names = [one["name"] for one in added.body["attachments"]]
    assert names == ["a", "empty.txt", "b", "empty.txt"]
    first = added.body["attachments"][0]
    assert (await simulator.delete(f"/attachments/{first['id']}")).status == 204
    assert (await simulator.delete(f"/attachments/{first['id']}")).status == 404
    left = (await simulator.get("/tickets/1")).body["attachments"]
    assert [one["name"] for one in left] == ["empty.txt", "b", "empty.txt"]


async def test_a_file_part_of_another_name_is_refused(simulator: RunningSimulator) -> None:
    data = aiohttp.FormData({"email": "a@b.example", "subject": "s", "description": "d"})
    data.add_field("file", b"x", filename="x.txt")
    answer = await simulator.send("POST", "/api/v2/tickets", data=data)
    assert (answer.errors[0]["field"], answer.errors[0]["code"]) == ("file", "invalid_field")
    assert simulator.account.tickets == {}


async def test_a_form_with_a_broken_part_is_refused(simulator: RunningSimulator) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    broken = b"--x\r\nbroken"
    answer = await simulator.send("POST", "/api/v2/tickets", data=broken, headers=headers)
    assert (answer.status, answer.body["code"]) == (400, "invalid_json")
