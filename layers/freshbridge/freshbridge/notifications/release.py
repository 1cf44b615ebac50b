"""Send what lies still: queued deliveries that were released, and those whose wait is over.

Both only queue messages; the table decides, when one of them arrives, whether there is anything to
send. A message too many does no harm, and one that was lost is made up for by the next sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.notifications.delivery import Delivery, Status
from freshbridge.notifications.messages import DeliveryMessage, ReleaseMessage
from freshbridge.notifications.store import mark

if TYPE_CHECKING:
    from freshbridge.notifications.store import DeliveryStore

PAGE = 100
PAGES = 5
"""Of one message; another one goes on with the rest."""
SWEPT = 250
"""Deliveries of one shard and one sweep; the next one, a minute later, goes on."""
LATER_S = 60.0
AGAIN_S = 900.0
"""When a delivery is looked after anew that was woken and is still waiting."""

SendAll = Callable[[Iterable[DeliveryMessage]], None]


class Release:
    """Wakes deliveries. Errors of AWS are raised as they are: it is done again."""

    def __init__(
        self,
        deliveries: DeliveryStore,
        send_all: SendAll,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`clock`: seconds since the epoch."""
        self._deliveries = deliveries
        self._send_all = send_all
        self._clock = clock

    def release(self, message: ReleaseMessage) -> bool:
        """Let a subscription's queued deliveries go, oldest first; True when there may be more.

        Each begins its schedule anew.
        """
        after = ""
        for _ in range(PAGES):
            page = self._deliveries.page(
                message.subscription_id, Status.QUEUED, limit=PAGE, after=after
            )
            self._send_all([_wake(delivery) for delivery in page if self._released(delivery)])
            if len(page) < PAGE:
                return False
            after = mark(page[-1])
        return True

    def sweep(self) -> int:
        """Wake every delivery whose time is past; how many."""
        now = self._clock()
        found = list(self._deliveries.due(now=now, limit=SWEPT))
        # First the messages: one that is sent twice does no harm, one never sent would.
        self._send_all([_wake(delivery) for delivery, _ in found])
        for delivery, seen in found:
            self._deliveries.wake_later(delivery, seen=seen, wake_at=now + AGAIN_S)
        return len(found)

    def _released(self, delivery: Delivery) -> bool:
        now = self._clock()
        waiting = replace(
            delivery,
            status=Status.RETRY,
            failures=0,
            first_failed_at=None,
            next_at=now,
            updated_at=now,
        )
        return self._deliveries.move(waiting, before=Status.QUEUED, wake_at=now + LATER_S)


def _wake(delivery: Delivery) -> DeliveryMessage:
    return DeliveryMessage(delivery.instance_id, delivery.notification_id, delivery.subscription_id)
