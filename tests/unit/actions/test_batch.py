"""What a batch takes, and what it refuses before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto import mock_aws

from freshbridge import aws
from freshbridge.actions.action import Outcome, Unfinished
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.perform import check
from freshbridge.bulk import change
from freshbridge.bulk.progress import Phase
from freshbridge.bulk.reader import TURN_S
from freshbridge.errors import Forbidden, InvalidRequest, Reject
from freshbridge.instances.model import Instance
from freshbridge.queues.envelope import ActionRequest
from tests import builders
from tests.fakes.actions import FakeReference, FakeUploads, run_action
from tests.fakes.bulk import ACTION_ID, BulkStack
from tests.fakes.moto_transactions import one_copy_each
from tests.fakes.provider import FakeTransport, json_reply

UPLOAD = "upl_0123456789abcdef0123456789abcdef"
NUMBER = {"name": "cf_seats", "type": "custom_number", "default": False}


class Desk:
    """Runs batches; the clock goes on by `tick_s` each time it is read."""

    def __init__(self) -> None:
        self.stack = BulkStack()
        self.provider = FakeTransport()
        self.services: dict[str, Any] = {"reference": FakeReference(ticket_fields=[NUMBER])}
        self.instance: Instance = builders.instance()

    def run(self, request: ActionRequest) -> Outcome:
        """One run of the batch or of a row."""
        return run_action(
            request.action,
            request.parameters,
            self.provider,
            request=request,
            instance=self.instance,
            bulk=self.stack.bulk,
            **self.services,
        )

    def request(self, **parameters: Any) -> ActionRequest:
        """The batch's own."""
        return self.stack.request("batch", parameters)

    def finish(self, **parameters: Any) -> Outcome:
        """Run it until it is done."""
        return self.stack.finish(self.run, self.request(**parameters))

    def upload(self, name: str, text: str) -> None:
        """A file that was uploaded."""
        self.services["uploads"] = FakeUploads(**{UPLOAD: (name, text.encode())})


@pytest.fixture(scope="module", autouse=True)
def _clients() -> Iterator[None]:
    """AWS clients of this module's own, made once: moto empties the account behind them."""
    aws.forget_clients()
    with one_copy_each():
        yield
    aws.forget_clients()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Desk()


def test_an_uploaded_file_is_read_by_its_name(desk: Desk) -> None:
    desk.upload("Rows.CSV", "ticket_id,body\n7,Seen\n")
    desk.provider.on("POST", "/api/v2/tickets/7/notes", json_reply({"id": 1}, 201))

    outcome = desk.finish(
        action="add_note", source={"upload_id": UPLOAD}, defaults={"private": False}
    )

    assert outcome.message == "The row succeeded"
    assert desk.provider.requests[0].json == {"body": "Seen", "private": False}


def test_a_name_that_tells_no_format_needs_one(desk: Desk) -> None:
    desk.upload("rows.txt", '{"ticket_id": 7, "body": "Seen"}\n')

    with pytest.raises(InvalidRequest) as raised:
        desk.run(desk.request(action="add_note", source={"upload_id": UPLOAD}))
    assert raised.value.fields[0].field == "source.format"
    report = desk.run(
        desk.request(
            action="add_note", source={"upload_id": UPLOAD, "format": "jsonl"}, dry_run=True
        )
    )
    assert report.message == "Nothing was run: 1 of 1 rows can run"


def test_own_names_of_custom_fields_are_typed_too(desk: Desk) -> None:
    desk.instance = builders.instance(config={"custom_field_mapping": {"cf_seats": "seats"}})
    desk.upload("rows.csv", "ticket_id,custom_fields.seats\n7,42\n")
    desk.provider.on("PUT", "/api/v2/tickets/7", json_reply({"id": 7}))

    desk.finish(action="update_ticket", source={"upload_id": UPLOAD})

    assert desk.provider.requests[0].json == {"custom_fields": {"cf_seats": 42}}


def test_without_a_look_at_the_fields_texts_stay_texts(desk: Desk) -> None:
    class Closed(FakeReference):
        def get(self, *_asked: Any, **_how: Any) -> Any:
            raise Forbidden("not for this key")

    desk.services["reference"] = Closed()
    desk.upload("rows.csv", "ticket_id,custom_fields.cf_seats\n7,42\n")
    desk.provider.on("PUT", "/api/v2/tickets/7", json_reply({"id": 7}))

    desk.finish(action="update_ticket", source={"upload_id": UPLOAD})

    assert desk.provider.requests[0].json == {"custom_fields": {"cf_seats": "42"}}


def test_a_row_that_cannot_be_read_is_a_failure_and_the_others_run(desk: Desk) -> None:
    desk.upload("rows.jsonl", '{"ticket_id": 7, "body": "Seen"}\nnot json\n')
    desk.provider.on("POST", "/api/v2/tickets/7/notes", json_reply({"id": 1}, 201))

    outcome = desk.finish(action="add_note", source={"upload_id": UPLOAD})

    assert outcome.message == "1 of 2 rows failed, 1 succeeded"
    row = desk.stack.store.row(ACTION_ID, 2)
    assert row is not None
    assert (row.code, row.line) == ("invalid_row", 2)
    assert row.message.startswith("line 2, column 1: ")


def test_keeping_rows_goes_on_where_time_ran_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a clock by which each look takes half of the time that there is
    rows = [{"ticket_id": 7, "body": ""}] * 250
    moment = [datetime(2026, 3, 3, tzinfo=UTC)]

    def later(_context: Any) -> float:
        moment[0] += timedelta(seconds=TURN_S / 2 + 1)
        return moment[0].timestamp()

    monkeypatch.setattr("freshbridge.actions.freshdesk.batch.seconds", later)
    request = desk.request(action="add_note", rows=rows)

    with pytest.raises(Unfinished):
        desk.run(request)
    kept = desk.stack.store.get(ACTION_ID).rows
    outcome = desk.stack.finish(desk.run, request)

    assert 0 < kept < 250
    assert outcome.message == "250 of 250 rows failed, 0 succeeded"


def test_a_batch_that_was_cancelled_while_rows_are_kept_stops_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = desk.stack.store
    request = desk.request(action="add_note", rows=[{"ticket_id": 7, "body": "x"}] * 250)
    real, appended = store.append, []

    def append(progress: Any, rows: Any) -> Any:
        appended.append(rows)
        store.update(progress, cancelling=True)
        return real(progress, rows)

    with monkeypatch.context() as patch:
        patch.setattr(store, "append", append)  # cancelled behind its back
        outcome = desk.stack.finish(desk.run, request)

    assert len(appended) == 1
    said = "Cancelled before all rows were read; the 99 read ones did not run"
    assert outcome.message == said
    assert desk.provider.requests == []
    # And resumed, it is read on from there
    aws.dynamodb().create_table(
        TableName="actions",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    desk.stack.bulk.records.submit(request)
    resumed, count = change.resume(desk.stack.bulk, ACTION_ID, change.Which.ALL, 2.0)
    assert (resumed.phase, count) == (Phase.READING, 99)
    with pytest.raises(Unfinished):
        desk.run(replace(request, origin={**request.origin, "round": 1}))
    assert store.get(ACTION_ID).rows == 250
    assert store.get(ACTION_ID).waiting == 250


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"action": "batch", "rows": [{}]}, "not_in_batch"),
        ({"action": "bulk_delete", "rows": [{}]}, "not_in_batch"),
        ({"action": "explode", "rows": [{}]}, "unknown_action"),
        (
            {"action": "add_note", "source": {"key": "uploads/another/rows.csv"}},
            "invalid_request",
        ),
    ],
)
def test_what_no_row_is_needed_to_see_is_refused_at_once(
    desk: Desk, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(Reject) as raised:
        check(desk.request(**parameters))

    assert raised.value.code == code


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"action": "add_note"}, ""),
        ({"action": "add_note", "rows": []}, "rows"),
        ({"action": "add_note", "rows": [7]}, "rows.0"),
        ({"action": "add_note", "rows": [{}] * 10_001}, "rows"),
        ({"action": "add_note", "rows": [{}], "source": {"key": "x"}}, ""),
        ({"action": "add_note", "source": {}}, "source"),
        ({"action": "add_note", "source": {"upload_id": "../x"}}, "source.upload_id"),
        ({"action": "add_note", "source": {"key": "x", "format": "xls"}}, "source.format"),
        ({"action": "add_note", "source": {"bucket": "x", "key": "x"}}, "source.bucket"),
        ({"action": "add_note", "rows": [{}], "on_error": "panic"}, "on_error"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", "batch"), parameters)

    assert named in {field.field for field in raised.value.fields}
