"""Which records are about to be read for webhooks, in the SyncTable: a burst costs one call.

A mark stands from the first webhook until the worker begins to read: what comes before that is in
what it reads, what comes after sets a new mark. `pk` is `touch#<instance>#<object>#<id>`. Who died
between mark and message comes again with the same event and may go on; a mark that nobody took away
is void after `STALE_S`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from freshbridge import aws, timestamps

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

STALE_S = 3600


class TouchMarks:
    """The marks of one table."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`table`: the stack's SyncTable. `clock`: epoch seconds."""
        self._table = table
        self._injected = client
        self._clock = clock

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def set(self, instance_id: str, object_name: str, record_id: int, event_id: str) -> bool:
        """Whether the event's message is the one to be sent; no: one is on its way."""
        now = int(self._clock())
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_key(instance_id, object_name, str(record_id)),
                    "event_id": {"S": event_id},
                    "expires_at": {"N": str(now + STALE_S)},
                },
                ConditionExpression=(
                    "attribute_not_exists(pk) OR expires_at < :now OR event_id = :event"
                ),
                ExpressionAttributeValues={":now": {"N": str(now)}, ":event": {"S": event_id}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def take(self, instance_id: str, object_name: str, record_id: str) -> None:
        """Take the mark away: whatever comes from now on has to be read again."""
        self._client.delete_item(
            TableName=self._table, Key=_key(instance_id, object_name, record_id)
        )


def _key(instance_id: str, object_name: str, record_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"touch#{instance_id}#{object_name}#{record_id}"}, "sk": {"S": "touch"}}
