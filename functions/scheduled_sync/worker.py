"""SyncQueue: pull pages until the time is up, then leave the rest to the next message."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from freshbridge import settings, timestamps
from freshbridge.budget.assembly import budgets, patience
from freshbridge.budget.ledger import Use
from freshbridge.circuit.assembly import circuits
from freshbridge.dead_letters.assembly import intake
from freshbridge.dead_letters.subject import Queue
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.trace import Cause
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.traced_transport import Tracer
from freshbridge.instances.vault import Vault
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import RetryingBatchProcessor, process_batch
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.sync.cursor_store import CursorStore
from freshbridge.sync.lake import Lake
from freshbridge.sync.polling import ONLY_TOLD, InvalidPolling, Polling, polling_of
from freshbridge.sync.pull import NotCopied, Progress, pull_tickets
from freshbridge.sync.pull_contacts import pull_contacts
from freshbridge.sync.record_states import RecordStates
from freshbridge.sync.telling import Telling, can_tell
from freshbridge.transport import RequestsTransport

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.instances.model import Instance

logger = function_logger()
metrics = function_metrics()

# One more page must fit: a call's time-outs, a write to S3 and one to DynamoDB.
PAGE_MS = 60_000
LONGEST_WAIT_S = 60.0
"""A slot in the rate budget is waited for here; for one further away the message is put off."""


class Ports:
    """What this function talks to."""

    def __init__(self, chosen: settings.WorkerSettings) -> None:
        """Nothing is called before the first message."""
        self.payloads = PayloadStore(chosen.payload_bucket)
        self.budgets = budgets(
            chosen.budget_table,
            chosen.rate_window_seconds,
            interactive_share=chosen.interactive_share,
        )
        self.connections = Connections(
            Registry(chosen.instance_table),
            Vault(chosen.stack_name),
            lru_cache(maxsize=1)(RequestsTransport),
            allowed_origins=chosen.allowed_provider_origins,
            tracer=Tracer(TraceStore(chosen.trace_table), function="sync_worker", logger=logger),
            budgets=self.budgets,
            circuits=circuits(chosen.budget_table, logger, metrics),
        )
        self.lake = Lake(chosen.lake_bucket)
        self.cursors = CursorStore(chosen.sync_table)
        self.queue = Publisher(chosen.sync_queue_url, self.payloads, prefix="sync")
        self.states = RecordStates(chosen.sync_table)
        self.events = Publisher(chosen.event_queue_url, self.payloads, prefix="events")
        self.processor = RetryingBatchProcessor(
            queue_url=chosen.source_queue_url,
            dead_letters=DeadLetterQueue(
                chosen.dead_letter_queue_url,
                function="scheduled_sync",
                letters=intake(chosen, Queue.SYNC, self.payloads, function="scheduled_sync"),
            ),
            logger=logger,
            metrics=metrics,
        )


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.WorkerSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch (of one message)."""
    ports = _ports()
    try:
        return process_batch(event, context, ports.processor, partial(_pull, ports, context))
    finally:
        ports.budgets.give_back()


def _pull(ports: Ports, context: LambdaContext, record: SQSRecord) -> None:
    work = envelope.sync_work(ports.payloads.unpack(record.body))
    logger.set_correlation_id(work.correlation_id)

    def pull(client: FreshdeskClient, instance: Instance) -> tuple[Progress, Telling | None]:
        telling = _telling(ports, instance, work.object)
        return _read(ports, context, client, work, telling), telling

    cause = Cause(work.correlation_id, run_id=work.run_id)
    waiting = patience(
        context,
        longest_s=LONGEST_WAIT_S,
        reserve_s=PAGE_MS / 1000,
        use=Use(
            within_s=0.0,
            returning=int(record.raw_event["attributes"]["ApproximateReceiveCount"]) > 1,
        ),
    )
    progress, telling = ports.connections.use(work.instance_id, pull, cause=cause, waiting=waiting)
    if not progress.finished:
        ports.queue.publish(work, f"{work.run_id}-{work.instance_id}-{work.object}")
    logger.info(
        "records synced",
        extra={
            "instance_id": work.instance_id,
            "object": work.object,
            "rows": progress.rows,
            "pages": progress.pages,
            "finished": progress.finished,
        },
    )
    count(metrics, "RecordsSynced", 0 if work.object in ONLY_TOLD else progress.rows)
    if telling is not None:
        logger.info("changes told", extra=telling.shown()["events"])
        count(metrics, "EventsFromSync", telling.queued)


def _read(
    ports: Ports,
    context: LambdaContext,
    client: FreshdeskClient,
    work: envelope.SyncWork,
    telling: Telling | None,
) -> Progress:
    def may_go_on() -> bool:
        return context.get_remaining_time_in_millis() > PAGE_MS

    told_only = work.object in ONLY_TOLD
    if told_only and telling is None:
        # Nobody wants to hear of it any more.
        return Progress(rows=0, pages=0, finished=True)
    if work.object == "contacts" and telling is not None:
        return pull_contacts(
            client, work, walks=ports.cursors, may_go_on=may_go_on, now=_now, watcher=telling
        )
    return pull_tickets(
        client,
        work,
        lake=NotCopied() if told_only else ports.lake,
        cursors=ports.cursors,
        may_go_on=may_go_on,
        now=_now,
        watcher=telling,
    )


def _telling(ports: Ports, instance: Instance, object_name: str) -> Telling | None:
    """One that tells what changes, if the instance wants to hear of it."""
    try:
        polling = polling_of(instance, object_name) if can_tell(object_name) else None
    except InvalidPolling as error:
        # The records matter more than how they are told of.
        logger.warning("poller's configuration not used", extra={"reason": str(error)})
        polling = Polling()
    if polling is None:
        return None
    return Telling(
        instance, object_name, polling, states=ports.states, events=ports.events, now=_now
    )


def _now() -> str:
    return timestamps.to_text(timestamps.now())
