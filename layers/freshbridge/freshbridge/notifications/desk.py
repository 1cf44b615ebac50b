"""What a person or a program can see of callbacks, and do about them.

Deliveries are listed by subscription and status; a page goes on where the one before ended,
whatever was delivered meanwhile. Releasing only queues the work: there may be any number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.errors import FieldError, InvalidRequest, NotFound
from freshbridge.notifications.configuration import callback_urls
from freshbridge.notifications.delivery import (
    Delivery,
    Notification,
    Status,
    Subscription,
    subscription_id,
)
from freshbridge.notifications.messages import ReleaseMessage
from freshbridge.notifications.store import mark
from freshbridge.notifications.where import InvalidWhere, Where
from freshbridge.paging_token import read_token, write_token

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.notifications.bodies import Bodies
    from freshbridge.notifications.store import DeliveryStore
    from freshbridge.notifications.subscriptions import SubscriptionStore
    from freshbridge.queues.publish import Publisher

LARGEST_PAGE_BYTES = 4 * 1024 * 1024
"""Of bodies; an answer of a Lambda function may have 6 MB."""
MOST_LISTINGS = 500
"""Subscriptions and statuses that are looked at for one page, each with a query: an API answers
within 29 seconds."""


class UnknownNotification(NotFound):
    """There is no such notification, or none any more: they are kept for 30 days."""

    code = "unknown_notification"


class UnknownSubscription(NotFound):
    """No callback has this number."""

    code = "unknown_subscription"
    default_advice = "GET /notifications/subscriptions lists them."


class InvalidPage(InvalidRequest):
    """nextPage was not given by a page before."""

    code = "invalid_page"


@dataclass(frozen=True)
class Hydrated:
    """A delivery with what it belongs to; `body` is None if expired or not asked for."""

    delivery: Delivery
    subscription: Subscription
    body: bytes | None = None


@dataclass(frozen=True)
class Page:
    """`next_page` is "" on the last one."""

    deliveries: list[Hydrated]
    next_page: str = ""


class CallbackDesk:
    """The callbacks of one stack. Errors of AWS are raised as they are."""

    def __init__(
        self,
        deliveries: DeliveryStore,
        subscriptions: SubscriptionStore,
        bodies: Bodies,
        queue: Publisher,
    ) -> None:
        """`queue`: the CallbackQueue."""
        self.subscriptions = subscriptions
        self._deliveries = deliveries
        self._bodies = bodies
        self._queue = queue

    def page(self, where: Where, *, limit: int, next_page: str, hydrate: bool) -> Page:
        """Deliveries that fit, by subscription and status, the oldest of each first.

        A page may be shorter than `limit`, even empty, though another follows: its bodies are
        large, or many subscriptions have nothing that fits.

        Raises:
            InvalidPage: see `next_page`.
        """
        begin, after = _position(next_page)
        found: list[Hydrated] = []
        size = looked = 0
        for subscription, status in self._listings(where):
            place = _place(subscription, status)
            if place < begin:
                continue
            if looked == MOST_LISTINGS:
                return Page(found, write_token({"place": place, "after": ""}))
            looked += 1
            rows = self._deliveries.page(
                subscription.subscription_id,
                status,
                # One more tells whether there is another page.
                limit=limit - len(found) + 1,
                after=after if place == begin else "",
            )
            for row in rows:
                body = self._bodies.get(row.notification_id) if hydrate else None
                size += len(body or b"")
                if len(found) == limit or (found and size > LARGEST_PAGE_BYTES):
                    return Page(found, _token(found[-1]))
                found.append(Hydrated(row, subscription, body))
        return Page(found)

    def of_notification(
        self, notification_id: int, *, hydrate: bool, subscription: int | None = None
    ) -> list[Hydrated]:
        """The deliveries of one notification, or its one delivery to a subscription.

        All of them have the same body, which the later ones lack where an answer would be too large
        with it.

        Raises:
            UnknownNotification: see there.
        """
        found = self._deliveries.deliveries(notification_id)
        if not found:
            raise UnknownNotification("no such notification", where=str(notification_id))
        if subscription is not None:
            found = [one for one in found if one.subscription_id == subscription]
        body = self._bodies.get(notification_id) if hydrate and found else None
        most = max(1, LARGEST_PAGE_BYTES // len(body)) if body else 0
        return [
            Hydrated(
                delivery,
                self.subscription(delivery.subscription_id),
                body if place < most else None,
            )
            for place, delivery in enumerate(found)
        ]

    def subscription(self, number: int) -> Subscription:
        """One callback URL.

        Raises:
            UnknownSubscription: see there.
        """
        found = self.subscriptions.get(number)
        if found is None:
            raise UnknownSubscription("no such subscription", where=str(number))
        return found

    def release(self, where: Where) -> list[Subscription]:
        """Call again what was deactivated, and send what is queued for it.

        Returns the subscriptions that this was done for, as they are now.

        Raises:
            InvalidWhere: it does not say that queued deliveries are meant.
            NotQueued: part of it may have been done; ask again.
        """
        if where.status is not Status.QUEUED:
            message = "must hold status='queued': nothing else can be released"
            raise InvalidWhere(
                "nothing was released", fields=[FieldError("where", message, "invalid_value")]
            )
        return [
            self._released(subscription)
            for subscription in self._fitting(where)
            if not subscription.active or self._has_queued(subscription)
        ]

    def reactivate(self, instance: Instance) -> None:
        """Call an instance's URLs again; its owner has just looked after them."""
        for url in callback_urls(instance.configuration):
            self.subscriptions.activate(subscription_id(instance.instance_id, url))

    def acknowledge(self, notification_id: int) -> Notification:
        """Take a notification that somebody has fetched out of what would be released.

        Raises:
            UnknownNotification: see there.
        """
        notification = self._deliveries.notification(notification_id)
        if notification is None:
            raise UnknownNotification("no such notification", where=str(notification_id))
        for delivery in self._deliveries.deliveries(notification_id):
            if delivery.status is Status.QUEUED:
                done = replace(delivery, status=Status.NOTIFIED, updated_at=timestamps.epoch())
                self._deliveries.move(done, before=Status.QUEUED)
        self._deliveries.acknowledge(notification)
        return replace(notification, acknowledged=True)

    def _released(self, subscription: Subscription) -> Subscription:
        # Active first, or what is released would be queued once more.
        self.subscriptions.activate(subscription.subscription_id)
        number = subscription.subscription_id
        message = ReleaseMessage(subscription.instance_id, number)
        # A moment later the index lists what was queued until now.
        self._queue.publish(message, f"release-{number}", delay_s=1)
        return replace(subscription, deactivated_at=None, reason="")

    def _has_queued(self, subscription: Subscription) -> bool:
        return bool(self._deliveries.page(subscription.subscription_id, Status.QUEUED, limit=1))

    def _fitting(self, where: Where) -> Iterable[Subscription]:
        if not where.possible:
            return []
        return [
            subscription
            for subscription in self.subscriptions.all()
            if where.url in (None, subscription.url)
        ]

    def _listings(self, where: Where) -> Iterator[tuple[Subscription, Status]]:
        statuses = sorted(Status) if where.status is None else [where.status]
        for subscription in self._fitting(where):
            for status in statuses:
                yield subscription, status


def _place(subscription: Subscription, status: Status) -> str:
    return f"{subscription.subscription_id:016d}#{status}"


def _token(last: Hydrated) -> str:
    place = _place(last.subscription, last.delivery.status)
    return write_token({"place": place, "after": mark(last.delivery)})


def _position(next_page: str) -> tuple[str, str]:
    if not next_page:
        return "", ""
    try:
        position = read_token(next_page)
        return position["place"], position["after"]
    except (InvalidRequest, KeyError):
        message = "must be the Elements-Next-Page-Token of the page before"
        raise InvalidPage(
            "the page cannot be given", fields=[FieldError("nextPage", message, "invalid_value")]
        ) from None
