"""SyncQueue: read a part of a run until the time is up, then leave the rest to the next message."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from freshbridge import settings, timestamps
from freshbridge.budget.assembly import patience
from freshbridge.budget.ledger import Use
from freshbridge.dead_letters.subject import Queue
from freshbridge.destinations.store import DestinationStore
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.instances.assembly import providers
from freshbridge.instances.connection import InstanceDisabled
from freshbridge.instances.registry import UnknownInstance
from freshbridge.instances.trace import Cause
from freshbridge.lake.lake import Lake
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.assembly import processor
from freshbridge.queues.batch import process_batch
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.sync.cancelling import Cancelling
from freshbridge.sync.children import Children
from freshbridge.sync.failing import Failing
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.interruptions import Interruptions
from freshbridge.sync.invocation import Invocation, Outcome
from freshbridge.sync.reading import Reader
from freshbridge.sync.reconciling import Reconciling
from freshbridge.sync.record_states import RecordStates
from freshbridge.sync.run_store import RunStore
from freshbridge.sync.touch import touch_order
from freshbridge.sync.touch_marks import TouchMarks
from freshbridge.sync.touching import Touching
from freshbridge.sync.watchers import Watchers
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
        calling = providers(chosen, function="sync_worker", logger=logger, metrics=metrics)
        self.connections = calling.connections
        lake = Lake(chosen.lake_bucket)
        queue = Publisher(chosen.sync_queue_url, self.payloads, prefix="sync")
        store = RunStore(chosen.sync_table)
        children = Children(store, queue, _now)
        actions = Publisher(chosen.action_queue_url, self.payloads, prefix="actions")
        feeding = Feeding(calling.registry, DestinationStore(chosen.instance_table), actions, _now)
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
        self.interruptions = Interruptions(store, Cancelling(store, children, _now))
        self.touching = Touching(lake, TouchMarks(chosen.sync_table), watcher)
        self.processor = processor(
            chosen,
            Queue.SYNC,
            self.payloads,
            function="scheduled_sync",
            logger=logger,
            metrics=metrics,
            observer=Failing(store, stages, self.payloads, logger),
            afterwards=calling.budgets.give_back,
        )


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.WorkerSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch (of one message)."""
    ports = _ports()
    return process_batch(event, context, ports.processor, partial(_work, ports, context))


def _work(ports: Ports, context: LambdaContext, record: SQSRecord) -> None:
    text = ports.payloads.unpack(record.body)
    if (order := touch_order(text)) is not None:
        logger.set_correlation_id(order.correlation_id)
        try:
            ports.touching.touch(order, ports.connections, waiting=_waiting(context, record))
        except (InstanceDisabled, UnknownInstance) as error:
            ports.touching.leave(order)
            _left(order.instance_id, order.object, error)
            return
        count(metrics, "RecordsSynced", 1)
        return
    work = envelope.sync_work(text)
    logger.set_correlation_id(work.correlation_id)

    def read(client: FreshdeskClient, instance: Instance) -> Outcome:
        if ports.interruptions.ended(work, instance):
            return Outcome(ended=True)
        return ports.reader.work(work, _invocation(context, client, instance))

    cause = Cause(work.correlation_id, run_id=work.run_id)
    waiting = _waiting(context, record)
    try:
        outcome = ports.connections.use(work.instance_id, read, cause=cause, waiting=waiting)
    except (InstanceDisabled, UnknownInstance) as error:
        if isinstance(error, InstanceDisabled):
            ports.interruptions.pause(work)
        _left(work.instance_id, work.object, error)
        return
    logger.info(
        "run ended: its object is not synced any more" if outcome.ended else "records synced",
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


def _left(instance_id: str, name: str, error: InstanceDisabled | UnknownInstance) -> None:
    """Say in the log that a message was let go: what it asked for waits, or nobody wants it."""
    details = {"instance_id": instance_id, "object": name, "reason": error.code}
    logger.info("records not synced", extra=details)
    count(metrics, "RecordsSynced", 0)


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
