"""What the API tells of a bulk action, and how it stops one and goes on with it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from freshbridge import aws
from freshbridge.actions.record import State
from freshbridge.actions.record_store import RecordStore
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.provider import FakeTransport, empty_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Start
from tests.integration.test_bulk import PARENT, Bulk, Desk, bulk, desk, notes

__all__ = ["bulk", "desk"]  # fixtures, which pytest finds by their names here


class Api:
    """Calls the bulk routes of one action."""

    def __init__(self, start: Start) -> None:
        self.start = start

    def __call__(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        action: str = PARENT,
    ) -> tuple[int, Any]:
        """The status, and the data or the error."""
        access = {"Authorization": f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"}
        event = builders.rest_event(method, f"/api/actions/{action}/{path}", headers=access)
        event["queryStringParameters"] = query
        answer = self.start("ConnectorApi").handler(event, builders.Context())
        self.start("ActionExecutor")
        body = json.loads(answer["body"])
        return answer["statusCode"], body.get("data", body)


@pytest.fixture
def api(start: Start) -> Api:
    return Api(start)


def download(bulk: Bulk, url: str) -> str:
    """What the presigned URL gives."""
    parts = urlsplit(url)
    assert parse_qs(parts.query)["X-Amz-Expires"] == ["900"]
    key = parts.path.lstrip("/").removeprefix("demo-payloads/")
    found = aws.s3().get_object(Bucket=bulk.stack.names["PayloadBucket"], Key=key)
    return found["Body"].read().decode()


def begin(bulk: Bulk, parameters: dict[str, Any]) -> None:
    """A batch whose rows are on the queue, none of them run."""
    bulk.send(parameters)
    bulk.stack.deliver("ActionQueue", bulk.handler)


def test_progress_tells_how_far_it_is_and_when_it_will_be_over(
    bulk: Bulk, desk: Desk, api: Api
) -> None:
    desk.serve(*range(1, 41))
    begin(bulk, notes(*range(1, 41)))
    status, before = api("GET", "progress")
    assert (status, before["phase"], before["rows"], before["waiting"]) == (200, "running", 40, 40)
    assert (before["rows_per_s"], before["seconds_left"]) == (None, None)

    bulk.clock.tick(10)
    bulk.stack.deliver("ActionQueue", bulk.handler)
    during = api("GET", "progress")[1]

    assert during["succeeded"] > 0
    assert during["waiting"] == 40 - during["succeeded"]
    assert during["rows_per_s"] == round(during["succeeded"] / 10, 2)
    assert during["seconds_left"] == -(-during["waiting"] * 10 // during["succeeded"])
    bulk.finish()
    after = api("GET", "progress")[1]
    assert (after["phase"], after["succeeded"], after["seconds_left"]) == ("finished", 40, 0)
    assert after["finished_at"] is not None
    assert after["estimated_end"] is None


def test_results_can_be_downloaded_with_every_failure_in_them(
    bulk: Bulk, desk: Desk, provider: FakeTransport, api: Api
) -> None:
    # Given a row that failed and one that was never valid
    desk.serve(1)
    provider.on("POST", "/api/v2/tickets/2/notes", empty_reply(404))
    parameters = notes(1, 2)
    parameters["rows"].append({"ticket_id": 3, "body": ""})
    bulk.send(parameters)
    bulk.finish()

    # When the results are asked for in both formats
    rows = list(csv.DictReader(io.StringIO(download(bulk, api("GET", "results")[1]["url"]))))
    status, offer = api("GET", "results", {"format": "jsonl"})
    lines = [json.loads(line) for line in download(bulk, offer["url"]).splitlines()]

    # Then each row is there with what became of it
    assert status == 200
    assert [(row["row"], row["state"], row["code"]) for row in rows] == [
        ("1", "succeeded", ""),
        ("2", "failed", "not_found"),
        ("3", "failed", "invalid_row"),
    ]
    assert rows[0]["ticket_url"] == "https://acme.freshdesk.com/a/tickets/1"
    assert lines[0]["data"]["conversation_id"] == 1
    assert "data" not in lines[1]
    assert [field["field"] for field in lines[2]["fields"]] == ["body"]
    only = download(bulk, api("GET", "results", {"only": "failed"})[1]["url"])
    assert [row["row"] for row in csv.DictReader(io.StringIO(only))] == ["2", "3"]


def test_the_same_results_are_written_once_and_newer_ones_anew(
    bulk: Bulk, desk: Desk, api: Api
) -> None:
    desk.serve(*range(1, 21))
    begin(bulk, notes(*range(1, 21)))

    first, again = (api("GET", "results")[1]["url"] for _ in range(2))
    bulk.finish()
    later = api("GET", "results")[1]["url"]

    assert urlsplit(first).path == urlsplit(again).path != urlsplit(later).path
    assert download(bulk, first).count("waiting") == 20
    assert download(bulk, later).count("succeeded") == 20


def test_rows_are_listed_in_pages_and_by_state(
    bulk: Bulk, desk: Desk, provider: FakeTransport, api: Api
) -> None:
    desk.serve(*range(1, 13))
    provider.on("POST", "/api/v2/tickets/13/notes", empty_reply(403))
    bulk.send(notes(*range(1, 14)))
    bulk.finish()

    seen, after = [], ""
    while True:
        page = api("GET", "rows", {"limit": "5", "after": after})[1]
        assert len(page["rows"]) <= 5
        seen += [row["row"] for row in page["rows"]]
        if page["after"] is None:
            break
        after = page["after"]

    assert seen == list(range(1, 14))
    (failed,) = api("GET", "rows", {"state": "failed"})[1]["rows"]
    assert (failed["row"], failed["ticket_id"], failed["code"]) == (13, 13, "forbidden")


def test_a_cancelled_batch_finishes_what_runs_and_begins_nothing_more(
    bulk: Bulk, desk: Desk, provider: FakeTransport, api: Api
) -> None:
    # Given a row that is being run when the batch is cancelled
    answers: list[Any] = []

    def meanwhile(request: Any) -> Any:
        answers.append(api("POST", "cancel"))
        return desk.note(request)

    desk.serve(*range(2, 31))
    provider.on("POST", "/api/v2/tickets/1/notes", meanwhile)
    begin(bulk, notes(*range(1, 31)))

    bulk.finish()

    ((status, answer),) = answers
    done = len(desk.notes)
    assert status == 200
    assert answer["ended"] == 30 - done
    assert bulk.counts() == (30, done, 0, 30 - done)
    assert set(bulk.states().values()) == {"succeeded", "cancelled"}
    assert bulk.record()["message"] == f"{30 - done} of 30 rows did not run, {done} succeeded"
    # Asked again, it tells the same, and calls nothing cancelled that is not
    again = api("POST", "cancel")[1]
    assert again["ended"] == again["cancelled"] == 30 - done


def submit(bulk: Bulk, parameters: dict[str, Any]) -> RecordStore:
    """A bulk action that waits in the queue, with its record."""
    bulk.send(parameters)
    payloads = PayloadStore(bulk.stack.names["PayloadBucket"])
    records = RecordStore(bulk.stack.names["ActionTable"], payloads, days=30)
    records.submit(bulk.request(parameters))
    return records


def test_a_batch_that_was_cancelled_before_it_was_read_is_read_when_resumed(
    bulk: Bulk, desk: Desk, api: Api
) -> None:
    # Given a batch that is cancelled while it waits in the queue
    desk.serve(1, 2)
    records = submit(bulk, notes(1, 2))
    status, answer = api("POST", "cancel")
    assert (status, answer["phase"], answer["ended"]) == (200, "reading", 0)

    # When it runs, nothing is done and nothing is said to be
    bulk.finish()
    assert desk.notes == []
    assert bulk.progress().phase == "finished"
    record = bulk.record()
    assert (record["state"], record["code"]) == ("failed", "cancelled")
    assert record["message"].startswith("Cancelled before its rows were read")

    # Then resuming it reads the rows after all
    status, answer = api("POST", "resume")
    assert (status, answer["phase"], answer["resumed"]) == (202, "reading", 0)
    assert records.get(PARENT).state is State.QUEUED
    bulk.finish()

    assert sorted(desk.notes) == [1, 2]
    assert bulk.record()["message"] == "All 2 rows succeeded"
    assert bulk.record()["state"] == "succeeded"


def test_the_progress_of_one_in_the_queue_is_told(bulk: Bulk, api: Api) -> None:
    records = submit(bulk, notes(1))
    request = bulk.request(notes(1))

    status, found = api("GET", "progress")

    assert (status, found["phase"], found["rows"], found["seconds_left"]) == (
        200,
        "queued",
        0,
        None,
    )
    assert bulk.store.find(PARENT) is None
    # But not of one that ended without rows, nor of one that has none
    records.end(request, State.FAILED, None)
    assert api("GET", "progress")[0] == 404
    records.submit(builders.action_request(action_id="act_single"))
    assert api("GET", "progress", action="act_single")[0] == 404


def test_a_cancelled_batch_goes_on_where_it_was(bulk: Bulk, desk: Desk, api: Api) -> None:
    desk.serve(*range(1, 31))
    begin(bulk, notes(*range(1, 31)))
    bulk.stack.deliver("ActionQueue", bulk.handler)
    api("POST", "cancel")
    bulk.finish()
    before = len(desk.notes)
    assert 0 < before < 30

    assert bulk.record()["state"] == "succeeded"
    status, answer = api("POST", "resume")
    # Until it is over once more, its record tells of no end
    opened = bulk.record()
    assert opened == {"state": "queued", "data": None}
    bulk.finish()

    assert (status, answer["resumed"]) == (202, 30 - before)
    assert bulk.record()["state"] == "succeeded"
    assert sorted(desk.notes) == list(range(1, 31))
    assert bulk.counts() == (30, 30, 0, 0)
    assert bulk.record()["message"] == "All 30 rows succeeded"


def test_resuming_runs_what_failed_and_what_never_arrived(
    bulk: Bulk, desk: Desk, provider: FakeTransport, api: Api
) -> None:
    # Given a row that fails, an invalid one, and messages that got lost
    desk.serve(1)
    provider.on("POST", "/api/v2/tickets/2/notes", empty_reply(403), desk.note)
    provider.on("POST", "/api/v2/tickets/3/notes", empty_reply(404))
    parameters = notes(1, 2, 3)
    parameters["rows"].append({})
    bulk.send(parameters)
    bulk.finish()
    assert bulk.counts() == (4, 1, 3, 0)

    # When it is resumed, and the messages of that round are lost
    assert api("POST", "resume", {"only": "failed"})[1]["resumed"] == 2
    aws.sqs().purge_queue(QueueUrl=bulk.stack.names["ActionQueue"])
    assert bulk.counts() == (4, 1, 1, 0)
    # Then another round runs them, and the invalid row stays what it is
    assert api("POST", "resume")[1]["resumed"] == 2
    bulk.finish()

    assert bulk.counts() == (4, 2, 2, 0)
    assert sorted(desk.notes) == [1, 2]
    assert bulk.record()["message"] == "2 of 4 rows failed, 2 succeeded"


def test_resuming_one_that_runs_has_each_effect_once(bulk: Bulk, desk: Desk, api: Api) -> None:
    desk.serve(*range(1, 31))
    begin(bulk, notes(*range(1, 31)))

    assert api("POST", "resume")[1]["resumed"] == 30
    bulk.finish()

    assert sorted(desk.notes) == list(range(1, 31))
    assert bulk.counts() == (30, 30, 0, 0)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (("GET", "progress"), 404, "unknown_bulk_action"),
        (("GET", "rows"), 404, "unknown_bulk_action"),
        (("GET", "results"), 404, "unknown_bulk_action"),
        (("POST", "cancel"), 404, "unknown_action_record"),
        (("POST", "resume"), 404, "unknown_bulk_action"),
        (("GET", "rows", {"limit": "0"}), 400, "invalid_page"),
        (("GET", "rows", {"after": "-1"}), 400, "unreadable_page"),
        (("GET", "rows", {"state": "lost"}), 400, "unreadable_page"),
        (("GET", "results", {"format": "pdf"}), 400, "unknown_format"),
        (("GET", "results", {"only": "lost"}), 400, "unreadable_page"),
        (("POST", "resume", {"only": "lost"}), 400, "unknown_choice"),
    ],
)
def test_what_cannot_be_answered_is_told(
    bulk: Bulk, api: Api, asked: tuple[Any, ...], status: int, code: str
) -> None:
    assert bulk.store.find("act_none") is None

    found, error = api(*asked, action="act_none")

    assert (found, error["code"]) == (status, code)


def test_an_action_that_is_no_bulk_action_cannot_be_cancelled(bulk: Bulk, api: Api) -> None:
    payloads = PayloadStore(bulk.stack.names["PayloadBucket"])
    records = RecordStore(bulk.stack.names["ActionTable"], payloads, days=30)
    records.submit(builders.action_request(action_id="act_single"))

    status, error = api("POST", "cancel", action="act_single")

    assert (status, error["code"]) == (404, "unknown_bulk_action")
