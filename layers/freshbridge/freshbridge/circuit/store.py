"""Where circuits are kept: one item per instance, swapped only if nobody else did.

The item: `pk` "circuit#<instance>", `stamp` (random, new with every write), `state` (text) and
`expires_at` (seconds since the epoch, for DynamoDB's own clearing). It lies in the table of the
rate budgets, and there is none as long as nothing has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, timestamps
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

EXPIRY_S = 7 * 86_400


class CircuitsUnavailable(Retry):
    """The table did not answer; nobody knows whether a circuit is open."""

    code = "circuits_unavailable"


@dataclass(frozen=True, slots=True)
class Kept:
    """A circuit as it is stored."""

    stamp: str
    text: str


@dataclass(frozen=True, slots=True)
class Swap:
    """How a write went: `now` is what is stored after it, None when there is nothing."""

    won: bool
    now: Kept | None


class Store(Protocol):
    """Keeps one text per instance. Both raise CircuitsUnavailable when it cannot tell."""

    def read(self, instance_id: str) -> Kept | None:
        """What is stored."""
        ...  # pragma: no cover  # a protocol has no body

    def swap(self, instance_id: str, seen: str | None, new: Kept) -> Swap:
        """Store `new` if the stored stamp is still `seen` (None: if nothing is stored)."""
        ...  # pragma: no cover  # as above


class DynamoStore:
    """A Store in a DynamoDB table whose only key is `pk`."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`clock`: seconds since the epoch, for the expiry only."""
        self._table = table
        self._injected = client
        self._clock = clock

    @property
    def _client(self) -> DynamoDBClient:
        # Work goes on without an answer, so it must not wait long for one.
        return self._injected or aws.dynamodb_briefly()

    def read(self, instance_id: str) -> Kept | None:
        """As Store says."""
        try:
            answer = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": f"circuit#{instance_id}"}}
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        return _kept(answer.get("Item"))

    def swap(self, instance_id: str, seen: str | None, new: Kept) -> Swap:
        """As Store says."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if seen is not None:
            condition = {
                "ConditionExpression": "stamp = :seen",
                "ExpressionAttributeValues": {":seen": {"S": seen}},
            }
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": f"circuit#{instance_id}"},
                    "stamp": {"S": new.stamp},
                    "state": {"S": new.text},
                    "expires_at": {"N": str(int(self._clock()) + EXPIRY_S)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise _unavailable(error) from error
            return Swap(False, _kept(error.response.get("Item")))
        except BotoCoreError as error:
            raise _unavailable(error) from error
        return Swap(True, new)


def _kept(item: Any) -> Kept | None:
    return Kept(item["stamp"]["S"], item["state"]["S"]) if item else None


def _unavailable(error: Exception) -> CircuitsUnavailable:
    return CircuitsUnavailable(f"The circuits cannot be read ({aws.error_name(error)})")
