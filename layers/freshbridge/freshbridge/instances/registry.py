"""Instances in DynamoDB.

Items of the instance table: `pk` the instance id, `sk` "instance", `listing` "instance" (the key
of the index that lists them), `version`, and the model as JSON in `body`. Reads can be cached for a
short age, since every webhook and every message asks for the same few instances.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Conflict, InvalidRequest, NotFound
from freshbridge.instances.model import Instance, TokenHash
from freshbridge.table_store import TableStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_SORT_KEY = "instance"
LONGEST_ID = 128
"""Bytes; DynamoDB would refuse an empty or an endless key as an error of this program's."""
CHANGE_ATTEMPTS = 5
LARGEST_BODY = 300_000
"""Bytes; DynamoDB refuses an item over 400 KB as an error of this program's."""


class UnknownInstance(NotFound):
    """No instance has this id."""

    code = "unknown_instance"


class IdTaken(Conflict):
    """A new instance was given an id that is in use."""

    code = "id_taken"


class InstanceTooLarge(InvalidRequest):
    """More than one item of the table holds."""

    code = "instance_too_large"


class ChangedMeanwhile(Conflict):
    """The instance kept changing while it was to be changed."""

    code = "changed_meanwhile"


class Registry(TableStore):
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
        super().__init__(table, client)
        self._age_s = age_s
        self._clock = clock
        self._cache: dict[str, tuple[float, Instance | None]] = {}

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

    def create(self, instance: Instance) -> Instance:
        """Store a new instance and return it with its first version.

        Raises:
            IdTaken: an instance of this id exists; try another id.
        """
        stored = replace(instance, version=1)
        try:
            # No stored instance has version 0, so this is true for a new id only.
            self._write(stored, "attribute_not_exists(pk) OR version = :v", before=0)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # A write whose answer was lost is tried again by botocore, and then meets itself.
            if self._read(instance.instance_id) != stored:
                raise IdTaken(f"instance {instance.instance_id} exists") from error
        return stored

    def change(self, instance_id: str, edit: Callable[[Instance], Instance]) -> Instance:
        """Apply `edit` to the instance as it stands now and return what was stored.

        When another writer was faster, `edit` is applied again to what that one wrote, so that two
        changes of one instance both last.

        Raises:
            UnknownInstance: no such id.
            ChangedMeanwhile: others were faster each time.
        """
        for _ in range(CHANGE_ATTEMPTS):
            self._cache.pop(instance_id, None)
            before = self.get(instance_id)
            after = replace(edit(before), version=before.version + 1)
            try:
                self._write(after, "version = :v", before=before.version)
            except self._client.exceptions.ConditionalCheckFailedException:
                continue
            return after
        raise ChangedMeanwhile(
            f"instance {instance_id} is being changed by others",
            advice="Read it and send the change again.",
        )

    def _write(self, instance: Instance, condition: str, *, before: int) -> None:
        fields = asdict(instance)
        fields.pop("version")
        body = json.dumps(fields)
        if len(body) > LARGEST_BODY:
            raise InstanceTooLarge(
                f"the instance is {len(body)} bytes, the limit is {LARGEST_BODY}",
                advice="Leave out configuration entries or tags.",
            )
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": instance.instance_id},
                "sk": {"S": _SORT_KEY},
                "listing": {"S": _SORT_KEY},
                "version": {"N": str(instance.version)},
                # As text: DynamoDB would turn numbers into decimals and refuse fractions.
                "body": {"S": body},
            },
            ConditionExpression=condition,
            ExpressionAttributeValues={":v": {"N": str(before)}},
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
        # Consistent: what was created or changed a moment ago is there, and a change that begins
        # with an old read would only be refused.
        found = self._client.get_item(
            TableName=self._table,
            Key={"pk": {"S": instance_id}, "sk": {"S": _SORT_KEY}},
            ConsistentRead=True,
        )
        return _from_item(found["Item"]) if "Item" in found else None


def _from_item(item: Any) -> Instance:
    stored = json.loads(item["body"]["S"])
    # While a deploy goes on, code of two versions reads what the other one wrote.
    fields = {name: stored[name] for name in Instance.__dataclass_fields__ if name in stored}
    return Instance(
        **fields
        | {
            "tags": tuple(fields["tags"]),
            "sync_objects": tuple(fields["sync_objects"]),
            "secret_entries": tuple(fields["secret_entries"]),
            "tokens": tuple(TokenHash(**token) for token in fields["tokens"]),
            "version": int(item["version"]["N"]),
        }
    )
