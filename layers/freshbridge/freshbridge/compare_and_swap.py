"""Texts in a DynamoDB table that are swapped only if nobody else did: compare and swap.

An item: `pk`, `stamp` (random, new with every write), `state` (the text) and `expires_at` (seconds
since the epoch, for DynamoDB's own clearing). A write names the stamp that its writer saw. When
another writer came first, the refusal brings the item as it stands
(`ReturnValuesOnConditionCheckFailure`), so that losing costs no read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.errors import Retry


@dataclass(frozen=True, slots=True)
class Kept:
    """A text as it is stored."""

    stamp: str
    text: str


@dataclass(frozen=True, slots=True)
class Swap:
    """How a write went, or a look: `now` is what is stored after it, None when there is nothing.

    `dated` is the store's own time in epoch seconds, whole ones, or None when it told none.
    """

    won: bool
    now: Kept | None
    dated: float | None = None


class SwapTable:
    """The texts of one kind in a table whose only key is `pk`; no answer raises `unavailable`."""

    def __init__(
        self,
        table: str,
        client: Callable[[], DynamoDBClient],
        *,
        prefix: str,
        expiry_s: int,
        clock: Callable[[], float],
        unavailable: Callable[[str], Retry],
    ) -> None:
        """`prefix` begins every key; `clock` is seconds since the epoch, for the expiry only.

        `unavailable` makes the error of what went wrong, which is named by its name alone.
        """
        self._table = table
        self._client = client
        self._prefix = prefix
        self._expiry_s = expiry_s
        self._clock = clock
        self._unavailable = unavailable

    def look(self, key: str, *, newest: bool) -> Swap:
        """What is stored, the `newest` there is at twice the price; a look never wins."""
        try:
            answer = self._client().get_item(
                TableName=self._table, Key={"pk": {"S": self._prefix + key}}, ConsistentRead=newest
            )
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(aws.error_name(error)) from error
        return Swap(won=False, now=_kept(answer.get("Item")), dated=_date(answer))

    def swap(self, key: str, seen: str | None, new: Kept) -> Swap:
        """Store `new` if the stored stamp is still `seen` (None: if nothing is stored)."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if seen is not None:
            condition = {
                "ConditionExpression": "stamp = :seen",
                "ExpressionAttributeValues": {":seen": {"S": seen}},
            }
        try:
            answer = self._client().put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": self._prefix + key},
                    "stamp": {"S": new.stamp},
                    "state": {"S": new.text},
                    "expires_at": {"N": str(int(self._clock()) + self._expiry_s)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise self._unavailable(aws.error_name(error)) from error
            return _lost(error.response, new)
        except BotoCoreError as error:
            raise self._unavailable(aws.error_name(error)) from error
        return Swap(won=True, now=new, dated=_date(answer))


def _lost(response: Mapping[str, Any], new: Kept) -> Swap:
    now = _kept(response.get("Item"))
    # botocore sends a write again whose answer was lost: the second one then meets the first.
    won = now is not None and now.stamp == new.stamp
    return Swap(won=won, now=now, dated=_date(response))


def _kept(item: Mapping[str, Any] | None) -> Kept | None:
    return Kept(item["stamp"]["S"], item["state"]["S"]) if item else None


def _date(response: Mapping[str, Any]) -> float | None:
    try:
        text = response["ResponseMetadata"]["HTTPHeaders"]["date"]
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
