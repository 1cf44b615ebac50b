"""Sends the webhooks of workflows after the API has answered, and keeps the log.

A call is a success with 2xx. The vendor tells of no retry: ``webhook_retry_schedule_s`` is empty
unless set, and then holds the waits on the account's clock before each further attempt.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from local.freshsales.account import Account, Event, Record
from local.freshsales.routing import Reply, Request, Route
from local.freshsales.workflows import call_of, fires
from local.simulator.outgoing import OutgoingCall, client_session, send, without_query

LOG: Final = "webhook_deliveries"
LOG_LENGTH: Final = 20_000


class WebhookSender:
    """The account's outgoing webhooks; ``session`` is the HTTP client they leave through.

    A delivery's log record has ``id, workflow_id, record_id, method, url`` (without query),
    ``state`` (queued, retrying, delivered, failed), ``created_at`` and ``attempts``.
    """

    def __init__(self, account: Account, session: aiohttp.ClientSession) -> None:
        self._account, self._session = account, session
        self._sending: set[asyncio.Task[None]] = set()

    def on_event(self, event: Event) -> None:
        """Start what every workflow that fires for ``event`` sends."""
        for workflow in list(self._account.table("workflows").values()):
            if fires(self._account, workflow, event):
                self._enqueue(workflow, event.record["id"], call_of(workflow, event))

    async def close(self) -> None:
        """Abandon the calls under way."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _enqueue(self, workflow: Record, record_id: int, call: OutgoingCall) -> None:
        delivery: Record = {
            "id": self._account.next_id("webhook_delivery"), "workflow_id": workflow["id"],
            "record_id": record_id, "method": call.method, "url": without_query(call.url),
            "state": "queued", "created_at": self._account.stamp(), "attempts": [],
        }  # fmt: skip
        log = self._account.table(LOG)
        log[delivery["id"]] = delivery
        if len(log) > LOG_LENGTH:
            del log[next(iter(log))]
        self._start(delivery, call)

    def _start(self, delivery: Record, call: OutgoingCall) -> None:
        task = asyncio.get_running_loop().create_task(self._attempt(delivery, call))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _attempt(self, delivery: Record, call: OutgoingCall) -> None:
        settings, stamp = self._account.settings, self._account.stamp()
        status, error = await send(self._session, call, settings.webhook_timeout_s)
        attempt = {"at": stamp, "status": status, "error": error}
        delivery["attempts"] = [*delivery["attempts"], attempt]
        waits = settings.webhook_retry_schedule_s
        if status is not None and 200 <= status < 300:
            delivery["state"] = "delivered"
        elif len(delivery["attempts"]) > len(waits):
            delivery["state"] = "failed"
        elif self._account.table(LOG).get(delivery["id"]) is delivery:
            delivery["state"] = "retrying"
            wait = waits[len(delivery["attempts"]) - 1]
            self._account.schedule.after(wait, lambda: self._start(delivery, call))


@asynccontextmanager
async def sending_webhooks(account: Account) -> AsyncIterator[WebhookSender]:
    """The sender of a served account."""
    async with client_session() as session:
        sender = WebhookSender(account, session)
        account.on_event(sender.on_event)
        try:
            yield sender
        finally:
            await sender.close()


def _deliveries(request: Request) -> Reply:
    """``GET /__sim/webhooks``: counts by state, and the latest deliveries, oldest first."""
    found = list(request.account.table(LOG).values())
    most = int(request.query.get("limit") or 1000)
    counts = Counter(one["state"] for one in found)
    return Reply(200, {"counts": counts, "deliveries": found[max(0, len(found) - most) :]})


CONTROL_ROUTES = (Route("GET", "/webhooks", _deliveries),)
