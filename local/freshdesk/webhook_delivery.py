"""Sends webhooks after the API has answered, retries them on the account's clock, keeps the log.

A call is a success with 2xx (redirects are followed); anything else, no answer within the time-out
included, is tried again after each wait of the account's retry schedule and then given up. An
account may make only so many calls an hour: the others wait for the next hour, and are dropped once
they waited a day. Knobs: ``webhook_retry_schedule_s``, ``webhook_hourly_cap`` and
``webhook_timeout_s``.

Source: Freshdesk help centre, "Using webhooks in automation rules": 1000 calls an hour, retries
every 30 minutes, 48 calls in total. The 10 s time-out is what integrators report; the vendor states
none.
"""

import asyncio
import time
from collections import Counter
from typing import Final

import aiohttp

from local.freshdesk.account import Account, Record
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.validation import Field, check_query
from local.simulator.outgoing import OutgoingCall, send, without_query

HOUR_S: Final = 3600.0
DROP_AFTER_S: Final = 24 * HOUR_S
LOG_TABLE: Final = "webhook_deliveries"
LOG_LENGTH: Final = 20_000
ENDED: Final = frozenset({"delivered", "failed", "dropped"})


class WebhookSender:
    """The account's outgoing webhooks; ``session`` is the HTTP client they leave through.

    Must be used on a running event loop. A delivery's log record has ``id, rule_id, ticket_id,
    method, url`` (without query), ``state`` (queued, postponed, retrying, delivered, failed,
    dropped), ``created_at, next_attempt_at`` and ``attempts`` of ``{at, status, error, took_ms}``.
    """

    def __init__(self, account: Account, session: aiohttp.ClientSession) -> None:
        self._account = account
        self._session = session
        self._calls_in_hour: Counter[int] = Counter()
        self._sending: set[asyncio.Task[None]] = set()
        account.on_reset(self._calls_in_hour.clear)

    def enqueue(self, *, rule_id: int, ticket_id: int, call: OutgoingCall) -> Record:
        """Start one delivery and return its log record; the call is made by a task of its own."""
        record: Record = {
            "id": self._account.next_id("webhook_delivery"),
            "rule_id": rule_id,
            "ticket_id": ticket_id,
            "method": call.method,
            "url": without_query(call.url),
            "state": "queued",
            "created_at": self._account.clock.stamp(),
            "next_attempt_at": None,
            "attempts": [],
        }
        log = self._account.table(LOG_TABLE)
        log[record["id"]] = record
        if len(log) > LOG_LENGTH:
            _forget_oldest(log)
        self._start(record, call, self._account.clock.seconds())
        return record

    async def close(self) -> None:
        """Abandon the calls under way."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _start(self, record: Record, call: OutgoingCall, due_at: float) -> None:
        """Make the call if the hour allows, or postpone it, or drop it after a day's waiting."""
        now = self._account.clock.seconds()
        hour = int(now // HOUR_S)
        if self._calls_in_hour[hour] < self._account.settings.webhook_hourly_cap:
            for past in [h for h in self._calls_in_hour if h != hour]:
                del self._calls_in_hour[past]
            self._calls_in_hour[hour] += 1
            record["next_attempt_at"] = None
            task = asyncio.get_running_loop().create_task(self._attempt(record, call))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
            return
        next_hour = (hour + 1) * HOUR_S
        if next_hour - due_at > DROP_AFTER_S:
            record.update(state="dropped", next_attempt_at=None)
            return
        record["state"] = "postponed"
        self._later(record, call, next_hour - now, due_at)

    async def _attempt(self, record: Record, call: OutgoingCall) -> None:
        at, started = self._account.clock.seconds(), time.monotonic()
        attempt: Record = {"at": self._account.clock.stamp()}
        status, attempt["error"] = await send(
            self._session, call, self._account.settings.webhook_timeout_s
        )
        attempt |= {"status": status, "took_ms": round((time.monotonic() - started) * 1000)}
        record["attempts"] = [*record["attempts"], attempt]
        if status is not None and 200 <= status < 300:
            record["state"] = "delivered"
            return
        waits = self._account.settings.webhook_retry_schedule_s
        if len(record["attempts"]) > len(waits):
            record["state"] = "failed"
            return
        if not self._is_current(record):
            return
        record["state"] = "retrying"
        due_at = at + waits[len(record["attempts"]) - 1]
        self._later(record, call, due_at - self._account.clock.seconds(), due_at)

    def _later(self, record: Record, call: OutgoingCall, delay_s: float, due_at: float) -> None:
        record["next_attempt_at"] = self._account.clock.stamp(max(0.0, delay_s))
        self._account.schedule.after(delay_s, lambda: self._start(record, call, due_at))

    def _is_current(self, record: Record) -> bool:
        """False for what was under way when the account was reset."""
        return self._account.table(LOG_TABLE).get(record["id"]) is record


def list_deliveries(request: Request) -> Reply:
    """``GET /__sim/webhooks``: counts by state, and the latest deliveries, oldest first."""
    spec = {
        "ticket_id": Field("integer"),
        "rule_id": Field("integer"),
        "state": Field("string"),
        "limit": Field("integer", minimum=0),
    }
    wanted = check_query(spec, request.query)
    limit = wanted.pop("limit", 1000)
    records = request.account.table(LOG_TABLE).values()
    found = [one for one in records if all(one[name] == value for name, value in wanted.items())]
    counts = Counter(one["state"] for one in found)
    return Reply(
        200, {"counts": counts, "deliveries": found[len(found) - min(limit, len(found)) :]}
    )


def _forget_oldest(log: dict[int, Record]) -> None:
    ended = next((key for key, one in log.items() if one["state"] in ENDED), None)
    if ended is not None:
        del log[ended]


CONTROL_ROUTES = (Route("GET", "/webhooks", list_deliveries),)
