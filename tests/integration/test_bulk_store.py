"""The rows' table under contention and in failure, and the files that rows come from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from freshbridge import aws
from freshbridge.bulk.inputs import RowInputs
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.row_item import RowItem
from freshbridge.bulk.source import (
    RowFileChanged,
    RowFileMissing,
    RowFiles,
    RowFileUnavailable,
    in_pieces,
)
from freshbridge.bulk.store import CHUNK, BulkStore, Contended, Overtaken, UnknownBulkAction
from freshbridge.errors import PayloadTooLarge
from freshbridge.queues.payload import PayloadGone, PayloadStore
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
