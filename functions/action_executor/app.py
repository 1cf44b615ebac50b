"""ActionQueue: run each action once, put off what can succeed later, park what cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, settings, timestamps
from freshbridge.actions.action import NothingDone, Unfinished
from freshbridge.actions.assembly import Stores, executor, services
from freshbridge.actions.execute import AlreadyRunning
from freshbridge.actions.record import State
from freshbridge.analytics.synced import SyncedTickets
from freshbridge.budget.assembly import budgets, patience
from freshbridge.budget.budgeted_transport import Waiting
from freshbridge.budget.ledger import Use
from freshbridge.bulk.row_watch import RowWatch
from freshbridge.circuit.assembly import circuits
from freshbridge.dead_letters.assembly import intake
from freshbridge.dead_letters.subject import Queue
from freshbridge.destinations.arrivals import requests_in
from freshbridge.destinations.synced import LakeRows
from freshbridge.errors import Retry
from freshbridge.exports.assembly import desk, telling
from freshbridge.freshdesk.rate_limit import RateLimit
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.traced_transport import Tracer
from freshbridge.instances.vault import Vault
from freshbridge.lake.current_view import CurrentView
from freshbridge.lake.lake import Lake
from freshbridge.notifications.bodies import FOLDER as CALLBACKS
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import (
    Patience,
    RetryingBatchProcessor,
    Verdict,
    process_batch,
)
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.fair_order import fair_order
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.rules.continuation import Continuation
from freshbridge.rules.postponement import wait_s
from freshbridge.rules.run_store import RunStore
from freshbridge.sync.run_store import RunStore as SyncRuns
from freshbridge.transport import RequestsTransport

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()

# An action may take a connect and a read time-out; one begun later would be cut off in the middle.
PATIENCE = Patience(reserve_ms=30_000)
LONGEST_WAIT_S = 2.0
"""A slot in the rate budget is waited for here; for one further away the message is put off. Longer
waits would keep every function asleep for one account while another's message lies in the queue."""
LONGEST_WAIT_BEGUN_S = 20.0
"""An action of several calls is not left in the middle for a wait up to this."""


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
        self.budgets = budgets(
            chosen.budget_table,
            chosen.rate_window_seconds,
            interactive_share=chosen.interactive_share,
            on_wait=_count_wait,
        )
        self.connections = Connections(
            Registry(chosen.instance_table),
            Vault(chosen.stack_name),
            lru_cache(maxsize=1)(RequestsTransport),
            allowed_origins=chosen.allowed_provider_origins,
            on_reply=_log_call,
            tracer=Tracer(
                TraceStore(chosen.trace_table), function="action_executor", logger=logger
            ),
            budgets=self.budgets,
            circuits=circuits(chosen.budget_table, logger, metrics),
        )
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
        self.processor = RetryingBatchProcessor(
            queue_url=chosen.source_queue_url,
            dead_letters=DeadLetterQueue(
                chosen.dead_letter_queue_url,
                function="action_executor",
                letters=intake(chosen, Queue.ACTIONS, self.payloads, function="action_executor"),
            ),
            logger=logger,
            metrics=metrics,
            patience=replace(PATIENCE, deadline_s=float(chosen.action_deadline_hours) * 3600),
            observer=self.record,
            defects=self.defects,
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


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.ExecutorSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch."""
    ports = _ports()
    ports.requests.clear()
    ordered = {**event, "Records": fair_order(event["Records"])}
    following = [_kind(record) for record in ordered["Records"]]

    def run(record: SQSRecord) -> None:
        kind = following.pop(0)
        _run(ports, context, record, ahead=following.count(kind))

    try:
        return process_batch(ordered, context, ports.processor, run)
    finally:
        # Slots that were to be used in this invocation are of no use to the next one.
        ports.budgets.give_back()


def _kind(record: Mapping[str, Any]) -> tuple[str, bool]:
    """What the rate budget tells apart: whose message it is, and whether it was put off before."""
    attributes = record["attributes"]
    return attributes.get("MessageGroupId", ""), int(attributes["ApproximateReceiveCount"]) > 1


def _waiting(
    request: ActionRequest, context: LambdaContext, record: SQSRecord, ahead: int
) -> Waiting:
    """Who asked through the API is not kept behind rules, batches and the deployer's own jobs."""
    receives = int(record.raw_event["attributes"]["ApproximateReceiveCount"])
    use = Use(
        within_s=0.0,
        background=not request.interactive,
        returning=receives > 1,
        ahead=ahead,
        lane=str(request.origin.get("type", ""))[:16],
    )
    return patience(
        context,
        longest_s=LONGEST_WAIT_S,
        begun_s=LONGEST_WAIT_BEGUN_S,
        reserve_s=PATIENCE.reserve_ms / 1000,
        use=use,
    )


def _run(ports: Ports, context: LambdaContext, record: SQSRecord, *, ahead: int) -> None:
    text = ports.payloads.unpack(record.body)
    now = timestamps.to_text(timestamps.now())
    arrived = requests_in(text, message_id=record.message_id, received_at=now)
    if arrived is not None:
        # A message of its own for each: a copy of this one asks for the same ones.
        ports.queue.publish_all((one.action_id, one) for one in arrived)
        logger.info("records have arrived", extra={"actions": len(arrived)})
        count(metrics, "DestinationArrivals")
        return
    request = envelope.action_request(text)
    ports.requests[record.message_id] = request
    logger.set_correlation_id(request.correlation_id)
    told = {
        "action_id": request.action_id,
        "action": f"{request.platform}.{request.action}",
        "instance_id": request.instance_id,
    }
    if delay_s := wait_s(request, timestamps.now()):
        # Sent anew, for the queue delays no message longer.
        ports.queue.publish(request, request.action_id, delay_s)
        logger.info("action is not due", extra={**told, "wait_s": delay_s})
        count(metrics, "ActionsContinued")
        return
    if int(record.raw_event["attributes"]["ApproximateReceiveCount"]) > 1:
        # A backlog of a dead account asks often: all but the first time nothing is begun for it.
        ports.connections.check(request.instance_id)
    if not ports.rows.may_begin(request):
        logger.info("row was cancelled", extra=told)
        count(metrics, "RowsCancelled")
        return
    try:
        waiting = _waiting(request, context, record, ahead)
        with ports.continuation.following(request):
            outcome = ports.executor.execute(request, context, waiting=waiting)
    except Unfinished as rest:
        ports.executor.failed(
            request,
            State.WAITING,
            error=rest,
            code="in_progress",
            reason="a part is done, the rest follows",
            wait_s=rest.after_s,
            attempted=False,
        )
        # A message of its own: SQS counts the receives of this one.
        ports.queue.publish(request, request.action_id, rest.after_s)
        logger.info("action goes on later", extra={**told, "wait_s": rest.after_s})
        count(metrics, "ActionsContinued")
        return
    ports.rows.succeeded(request, outcome)
    ports.bulk_jobs.succeeded(request)
    logger.info("action done", extra=told)
    count(metrics, "ActionsDone")
