"""What the executor talks to, and what becomes of an action's record when its message fails."""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, settings
from freshbridge.actions.action import NothingDone
from freshbridge.actions.assembly import Stores, executor, services
from freshbridge.actions.idempotency import AlreadyRunning
from freshbridge.actions.record import State
from freshbridge.analytics.synced import SyncedTickets
from freshbridge.bulk.row_watch import RowWatch
from freshbridge.dead_letters.subject import Queue
from freshbridge.destinations.synced import LakeRows
from freshbridge.errors import Retry
from freshbridge.exports.assembly import desk, telling
from freshbridge.freshdesk.rate_limit import RateLimit
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.assembly import providers
from freshbridge.lake.current_view import CurrentView
from freshbridge.lake.lake import Lake
from freshbridge.notifications.bodies import FOLDER as CALLBACKS
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.assembly import processor
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.queues.verdict import Patience, Verdict
from freshbridge.rules.continuation import Continuation
from freshbridge.rules.run_store import RunStore
from freshbridge.sync.run_store import RunStore as SyncRuns

logger = function_logger()
metrics = function_metrics()

# An action may take a connect and a read time-out; one begun later would be cut off in the middle.
PATIENCE = Patience(reserve_ms=30_000)


def _log_call(request: ProviderRequest, reply: ProviderReply, limit: RateLimit | None) -> None:
    logger.info(
        "provider called",
        extra={
            "call": request.where,
            "status": reply.status,
            "took_ms": round(reply.elapsed_s * 1000),
            "remaining": limit.remaining if limit else None,
        },
    )


def _count_wait(seconds: float) -> None:
    count(metrics, "BudgetWaits")
    logger.debug("waiting for the rate budget", extra={"seconds": round(seconds, 3)})


class Ports:
    """What this function talks to."""

    def __init__(self, chosen: settings.ExecutorSettings) -> None:
        """Nothing is called before the first message."""
        self.payloads = PayloadStore(chosen.payload_bucket)
        self.queue = Publisher(chosen.source_queue_url, self.payloads, prefix="actions")
        calling = providers(
            chosen,
            function="action_executor",
            logger=logger,
            metrics=metrics,
            on_reply=_log_call,
            on_wait=_count_wait,
        )
        self.connections = calling.connections
        stores = Stores(chosen)
        synced = SyncedTickets(CurrentView(chosen.lake_bucket), SyncRuns(chosen.sync_table))
        exports = desk(chosen.payload_bucket, chosen.lake_bucket, chosen.sync_table)
        current = LakeRows(Lake(chosen.lake_bucket))
        chosen_services = services(stores, synced, exports, current)
        self.executor = executor(self.connections, chosen_services, stores)
        self.bulk_jobs = telling(
            exports.folder,
            stores.bulk,
            Publisher(chosen.callback_queue_url, self.payloads, prefix=CALLBACKS),
        )
        self.rows = RowWatch(stores.bulk.store)
        runs = RunStore(chosen.action_table, self.payloads, days=int(chosen.action_record_days))
        self.continuation = Continuation(runs, stores.records, self.queue)
        self.requests: dict[str, ActionRequest] = {}
        self.processor = processor(
            chosen,
            Queue.ACTIONS,
            self.payloads,
            function="action_executor",
            logger=logger,
            metrics=metrics,
            patience=replace(PATIENCE, deadline_s=float(chosen.action_deadline_hours) * 3600),
            observer=self.record,
            defects=self.defects,
            afterwards=calling.budgets.give_back,
        )

    def defects(self, message: SQSRecord) -> int | None:
        """How often its action had met an unforeseen error before, as its record tells."""
        request = self.requests.get(message.message_id)
        return None if request is None else self.executor.defects(request.action_id)

    def record(self, message: SQSRecord, error: BaseException, verdict: Verdict) -> bool:
        """Write what becomes of a failed action into its record, and into its batch if it has one.

        A row that its batch lists as failed needs no dead letter, unless it met a defect; nor does
        a batch whose rows tell it all.
        """
        request = self.requests.pop(message.message_id, None)
        if request is None:
            return False
        state = State.WAITING
        if verdict.park:
            tried_out = verdict.code == "defect" or verdict.code.startswith("exhausted_")
            state = State.DEAD if tried_out else State.FAILED
        try:
            self.executor.failed(
                request,
                state,
                error=error,
                code=verdict.code,
                reason=verdict.reason,
                wait_s=verdict.wait_s,
                attempted=not (isinstance(error, Retry) and error.costs_no_attempt),
            )
            if verdict.park:
                self.continuation.failed(request, verdict.code)
                self.bulk_jobs.failed(request, verdict.code, verdict.reason)
                listed = self.rows.failed(request, error, verdict.code, verdict.reason)
                told = listed or isinstance(error, NothingDone)
                return told and verdict.code != "defect"
            if not isinstance(error, AlreadyRunning):
                self.rows.put_off(request)
        except (ClientError, BotoCoreError, Retry) as failure:
            # The queue decides what happens; the record only tells of it.
            logger.warning("record not written", extra={"error": aws.error_name(failure)})
        return False
