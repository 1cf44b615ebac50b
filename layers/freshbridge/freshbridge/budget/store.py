"""Where a budget's state is kept: one item per account, swapped only if nobody else did.

The item: `pk` "budget#<account>", `stamp` (random, new with every write), `state` (text) and
`expires_at` (seconds since the epoch, for DynamoDB's own clearing). A write names the stamp that
its writer saw. When another writer came first, the refusal brings the item as it stands
(`ReturnValuesOnConditionCheckFailure`), so that losing costs no read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, timestamps
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

EXPIRY_S = 30 * 86_400
"""An account that nothing was sent to for this long is learned anew."""


class BudgetUnavailable(Retry):
    """The rate budget's table did not answer; nothing was sent, since nobody knows what is left."""

    code = "budget_unavailable"
    default_advice = "Try again later; if it lasts, check the budget table and its permissions."


@dataclass(frozen=True, slots=True)
class Kept:
    """An account's state as it is stored."""

    stamp: str
    text: str


@dataclass(frozen=True, slots=True)
class Swap:
    """How a write went, or a look: `now` is what is stored after it, None when there is nothing.

    `dated` is the store's own time in epoch seconds, whole ones, or None when it told none.
    """

    won: bool
    now: Kept | None
    dated: float | None


class Store(Protocol):
    """Keeps one text per account."""

    def look(self, account: str) -> Swap:
        """What is stored, the newest there is; a look never wins.

        Raises BudgetUnavailable when the store cannot tell.
        """
        ...  # pragma: no cover  # a protocol has no body

    def swap(self, account: str, seen: str | None, new: Kept) -> Swap:
        """Store `new` if the stored stamp is still `seen` (None: if nothing is stored).

        Raises BudgetUnavailable when the store cannot tell.
        """
        ...  # pragma: no cover  # a protocol has no body


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

    def look(self, account: str) -> Swap:
        """As Store says; one read, at a fifth of a write's price."""
        try:
            answer = (self._injected or aws.dynamodb()).get_item(
                TableName=self._table,
                Key={"pk": {"S": f"budget#{account}"}},
                ConsistentRead=True,
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        return Swap(won=False, now=_kept(answer.get("Item")), dated=_date(answer))

    def swap(self, account: str, seen: str | None, new: Kept) -> Swap:
        """As Store says; one write, no read."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if seen is not None:
            condition = {
                "ConditionExpression": "stamp = :seen",
                "ExpressionAttributeValues": {":seen": {"S": seen}},
            }
        try:
            answer = (self._injected or aws.dynamodb()).put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": f"budget#{account}"},
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
            return _lost(error.response, new)
        except BotoCoreError as error:
            raise _unavailable(error) from error
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


def _unavailable(error: Exception) -> BudgetUnavailable:
    return BudgetUnavailable(f"The rate budget cannot be read ({aws.error_name(error)})")
