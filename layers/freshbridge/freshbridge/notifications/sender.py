"""Tell events to callbacks: which belong together, and which were told already.

A notification is in the table, with every event that it tells of and a delivery for each URL,
before it is sent for the first time. An event that comes a second time finds it there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.errors import Retry
from freshbridge.instances.registry import UnknownInstance
from freshbridge.notifications.configuration import callback_urls
from freshbridge.notifications.delivery import (
    KEPT_S,
    LARGEST_ID,
    Delivery,
    Notification,
    Status,
    Subscription,
    subscription_id,
)
from freshbridge.notifications.grouping import together
from freshbridge.notifications.messages import DirectMessage, EventMessage
from freshbridge.notifications.shape import Notice, body_of
from freshbridge.notifications.store import LEASE_S, NotYet

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.instances.registry import Registry
    from freshbridge.notifications.attempt import Attempts, Stores

CLAIM_ATTEMPTS = 4


class Contended(Retry):
    """Others kept taking the events of the batch."""

    code = "contended"


class Sender:
    """Sends notifications. Errors of AWS are raised as they are: the message is put off."""

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        attempts: Attempts,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        random_below: Callable[[int], int],
    ) -> None:
        """`clock`: seconds since the epoch; `random_below`: a number from 0 to its argument."""
        self._registry = registry
        self._deliveries = stores.deliveries
        self._subscriptions = stores.subscriptions
        self._bodies = stores.bodies
        self._attempts = attempts
        self._clock = clock
        self._random_below = random_below

    def tell(
        self,
        message: EventMessage,
        companions: Iterable[EventMessage] = (),
        *,
        may_call: Callable[[], bool] = lambda: True,
    ) -> None:
        """Send an event, together with those of the batch that fit beside it.

        `may_call` is asked before each URL: one after the other may be slow to answer, and a call
        that is cut off in the middle is made again.

        Raises:
            NotYet: another function is sending it, or there is no time for the URLs that are left.
            Contended: others were faster each time.
        """
        instance = self._instance(message.instance_id)
        urls = callback_urls(instance.configuration) if instance else ()
        if instance is None or not urls:
            # Nobody asks for it any more.
            return
        others = list(companions)
        for _ in range(CLAIM_ATTEMPTS):
            # Looked up first: of a batch, every event but one has been told with another by now.
            found = self._deliveries.notification_id(instance.instance_id, message.notice.event_id)
            if found is not None:
                self._each(self._deliveries.deliveries(found), self._resume, may_call)
                return
            if self._created(instance, together(message, others), urls, may_call):
                return
            others = [other for other in others if not self._has_notification(other)]
        raise Contended("others kept taking the events beside it")

    def tell_directly(self, message: DirectMessage) -> None:
        """Send a body to the one URL that it is for, unless that was done.

        Raises:
            NotYet: another function is sending it.
        """
        instance = self._instance(message.instance_id)
        if instance is None:
            return
        found = self._deliveries.notification_id(instance.instance_id, message.event_id)
        if found is not None:
            self._each(self._deliveries.deliveries(found), self._resume, lambda: True)
            return
        notification = self._notification(instance, message.object_type, [message.event_id])
        # ASCII only: half an emoji is no UTF-8, but its escape can be sent.
        body = json.dumps(message.body, separators=(",", ":")).encode()
        delivery = replace(self._new(notification, message.url), direct=True)
        if not self._sent(notification, [delivery], body, lambda: True):
            raise Contended("another function was faster")

    def _created(
        self,
        instance: Instance,
        notices: list[Notice],
        urls: tuple[str, ...],
        may_call: Callable[[], bool],
    ) -> bool:
        ids = [notice.event_id for notice in notices]
        notification = self._notification(instance, notices[0].object_type, ids)
        body = body_of(
            notification.notification_id, instance, notices, created_at=notification.created_at
        )
        deliveries = [self._new(notification, url) for url in urls]
        return self._sent(notification, deliveries, body, may_call)

    def _notification(
        self, instance: Instance, object_type: str, event_ids: Sequence[str]
    ) -> Notification:
        now = self._clock()
        return Notification(
            notification_id=self._random_below(LARGEST_ID) + 1,
            instance_id=instance.instance_id,
            object_type=object_type,
            event_ids=tuple(event_ids),
            created_at=timestamps.to_text(timestamps.from_epoch(now)),
            expires_at=int(now) + KEPT_S,
        )

    def _sent(
        self,
        notification: Notification,
        deliveries: Sequence[Delivery],
        body: bytes,
        may_call: Callable[[], bool],
    ) -> bool:
        """Keep a notification and make its calls; False when there is one already."""
        for delivery in deliveries:
            self._subscriptions.ensure(
                Subscription(
                    delivery.subscription_id,
                    delivery.instance_id,
                    delivery.url,
                    delivery.created_at,
                )
            )
        self._bodies.put(notification.notification_id, body)
        if not self._deliveries.create(notification, deliveries):
            return False
        self._each(
            deliveries, lambda delivery: self._attempts.make_leased(delivery, body), may_call
        )
        return True

    def _new(self, notification: Notification, url: str) -> Delivery:
        """A delivery that is leased from the beginning: the call follows at once."""
        now = self._clock()
        return Delivery(
            notification_id=notification.notification_id,
            subscription_id=subscription_id(notification.instance_id, url),
            instance_id=notification.instance_id,
            url=url,
            status=Status.CREATED,
            created_at=round(now, 3),
            updated_at=round(now, 3),
            expires_at=notification.expires_at,
            leased_until=round(now + LEASE_S, 3),
        )

    def _resume(self, delivery: Delivery) -> None:
        self._attempts.make(delivery.notification_id, delivery.subscription_id)

    @staticmethod
    def _each(
        deliveries: Iterable[Delivery],
        send: Callable[[Delivery], None],
        may_call: Callable[[], bool],
    ) -> None:
        """Let no URL's trouble keep the news from the others."""
        failure: Exception | None = None
        for delivery in deliveries:
            if not may_call():
                failure = failure or NotYet("no time left for all URLs", after=1.0)
                break
            try:
                send(delivery)
            except Exception as error:  # raised below, when all had their turn
                failure = failure or error
        if failure is not None:
            raise failure

    def _has_notification(self, message: EventMessage) -> bool:
        event_id = message.notice.event_id
        return self._deliveries.notification_id(message.instance_id, event_id) is not None

    def _instance(self, instance_id: str) -> Instance | None:
        try:
            return self._registry.get(instance_id)
        except UnknownInstance:
            return None
