"""The rows' table under contention and in failure, and the files that rows come from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from freshbridge import aws
from freshbridge.actions.action import Outcome
from freshbridge.actions.catalogue import CATALOGUE, validate
from freshbridge.actions.record import State
from freshbridge.actions.record_store import RecordStore
from freshbridge.bulk.change import Which, resume
from freshbridge.bulk.inputs import RowInputs
from freshbridge.bulk.parts import Bulk
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.result_files import ResultFiles
from freshbridge.bulk.results import ResultFormat
from freshbridge.bulk.review import SILENCE_S, is_due, review
from freshbridge.bulk.row_item import RowItem
from freshbridge.bulk.row_watch import RowWatch
from freshbridge.bulk.source import (
    RowFileChanged,
    RowFileMissing,
    RowFiles,
    RowFileUnavailable,
    in_pieces,
)
from freshbridge.bulk.store import CHUNK, BulkStore, Contended, Overtaken
from freshbridge.bulk.table import ReadIncomplete, UnknownBulkAction
from freshbridge.errors import PayloadTooLarge
from freshbridge.queues.payload import PayloadGone, PayloadStore
from freshbridge.queues.publish import Publisher
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack

PARENT = "act_bulk_1"
CONFLICT = ClientError(
    {
        "Error": {"Code": "TransactionCanceledException", "Message": "made up"},
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    },
    "TransactWriteItems",
)
REFUSED = ClientError(
    {
        "Error": {"Code": "TransactionCanceledException", "Message": "made up"},
        "CancellationReasons": [{"Code": "ThrottlingError"}],
    },
    "TransactWriteItems",
)


def a_store(stack: Stack, client: Any = None, now: float = 1_772_539_360.0) -> BulkStore:
    """A store whose pauses take no time."""
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return BulkStore(
        stack.names["BulkTable"],
        payloads,
        days=30,
        client=client,
        clock=lambda: now,
        pause=lambda _seconds: None,
    )


def begun(store: BulkStore, rows: int) -> Progress:
    """An action with rows that wait."""
    progress = store.create(Progress(PARENT, Phase.READING, 1.0, 1.0))
    waiting = [RowItem(n + 1, RowState.WAITING) for n in range(rows)]
    for start in range(0, rows, CHUNK):
        progress = store.append(progress, waiting[start : start + CHUNK])
    return progress


def conflicting(times: int, error: ClientError = CONFLICT) -> Any:
    """A client whose first transactions are refused."""
    left = [error] * times

    def write(**items: Any) -> Any:
        if left:
            raise left.pop()
        return aws.dynamodb().transact_write_items(**items)

    return Failing(aws.dynamodb(), transact_write_items=write)


def test_conflicts_are_tried_again_and_counted_once(stack: Stack) -> None:
    begun(a_store(stack), 3)
    store = a_store(stack, conflicting(5))

    store.settle(PARENT, RowItem(1, RowState.SUCCEEDED), '{"a":1}')
    store.settle(PARENT, RowItem(1, RowState.FAILED))

    assert (store.get(PARENT).succeeded, store.get(PARENT).failed) == (1, 0)
    assert list(store.results(PARENT)) == [(1, '{"a":1}')]


def test_conflicts_without_end_are_told(stack: Stack) -> None:
    begun(a_store(stack), 3)

    with pytest.raises(Contended):
        a_store(stack, conflicting(99)).settle(PARENT, RowItem(1, RowState.SUCCEEDED))
    with pytest.raises(Contended):
        rows = list(a_store(stack).rows(PARENT))
        pairs = [(row, row.ended(RowState.CANCELLED)) for row in rows]
        a_store(stack, conflicting(99)).move(PARENT, pairs)
    assert a_store(stack).get(PARENT).settled == 0


@pytest.mark.parametrize("error", [REFUSED, client_error("TransactWriteItems")])
def test_another_failure_is_no_conflict(stack: Stack, error: ClientError) -> None:
    progress = begun(a_store(stack), 3)
    failing = a_store(stack, conflicting(99, error))

    with pytest.raises(ClientError):
        failing.settle(PARENT, RowItem(1, RowState.SUCCEEDED))
    with pytest.raises(ClientError):
        failing.append(progress, [RowItem(4, RowState.WAITING)])


def test_rows_that_changed_meanwhile_are_left_and_the_others_are_moved(stack: Stack) -> None:
    store = a_store(stack)
    begun(store, 120)
    read = list(store.rows(PARENT))
    assert store.swap(PARENT, 2, expected=RowState.WAITING, state=RowState.RUNNING)
    store.settle(PARENT, RowItem(110, RowState.SUCCEEDED))

    moved = store.move(PARENT, [(row, row.ended(RowState.CANCELLED)) for row in read])

    assert moved == 118
    assert (store.get(PARENT).cancelled, store.get(PARENT).succeeded) == (118, 1)
    assert not store.swap(PARENT, 1, expected=RowState.WAITING, state=RowState.RUNNING)


def test_rows_are_kept_once_though_two_keep_them(stack: Stack) -> None:
    store = a_store(stack)
    progress = begun(store, 2)

    store.append(progress, [RowItem(3, RowState.FAILED)])
    with pytest.raises(Overtaken):
        store.append(progress, [RowItem(3, RowState.WAITING)])

    held = store.get(PARENT)
    assert (held.rows, held.failed) == (3, 1)
    assert store.create(replace(held, rows=0)) == held


def test_an_earlier_round_changes_nothing(stack: Stack) -> None:
    store = a_store(stack)
    first = begun(store, 1)
    store.update(first, round=1)

    with pytest.raises(Overtaken):
        store.update(first, phase=Phase.FINISHED)
    assert store.get(PARENT).phase is Phase.READING


def test_what_has_expired_is_not_shown(stack: Stack) -> None:
    begun(a_store(stack), 1)

    with pytest.raises(UnknownBulkAction):
        a_store(stack, now=1_772_539_360.0 + 30 * 86_400).get(PARENT)


@pytest.mark.parametrize("call", ["put_item", "update_item"])
def test_an_outage_is_raised(stack: Stack, call: str) -> None:
    store = a_store(stack)
    progress = begun(store, 1)
    broken = a_store(stack, Failing(aws.dynamodb(), **{call: raising(client_error(call))}))

    if call == "put_item":
        with pytest.raises(ClientError):
            broken.create(progress)
        return
    with pytest.raises(ClientError):
        broken.update(progress, round=2)
    with pytest.raises(ClientError):
        broken.swap(PARENT, 1, expected=RowState.WAITING, state=RowState.RUNNING)


def test_rows_are_read_by_their_numbers_whatever_is_left_out_at_first(stack: Stack) -> None:
    begun(a_store(stack), 7)
    dynamodb: Any = aws.dynamodb()
    asked: list[int] = []

    def half(RequestItems: Any) -> Any:  # noqa: N803 - as boto3 names it
        ((table, wanted),) = RequestItems.items()
        keys = wanted["Keys"]
        asked.append(len(keys))
        left = keys[len(keys) // 2 :] if len(keys) > 1 else []
        answer = dynamodb.batch_get_item(
            RequestItems={table: {**wanted, "Keys": [key for key in keys if key not in left]}}
        )
        again = {table: {**wanted, "Keys": left}} if left else {}
        return {**answer, "UnprocessedKeys": again}

    store = a_store(stack, Failing(dynamodb, batch_get_item=half))

    assert [row.number for row in store.rows_at(PARENT, [6, 2, 99, 3])] == [2, 3, 6]
    assert asked == [4, 2, 1]
    assert store.rows_at(PARENT, []) == []


def test_rows_that_are_left_out_without_end_are_told(stack: Stack) -> None:
    begun(a_store(stack), 2)

    def none(RequestItems: Any) -> Any:  # noqa: N803 - as boto3 names it
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    store = a_store(stack, Failing(aws.dynamodb(), batch_get_item=none))

    with pytest.raises(ReadIncomplete, match="left out"):
        store.rows_at(PARENT, [1, 2])


def test_a_large_result_goes_to_the_bucket(stack: Stack) -> None:
    store = a_store(stack)
    begun(store, 1)

    store.settle(PARENT, RowItem(1, RowState.SUCCEEDED), f'"{"x" * 300_000}"')

    assert stack.objects("PayloadBucket") == [f"actions/batches/{PARENT}/data-1.json"]
    ((number, text),) = store.results(PARENT)
    assert (number, len(text)) == (1, 300_002)


def test_parameters_that_expired_are_told(stack: Stack) -> None:
    inputs = RowInputs(stack.names["PayloadBucket"])
    inputs.keep(PARENT, {100: {"body": "\ud83d"}}, first=100)

    assert inputs.read(PARENT, 1) == {100: {"body": "\ud83d"}}
    with pytest.raises(PayloadGone):
        inputs.read(PARENT, 0)


def put(stack: Stack, text: bytes) -> None:
    """Upload the file of rows."""
    aws.s3().put_object(Bucket=stack.names["PayloadBucket"], Key="rows.csv", Body=text)


def test_a_file_is_read_as_it_was_when_it_was_found(stack: Stack) -> None:
    files = RowFiles(stack.names["PayloadBucket"])
    put(stack, b"first")
    tag = files.tag("rows.csv")
    assert b"".join(files.pieces("rows.csv", tag)) == b"first"

    put(stack, b"second")
    with pytest.raises(RowFileChanged):
        list(files.pieces("rows.csv", tag))
    with pytest.raises(RowFileMissing):
        files.tag("none.csv")


def test_a_file_that_is_too_large_is_refused_unread(stack: Stack) -> None:
    head = {"ContentLength": 101 * 1024 * 1024, "ETag": "x"}
    client: Any = Failing(aws.s3(), head_object=lambda **_asked: head)

    with pytest.raises(PayloadTooLarge):
        RowFiles(stack.names["PayloadBucket"], client).tag("rows.csv")


def test_an_outage_of_the_bucket_is_tried_again(stack: Stack) -> None:
    client: Any = Failing(aws.s3(), head_object=raising(client_error("HeadObject")))

    with pytest.raises(RowFileUnavailable):
        RowFiles(stack.names["PayloadBucket"], client).tag("rows.csv")


def test_a_connection_that_breaks_closes_the_file() -> None:
    class Broken:
        closed = False

        def read(self, _size: int, /) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://s3.example")

        def close(self) -> None:
            self.closed = True

    broken = Broken()
    with pytest.raises(RowFileUnavailable):
        list(in_pieces(broken))
    assert broken.closed


def a_bulk(stack: Stack) -> Bulk:
    """The whole of it, on this stack."""
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return Bulk(
        a_store(stack),
        RowInputs(stack.names["PayloadBucket"]),
        RowFiles(stack.names["PayloadBucket"]),
        Publisher(stack.names["ActionQueue"], payloads, prefix="actions"),
        RecordStore(stack.names["ActionTable"], payloads, days=30),
        find=CATALOGUE.find,
        validate=validate,
    )


def row_request(number: int) -> Any:
    """The request of one row."""
    return builders.action_request(
        action_id=f"act_row_{number}", origin={"type": "batch", "parent": PARENT, "row": number}
    )


def test_records_settle_the_rows_that_nothing_was_heard_of(stack: Stack) -> None:
    # Given rows on their way whose records say: done, refused, running, and nothing at all
    bulk = a_bulk(stack)
    progress = begun(bulk.store, 0)
    rows = [RowItem(n, RowState.RUNNING, action_id=f"act_row_{n}") for n in range(1, 6)]
    progress = bulk.store.append(progress, [*rows, RowItem(6, RowState.WAITING)])
    progress = bulk.store.update(progress, position=4)
    for number, state, known in (
        (1, State.SUCCEEDED, {"data": {"a": 1}, "message": "Done"}),
        (2, State.DEAD, {"code": "exhausted_throttled", "message": "too long", "fields": "[{}]"}),
        (3, State.RUNNING, {}),
        (5, State.SUCCEEDED, {}),
    ):
        bulk.records.submit(row_request(number))
        bulk.records.end(row_request(number), state, None, **known)

    assert review(bulk, progress) == 2

    held = {row.number: (row.state.value, row.code) for row in bulk.store.rows(PARENT)}
    assert held == {
        1: ("succeeded", ""), 2: ("failed", "exhausted_throttled"), 3: ("running", ""),
        4: ("running", ""), 5: ("running", ""), 6: ("waiting", ""),
    }  # fmt: skip
    assert list(bulk.store.results(PARENT)) == [(1, '{"a":1}')]


def test_records_are_read_after_a_long_silence_and_seldom() -> None:
    progress = Progress(PARENT, Phase.RUNNING, 0.0, 0.0, changed_at=100.0)

    due = [s for s in range(4_000) if is_due(progress, 100.0 + s)]

    assert due[0] == SILENCE_S
    assert len(due) == 30 * 4


def test_a_row_that_was_cancelled_does_not_begin(stack: Stack) -> None:
    store = a_store(stack)
    progress = begun(store, 0)
    states = (RowState.CANCELLED, RowState.FAILED, RowState.SUCCEEDED, RowState.RUNNING)
    store.append(
        progress, [RowItem(n, state, action_id=f"act_row_{n}") for n, state in enumerate(states, 1)]
    )
    watch = RowWatch(store)

    assert [watch.may_begin(row_request(n)) for n in (1, 2, 3, 4, 5)] == [
        False, True, True, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("meanwhile", "begins"), [(RowState.CANCELLED, False), (RowState.RUNNING, True)]
)
def test_a_row_is_cancelled_or_begun_never_both(
    stack: Stack, meanwhile: RowState, begins: bool
) -> None:
    # Given a row that somebody changes between the look at it and its beginning
    store = a_store(stack)
    store.append(begun(store, 0), [RowItem(1, RowState.WAITING, action_id="act_row_1")])
    real = store.swap

    def swap(*asked: Any, **states: Any) -> bool:
        row = next(store.rows(PARENT))
        store.move(PARENT, [(row, row.ended(meanwhile))])
        return real(*asked, **states)

    store.swap = swap  # type: ignore[method-assign]  # the other one comes first

    assert RowWatch(store).may_begin(row_request(1)) is begins


def test_what_is_no_row_is_told_nothing(stack: Stack) -> None:
    watch = RowWatch(a_store(stack))
    stranger = builders.action_request()

    assert watch.may_begin(stranger)
    watch.put_off(stranger)
    watch.succeeded(stranger, Outcome({}))
    watch.failed(stranger, ValueError(), "x", "y")
    assert stack.items("BulkTable") == []


def test_resuming_while_a_job_runs_leaves_the_job_s_rows_to_it(stack: Stack) -> None:
    bulk = a_bulk(stack)
    progress = begun(bulk.store, 0)
    states = (RowState.RUNNING, RowState.FAILED, RowState.CANCELLED)
    rows = [RowItem(n, state, action_id=f"act_row_{n}") for n, state in enumerate(states, 1)]
    progress = bulk.store.append(progress, rows)
    bulk.store.update(progress, phase=Phase.JOBS, jobs="{}")
    bulk.records.submit(builders.action_request(action_id=PARENT, action="bulk_delete"))

    after, count = resume(bulk, PARENT, Which.CANCELLED, 5.0)

    assert (after.phase, after.round, count) == (Phase.JOBS, 1, 2)
    assert [row.state.value for row in bulk.store.rows(PARENT)] == ["running", "failed", "waiting"]
    (message,) = stack.bodies("ActionQueue")
    assert message["idempotency_key"] == f"{PARENT}#round1"
    assert message["origin"]["round"] == 1


def test_an_outage_while_looking_for_the_file_is_raised(stack: Stack) -> None:
    store = a_store(stack)
    client: Any = Failing(aws.s3(), head_object=raising(client_error("HeadObject")))

    with pytest.raises(ClientError):
        ResultFiles(stack.names["PayloadBucket"], store, client=client).offer(
            begun(store, 1), ResultFormat.CSV
        )
