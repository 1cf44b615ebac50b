"""Open Connectors' bulk download: from the query to the file, the callback, the refusals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from freshbridge import timestamps
from freshbridge.exports import downloads
from freshbridge.exports.folder import ExportFolder
from freshbridge.exports.job import Job
from freshbridge.exports.job_store import JobStore
from freshbridge.exports.wanted import Format
from tests.fakes.provider import FakeTransport, empty_reply
from tests.integration.callback_world import signed
from tests.integration.conftest import Stack, Start
from tests.integration.export_world import AS_OF, ELEMENTS, World, form, ticket

HOOK = "https://jobs.example.com/done"


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> Iterator[World]:
    with freeze_time(datetime.now(UTC).replace(microsecond=0)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        made = World(stack, start, provider, clock)
        made.connect()
        made.hold([ticket(n) for n in range(1, 101)])
        made.synced()
        yield made


def file_of(world: World, job_id: str, accept: str = "", name: str = "incidents") -> Any:
    headers = {"Accept": accept} if accept else {}
    return world.call("GET", f"{ELEMENTS}/bulk/{job_id}/{name}", headers=headers)


def test_a_client_of_open_connectors_downloads_a_table(world: World) -> None:
    # Given a client that asks as the documentation shows it
    begun = world.query(
        "select * from incidents where status='2' and updated_since='2026-03-05'",
        headers={"Elements-Async-Callback-Url": HOOK, "Accept": "application/json"},
    )
    job_id = begun.body["id"]
    assert (begun.status, begun.body) == (
        200, {"id": job_id, "instanceId": 193000001, "status": "CREATED"},
    )  # fmt: skip
    assert begun.headers["elements-element-instance-id"] == "193000001"
    assert world.status(job_id)["status"] == "CREATED"
    assert file_of(world, job_id).status == 400

    # When the work is done
    world.receiver.on("POST", "/done", empty_reply(204))
    world.work()
    world.tell()

    # Then the status tells how much it is and how old
    expected = [
        one for one in world.held() if one["status"] == 2 and one["updated_at"] >= "2026-03-05"
    ]
    told = world.status(job_id)
    assert (told["status"], told["recordsCount"], told["recordsFailedCount"]) == (
        "COMPLETED", len(expected), 0,
    )  # fmt: skip
    assert (told["asOf"], told["objectName"], told["warnings"]) == (AS_OF, "incidents", [])
    # and the file is there in either of both formats, as the client accepts it
    array = file_of(world, job_id, "application/json")
    assert array.headers["content-type"] == "application/json"
    assert array.body == expected
    table = file_of(world, job_id, "text/csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["content-disposition"] == 'attachment; filename="incidents.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert [row["subject"] for row in rows] == [one["subject"] for one in expected]
    assert file_of(world, job_id, "*/*").body == expected
    # but in no other, and for no other object
    assert file_of(world, job_id, "application/x-ndjson").status == 400
    assert file_of(world, job_id, name="contacts").status == 404
    assert file_of(world, job_id, name="tickets").status == 200
    # and whoever asked to be told was told, signed, of just that status
    (request,) = world.receiver.requests
    assert (request.url, signed(request)) == (HOOK, True)
    assert json.loads(request.body or b"") == told


def test_being_told_twice_of_its_end_calls_once(world: World) -> None:
    world.query("select id from incidents", headers={"Elements-Async-Callback-Url": HOOK})
    world.receiver.on("POST", "/done", empty_reply(200))
    (message,) = world.stack.messages("ActionQueue")
    world.work()
    world.stack.send("ActionQueue", message["Body"])
    world.work()
    world.tell()
    assert len(world.receiver.requests) == 1


def test_a_callback_that_is_not_taken_is_sent_again_and_can_be_seen(world: World) -> None:
    world.query("select id from incidents", headers={"Elements-Async-Callback-Url": HOOK})
    world.receiver.on("POST", "/done", empty_reply(500), empty_reply(200))
    world.work()
    world.tell()
    listed = world.call("GET", f"{ELEMENTS}/notifications/subscriptions/deliveries").body
    assert [(one["status"], one["config"]["url"]) for one in listed] == [("retry", HOOK)]
    for _ in range(8):
        world.pass_time(timedelta(seconds=2))
        world.tell()
    assert len(world.receiver.requests) == 2
    first, second = world.receiver.requests
    assert (first.body, signed(second)) == (second.body, True)


@pytest.mark.parametrize(
    ("path", "body", "headers", "query"),
    [
        ("/bulk/query", form(q="select id from tickets limit 3"),
         {"Content-Type": "application/x-www-form-urlencoded"}, None),
        ("/bulk/query", json.dumps({"q": "select id from tickets limit 3"}),
         {"Content-Type": "application/json"}, None),
        ("/hubs/helpdesk/bulk/query", None, {}, {"q": "select id from incidents limit 3"}),
        ("/hubs/nonsense/bulk/query", None, {}, {"q": "SELECT `id` FROM Incidents LIMIT 3;"}),
    ],
)  # fmt: skip
def test_the_query_may_come_in_any_way(
    world: World, path: str, body: str | None, headers: dict[str, str], query: Any
) -> None:
    begun = world.call(
        "POST", f"{ELEMENTS}{path}", body, headers=headers, query=query, organization=False
    )
    assert begun.status == 200
    world.work()
    job_id = begun.body["id"]
    status = world.call("GET", f"{ELEMENTS}/hubs/helpdesk/bulk/{job_id}/status")
    assert status.body["recordsCount"] == 3
    assert [set(one) for one in file_of(world, job_id).body] == [{"id"}] * 3


def test_the_third_version_says_it_in_parts(world: World) -> None:
    criteria = {
        "objectName": "incidents",
        "fields": ["id", "custom_fields.cf_region"],
        "where": "is_escalated = true and id <= 30",
        "limit": 7,
        "fileFormat": "CSV",
        "notificationUrl": HOOK,
        "metaData": {"run": 5},
    }
    begun = world.call("POST", f"{ELEMENTS}/bulk/download", json.dumps(criteria))
    assert (begun.status, begun.body["jobStatus"]) == (200, "CREATED")
    world.receiver.on("POST", "/done", empty_reply(200))
    world.work()
    world.tell()

    told = world.status(begun.body["id"])

    assert told["completionTime"] >= told["createdDate"]
    for moment in ("completionTime", "createdDate", "vendorJobId", "id"):
        assert told.pop(moment)
    assert told == {
        "instanceId": 193000001, "recordCount": 7, "objectName": "incidents",
        "metaData": {"run": 5}, "jobDirection": "DOWNLOAD", "jobStatus": "COMPLETED",
        "status": "COMPLETED", "statusMessage": "", "errorCount": 0, "notificationUrl": HOOK,
        "defaultSelectFields": "id,custom_fields.cf_region", "fileFormat": "CSV",
        "jobCriteria": criteria, "native": False, "asOf": AS_OF, "warnings": [],
    }  # fmt: skip
    assert json.loads(world.receiver.requests[0].body or b"")["status"] == "COMPLETED"
    table = file_of(world, begun.body["id"]).text
    assert table.splitlines() == [
        "id,custom_fields.cf_region", *(f"{n},EMEA" for n in range(3, 24, 3)),
    ]  # fmt: skip
    assert file_of(world, begun.body["id"], "application/json").status == 400


def test_the_instance_or_the_accept_header_chooses_a_format(world: World) -> None:
    as_lines = world.query("select id from tickets", headers={"Accept": "application/x-ndjson"})
    world.connect_again(configuration={"bulk.query.download_format": "csv"})
    as_csv = world.query("select id from tickets")
    world.work()
    lines = file_of(world, as_lines.body["id"], "application/jsonl")
    assert (lines.status, lines.text.splitlines()[0]) == (200, '{"id":1}')
    assert file_of(world, as_csv.body["id"], "text/csv").text.startswith("id\r\n1\r\n")
    assert file_of(world, as_csv.body["id"], "application/json").status == 400


def test_a_large_file_is_where_a_redirect_leads(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "LARGEST_BODY", 1000)
    begun = world.query("select * from incidents")
    world.work()

    found = file_of(world, begun.body["id"], "application/json")

    assert (found.status, found.text) == (302, "")
    body, about = world.download(found.headers["location"])
    assert json.loads(body) == world.held()
    assert about["response-content-type"] == "application/json"


def test_a_job_can_be_cancelled(world: World) -> None:
    begun = world.query("select * from incidents", headers={"Elements-Async-Callback-Url": HOOK})
    job_id = begun.body["id"]
    pending = world.call("PUT", f"{ELEMENTS}/bulk/{job_id}/cancel")
    assert (pending.status, pending.body["status"]) == (200, "CANCELLATION_PENDING")

    world.receiver.on("POST", "/done", empty_reply(200))
    world.work()
    world.tell()

    assert world.status(job_id)["status"] == "CANCELLED"
    assert file_of(world, job_id).status == 400
    assert json.loads(world.receiver.requests[0].body or b"")["status"] == "CANCELLED"
    # Cancelling what has ended changes nothing.
    again = world.call("PUT", f"{ELEMENTS}/bulk/{job_id}/cancel")
    assert (again.status, again.body["status"]) == (200, "CANCELLED")
    assert world.stack.bodies("ActionDeadLetterQueue") == []


def test_a_job_that_fails_says_why(world: World) -> None:
    begun = world.query("select * from incidents", headers={"Elements-Async-Callback-Url": HOOK})
    job_id = begun.body["id"]
    world.disable()
    world.work()
    world.connect_again()
    world.receiver.on("POST", "/done", empty_reply(200))
    world.tell()

    told = world.status(job_id)
    assert (told["status"], told["recordsFailedCount"]) == ("ABORTED", 1)
    wrong = world.call("GET", f"{ELEMENTS}/bulk/{job_id}/errors", query={"pageSize": "5"})
    assert "is disabled" in wrong.body[0]["message"]
    assert (wrong.headers["elements-total-count"], wrong.headers["elements-returned-count"]) == (
        "1", "1",
    )  # fmt: skip
    assert "elements-next-page-token" not in wrong.headers
    assert json.loads(world.receiver.requests[0].body or b"")["status"] == "ABORTED"


def test_a_job_that_was_left_behind_by_a_function_that_died_says_so(world: World) -> None:
    folder = ExportFolder(world.stack.names["PayloadBucket"])
    began = timestamps.epoch()
    JobStore(folder).put(
        Job("7", "193000001", "act_lost", "tickets", "incidents", (Format.CSV,), {}, began)
    )
    assert world.status("7")["status"] == "CREATED"
    world.pass_time(timedelta(seconds=61))
    told = world.status("7")
    assert (told["status"], told["statusMessage"]) == (
        "ABORTED", "it was never queued; begin another",
    )  # fmt: skip


def test_jobs_are_listed_newest_first_a_page_at_a_time(world: World) -> None:
    ids = []
    for _ in range(5):
        ids.append(world.query("select id from tickets").body["id"])
        world.pass_time(timedelta(seconds=1))
    seen, query = [], {"pageSize": "2"}
    for _ in range(3):
        page = world.call("GET", f"{ELEMENTS}/bulkloader", query=query)
        seen += [one["id"] for one in page.body]
        assert page.headers["elements-total-count"] == "5"
        token = page.headers.get("elements-next-page-token", "")
        query = {"pageSize": "2", "nextPage": token}
    assert (seen, token) == (ids[::-1], "")
    one = world.call("GET", f"{ELEMENTS}/bulkloader", query={"jobId": ids[2]}).body
    assert [(o["jobId"], o["status"], o["groupName"]) for o in one] == [
        (ids[2], "CREATED", "tickets")
    ]
    for wrong in ({"pageSize": "0"}, {"nextPage": "???"}):
        assert world.call("GET", f"{ELEMENTS}/bulkloader", query=wrong).status == 400


@pytest.mark.parametrize(
    ("q", "said"),
    [
        ("select * contacts", "Error parsing query"),
        ("select * from incidents where status in ('2')", "Error parsing query"),
        ("select * from incidents where a='1' or b='2'", "Error parsing query"),
        ("", "Error parsing query"),
        ("select * from printers", "no object printers"),
        ("select * from contacts", "contacts are not synced"),
        ("select * from incidents where updated_since < '2026-01-01'", "Error parsing query"),
    ],
)
def test_what_cannot_be_read_or_is_not_there_is_a_clear_refusal(
    world: World, q: str, said: str
) -> None:
    answer = world.query(q)
    assert answer.status == 400
    assert set(answer.body) == {"requestId", "message"}
    assert said in answer.body["message"]


def test_an_object_that_was_named_but_not_yet_synced_is_told_apart(world: World) -> None:
    world.connect_again(sync_objects=("tickets", "contacts"))
    answer = world.query("select * from contacts")
    assert answer.status == 400
    assert "have not been synced yet" in answer.body["message"]
    assert "/sync syncs them now" in answer.body["message"]


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1/x", "https"), ("/formulas/instances/1/executions", "https")],
)
def test_a_callback_that_nobody_may_call_is_refused(world: World, url: str, said: str) -> None:
    answer = world.query("select * from incidents", headers={"Elements-Async-Callback-Url": url})
    assert answer.status == 400
    assert "Elements-Async-Callback-Url" in answer.body["message"]
    assert said in answer.body["message"]


def test_the_token_decides(world: World) -> None:
    begun = world.query("select id from incidents")
    job_id, first = begun.body["id"], world.token
    paths = ("status", "incidents", "errors")

    def answers(shown: str) -> set[int]:
        return {
            world.call("GET", f"{ELEMENTS}/bulk/{job_id}/{path}", shown=shown).status
            for path in paths
        }

    world.connect(instance_id="193000002")
    assert answers(world.token) == {404}
    assert answers("wrong") == {401}
    assert world.call("GET", f"{ELEMENTS}/bulk/1/status", shown=first).status == 404
    assert world.call("GET", f"{ELEMENTS}/bulk/..%2f/status", shown=first).status == 404
    world.disable()
    assert answers(first) == {403}
    assert world.query("select id from incidents", shown=first).status == 403


def test_another_platform_has_nothing_to_download(world: World) -> None:
    world.connect(instance_id="193000003", platform="slack", element="slack")
    answer = world.query("select * from incidents")
    assert (answer.status, "slack" in answer.body["message"]) == (403, True)


@pytest.mark.parametrize(
    "body",
    [
        '{"objectName": "incidents", "colour": 1}',
        '{"objectName": "incidents", "fileFormat": "XLS"}',
        '{"q": 5}',
        "{}",
        "[]",
        "q=select",
    ],
)
def test_criteria_that_cannot_be_read_are_refused(world: World, body: str) -> None:
    answer = world.call("POST", f"{ELEMENTS}/bulk/download", body)
    assert (answer.status, set(answer.body)) == (400, {"requestId", "message"})
