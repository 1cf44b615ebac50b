"""Open Connectors' bulk upload: a file's records are created, and what was not is listed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.callback_world import signed
from tests.integration.conftest import Stack, Start
from tests.integration.export_world import ELEMENTS, Reply, World

HOOK = "https://jobs.example.com/done"
FORM = "multipart/form-data; boundary=xyz"


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> Iterator[World]:
    with freeze_time(datetime.now(UTC).replace(microsecond=0)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        made = World(stack, start, provider, clock)
        made.connect()
        ids = iter(range(1, 1000))

        def created(request: ProviderRequest) -> ProviderReply:
            if "taken" in json.dumps(request.json):
                problem = {"field": "email", "message": "It should be unique.",
                           "code": "duplicate_value"}  # fmt: skip
                return json_reply({"description": "Validation failed", "errors": [problem]}, 409)
            return json_reply({"id": next(ids), **(request.json or {})}, 201)

        provider.on("POST", "/api/v2/contacts", created)
        provider.on("GET", "/api/v2/contact_fields", json_reply([]))
        provider.on("GET", "/api/v2/contacts", json_reply([]))
        yield made


def upload(world: World, content: str, *, name: str = "contacts", **more: Any) -> Reply:
    body = (
        f'--xyz\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{content}\r\n--xyz--\r\n"
    )
    headers = {"Content-Type": FORM, **more.pop("headers", {})}
    return world.call("POST", f"{ELEMENTS}/bulk/{name}", body, headers=headers, **more)


def created(world: World) -> list[str]:
    return sorted(
        (one.json or {})["email"]
        for one in world.receiver.requests
        if (one.method, one.path) == ("POST", "/api/v2/contacts")
    )


def test_records_are_created_and_those_that_are_not_are_listed(world: World) -> None:
    # Given a table of five people, one of whom is there already and one of whom has no name
    people = [f"Mira {n},mira{n}@client.example" for n in range(3)]
    table = "\r\n".join(["name,email", *people, "Asha,taken@client.example", ",x@client.example"])

    # When it is uploaded
    begun = upload(world, table, headers={"Elements-Async-Callback-Url": HOOK})
    job_id = begun.body["id"]
    assert (begun.status, begun.body["status"]) == (200, "CREATED")
    assert world.status(job_id)["status"] == "CREATED"
    world.receiver.on("POST", "/done", empty_reply(200))
    world.work(turns=400)
    world.tell()

    # Then the others were created, each once, and these are told with their reasons
    told = world.status(job_id)
    assert (told["status"], told["recordsCount"], told["recordsFailedCount"]) == (
        "COMPLETED", 5, 2,
    )  # fmt: skip
    assert created(world) == [
        "mira0@client.example", "mira1@client.example", "mira2@client.example",
        "taken@client.example",
    ]  # fmt: skip
    path, query, seen = f"{ELEMENTS}/bulk/{job_id}/errors", {"pageSize": "1"}, []
    while True:
        page = world.call("GET", path, query=query)
        assert page.headers["elements-total-count"] == "2"
        seen += page.body
        if "elements-next-page-token" not in page.headers:
            break
        query = {"pageSize": "1", "nextPage": page.headers["elements-next-page-token"]}
    assert [(one["recordNumber"], one["line"]) for one in seen] == [(4, 5), (5, 6)]
    assert "exists already" in seen[0]["message"]
    assert "name" in seen[1]["message"]
    # and whoever wanted to know was told
    (hook,) = [one for one in world.receiver.requests if one.url == HOOK]
    assert (signed(hook), json.loads(hook.body or b"")) == (True, told)
    # and there is no file
    refused = world.call("GET", f"{ELEMENTS}/bulk/{job_id}/contacts")
    assert (refused.status, "is an upload" in refused.body["message"]) == (400, True)
    listed = world.call("GET", f"{ELEMENTS}/bulkloader").body
    assert [(one["groupName"], one["status"]) for one in listed] == [("contacts", "COMPLETED")]


def test_a_body_may_be_in_base64(world: World) -> None:
    content = "name,email\r\nMíra,mira@client.example"
    text = (
        '--xyz\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\n'
        f"{content}\r\n--xyz--\r\n"
    )
    body = base64.b64encode(text.encode()).decode()
    begun = world.call(
        "POST", f"{ELEMENTS}/hubs/helpdesk/bulk/contacts", body, headers={"Content-Type": FORM},
        base64_encoded=True,
    )  # fmt: skip
    world.work(turns=400)
    assert world.status(begun.body["id"])["recordsFailedCount"] == 0
    (made,) = [o for o in world.receiver.requests if o.method == "POST"]
    assert (made.json or {})["name"] == "Míra"


def test_an_upload_can_be_cancelled(world: World) -> None:
    begun = upload(world, "name,email\r\nMira,mira@client.example")
    pending = world.call("PUT", f"{ELEMENTS}/bulk/{begun.body['id']}/cancel")
    assert pending.status == 200
    world.work(turns=400)
    assert world.status(begun.body["id"])["status"] == "CANCELLED"
    assert created(world) == []
    again = world.call("PUT", f"{ELEMENTS}/bulk/{begun.body['id']}/cancel")
    assert (again.status, again.body["status"]) == (200, "CANCELLED")


def test_a_file_that_cannot_be_read_fails_as_a_whole(world: World) -> None:
    begun = upload(world, 'name,name\r\nMira,"Mira')
    world.work(turns=400)
    told = world.status(begun.body["id"])
    assert (told["status"], told["recordsFailedCount"]) == ("ABORTED", 1)
    wrong = world.call("GET", f"{ELEMENTS}/bulk/{begun.body['id']}/errors").body
    assert wrong[0]["message"] == told["statusMessage"] != ""


@pytest.mark.parametrize("name", ["agents", "printers"])
def test_what_cannot_be_created_is_refused(world: World, name: str) -> None:
    answer = upload(world, "a\r\nb", name=name)
    assert (answer.status, "can be created in bulk" in answer.body["message"]) == (400, True)
    assert world.stack.bodies("ActionQueue") == []
