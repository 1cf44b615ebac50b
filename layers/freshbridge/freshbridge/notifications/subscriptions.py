"""Subscriptions and the account's settings, in DynamoDB.

An instance's URL becomes a subscription with its first event. What the account's owner chose for
failures holds for all of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.notifications.delivery import (
    SUBSCRIPTIONS,
    Subscription,
    settings_key,
    subscription_item,
    subscription_key,
    subscription_of,
)
from freshbridge.notifications.store import BY_STATUS
from freshbridge.table_store import TableStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

POLICY = "notification.webhook.failure.policy"
POLICIES = ("retry", "queue")


class InvalidSettings(InvalidRequest):
    """The account's settings are unknown or wrong."""

    code = "invalid_settings"


def read_settings(body: dict[str, Any]) -> dict[str, str]:
    """What a request changes.

    Raises:
        InvalidSettings: naming every setting that is unknown or has no such value: a misspelt one
            would leave the failures of callbacks to what nobody chose.
    """
    wrong = [
        FieldError(name, f"unknown; there is {POLICY}", "unknown")
        for name in sorted(body.keys() - {POLICY})
    ]
    if POLICY not in body or body[POLICY] not in POLICIES:
        wrong.append(FieldError(POLICY, f"must be {' or '.join(POLICIES)}", "invalid_value"))
    if wrong:
        raise InvalidSettings("the settings were not changed", fields=wrong)
    return {POLICY: str(body[POLICY])}


class SubscriptionStore(TableStore):
    """The subscriptions of one table: the stack's CallbackTable."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        """`table`: the stack's CallbackTable."""
        super().__init__(table, client)
        self._known: set[int] = set()

    def ensure(self, subscription: Subscription) -> None:
        """Keep a subscription if it is new; one that is there stays as it is."""
        if subscription.subscription_id in self._known:
            return
        with contextlib.suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(
                TableName=self._table,
                Item=subscription_item(subscription),
                ConditionExpression="attribute_not_exists(pk)",
            )
        self._known.add(subscription.subscription_id)

    def get(self, subscription_id: int) -> Subscription | None:
        """A subscription as it is now; None for an unknown one."""
        found: Any = self._client.get_item(
            TableName=self._table, Key=subscription_key(subscription_id), ConsistentRead=True
        )
        return subscription_of(found["Item"]) if "Item" in found else None

    def all(self) -> Iterator[Subscription]:
        """Every subscription, by its number."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=BY_STATUS,
            KeyConditionExpression="listing = :listing",
            ExpressionAttributeValues={":listing": {"S": SUBSCRIPTIONS}},
        )
        for page in pages:
            for item in page["Items"]:
                yield subscription_of(item)

    def deactivate(self, subscription_id: int, *, now: float, reason: str) -> bool:
        """Call it no more; False when it was deactivated before, whose reason then stays."""
        return self._change(
            subscription_id,
            "SET deactivated_at = :now, reason = :reason",
            "attribute_exists(pk) AND attribute_not_exists(deactivated_at)",
            {":now": {"N": str(round(now, 3))}, ":reason": {"S": reason}},
        )

    def activate(self, subscription_id: int) -> bool:
        """Call it again; False when it was active."""
        return self._change(
            subscription_id,
            "SET reason = :none, unreachable_at = :never REMOVE deactivated_at",
            "attribute_exists(deactivated_at)",
            {":none": {"S": ""}, ":never": {"N": "0"}},
        )

    def unreachable(self, subscription_id: int, *, now: float) -> None:
        """Note that it gave no answer at all."""
        self._change(
            subscription_id,
            "SET unreachable_at = :now",
            "attribute_exists(pk)",
            {":now": {"N": str(round(now, 3))}},
        )

    def settings(self) -> dict[str, str]:
        """The account's settings, defaults where nothing was chosen."""
        found: Any = self._client.get_item(TableName=self._table, Key=settings_key())
        chosen = found.get("Item", {}).get("policy", {}).get("S", POLICIES[0])
        return {POLICY: chosen}

    def choose(self, settings: dict[str, str]) -> None:
        """Keep the account's settings."""
        self._client.put_item(
            TableName=self._table, Item={**settings_key(), "policy": {"S": settings[POLICY]}}
        )

    def _change(
        self, subscription_id: int, update: str, condition: str, values: dict[str, Any]
    ) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=subscription_key(subscription_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
