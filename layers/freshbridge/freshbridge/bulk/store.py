"""Bulk actions in DynamoDB: the writing half of their store.

A row's state and the counts change in one transaction, so a message that comes twice is counted
once and no count is ever lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from freshbridge import aws
from freshbridge.bulk.item_attributes import (
    changes_of,
    item_key,
    numbered,
    progress_from,
    progress_item,
    row_item,
)
from freshbridge.bulk.progress import OUTCOMES, Progress, RowState
from freshbridge.bulk.row_item import RowItem
from freshbridge.bulk.table import BulkTable
from freshbridge.bulk.transaction import add_to_counts, changed_counts, others_were_faster, put
from freshbridge.errors import Retry

CHUNK = 99
"""Rows in one transaction: it takes 100 items, and the counts are one of them."""
_TRIES = 12
_PAUSE_S = 0.02


class Contended(Retry):
    """Others changed the same counts each time; nothing was written."""

    code = "contended"


class Overtaken(Retry):
    """Somebody else moved this bulk action on meanwhile; look at it anew."""

    code = "overtaken"


class BulkStore(BulkTable):
    """Reads and writes the bulk actions of one table; see BulkTable for what it is made of."""

    def create(self, progress: Progress) -> Progress:
        """Keep a new bulk action; the one that is there already wins."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=progress_item(progress) | self._expiry(),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            _only_if_refused(error)
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
                Key=item_key(progress.action_id, "progress"),
                UpdateExpression=f"SET {sets}",
                ConditionExpression="#round = :held",
                ExpressionAttributeNames=names | {"#round": "round"},
                ExpressionAttributeValues=values | {":held": {"N": str(progress.round)}},
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            _only_if_refused(error)
            raise Overtaken("the bulk action was resumed meanwhile", after=1.0) from error
        return progress_from(answer["Attributes"])

    def append(self, progress: Progress, rows: Sequence[RowItem]) -> Progress:
        """Keep the next rows, at most CHUNK, and count them; all of it or nothing.

        Raises:
            Overtaken: these rows are there already.
        """
        settled = [row for row in rows if row.state.settled]
        counts = Counter(row.state.value for row in settled)
        counts.update(row.outcome for row in settled if row.outcome in OUTCOMES)
        writes: list[Any] = [self._put_row(progress.action_id, row) for row in rows]
        writes.append(
            add_to_counts(
                self._table,
                progress.action_id,
                {"rows": len(rows), **counts},
                now=self.clock(),
                rows_held=progress.rows,
            )
        )
        if not self._written(writes):
            raise Overtaken("these rows are kept already", after=1.0)
        return self.get(progress.action_id)

    def swap(self, action_id: str, number: int, *, expected: RowState, state: RowState) -> bool:
        """Change a row between two states that no count tells apart; whether it was `expected`."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=item_key(action_id, numbered("row", number)),
                UpdateExpression="SET #state = :state",
                ConditionExpression="#state = :expected",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":state": {"S": state.value},
                    ":expected": {"S": expected.value},
                },
            )
        except ClientError as error:
            _only_if_refused(error)
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
            self._put_row(action_id, new, expected=held.state.value) for held, new in pairs
        ]
        if data is not None:
            number = pairs[0][1].number
            body = self._payloads.pack(data, f"actions/batches/{action_id}/data-{number}.json")
            item = item_key(action_id, numbered("data", number)) | {"body": {"S": body}}
            writes.append(put(self._table, item | self._expiry()))
        counts = changed_counts(pairs)
        writes.append(add_to_counts(self._table, action_id, counts, now=self.clock()))
        return self._written(writes)

    def _put_row(self, action_id: str, row: RowItem, *, expected: str = "") -> dict[str, Any]:
        return put(self._table, row_item(action_id, row) | self._expiry(), expected=expected)

    def _written(self, writes: Sequence[Any]) -> bool:
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if not others_were_faster(error.response):
                raise
            return False
        return True


def _only_if_refused(error: ClientError) -> None:
    """Raises `error` unless it says that its condition did not hold."""
    if aws.error_name(error) != "ConditionalCheckFailedException":
        raise error
