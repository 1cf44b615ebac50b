"""Cursors in DynamoDB: `pk` the instance id, `sk` the object's name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from freshbridge import aws
from freshbridge.sync.cursor import Cursor

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class CursorStore:
    """The cursors of one table."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        """`table`: the stack's SyncTable."""
        self._table = table
        self._injected = client

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def load(self, instance_id: str, object_name: str) -> Cursor:
        """Where to go on; the beginning when the object was never synced."""
        state = self.state(instance_id, object_name)
        if state is None:
            return Cursor()
        return Cursor(
            state["since"], int(state["page"]), frozenset(state["seen"]), bool(state["again"])
        )

    def state(self, instance_id: str, object_name: str) -> dict[str, Any] | None:
        """What is stored: since, page, seen, again, run_id, rows, updated_at; None for nothing."""
        found = self._client.get_item(
            TableName=self._table,
            Key={"pk": {"S": instance_id}, "sk": {"S": object_name}},
            ConsistentRead=True,
        )
        if "Item" not in found:
            return None
        state: dict[str, Any] = json.loads(found["Item"]["state"]["S"])
        return state

    def save(
        self, instance_id: str, object_name: str, cursor: Cursor, *, progress: dict[str, Any]
    ) -> None:
        """Store the cursor. `progress` holds run_id, rows and updated_at, for people to read."""
        state = {
            "since": cursor.since,
            "page": cursor.page,
            "seen": sorted(cursor.seen),
            "again": cursor.again,
            **progress,
        }
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": instance_id},
                "sk": {"S": object_name},
                "state": {"S": json.dumps(state)},
            },
        )
