"""A bulk action through the real executor: every row has its effect once and is accounted for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from freshbridge import aws, timestamps
from freshbridge.bulk.progress import Progress
from freshbridge.bulk.review import SILENCE_S
from freshbridge.bulk.store import BulkStore
from freshbridge.errors import ProviderDown
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import Stack, Start

PARENT = "act_bulk_1"


class Desk:
    """Tickets that notes are added to; knows how often each was."""

    def __init__(self, provider: FakeTransport) -> None:
        self.notes: list[int] = []
        self.entries: list[dict[str, Any]] = []
        self.provider = provider

    def serve(self, *ticket_ids: int) -> None:
        """Take notes for these tickets."""
        for ticket_id in ticket_ids:
            self.provider.on("POST", f"/api/v2/tickets/{ticket_id}/notes", self.note)

    def note(self, request: ProviderRequest) -> ProviderReply:
        """Take one."""
        ticket_id = int(request.path.split("/")[4])
        self.notes.append(ticket_id)
        note = {
            **(request.json or {}),
            "id": len(self.notes),
            "ticket_id": ticket_id,
            "source": 2,
            "incoming": False,
            "created_at": timestamps.to_text(timestamps.now()),
        }
        self.entries.append(note)
        return json_reply(note, 201)

    def lost(self, request: ProviderRequest) -> ProviderReply:
        """Take one, and answer as a proxy does that got no answer."""
        self.note(request)
        return empty_reply(502)

    def listed(self, request: ProviderRequest) -> ProviderReply:
        """A ticket's notes."""
        ticket_id = int(request.path.split("/")[4])
        return json_reply([one for one in self.entries if one["ticket_id"] == ticket_id])


@pytest.fixture
def desk(provider: FakeTransport) -> Desk:
    return Desk(provider)


class Bulk:
    """Sends bulk actions and runs the executor until nothing is left to do."""

    def __init__(self, stack: Stack, start: Start, clock: Any) -> None:
        self.stack = stack
        self.clock = clock
        self.handler = start("ActionExecutor").handler
        payloads = PayloadStore(stack.names["PayloadBucket"])
        self.store = BulkStore(stack.names["BulkTable"], payloads, days=30)

    def send(self, parameters: dict[str, Any], **changed: Any) -> None:
        """Put a batch on the queue."""
        self.stack.send("ActionQueue", self.request(parameters, **changed))

    def request(self, parameters: dict[str, Any], **changed: Any) -> ActionRequest:
        """A batch's own."""
        known = {"action_id": PARENT, "idempotency_key": PARENT, "action": "batch"}
        return builders.action_request(parameters=parameters, **{**known, **changed})

    def turn(self) -> None:
        """One invocation, and some time."""
        if self.stack.count("ActionQueue")[0]:
            self.stack.deliver("ActionQueue", self.handler)
        self.clock.tick(timedelta(seconds=5))

    def finish(self, turns: int = 400) -> Progress:
        """Run until both the queue and what it hides are empty."""
        for _ in range(turns):
            if self.stack.count("ActionQueue") == (0, 0) and self.delayed() == 0:
                return self.progress()
            self.turn()
        raise AssertionError(f"not done: {self.progress()}")

    def delayed(self) -> int:
        """Messages that were sent with a delay."""
        name: Any = "ApproximateNumberOfMessagesDelayed"
        found: Any = aws.sqs().get_queue_attributes(
            QueueUrl=self.stack.names["ActionQueue"], AttributeNames=[name]
        )
        return int(found["Attributes"][name])

    def progress(self) -> Progress:
        """The counts."""
        return self.store.get(PARENT)

    def counts(self) -> tuple[int, int, int, int]:
        """Rows, and how many succeeded, failed, were cancelled."""
        held = self.progress()
        return held.rows, held.succeeded, held.failed, held.cancelled

    def states(self) -> dict[int, str]:
        """Each row's state, which the counts must agree with."""
        return {row.number: row.state.value for row in self.store.rows(PARENT)}

    def record(self, action_id: str = PARENT) -> dict[str, Any]:
        """The action's record."""
        found = aws.dynamodb().get_item(
            TableName=self.stack.names["ActionTable"], Key={"pk": {"S": action_id}}
        )["Item"]
        data = json.loads(found["data"]["S"]) if "data" in found else None
        known: dict[str, Any] = {
            name: found[name]["S"] for name in ("state", "code", "message") if name in found
        }
        return {**known, "data": data}


@pytest.fixture
def bulk(stack: Stack, start: Start) -> Any:
    stack.connect()
    # From now on, for what measures a message's age keeps to the real clock.
    with freeze_time(datetime.now(UTC)) as clock:
        yield Bulk(stack, start, clock)


def notes(*ticket_ids: int) -> dict[str, Any]:
    """A batch that adds one note to each ticket."""
    rows = [{"ticket_id": number, "body": f"Seen {number}"} for number in ticket_ids]
    return {"action": "add_note", "rows": rows}


def test_every_row_of_a_large_batch_runs_once_and_is_counted(bulk: Bulk, desk: Desk) -> None:
    # More than one transaction and one piece of parameters hold (CHUNK)
    tickets = range(1, 121)
    desk.serve(*tickets)
    bulk.send(notes(*tickets))

    progress = bulk.finish()

    assert sorted(desk.notes) == list(tickets)
    assert (progress.rows, progress.succeeded, progress.failed) == (120, 120, 0)
    assert set(bulk.states().values()) == {"succeeded"}
    record = bulk.record()
    assert record["state"] == "succeeded"
    assert record["message"] == "All 120 rows succeeded"
    assert record["data"] == {
        "rows": 120, "succeeded": 120, "failed": 0, "cancelled": 0, "duplicates": 0,
        "results": f"/api/actions/{PARENT}/results",
    }  # fmt: skip


def test_rows_that_fail_are_in_the_message_the_counts_and_the_rows(
    bulk: Bulk, desk: Desk, provider: FakeTransport
) -> None:
    # Given a row that cannot be read, one that the provider refuses, and ones that can run
    desk.serve(1, 3)
    provider.on("POST", "/api/v2/tickets/2/notes", empty_reply(404))
    parameters = notes(1, 2, 3)
    parameters["rows"].append({"ticket_id": 4, "bodi": "Seen"})
    bulk.send(parameters)

    bulk.finish()

    # Then each is told with its reason
    assert bulk.counts() == (4, 2, 2, 0)
    assert bulk.record()["state"] == "succeeded"
    assert bulk.record()["message"] == "2 of 4 rows failed, 2 succeeded"
    rows = {row.number: row for row in bulk.store.rows(PARENT)}
    assert (rows[2].code, rows[2].ticket_id) == ("not_found", 2)
    assert rows[4].code == "invalid_row"
    assert {field["field"] for field in json.loads(rows[4].fields)} == {"body", "bodi"}
    assert rows[1].message != ""
    # And the refused one, which can be resumed from there, is no dead letter
    assert bulk.stack.bodies("ActionDeadLetterQueue") == []


def test_a_batch_that_is_delivered_twice_has_each_effect_once(bulk: Bulk, desk: Desk) -> None:
    desk.serve(*range(1, 31))
    for _ in range(2):
        bulk.send(notes(*range(1, 31)))

    bulk.finish()

    assert sorted(desk.notes) == list(range(1, 31))
    assert bulk.counts() == (30, 30, 0, 0)


@pytest.mark.parametrize("call", range(3))
def test_a_crash_while_rows_are_sent_loses_and_doubles_none(
    bulk: Bulk, desk: Desk, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    # Given a queue that fails at its n-th batch, once
    desk.serve(*range(1, 41))
    bulk.send(notes(*range(1, 41)))
    real, calls = aws.sqs(), []

    def send(**entries: Any) -> Any:
        calls.append(entries)
        if len(calls) == call + 2:
            # The messages are there, and nobody heard of it.
            real.send_message_batch(**entries)
            raise client_error("SendMessageBatch")
        return real.send_message_batch(**entries)

    failing = Failing(real, send_message_batch=send)
    monkeypatch.setattr("freshbridge.aws.sqs", lambda: failing)

    bulk.finish()

    assert sorted(desk.notes) == list(range(1, 41))
    assert bulk.counts() == (40, 40, 0, 0)
    assert len(calls) > 4  # a batch went out a second time


@pytest.mark.parametrize("call", range(4))
def test_a_crash_while_rows_are_kept_loses_and_doubles_none(
    bulk: Bulk, desk: Desk, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    # Given rows for three transactions, of which one in ten can run
    desk.serve(*range(1, 22))
    parameters = notes(*range(1, 22))
    parameters["rows"] += [{"ticket_id": 1}] * 189
    bulk.send(parameters)
    real, calls = aws.dynamodb(), []

    def write(**items: Any) -> Any:
        calls.append(items)
        if len(calls) == call + 1:
            if call % 2:
                real.transact_write_items(**items)
            raise client_error("TransactWriteItems")
        return real.transact_write_items(**items)

    failing = Failing(real, transact_write_items=write)
    monkeypatch.setattr("freshbridge.aws.dynamodb", lambda: failing)

    bulk.finish()

    assert sorted(desk.notes) == list(range(1, 22))
    assert bulk.counts() == (210, 21, 189, 0)


def test_when_every_row_fails_the_batch_has_failed(bulk: Bulk, provider: FakeTransport) -> None:
    for number in (1, 2):
        provider.on("POST", f"/api/v2/tickets/{number}/notes", empty_reply(404))
    bulk.send(notes(1, 2))

    bulk.finish()

    record = bulk.record()
    assert (record["state"], record["code"]) == ("failed", "rows_failed")
    assert record["message"].startswith("2 of 2 rows failed, 0 succeeded. ")
    assert (record["data"]["rows"], record["data"]["failed"]) == (2, 2)
    # And it is no dead letter, for it can be resumed as it is
    assert bulk.stack.bodies("ActionDeadLetterQueue") == []


def test_a_throttled_row_waits_and_succeeds(
    bulk: Bulk, desk: Desk, provider: FakeTransport
) -> None:
    desk.serve(1, 2)
    provider.on(
        "POST", "/api/v2/tickets/3/notes", empty_reply(429, {"Retry-After": "40"}), desk.note
    )
    bulk.send(notes(1, 2, 3))

    bulk.finish()

    assert bulk.counts() == (3, 3, 0, 0)


def test_when_the_first_failure_stops_the_rest_does_not_run(
    bulk: Bulk, desk: Desk, provider: FakeTransport
) -> None:
    provider.on("POST", "/api/v2/tickets/1/notes", empty_reply(404))
    desk.serve(*range(2, 61))
    bulk.send(notes(*range(1, 61)) | {"on_error": "stop"})

    bulk.finish()

    rows, succeeded, failed, cancelled = bulk.counts()
    assert (rows, failed) == (60, 1)
    assert succeeded == len(desk.notes) <= 10
    assert cancelled == 60 - 1 - succeeded
    said = bulk.record()["message"]
    assert said.startswith(f"1 of 60 rows failed, {cancelled} of 60 rows did not run")


def test_with_an_invalid_row_nothing_runs_when_errors_stop(bulk: Bulk, desk: Desk) -> None:
    parameters = notes(1, 2) | {"on_error": "stop"}
    parameters["rows"].append({"ticket_id": 0, "body": ""})
    bulk.send(parameters)

    bulk.finish()

    assert desk.notes == []
    assert bulk.counts() == (3, 0, 1, 2)


def test_a_dry_run_tells_what_would_happen_and_does_nothing(bulk: Bulk, desk: Desk) -> None:
    parameters = notes(1, 2, 2) | {"dry_run": True}
    parameters["rows"].append({"ticket_id": "seven"})
    bulk.send(parameters)

    bulk.stack.deliver("ActionQueue", bulk.handler)

    data = bulk.record()["data"]
    assert (data["rows"], data["valid"], data["invalid"], data["duplicates"]) == (4, 3, 1, 1)
    assert data["credits"] == 3
    assert data["problems"][0]["row"] == 4
    assert desk.notes == []
    assert bulk.store.find(PARENT) is None


def test_a_row_that_repeats_another_is_skipped_when_asked(bulk: Bulk, desk: Desk) -> None:
    desk.serve(1, 2)
    bulk.send(notes(1, 2, 1) | {"duplicates": "skip"})

    bulk.finish()

    assert sorted(desk.notes) == [1, 2]
    assert bulk.counts() == (3, 2, 0, 1)
    assert bulk.record()["data"]["duplicates"] == 1


def test_two_executors_at_once_count_every_row_once(
    bulk: Bulk, desk: Desk, provider: FakeTransport, start: Start
) -> None:
    # Given a batch whose rows are on the queue
    desk.serve(*range(2, 21))
    bulk.send(notes(*range(1, 21)))
    bulk.turn()
    nested: list[int] = []

    def meanwhile(request: ProviderRequest) -> ProviderReply:
        # Another executor takes the rest of the queue while this one waits for its provider.
        while bulk.stack.count("ActionQueue")[0]:
            nested.append(1)
            bulk.stack.deliver("ActionQueue", _other(start).handler)
        return desk.note(request)

    provider.on("POST", "/api/v2/tickets/1/notes", meanwhile)

    bulk.finish()

    assert nested
    assert sorted(desk.notes) == list(range(1, 21))
    assert bulk.counts() == (20, 20, 0, 0)


def _other(start: Start) -> Any:
    """A second executor, cold."""
    module = start("ActionExecutor")
    module._ports.cache_clear()
    return module


def test_a_failed_row_s_message_that_comes_again_moves_the_counts(
    bulk: Bulk, desk: Desk, provider: FakeTransport
) -> None:
    desk.serve(1)
    provider.on("POST", "/api/v2/tickets/2/notes", empty_reply(403), desk.note)
    bulk.send(notes(1, 2))
    bulk.turn()
    (letter,) = (b for b in bulk.stack.bodies("ActionQueue") if b["origin"].get("row") == 2)
    bulk.finish()
    assert bulk.counts() == (2, 1, 1, 0)

    for _ in range(2):
        bulk.stack.send("ActionQueue", ActionRequest(**letter))
    bulk.finish()

    assert bulk.counts() == (2, 2, 0, 0)
    assert sorted(desk.notes) == [1, 2]


def test_a_message_that_claims_to_be_a_row_counts_for_nothing(bulk: Bulk, desk: Desk) -> None:
    desk.serve(1, 1042)
    bulk.send(notes(1))
    bulk.finish()
    for origin in ({"parent": PARENT, "row": 1}, {"parent": "none", "row": 7}, {"row": "x"}):
        bulk.stack.send(
            "ActionQueue",
            builders.action_request(
                idempotency_key=str(origin), origin={"type": "batch", **origin}
            ),
        )

    bulk.finish()

    assert bulk.counts() == (1, 1, 0, 0)
    assert desk.notes == [1, 1042, 1042, 1042]


def test_when_counting_fails_the_row_is_counted_later_and_run_once(
    bulk: Bulk, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a row that is done and cannot be counted
    desk.serve(1)
    bulk.send(notes(1))
    bulk.turn()
    broken = Failing(aws.dynamodb(), transact_write_items=raising(client_error("Transact")))
    with monkeypatch.context() as patch:
        patch.setattr("freshbridge.aws.dynamodb", lambda: broken)
        bulk.turn()
    assert (desk.notes, bulk.counts()) == ([1], (1, 0, 0, 0))

    bulk.finish()

    assert (desk.notes, bulk.counts()) == ([1], (1, 1, 0, 0))


def test_a_row_whose_end_nobody_heard_of_is_found_in_its_record(
    bulk: Bulk, desk: Desk, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two rows, one of them refused and parked while the rows' table fails
    desk.serve(1)
    provider.on("POST", "/api/v2/tickets/2/notes", empty_reply(404))
    bulk.send(notes(1, 2))
    bulk.turn()
    broken = Failing(aws.dynamodb(), transact_write_items=raising(client_error("Transact")))
    with monkeypatch.context() as patch:
        patch.setattr("freshbridge.aws.dynamodb", lambda: broken)
        bulk.turn()
    assert len(bulk.stack.bodies("ActionDeadLetterQueue")) == 1
    assert bulk.counts() == (2, 0, 0, 0)

    # When it has been quiet for a quarter of an hour
    progress = bulk.finish()

    assert bulk.counts() == (2, 1, 1, 0)
    assert bulk.store.row(PARENT, 2).code == "not_found"  # type: ignore[union-attr]  # it is there
    assert progress.finished_at - progress.created_at > SILENCE_S


def test_a_bulk_action_of_bulk_actions_is_refused(bulk: Bulk) -> None:
    bulk.send({"action": "batch", "rows": [notes(1)]})
    bulk.send({"action": "explode", "rows": [{}]}, action_id="act_2", idempotency_key="act_2")

    bulk.turn()

    codes = [
        message["MessageAttributes"]["code"]["StringValue"]
        for message in bulk.stack.messages("ActionDeadLetterQueue")
    ]
    assert sorted(codes) == ["not_in_batch", "unknown_action"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "ticket_id,body,private\r\n1,\"Seen,\nreally\",no\r\n2,Seen,yes\r\n"),
        ("rows.jsonl", '{"ticket_id": 1, "body": "Seen,\\nreally", "private": false}\n'
                       '{"ticket_id": 2, "body": "Seen"}\n'),
    ],
)  # fmt: skip
def test_rows_come_from_a_file_in_the_bucket(
    bulk: Bulk, desk: Desk, provider: FakeTransport, name: str, text: str
) -> None:
    desk.serve(1, 2)
    key = f"uploads/{builders.INSTANCE_ID}/{name}"
    aws.s3().put_object(Bucket=bulk.stack.names["PayloadBucket"], Key=key, Body=text.encode())
    bulk.send({"action": "add_note", "source": {"key": key}})

    bulk.finish()

    assert bulk.counts() == (2, 2, 0, 0)
    (first,) = provider.sent("POST", "/api/v2/tickets/1/notes")
    assert first.json == {"body": "Seen,\nreally", "private": False}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"key": "uploads/another/rows.csv"}, "invalid_request"),
        ({"key": f"uploads/{builders.INSTANCE_ID}/none.csv"}, "row_file_missing"),
        ({"upload_id": "upl_" + "0" * 32, "format": "csv"}, "upload_missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(bulk: Bulk, source: Any, code: str) -> None:
    bulk.send({"action": "add_note", "source": source})

    bulk.turn()

    (letter,) = bulk.stack.messages("ActionDeadLetterQueue")
    assert letter["MessageAttributes"]["code"]["StringValue"] == code


def test_a_provider_that_is_down_for_a_while_delays_and_loses_nothing(
    bulk: Bulk, desk: Desk, provider: FakeTransport
) -> None:
    for number in range(1, 13):
        provider.on(
            "POST",
            f"/api/v2/tickets/{number}/notes",
            ProviderDown("down"),
            desk.lost if number % 2 else empty_reply(502),
            desk.note,
        )
        provider.on("GET", f"/api/v2/tickets/{number}/conversations", desk.listed)
    bulk.send(notes(*range(1, 13)))

    bulk.finish()

    assert sorted(desk.notes) == list(range(1, 13))
    assert bulk.counts() == (12, 12, 0, 0)
