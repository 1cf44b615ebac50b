"""Destinations in DynamoDB, beside the instance that they belong to.

`sk` is "destination#<id>". A save writes only over the version that it was made from, so that of
two people who save at once the second is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge import aws
from freshbridge.destinations.model import (
    DestinationSettings,
    InvalidDestination,
    read_settings,
    write_settings,
)
from freshbridge.errors import Conflict, NotFound
from freshbridge.observability import function_logger
from freshbridge.query_page import query_page

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_PREFIX = "destination#"
_LONGEST_ID = 128


class UnknownDestination(NotFound):
    """The integration has no such destination."""

    code = "unknown_destination"
    default_advice = "Check the id; GET …/destinations lists them."


class DestinationChangedMeanwhile(Conflict):
    """Somebody else saved it between reading and writing."""

    code = "destination_changed_meanwhile"
    default_advice = "Read the destination and send the change again."


@dataclass(frozen=True)
class Destination:
    """One destination as it is kept. Times are UTC, ISO 8601."""

    destination_id: str
    settings: DestinationSettings
    version: int = 1
    created_at: str = ""
    updated_at: str = ""

    def shown(self) -> dict[str, Any]:
        """What the API answers: every setting, with its default where nothing was said."""
        settings = self.settings.model_dump(mode="json", by_alias=True)
        return {
            "destination_id": self.destination_id,
            "version": self.version,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            **settings,
            "mapping": write_settings(self.settings).get("mapping", {}),
        }


@dataclass(frozen=True)
class DestinationPage:
    """Destinations, oldest first; `after` asks for the next page, None on the last."""

    destinations: list[Destination]
    after: str | None


class DestinationStore:
    """The destinations of one table's instances."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        """`table`: the stack's InstanceTable. `client`: for tests."""
        self._table = table
        self._injected = client

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def page(self, instance_id: str, *, limit: int, after: str | None) -> DestinationPage:
        """Up to `limit` of them.

        Raises:
            InvalidRequest: `after` is not what a page before it gave.
        """
        key = ("pk", instance_id)
        found = query_page(
            self._client, self._query(instance_id), key, ("sk",), limit=limit, after=after
        )
        return DestinationPage(list(_readable(found.items)), found.after)

    def every(self, instance_id: str) -> Iterator[Destination]:
        """Yield all of an instance's."""
        pages = self._client.get_paginator("query").paginate(**self._query(instance_id))
        for page in pages:
            yield from _readable(page["Items"])

    def get(self, instance_id: str, destination_id: str) -> Destination:
        """One as it is now.

        Raises:
            UnknownDestination: there is none.
        """
        found: Any = {}
        if 0 < len(destination_id) <= _LONGEST_ID:
            found = self._client.get_item(
                TableName=self._table, Key=_key(instance_id, destination_id), ConsistentRead=True
            )
        if "Item" not in found:
            raise UnknownDestination("no such destination", where=destination_id[:64])
        return _destination(found["Item"])

    def create(self, instance_id: str, destination: Destination) -> None:
        """Keep a new one."""
        self._client.put_item(TableName=self._table, Item=_item(instance_id, destination))

    def change(self, instance_id: str, before: Destination, after: Destination) -> Destination:
        """Replace one by its next version.

        Raises:
            DestinationChangedMeanwhile: `before` is not the present one any more.
        """
        saved = replace(after, version=before.version + 1)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(instance_id, saved),
                ConditionExpression="version = :before",
                ExpressionAttributeValues={":before": {"N": str(before.version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # A write whose answer was lost is tried again by botocore, and then meets itself.
            if self.get(instance_id, before.destination_id) != saved:
                raise DestinationChangedMeanwhile(
                    "somebody else saved this destination", where=before.destination_id
                ) from error
        return saved

    def delete(self, instance_id: str, destination_id: str) -> bool:
        """Forget one; False when there was none of this id."""
        if not 0 < len(destination_id) <= _LONGEST_ID:
            return False
        gone = self._client.delete_item(
            TableName=self._table, Key=_key(instance_id, destination_id), ReturnValues="ALL_OLD"
        )
        return "Attributes" in gone

    def delete_all(self, instance_id: str) -> None:
        """Forget every destination of an instance, readable or not."""
        pages = self._client.get_paginator("query").paginate(**self._query(instance_id))
        for page in pages:
            for item in page["Items"]:
                key = {"pk": item["pk"], "sk": item["sk"]}
                self._client.delete_item(TableName=self._table, Key=key)

    def _query(self, instance_id: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": instance_id}, ":prefix": {"S": _PREFIX}},
        }


def _key(instance_id: str, destination_id: str) -> dict[str, Any]:
    return {"pk": {"S": instance_id}, "sk": {"S": f"{_PREFIX}{destination_id}"}}


def _item(instance_id: str, destination: Destination) -> dict[str, Any]:
    return {
        **_key(instance_id, destination.destination_id),
        "version": {"N": str(destination.version)},
        "created_at": {"S": destination.created_at},
        "updated_at": {"S": destination.updated_at},
        "body": {"S": json.dumps(write_settings(destination.settings))},
    }


def _destination(item: dict[str, Any]) -> Destination:
    return Destination(
        item["sk"]["S"].removeprefix(_PREFIX),
        read_settings(json.loads(item["body"]["S"])),
        int(item["version"]["N"]),
        item["created_at"]["S"],
        item["updated_at"]["S"],
    )


def _readable(items: Any) -> Iterator[Destination]:
    """Those that this version of the package can read; one that it cannot harms no other."""
    for item in items:
        try:
            yield _destination(item)
        except InvalidDestination as error:
            told = {"destination": item["sk"]["S"], "reason": error.what}
            function_logger().warning("destination not readable", extra=told)
