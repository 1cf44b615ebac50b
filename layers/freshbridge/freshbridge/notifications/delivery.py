"""Deliveries and the subscriptions they belong to, and how both lie in the table. Pure.

A subscription is one callback URL of one instance. A delivery is one notification to one
subscription. Items of the table:

    pk event#<instance>#<event>       sk event            which notification tells of the event
    pk notification#<id>              sk notification     what it is about; its body is in S3
    pk notification#<id>              sk delivery#<sub>   one delivery
    pk subscription#<id>              sk subscription     one URL, and whether it is active
    pk settings                       sk settings         the account's choice

`listing` is the key of an index: <subscription>#<status> for deliveries, oldest first by `listed`,
and `subscriptions`. `due` is there only while a delivery waits to be sent again at `wake_at`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

KEPT_DAYS = 30
KEPT_S = KEPT_DAYS * 86_400
SUBSCRIPTIONS = "subscriptions"
DUE_SHARDS = 8
LARGEST_ID = 2**53 - 1
"""Clients read ids as JSON numbers, which JavaScript holds exactly up to here."""


class Status(StrEnum):
    """What became of a delivery.

    `created`: not called yet; `delivered`: the receiver took it; `retry`: it is sent again later;
    `queued`: it is kept to be fetched or released; `notified`: somebody fetched and acknowledged
    it.
    """

    CREATED = "created"
    DELIVERED = "delivered"
    NOTIFIED = "notified"
    RETRY = "retry"
    QUEUED = "queued"


@dataclass(frozen=True)
class Notification:
    """What is told. `created_at` is UTC, ISO 8601, and `expires_at` seconds since the epoch."""

    notification_id: int
    instance_id: str
    object_type: str
    event_ids: tuple[str, ...]
    created_at: str
    expires_at: int
    acknowledged: bool = False


@dataclass(frozen=True)
class Delivery:
    """One notification to one subscription. Times are seconds since the epoch.

    `failures` are calls that failed since it was first sent, or since it was released; `next_at`
    is when the next call may be made and `leased_until` until when some function is making one.
    `code` and `message` say why the last call failed, `http_status` what the receiver answered.
    One that is `direct` goes to a URL of its own, not to one of the instance's callbacks.
    """

    notification_id: int
    subscription_id: int
    instance_id: str
    url: str
    status: Status
    created_at: float
    updated_at: float
    expires_at: int
    failures: int = 0
    first_failed_at: float | None = None
    next_at: float = 0.0
    leased_until: float = 0.0
    code: str = ""
    message: str = ""
    http_status: int | None = None
    direct: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is still to be sent by itself."""
        return self.status in (Status.CREATED, Status.RETRY)


@dataclass(frozen=True)
class Subscription:
    """One URL of one instance; `deactivated_at` is None while it is called.

    `unreachable_at` is when it last gave no answer at all. Times are seconds since the epoch.
    """

    subscription_id: int
    instance_id: str
    url: str
    created_at: float
    deactivated_at: float | None = None
    reason: str = ""
    unreachable_at: float = 0.0

    @property
    def active(self) -> bool:
        """Whether it is called at all."""
        return self.deactivated_at is None


def subscription_id(instance_id: str, url: str) -> int:
    """The number of an instance's URL, always the same."""
    digest = hashlib.sha256(f"{instance_id}\x1f{url}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") & LARGEST_ID or 1


def event_key(instance_id: str, event_id: str) -> dict[str, Any]:
    """Where it lies which notification tells of an event."""
    return _key(f"event#{instance_id}#{event_id}", "event")


def notification_key(notification_id: int) -> dict[str, Any]:
    """Where a notification lies."""
    return _key(f"notification#{notification_id}", "notification")


def delivery_key(notification_id: int, subscription: int) -> dict[str, Any]:
    """Where a delivery lies."""
    return _key(f"notification#{notification_id}", f"delivery#{subscription}")


def subscription_key(subscription: int) -> dict[str, Any]:
    """Where a subscription lies."""
    return _key(f"subscription#{subscription}", "subscription")


def settings_key() -> dict[str, Any]:
    """Where the account's settings lie."""
    return _key("settings", "settings")


def listing(subscription: int, status: Status) -> str:
    """The index's key of one subscription's deliveries of one status."""
    return f"{subscription}#{status}"


def shard(notification_id: int) -> str:
    """Under which of a few keys a waiting delivery is listed: a single one would be written hot."""
    return f"due#{notification_id % DUE_SHARDS}"


def delivery_item(delivery: Delivery, *, wake_at: float | None = None) -> dict[str, Any]:
    """The item; `wake_at` is when to look after it in case nothing else did."""
    item: dict[str, Any] = delivery_key(delivery.notification_id, delivery.subscription_id) | {
        "instance_id": {"S": delivery.instance_id},
        "url": {"S": delivery.url},
        "status": {"S": delivery.status.value},
        "listing": {"S": listing(delivery.subscription_id, delivery.status)},
        "listed": {"S": f"{delivery.created_at:017.3f}#{delivery.notification_id}"},
        "created_at": _number(delivery.created_at),
        "updated_at": _number(delivery.updated_at),
        "expires_at": _number(delivery.expires_at),
        "failures": _number(delivery.failures),
        "next_at": _number(delivery.next_at),
        "leased_until": _number(delivery.leased_until),
        "code": {"S": delivery.code},
        "message": {"S": delivery.message},
    }
    if delivery.first_failed_at is not None:
        item["first_failed_at"] = _number(delivery.first_failed_at)
    if delivery.http_status is not None:
        item["http_status"] = _number(delivery.http_status)
    if delivery.direct:
        item["direct"] = {"BOOL": True}
    if wake_at is not None:
        item["due"] = {"S": shard(delivery.notification_id)}
        item["wake_at"] = _number(wake_at)
    return item


def delivery_of(item: dict[str, Any]) -> Delivery:
    """A delivery from its item."""
    return Delivery(
        notification_id=int(item["pk"]["S"].partition("#")[2]),
        subscription_id=int(item["sk"]["S"].partition("#")[2]),
        instance_id=item["instance_id"]["S"],
        url=item["url"]["S"],
        status=Status(item["status"]["S"]),
        created_at=float(item["created_at"]["N"]),
        updated_at=float(item["updated_at"]["N"]),
        expires_at=int(item["expires_at"]["N"]),
        failures=int(item["failures"]["N"]),
        first_failed_at=_optional(item, "first_failed_at"),
        next_at=float(item["next_at"]["N"]),
        leased_until=float(item["leased_until"]["N"]),
        code=item["code"]["S"],
        message=item["message"]["S"],
        http_status=int(item["http_status"]["N"]) if "http_status" in item else None,
        direct="direct" in item,
    )


def notification_item(notification: Notification) -> dict[str, Any]:
    """The item of a notification; its body is kept elsewhere."""
    return notification_key(notification.notification_id) | {
        "instance_id": {"S": notification.instance_id},
        "object_type": {"S": notification.object_type},
        "event_ids": {"L": [{"S": event_id} for event_id in notification.event_ids]},
        "created_at": {"S": notification.created_at},
        "acknowledged": {"BOOL": notification.acknowledged},
        "expires_at": _number(notification.expires_at),
    }


def notification_of(item: dict[str, Any]) -> Notification:
    """A notification from its item."""
    return Notification(
        notification_id=int(item["pk"]["S"].partition("#")[2]),
        instance_id=item["instance_id"]["S"],
        object_type=item["object_type"]["S"],
        event_ids=tuple(entry["S"] for entry in item["event_ids"]["L"]),
        created_at=item["created_at"]["S"],
        expires_at=int(item["expires_at"]["N"]),
        acknowledged=item["acknowledged"]["BOOL"],
    )


def subscription_item(subscription: Subscription) -> dict[str, Any]:
    """The item of a subscription."""
    item: dict[str, Any] = subscription_key(subscription.subscription_id) | {
        "instance_id": {"S": subscription.instance_id},
        "url": {"S": subscription.url},
        "listing": {"S": SUBSCRIPTIONS},
        "listed": {"S": f"{subscription.subscription_id:016d}"},
        "created_at": _number(subscription.created_at),
        "unreachable_at": _number(subscription.unreachable_at),
        "reason": {"S": subscription.reason},
    }
    if subscription.deactivated_at is not None:
        item["deactivated_at"] = _number(subscription.deactivated_at)
    return item


def subscription_of(item: dict[str, Any]) -> Subscription:
    """A subscription from its item."""
    return Subscription(
        subscription_id=int(item["pk"]["S"].partition("#")[2]),
        instance_id=item["instance_id"]["S"],
        url=item["url"]["S"],
        created_at=float(item["created_at"]["N"]),
        deactivated_at=_optional(item, "deactivated_at"),
        reason=item["reason"]["S"],
        unreachable_at=float(item["unreachable_at"]["N"]),
    )


def _key(partition: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def _number(value: float) -> dict[str, str]:
    return {"N": str(round(value, 3))}


def _optional(item: dict[str, Any], name: str) -> float | None:
    return float(item[name]["N"]) if name in item else None
