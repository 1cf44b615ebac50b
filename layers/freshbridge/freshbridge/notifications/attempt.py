"""Make the call of a delivery, and note what came of it.

What came of a call is written before its message is acknowledged. A function that dies between the
two sends the same bytes under the same `elements-webhook-id` once more: a receiver that has seen
the id may drop it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.instances.registry import UnknownInstance
from freshbridge.instances.vault import SecretMissing
from freshbridge.notifications.caller import Outcome
from freshbridge.notifications.configuration import callback_urls
from freshbridge.notifications.delivery import Delivery, Status, Subscription
from freshbridge.notifications.messages import DeliveryMessage
from freshbridge.notifications.schedule import next_attempt_at
from freshbridge.notifications.subscriptions import POLICY

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.instances.registry import Registry
    from freshbridge.instances.vault import Vault
    from freshbridge.notifications.bodies import Bodies
    from freshbridge.notifications.caller import Caller
    from freshbridge.notifications.store import DeliveryStore
    from freshbridge.notifications.subscriptions import SubscriptionStore

LONGEST_DELAY_S = 900
"""Amazon SQS delays a new message no longer; for longer waits the index of what is due is swept."""
WAKE_GRACE_S = 60.0
"""How long after its time a delivery is looked after in case its message was lost."""
REST_S = 3.0
"""After a receiver gave no answer, it is not called for so long, which is less than the first wait:
otherwise one that is down would keep every function waiting for its time-outs."""


@dataclass(frozen=True)
class Stores:
    """Where what is told, to whom and with which result is kept."""

    deliveries: DeliveryStore
    subscriptions: SubscriptionStore
    bodies: Bodies


class Attempts:
    """Calls of one stack. Errors of AWS are raised as they are: the message is put off."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        stores: Stores,
        caller: Caller,
        *,
        later: Callable[[DeliveryMessage, int], None],
        told: Callable[[Delivery], None],
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`later` queues a delivery with a delay in seconds; it must not raise.

        `told` hears of every delivery's new state. `clock`: seconds since the epoch.
        """
        self._registry = registry
        self._vault = vault
        self._deliveries = stores.deliveries
        self._subscriptions = stores.subscriptions
        self._bodies = stores.bodies
        self._caller = caller
        self._later = later
        self._told = told
        self._clock = clock

    def make(self, notification_id: int, subscription: int) -> None:
        """Make a delivery's call, if its time has come.

        Raises:
            NotYet: come back soon.
        """
        leased = self._deliveries.lease(notification_id, subscription, now=self._clock())
        if leased is not None:
            self.make_leased(leased)

    def make_leased(self, leased: Delivery, body: bytes | None = None) -> None:
        """Make the call of a delivery that is leased; its body is read where it is not given."""
        instance = self._instance(leased.instance_id)
        wanted = instance is not None and (
            leased.direct or leased.url in callback_urls(instance.configuration)
        )
        if instance is None or not wanted:
            reason = "The URL is not among the instance's callbacks any more"
            self._queue(leased, "not_configured", reason)
            return
        subscription = self._subscriptions.get(leased.subscription_id)
        if subscription is None or not subscription.active:
            self._queue(leased, "deactivated", "The subscription is deactivated")
            return
        body = body or self._bodies.get(leased.notification_id)
        if body is None:
            self._queue(leased, "body_gone", "The notification's body has expired")
            return
        outcome = self._call(leased, instance, subscription, body)
        if outcome.taken:
            self._record(
                leased,
                replace(
                    leased,
                    status=Status.DELIVERED,
                    http_status=outcome.http_status,
                    code="",
                    message="",
                ),
            )
        else:
            self._failed(leased, outcome)

    def _call(
        self, leased: Delivery, instance: Instance, subscription: Subscription, body: bytes
    ) -> Outcome:
        if 0 <= self._clock() - subscription.unreachable_at < REST_S:
            return Outcome(
                taken=False, code="unreachable", message="The receiver gave no answer a moment ago"
            )
        try:
            secrets = self._vault.credentials(instance.instance_id)
        except SecretMissing as error:
            return Outcome(taken=False, code=error.code, message=error.what)
        outcome = self._caller.call(
            leased.url,
            body,
            notification_id=leased.notification_id,
            configuration=instance.configuration,
            secrets=secrets,
        )
        if outcome.silent:
            self._subscriptions.unreachable(leased.subscription_id, now=self._clock())
        return outcome

    def _failed(self, leased: Delivery, outcome: Outcome) -> None:
        now = self._clock()
        failed = replace(
            leased,
            failures=leased.failures + 1,
            first_failed_at=now if leased.first_failed_at is None else leased.first_failed_at,
            code=outcome.code,
            message=outcome.message,
            http_status=outcome.http_status,
        )
        if self._subscriptions.settings()[POLICY] == "queue":
            self._record(leased, replace(failed, status=Status.QUEUED))
            return
        due = next_attempt_at(
            failed.failures,
            failed.first_failed_at or now,
            now=now,
            retry_after=outcome.retry_after,
        )
        if due is None:
            self._subscriptions.deactivate(
                leased.subscription_id, now=now, reason=f"{outcome.code}: {outcome.message}"
            )
            self._record(leased, replace(failed, status=Status.QUEUED))
            return
        self._postpone(leased, replace(failed, status=Status.RETRY, next_at=due), due - now)

    def _postpone(self, leased: Delivery, waiting: Delivery, wait_s: float) -> None:
        near = wait_s <= LONGEST_DELAY_S
        wake_at = waiting.next_at + (WAKE_GRACE_S if near else 0.0)
        if self._record(leased, waiting, wake_at=wake_at) and near:
            message = DeliveryMessage(
                leased.instance_id, leased.notification_id, leased.subscription_id
            )
            self._later(message, math.ceil(wait_s))

    def _queue(self, leased: Delivery, code: str, message: str) -> None:
        self._record(leased, replace(leased, status=Status.QUEUED, code=code, message=message))

    def _record(self, leased: Delivery, after: Delivery, *, wake_at: float | None = None) -> bool:
        after = replace(after, updated_at=self._clock(), leased_until=0.0)
        written = self._deliveries.record(after, leased_until=leased.leased_until, wake_at=wake_at)
        if written:
            self._told(after)
        return written

    def _instance(self, instance_id: str) -> Instance | None:
        try:
            return self._registry.get(instance_id)
        except UnknownInstance:
            return None
