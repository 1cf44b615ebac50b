"""Calls of the SyncTable: conditional writes, tried again where others write the same items.

Whoever is refused by a condition gets False; whoever the service could not serve gets an error, so
that the one is never taken for the other.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import aws, timestamps
from freshbridge.errors import Retry
from freshbridge.sync import run_items as items
from freshbridge.sync.run_writes import Write, Writes

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT_S = 14 * 86_400
ATTEMPTS = 8
FIRST_PAUSE_S = 0.03
_BUSY = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_REFUSED = "ConditionalCheckFailed"


class StoreContended(Retry):
    """Others kept writing the same items."""

    code = "sync_state_contended"


class RunTable:
    """One table of runs."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`table`: the stack's SyncTable. `clock`: epoch seconds."""
        self.table = table
        self._injected = client
        self.clock = clock
        self._sleep = sleep
        self._jitter = jitter

    @property
    def client(self) -> DynamoDBClient:
        """DynamoDB."""
        return self._injected or aws.dynamodb()

    @property
    def writes(self) -> Writes:
        """The writes to this table; what they make expires `KEPT_S` from now."""
        return Writes(self.table, int(self.clock()) + KEPT_S)

    def transact(self, writes: list[Write]) -> bool:
        """Write all or nothing; False when a condition was not met.

        Raises:
            StoreContended: others kept writing the same items, or there was too much to do.
            ClientError: it was refused for another reason.
        """
        asked: Any = writes
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(FIRST_PAUSE_S * 2**attempt * (0.5 + self._jitter()))
            try:
                self.client.transact_write_items(TransactItems=asked)
            except ClientError as error:
                if _conflicts(error):
                    continue
                if not _is_refused(error):
                    raise
                return False
            return True
        raise StoreContended("others kept writing the state of this sync")

    def update(
        self,
        key: items.Item,
        change: str,
        condition: str,
        values: dict[str, Any],
        *,
        names: dict[str, str] | None = None,
    ) -> bool:
        """Change one item; False when the condition was not met. Raises as `transact` does."""
        asked = self.writes.update(key, change, condition, values, names=names)["Update"]
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(FIRST_PAUSE_S * 2**attempt * (0.5 + self._jitter()))
            try:
                self.client.update_item(**asked)
            except ClientError as error:
                if _conflicts(error):
                    continue
                raise_unless_refused(error)
                return False
            return True
        raise StoreContended("others kept writing the state of this sync")

    def get(self, key: items.Item) -> dict[str, Any] | None:
        """One item as it is now."""
        answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def query(self, pk: str, prefix: str, *, newest: int = 0) -> list[dict[str, Any]]:
        """All items of a key whose `sk` begins so; with `newest` so many, the last ones first."""
        asked: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": items.text(pk)},
            "ConsistentRead": True,
        }
        if prefix:
            asked["KeyConditionExpression"] += " AND begins_with(sk, :sk)"
            asked["ExpressionAttributeValues"][":sk"] = items.text(prefix)
        if newest:
            asked |= {"ScanIndexForward": False, "Limit": newest}
        found: list[dict[str, Any]] = []
        while True:
            answer = self.client.query(**asked)
            found += answer["Items"]
            if "LastEvaluatedKey" not in answer or (newest and len(found) >= newest):
                return found
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def raise_unless_refused(error: ClientError) -> None:
    """Pass on an error of one write that is no condition's."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error


def _conflicts(error: ClientError) -> bool:
    """Whether another transaction was at work on one of the items, or the table was busy."""
    code = error.response["Error"]["Code"]
    if code in ("TransactionInProgressException", "TransactionConflictException"):
        return True
    return code == "TransactionCanceledException" and any(
        reason in _BUSY for reason in _reasons(error)
    )


def _is_refused(error: ClientError) -> bool:
    """Whether a condition was not met; where no reason is told, it is taken for one."""
    reasons = _reasons(error)
    return error.response["Error"]["Code"] == "TransactionCanceledException" and (
        not reasons or _REFUSED in reasons
    )


def _reasons(error: ClientError) -> set[str]:
    told: Any = error.response.get("CancellationReasons", [])
    return {str(one.get("Code")) for one in told} - {"None"}
