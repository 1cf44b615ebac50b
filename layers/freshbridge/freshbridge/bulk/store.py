"""Bulk actions in DynamoDB: pk the action's id, sk "progress" or "row#00042" or "data#00042".

A row's state and the counts change in one transaction, so a message that comes twice is counted
once and no count is ever lost. Items expire by themselves.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import aws, timestamps
from freshbridge.bulk.item_attributes import (
    changes_of,
    progress_from,
    progress_item,
    row_from,
    row_item,
)
from freshbridge.bulk.progress import Progress, RowState
from freshbridge.bulk.row_item import RowItem
from freshbridge.errors import NotFound, Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.queues.payload import PayloadStore

CHUNK = 99
"""Rows in one transaction: it takes 100 items, and the counts are one of them."""
_TRIES = 12
_PAUSE_S = 0.02


class UnknownBulkAction(NotFound):
    """No bulk action has this id, it has not begun, or what is known of it has expired."""

    code = "unknown_bulk_action"
    default_advice = "Check the id; only bulk actions that have begun have rows."


class Contended(Retry):
    """Others changed the same counts each time; nothing was written."""

    code = "contended"


class Overtaken(Retry):
    """Somebody else moved this bulk action on meanwhile; look at it anew."""

    code = "overtaken"


class BulkStore:
    """The bulk actions of one table."""

    def __init__(
        self,
        table: str,
        payloads: PayloadStore,
        *,
        days: int,
        client: DynamoDBClient | None = None,
        clock: Callable[[], float] = timestamps.epoch,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`payloads`: keeps results too large for an item. `days`: how long rows are kept."""
        self._table = table
        self._payloads = payloads
        self._days = days
        self._injected = client
        self._clock = clock
        self._pause = pause

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def find(self, action_id: str) -> Progress | None:
        """The counts as they stand; None when nothing is known."""
        found = self._client.get_item(
            TableName=self._table, Key=_key(action_id, "progress"), ConsistentRead=True
        )
        item = found.get("Item")
        if item is None or int(item["expires_at"]["N"]) <= self._clock():
            return None
        return progress_from(item)

    def get(self, action_id: str) -> Progress:
        """The counts as they stand.

        Raises:
            UnknownBulkAction: nothing is known.
        """
        progress = self.find(action_id)
        if progress is None:
            raise UnknownBulkAction(f"no bulk action {action_id[:64]}")
        return progress

    def create(self, progress: Progress) -> Progress:
        """Keep a new bulk action; the one that is there already wins."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=progress_item(progress) | _expiry(self._expires_at()),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if aws.error_name(error) != "ConditionalCheckFailedException":
                raise
        return self.get(progress.action_id)

    def update(self, progress: Progress, **changed: Any) -> Progress:
        """Set attributes of the bulk action itself, as long as it is in the same round.

        Raises:
            Overtaken: it is not.
        """
        values, sets, names = changes_of(changed)
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(progress.action_id, "progress"),
                UpdateExpression=f"SET {sets}",
                ConditionExpression="#round = :held",
                ExpressionAttributeNames=names | {"#round": "round"},
                ExpressionAttributeValues=values | {":held": {"N": str(progress.round)}},
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if aws.error_name(error) != "ConditionalCheckFailedException":
                raise
            raise Overtaken("the bulk action was resumed meanwhile", after=1.0) from error
        return progress_from(answer["Attributes"])

    def append(self, progress: Progress, rows: Sequence[RowItem]) -> Progress:
        """Keep the next rows, at most CHUNK, and count them; all of it or nothing.

        Raises:
            Overtaken: these rows are there already.
        """
        counts = Counter(row.state for row in rows)
        settled = {state.value: counts[state] for state in RowState if state.settled}
        writes: list[Any] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": row_item(progress.action_id, row) | _expiry(self._expires_at()),
                }
            }
            for row in rows
        ]
        counted: Any = self._counted(
            progress.action_id,
            {"rows": len(rows), **settled},
            condition="#rows_held = :held",
            names={"#rows_held": "rows"},
            values={":held": {"N": str(progress.rows)}},
        )
        try:
            self._client.transact_write_items(TransactItems=[*writes, counted])
        except ClientError as error:
            if _reasons(error) is None:
                raise
            raise Overtaken("these rows are kept already", after=1.0) from error
        return self.get(progress.action_id)

    def rows(
        self, action_id: str, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RowItem]:
        """Yield the rows behind row `after`, in order; `limit` is how many a query reads."""
        for item in self._items(action_id, "row", after, limit):
            yield row_from(item)

    def results(self, action_id: str, *, after: int = 0) -> Iterator[tuple[int, str]]:
        """Yield (row number, its result as JSON) for the rows that have one, in order."""
        for item in self._items(action_id, "data", after, None):
            number = int(item["sk"]["S"].partition("#")[2])
            yield number, self._payloads.unpack(item["body"]["S"])

    def row(self, action_id: str, number: int) -> RowItem | None:
        """One row; None when there is none."""
        found = self._client.get_item(
            TableName=self._table, Key=_key(action_id, _sk("row", number)), ConsistentRead=True
        )
        return row_from(found["Item"]) if "Item" in found else None

    def swap(self, action_id: str, number: int, *, expected: RowState, state: RowState) -> bool:
        """Change a row between two states that no count tells apart; whether it was `expected`."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(action_id, _sk("row", number)),
                UpdateExpression="SET #state = :state",
                ConditionExpression="#state = :expected",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":state": {"S": state.value},
                    ":expected": {"S": expected.value},
                },
            )
        except ClientError as error:
            if aws.error_name(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def settle(self, action_id: str, row: RowItem, data: str | None = None) -> None:
        """Keep how a row ended, once, and its result (JSON).

        What has succeeded stays so. A row that failed and succeeds after all moves the counts.

        Raises:
            Contended: not written; tell it again.
        """
        for attempt in range(1, _TRIES + 1):
            held = self.row(action_id, row.number)
            if held is None or held.state is RowState.SUCCEEDED:
                return
            if self._moved(action_id, [(held, row)], data):
                return
            self._pause(_PAUSE_S * attempt)
        raise Contended(f"row {row.number} of {action_id} could not be counted", after=1.0)

    def move(self, action_id: str, pairs: Sequence[tuple[RowItem, RowItem]]) -> int:
        """Change many rows from what they were read as; how many of them still were.

        Raises:
            Contended: a part is not written; ask again.
        """
        done = 0
        for start in range(0, len(pairs), CHUNK):
            part = list(pairs[start : start + CHUNK])
            for attempt in range(1, _TRIES + 1):
                if not part or self._moved(action_id, part):
                    break
                part = [
                    (held, new)
                    for held, new in part
                    if (now := self.row(action_id, held.number)) and now.state is held.state
                ]
                self._pause(_PAUSE_S * attempt)
            else:
                raise Contended(f"rows of {action_id} could not be changed", after=1.0)
            done += len(part)
        return done

    def _moved(
        self, action_id: str, pairs: Sequence[tuple[RowItem, RowItem]], data: str | None = None
    ) -> bool:
        """One transaction; False when a row is not what it was read as, or others were faster."""
        writes: list[Any] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": row_item(action_id, new) | _expiry(self._expires_at()),
                    "ConditionExpression": "#state = :expected",
                    "ExpressionAttributeNames": {"#state": "state"},
                    "ExpressionAttributeValues": {":expected": {"S": held.state.value}},
                }
            }
            for held, new in pairs
        ]
        if data is not None:
            number = pairs[0][1].number
            body = self._payloads.pack(data, f"actions/batches/{action_id}/data-{number}.json")
            item = _key(action_id, _sk("data", number)) | {"body": {"S": body}}
            writes.append(
                {"Put": {"TableName": self._table, "Item": item | _expiry(self._expires_at())}}
            )
        counts: Counter[str] = Counter()
        for held, new in pairs:
            counts[held.state.value] -= held.state.settled
            counts[new.state.value] += new.state.settled
        changed = {name: count for name, count in counts.items() if count}
        writes.append(self._counted(action_id, changed))
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if _reasons(error) is None:
                raise
            return False
        return True

    def _counted(
        self,
        action_id: str,
        counts: dict[str, int],
        *,
        condition: str = "attribute_exists(pk)",
        names: dict[str, str] | None = None,
        values: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        added = {**counts, "changes": 1}
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(action_id, "progress"),
                "UpdateExpression": "SET changed_at = :now ADD "
                + ", ".join(f"#{name} :{name}" for name in added),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {f"#{name}": name for name in added} | (names or {}),
                "ExpressionAttributeValues": {
                    f":{name}": {"N": str(count)} for name, count in added.items()
                }
                | {":now": {"N": str(self._clock())}}
                | (values or {}),
            }
        }

    def _items(
        self, action_id: str, kind: str, after: int, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        wanted: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": action_id},
                ":first": {"S": _sk(kind, after + 1)},
                ":last": {"S": _sk(kind, 99_999)},
            },
            "ConsistentRead": True,
        }
        if limit is not None:
            wanted["Limit"] = limit
        while True:
            found = self._client.query(**wanted)
            yield from found["Items"]
            if "LastEvaluatedKey" not in found:
                return
            wanted["ExclusiveStartKey"] = found["LastEvaluatedKey"]

    def _expires_at(self) -> int:
        return int(self._clock()) + self._days * 86_400


def _reasons(error: ClientError) -> list[str] | None:
    """Why a transaction was cancelled, item by item; None when that was not it."""
    if aws.error_name(error) != "TransactionCanceledException":
        return None
    found: Any = error.response
    reasons = [str(entry.get("Code")) for entry in found.get("CancellationReasons", [])]
    harmless = {"None", "ConditionalCheckFailed", "TransactionConflict"}
    return reasons if set(reasons) <= harmless else None


def _key(action_id: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": action_id}, "sk": {"S": sk}}


def _sk(kind: str, number: int) -> str:
    return f"{kind}#{number:05d}"


def _expiry(moment: int) -> dict[str, Any]:
    return {"expires_at": {"N": str(moment)}}
