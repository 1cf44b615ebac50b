"""Notifications, subscriptions and deliveries as Open Connectors shows them. Pure.

The fields and statuses that its clients read, and beside them when a delivery is sent again and
why it was not taken.
"""

from __future__ import annotations

import json
from typing import Any

from freshbridge import timestamps
from freshbridge.notifications.delivery import Delivery, Subscription
from freshbridge.notifications.shape import TOPIC


def subscription_view(subscription: Subscription) -> dict[str, Any]:
    """A subscription; `active` is False once it was sent to in vain for long enough."""
    since = subscription.deactivated_at
    return {
        "id": subscription.subscription_id,
        "channel": "webhook",
        "topics": [TOPIC],
        "config": {"url": subscription.url},
        "instanceId": int(subscription.instance_id),
        "active": subscription.active,
        "createdDate": _time(subscription.created_at),
        "deactivatedDate": None if since is None else _time(since),
        "reason": subscription.reason or None,
    }


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    """A delivery without what it delivers."""
    return {
        "notificationId": delivery.notification_id,
        "subscriptionId": delivery.subscription_id,
        "instanceId": int(delivery.instance_id),
        "status": delivery.status.value,
        "channel": "webhook",
        "config": {"url": delivery.url},
        "createdDate": _time(delivery.created_at),
        "updatedDate": _time(delivery.updated_at),
        "failures": delivery.failures,
        "nextAttemptDate": _time(delivery.next_at)
        if delivery.failures and delivery.is_open
        else None,
        "error": {
            "code": delivery.code,
            "message": delivery.message,
            "status": delivery.http_status,
        }
        if delivery.code
        else None,
    }


def hydrated(
    delivery: Delivery, subscription: Subscription | None, body: bytes | None
) -> dict[str, Any]:
    """A delivery with its notification, as it was or would be sent, and its subscription."""
    return delivery_view(delivery) | {
        "notification": {} if body is None else json.loads(body),
        "subscription": {} if subscription is None else subscription_view(subscription),
    }


def _time(seconds: float) -> str:
    return timestamps.to_text(timestamps.from_epoch(seconds))
