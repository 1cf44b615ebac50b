"""Instances in DynamoDB.

Items of the instance table: `pk` the instance id, `sk` "instance", `listing` "instance" (the key
of the index that lists them), and the model's fields. Reads can be cached for a short age, since
every webhook and every message asks for the same few instances.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from freshbridge import aws
from freshbridge.errors import NotFound
from freshbridge.instances.model import Instance

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_SORT_KEY = "instance"
LONGEST_ID = 128
"""Bytes; DynamoDB would refuse an empty or an endless key as an error of this program's."""
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class UnknownInstance(NotFound):
    """No instance has this id."""

    code = "unknown_instance"


class Registry:
    """Reads and writes instances of one table."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        age_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`age_s`: how long an answer, also "unknown", may be served from memory; 0 for never."""
        self._table = table
        self._injected = client
        self._age_s = age_s
        self._clock = clock
        self._cache: dict[str, tuple[float, Instance | None]] = {}

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def get(self, instance_id: str) -> Instance:
        """Return one instance, at most `age_s` old.

        Raises:
            UnknownInstance: no such id.
        """
        read_at, instance = self._cache.get(instance_id, (float("-inf"), None))
        if self._clock() - read_at >= self._age_s:
            instance = self._read(instance_id)
            if len(self._cache) >= 1000:  # ids come from URLs: strangers must not fill the memory
                self._cache.clear()
            self._cache[instance_id] = (self._clock(), instance)
        if instance is None:
            raise UnknownInstance(
                "no such instance",
                where=f"instance {instance_id[:64]}",
                advice="GET /api/integrations lists the ids.",
            )
        return instance

    def all(self) -> Iterator[Instance]:
        """Every instance, oldest id first, page by page."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="instances",
            KeyConditionExpression="listing = :listing",
            ExpressionAttributeValues={":listing": {"S": _SORT_KEY}},
        )
        for page in pages:
            for item in page["Items"]:
                yield _from_item(item)

    def put(self, instance: Instance) -> None:
        """Store an instance, replacing one of the same id."""
        fields: dict[str, Any] = {
            **asdict(instance),
            "sync_objects": list(instance.sync_objects),
            # As text: DynamoDB would turn its numbers into decimals and refuse its fractions.
            "config": json.dumps(instance.config),
            "pk": instance.instance_id,
            "sk": _SORT_KEY,
            "listing": _SORT_KEY,
        }
        self._client.put_item(
            TableName=self._table,
            Item={name: _serialize(value) for name, value in fields.items()},
        )
        self._cache.pop(instance.instance_id, None)

    def delete(self, instance_id: str) -> None:
        """Forget an instance; one that is gone already is no error."""
        self._client.delete_item(
            TableName=self._table, Key={"pk": {"S": instance_id}, "sk": {"S": _SORT_KEY}}
        )
        self._cache.pop(instance_id, None)

    def _read(self, instance_id: str) -> Instance | None:
        if not 0 < len(instance_id.encode()) <= LONGEST_ID:
            return None
        found = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": instance_id}, "sk": {"S": _SORT_KEY}}
        )
        return _from_item(found["Item"]) if "Item" in found else None


def _from_item(item: Any) -> Instance:
    fields = {name: _deserialize(value) for name, value in item.items()}
    known = {name: fields[name] for name in Instance.__dataclass_fields__ if name in fields}
    known["sync_objects"] = tuple(known.get("sync_objects", ()))
    known["config"] = json.loads(known.get("config", "{}"))
    return Instance(**known)
