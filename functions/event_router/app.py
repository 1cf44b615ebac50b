"""EventQueue: normalise, drop what came twice, match rules, queue actions, put it on the bus."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from freshbridge import settings, timestamps
from freshbridge.actions.mapping import FieldNames
from freshbridge.dead_letters.assembly import intake
from freshbridge.dead_letters.subject import Queue
from freshbridge.events.bus import EventBus
from freshbridge.events.deliveries import Deliveries
from freshbridge.events.reading import event_of
from freshbridge.instances.registry import Registry, UnknownInstance
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import RetryingBatchProcessor, process_batch
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.rules.comparison import Statuses, own_statuses
from freshbridge.rules.dispatch import Dispatcher
from freshbridge.rules.guard import RunGuard
from freshbridge.rules.run_store import RunStore
from freshbridge.rules.store import RuleStore
from freshbridge.rules.templates import InvalidTemplate

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()


class Ports:
    """What this function talks to."""

    def __init__(self, chosen: settings.RouterSettings) -> None:
        """Nothing is called before the first message."""
        self.payloads = PayloadStore(chosen.payload_bucket)
        self.rules = RuleStore(chosen.instance_table)
        self.instances = Registry(chosen.instance_table)
        self.dispatcher = Dispatcher(
            RunGuard(chosen.idempotency_table),
            RunStore(chosen.action_table, self.payloads, days=int(chosen.action_record_days)),
            Publisher(chosen.action_queue_url, self.payloads, prefix="actions"),
        )
        self.deliveries = Deliveries(chosen.idempotency_table)
        self.bus = EventBus(chosen.event_bus_name)
        self.processor = RetryingBatchProcessor(
            queue_url=chosen.source_queue_url,
            dead_letters=DeadLetterQueue(
                chosen.dead_letter_queue_url,
                function="event_router",
                letters=intake(chosen, Queue.EVENTS, self.payloads, function="event_router"),
            ),
            logger=logger,
            metrics=metrics,
        )

    def names(self, instance_id: str) -> FieldNames:
        """What the instance's custom fields are called, in rules and by subscribers."""
        try:
            return FieldNames.of(self.instances.get(instance_id).config)
        except UnknownInstance:
            # It was deleted after the webhook came; so were its rules.
            return FieldNames({})

    def statuses(self, instance_id: str) -> Statuses:
        """The names of the instance's own statuses, where its config tells them."""
        try:
            return own_statuses(self.instances.get(instance_id).config)
        except UnknownInstance:
            return {}


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.RouterSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch."""
    ports = _ports()
    return process_batch(event, context, ports.processor, partial(_route, ports))


def _route(ports: Ports, record: SQSRecord) -> None:
    received = envelope.received_event(ports.payloads.unpack(record.body))
    logger.set_correlation_id(received.correlation_id)
    event, verdict = ports.deliveries.take(event_of(received), received.body)
    if verdict.duplicate_of:
        # The provider missed an answer and sent it again: the first one does all there is to do.
        logger.info("event came again", extra={"first_event_id": verdict.duplicate_of})
        count(metrics, "DuplicateEvents")
        return
    event = ports.names(event.instance_id).shown_event(event)
    rules = ports.rules.of(event.instance_id)
    statuses = ports.statuses(event.instance_id)
    runs = ports.dispatcher.dispatch(event, rules, now=timestamps.now(), statuses=statuses)
    ports.bus.publish(event)
    asked = sum(len(run.requests()) for run in runs)
    skipped = sum(run.outcome == "skipped" for run in runs)
    told = {"event_type": event.type, "actions": asked, "rules_skipped": skipped}
    logger.info("event routed", extra=told)
    count(metrics, "ActionsRequested", asked)
    broken = {run.rule.rule_id: run.reason for run in runs if run.outcome == "failed"}
    if broken:
        # After the good rules' actions are queued: parking the event tells of the broken rules,
        # and redriving it runs nothing twice.
        # A long reason is cut, so all names come first.
        raise InvalidTemplate(f"rule {', '.join(broken)}: {'; '.join(broken.values())}")
