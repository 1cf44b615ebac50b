"""Trace entries in DynamoDB: pk the instance id, sk `<time>#<random>`, the entry as JSON in `body`.

An item expires by itself (`expires_at`, seconds since the epoch). DynamoDB may take days to remove
it; until then it is not shown.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge import aws, timestamps
from freshbridge.instances.trace import TraceEntry, expires_at
from freshbridge.table_store import TimedStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class TracePage:
    """Entries, newest first; `before` leads to the next page and is None on the last one."""

    entries: list[dict[str, Any]]
    before: str | None


class TraceStore(TimedStore):
    """The entries of one table."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        random_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """`clock`: seconds since the epoch."""
        super().__init__(table, client, clock=clock)
        self._random_hex = random_hex

    def append(self, instance_id: str, entry: TraceEntry) -> None:
        """Write one entry, with one short try.

        Raises:
            ClientError, BotoCoreError: the table did not take it.
        """
        client = self._injected or aws.dynamodb_briefly()
        client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": instance_id},
                # Calls of two functions can begin in one microsecond.
                "sk": {"S": f"{entry.time}#{self._random_hex(4)}"},
                "expires_at": {"N": str(expires_at(entry))},
                "body": {"S": json.dumps(entry.shown())},
            },
        )

    def page(self, instance_id: str, *, limit: int, before: str | None = None) -> TracePage:
        """Up to `limit` entries that lie before the position `before`, or the newest."""
        condition = "pk = :pk"
        values: dict[str, Any] = {":pk": {"S": instance_id}}
        if before is not None:
            condition += " AND sk < :before"
            values[":before"] = {"S": before}
        found = self._client.query(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=limit + 1,  # one more tells whether there is another page
        )
        now = self.clock()
        # The oldest expire first, so what is left out here ends the list.
        items = [item for item in found["Items"] if float(item["expires_at"]["N"]) > now]
        shown = items[:limit]
        return TracePage(
            entries=[json.loads(item["body"]["S"]) for item in shown],
            before=shown[-1]["sk"]["S"] if len(items) > limit else None,
        )
