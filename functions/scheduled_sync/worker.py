"""SyncQueue: read a part of a run until the time is up, then leave the rest to the next message."""

from __future__ import annotations

from dataclasses import asdict
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
from freshbridge.destinations.store import DestinationStore
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.trace import Cause
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.traced_transport import Tracer
from freshbridge.instances.vault import Vault
from freshbridge.lake.lake import Lake
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import RetryingBatchProcessor, process_batch
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.sync.children import Children
from freshbridge.sync.failing import Failing
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.invocation import Invocation, Outcome
from freshbridge.sync.reading import Reader
from freshbridge.sync.reconciling import Reconciling
from freshbridge.sync.record_states import RecordStates
from freshbridge.sync.run_store import RunStore
from freshbridge.sync.touch import touch_order
from freshbridge.sync.touch_marks import TouchMarks
from freshbridge.sync.touching import Touching
from freshbridge.sync.watchers import Watchers
from freshbridge.transport import RequestsTransport
from scheduled_sync.feeding import Feeding, FeedingStages

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.instances.model import Instance

logger = function_logger()
metrics = function_metrics()

# One more page must fit: a call's time-outs, a write to S3 and one to DynamoDB.
PAGE_MS = 60_000
LONGEST_WAIT_S = 60.0
"""A slot in the rate budget is waited for here; for one further away the message is put off."""
PAGES_AHEAD = 20
"""Slots reserved at one write once a page was read; those that are not used are given back."""


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
        lake = Lake(chosen.lake_bucket)
        queue = Publisher(chosen.sync_queue_url, self.payloads, prefix="sync")
        store = RunStore(chosen.sync_table)
        children = Children(store, queue, _now)
        registry = Registry(chosen.instance_table)
        actions = Publisher(chosen.action_queue_url, self.payloads, prefix="actions")
        feeding = Feeding(registry, DestinationStore(chosen.instance_table), actions, _now)
        stages = FeedingStages(store, lake, queue, children, _now, feeding)
        watcher = Watchers(
            RecordStates(chosen.sync_table),
            Publisher(chosen.event_queue_url, self.payloads, prefix="events"),
            _now,
            logger,
        )
        self.reader = Reader(
            store,
            lake,
            queue,
            stages,
            children,
            feeds=feeds_of,
            watcher=watcher,
            reconcile=Reconciling(lake, watcher),
            concurrency=int(chosen.sync_concurrency),
        )
        self.touching = Touching(lake, TouchMarks(chosen.sync_table), watcher)
        self.processor = RetryingBatchProcessor(
            queue_url=chosen.source_queue_url,
            dead_letters=DeadLetterQueue(
                chosen.dead_letter_queue_url,
                function="scheduled_sync",
                letters=intake(chosen, Queue.SYNC, self.payloads, function="scheduled_sync"),
            ),
            observer=Failing(store, stages, self.payloads, logger),
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
        return process_batch(event, context, ports.processor, partial(_work, ports, context))
    finally:
        ports.budgets.give_back()


def _work(ports: Ports, context: LambdaContext, record: SQSRecord) -> None:
    text = ports.payloads.unpack(record.body)
    if (order := touch_order(text)) is not None:
        logger.set_correlation_id(order.correlation_id)
        ports.touching.touch(order, ports.connections, waiting=_waiting(context, record))
        count(metrics, "RecordsSynced", 1)
        return
    work = envelope.sync_work(text)
    logger.set_correlation_id(work.correlation_id)

    def read(client: FreshdeskClient, instance: Instance) -> Outcome:
        return ports.reader.work(work, _invocation(context, client, instance))

    cause = Cause(work.correlation_id, run_id=work.run_id)
    waiting = _waiting(context, record)
    outcome = ports.connections.use(work.instance_id, read, cause=cause, waiting=waiting)
    logger.info(
        "records synced",
        extra={
            "instance_id": work.instance_id,
            "object": work.object,
            "parts": outcome.parts,
            "rows": outcome.counts.rows,
            "pages": outcome.counts.pages,
            "counts": {name: value for name, value in asdict(outcome.counts).items() if value},
            "finished": outcome.finished,
        },
    )
    count(metrics, "RecordsSynced", outcome.counts.rows)
    count(metrics, "EventsFromSync", outcome.counts.told)


def _waiting(context: LambdaContext, record: SQSRecord) -> Waiting:
    return patience(
        context,
        longest_s=LONGEST_WAIT_S,
        reserve_s=_page_ms(context) / 1000,
        use=Use(
            within_s=0.0,
            returning=int(record.raw_event["attributes"]["ApproximateReceiveCount"]) > 1,
        ),
        then_ahead=PAGES_AHEAD,
    )


def _invocation(context: LambdaContext, client: FreshdeskClient, instance: Instance) -> Invocation:
    page_ms = _page_ms(context)
    return Invocation(
        client,
        instance,
        may_go_on=lambda: context.get_remaining_time_in_millis() > page_ms,
        remaining_s=lambda: context.get_remaining_time_in_millis() / 1000,
    )


def _page_ms(context: LambdaContext) -> float:
    """What is kept for one more page; a fifth, where the function has not half as much in all."""
    remaining = context.get_remaining_time_in_millis()
    return PAGE_MS if remaining * 2 > PAGE_MS else remaining / 5


def _now() -> str:
    return timestamps.to_text(timestamps.now())
