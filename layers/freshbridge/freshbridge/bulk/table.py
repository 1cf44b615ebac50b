"""What is known of bulk actions: the reading half of their store.

pk the action's id, sk "progress" or "row#00042" or "data#00042"; items expire by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.bulk.item_attributes import (
    item_key,
    item_number,
    numbered,
    progress_from,
    row_from,
)
from freshbridge.bulk.progress import Progress
from freshbridge.bulk.row_item import RowItem
from freshbridge.errors import NotFound, Retry
from freshbridge.table_store import LargeItemStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.queues.payload import PayloadStore

_LAST = 999_999_999
_MOST_KEYS = 100
_ROUNDS = 10
_PAUSE_S = 0.05


class ReadIncomplete(Retry):
    """DynamoDB left rows out each time that it was asked."""

    code = "read_incomplete"


class UnknownBulkAction(NotFound):
    """No bulk action has this id, it has not begun, or what is known of it has expired."""

    code = "unknown_bulk_action"
    default_advice = "Check the id; only bulk actions that have begun have rows."


class BulkTable(LargeItemStore):
    """Reads the bulk actions of one table."""

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
        super().__init__(table, payloads, days=days, client=client, clock=clock)
        self._pause = pause

    def find(self, action_id: str) -> Progress | None:
        """The counts as they stand; None when nothing is known."""
        item = self._item(action_id, "progress")
        if item is None or int(item["expires_at"]["N"]) <= self.clock():
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

    def row(self, action_id: str, number: int) -> RowItem | None:
        """One row; None when there is none."""
        item = self._item(action_id, numbered("row", number))
        return None if item is None else row_from(item)

    def rows(
        self, action_id: str, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RowItem]:
        """Yield the rows behind row `after`, in order; `limit` is how many a query reads."""
        for item in self._items(action_id, "row", after, limit):
            yield row_from(item)

    def rows_at(self, action_id: str, numbers: Sequence[int]) -> list[RowItem]:
        """Those of these rows that there are, in order; each costs the reading of one item.

        Raises:
            ReadIncomplete: DynamoDB did not give all of them.
        """
        found: list[RowItem] = []
        for start in range(0, len(numbers), _MOST_KEYS):
            part = numbers[start : start + _MOST_KEYS]
            keys = [item_key(action_id, numbered("row", number)) for number in part]
            left: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
            for attempt in range(1, _ROUNDS + 1):
                answer = self._client.batch_get_item(RequestItems=left)
                found += [row_from(item) for item in answer["Responses"].get(self._table, [])]
                left = answer.get("UnprocessedKeys")
                if not left:
                    break
                self._pause(_PAUSE_S * attempt)
            else:
                raise ReadIncomplete(f"rows of {action_id} were left out each time", after=1.0)
        return sorted(found, key=lambda row: row.number)

    def results(self, action_id: str, *, after: int = 0) -> Iterator[tuple[int, str]]:
        """Yield (row number, its result as JSON) for the rows that have one, in order."""
        for item in self._items(action_id, "data", after, None):
            yield item_number(item), self._payloads.unpack(item["body"]["S"])

    def _item(self, action_id: str, sk: str) -> dict[str, Any] | None:
        found = self._client.get_item(
            TableName=self._table, Key=item_key(action_id, sk), ConsistentRead=True
        )
        return found.get("Item")

    def _items(
        self, action_id: str, kind: str, after: int, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        wanted: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": action_id},
                ":first": {"S": numbered(kind, after + 1)},
                ":last": {"S": numbered(kind, _LAST)},
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

    def _expiry(self) -> dict[str, Any]:
        return {"expires_at": {"N": str(self.expiry())}}
