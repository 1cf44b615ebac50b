"""Notifications and their deliveries, in DynamoDB.

An event belongs to one notification for good: both are written in one transaction that fails when
the event has a notification already. A message that comes twice finds the one that there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from freshbridge.errors import Retry
from freshbridge.notifications.delivery import (
    DUE_SHARDS,
    Delivery,
    Notification,
    Status,
    delivery_item,
    delivery_key,
    delivery_of,
    event_key,
    listing,
    notification_item,
    notification_key,
    notification_of,
    shard,
)
from freshbridge.table_store import TableStore

LEASE_S = 90.0
"""How long a call may take, its time-outs included; afterwards another function may make it."""
NEAR_S = 2 * LEASE_S
BY_STATUS, BY_DUE = "by_status", "by_due"
# What a transaction may be refused for although nothing is wrong.
_HARMLESS = {"None", "ConditionalCheckFailed", "TransactionConflict"}


class NotYet(Retry):
    """Another function is at it, or its time has not quite come."""

    code = "not_yet"
    costs_no_attempt = True


class DeliveryStore(TableStore):
    """The deliveries of one table: the stack's CallbackTable."""

    def create(self, notification: Notification, deliveries: Sequence[Delivery]) -> bool:
        """Keep a new notification with all its deliveries.

        False, and nothing is kept, when one of its events has a notification already, or its id is
        taken.
        """
        number = {"N": str(notification.notification_id)}
        claims = [
            event_key(notification.instance_id, event_id)
            | {"notification_id": number, "expires_at": {"N": str(notification.expires_at)}}
            for event_id in notification.event_ids
        ]
        items = [notification_item(notification), *claims, *map(delivery_item, deliveries)]
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": self._table,
                            "Item": item,
                            "ConditionExpression": "attribute_not_exists(pk)",
                        }
                    }
                    for item in items
                ]
            )
        except ClientError as error:
            if not _others_were_faster(error):
                raise
            return False
        return True

    def notification_id(self, instance_id: str, event_id: str) -> int | None:
        """Which notification tells of an event; None while none does."""
        item = self._get(event_key(instance_id, event_id))
        return None if item is None else int(item["notification_id"]["N"])

    def notification(self, notification_id: int) -> Notification | None:
        """A notification; None for an unknown one."""
        item = self._get(notification_key(notification_id))
        return None if item is None else notification_of(item)

    def deliveries(self, notification_id: int) -> list[Delivery]:
        """A notification's deliveries, one for each URL."""
        partition = notification_key(notification_id)["pk"]
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": partition, ":sk": {"S": "delivery#"}},
            ConsistentRead=True,
        )
        return [delivery_of(item) for page in pages for item in page["Items"]]

    def delivery(self, notification_id: int, subscription_id: int) -> Delivery | None:
        """One delivery; None for an unknown one."""
        item = self._get(delivery_key(notification_id, subscription_id))
        return None if item is None else delivery_of(item)

    def lease(self, notification_id: int, subscription_id: int, *, now: float) -> Delivery | None:
        """Take a delivery for a call that begins now; None when there is nothing to call for.

        Raises:
            NotYet: soon, but not now.
        """
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=delivery_key(notification_id, subscription_id),
                UpdateExpression="SET leased_until = :until",
                ConditionExpression=(
                    "#status IN (:created, :retry) AND next_at <= :now AND leased_until <= :now"
                ),
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":until": {"N": str(round(now + LEASE_S, 3))},
                    ":now": {"N": str(round(now, 3))},
                    ":created": {"S": Status.CREATED.value},
                    ":retry": {"S": Status.RETRY.value},
                },
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            self._refuse_lease(notification_id, subscription_id, now)
            return None
        return delivery_of(answer["Attributes"])

    def _refuse_lease(self, notification_id: int, subscription_id: int, now: float) -> None:
        held = self.delivery(notification_id, subscription_id)
        if held is None or not held.is_open:
            return
        wait = max(held.next_at, held.leased_until) - now
        # What is further away is in the index of what is due: this message is one too many.
        if wait < NEAR_S:
            raise NotYet("the delivery is being made, or is not due yet", after=max(wait, 1.0))

    def record(
        self, delivery: Delivery, *, leased_until: float, wake_at: float | None = None
    ) -> bool:
        """Write what came of a call; False when the lease was lost, and another's word counts."""
        return self._put(
            delivery_item(delivery, wake_at=wake_at),
            "leased_until = :lease",
            {":lease": {"N": str(round(leased_until, 3))}},
        )

    def move(self, delivery: Delivery, *, before: Status, wake_at: float | None = None) -> bool:
        """Write a delivery over one that has the status `before`; False when it has another."""
        return self._put(
            delivery_item(delivery, wake_at=wake_at),
            "#status = :before",
            {":before": {"S": before.value}},
        )

    def acknowledge(self, notification: Notification) -> None:
        """Note that somebody has dealt with a notification."""
        self._client.update_item(
            TableName=self._table,
            Key=notification_key(notification.notification_id),
            UpdateExpression="SET acknowledged = :yes",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":yes": {"BOOL": True}},
        )

    def page(
        self, subscription_id: int, status: Status, *, limit: int, after: str = ""
    ) -> list[Delivery]:
        """A subscription's deliveries of one status, oldest first, from behind `after` (`mark`)."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=BY_STATUS,
            KeyConditionExpression="listing = :listing AND listed > :after",
            ExpressionAttributeValues={
                ":listing": {"S": listing(subscription_id, status)},
                ":after": {"S": after or " "},
            },
            Limit=limit,
        )
        return [delivery_of(item) for item in answer["Items"]]

    def due(self, *, now: float, limit: int) -> Iterator[tuple[Delivery, float]]:
        """Deliveries that should be looked after, with their `wake_at`, `limit` a shard at most."""
        for number in range(DUE_SHARDS):
            answer = self._client.query(
                TableName=self._table,
                IndexName=BY_DUE,
                KeyConditionExpression="due = :due AND wake_at <= :now",
                ExpressionAttributeValues={
                    ":due": {"S": shard(number)},
                    ":now": {"N": str(round(now, 3))},
                },
                Limit=limit,
            )
            for item in answer["Items"]:
                yield delivery_of(item), float(item["wake_at"]["N"])

    def wake_later(self, delivery: Delivery, *, seen: float, wake_at: float) -> None:
        """Look after a delivery again at `wake_at`, unless it has moved on since it was seen."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=delivery_key(delivery.notification_id, delivery.subscription_id),
                UpdateExpression="SET wake_at = :at",
                ConditionExpression="wake_at = :seen",
                ExpressionAttributeValues={
                    ":at": {"N": str(round(wake_at, 3))},
                    ":seen": {"N": str(seen)},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _put(self, item: dict[str, Any], condition: str, values: dict[str, Any]) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=f"attribute_exists(#status) AND {condition}",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _get(self, key: dict[str, Any]) -> dict[str, Any] | None:
        found: Any = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item: dict[str, Any] | None = found.get("Item")
        return item


def mark(delivery: Delivery) -> str:
    """Where a delivery stands in its page."""
    return str(delivery_item(delivery)["listed"]["S"])


def _others_were_faster(error: ClientError) -> bool:
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        return False
    reasons: Any = error.response.get("CancellationReasons", [])
    return {str(reason.get("Code")) for reason in reasons} <= _HARMLESS
