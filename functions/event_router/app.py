"""EventQueue: normalise, match rules, queue their actions, put the event on the bus."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from freshbridge import settings, timestamps
from freshbridge.actions.mapping import FieldNames
from freshbridge.events.bus import EventBus
from freshbridge.events.freshdesk_webhook import normalise
from freshbridge.events.payload import read_json
from freshbridge.instances.registry import Registry, UnknownInstance
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import RetryingBatchProcessor, process_batch
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.rules.route import actions_for
from freshbridge.rules.store import RuleStore

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
        self.actions = Publisher(chosen.action_queue_url, self.payloads, prefix="actions")
        self.bus = EventBus(chosen.event_bus_name)
        self.processor = RetryingBatchProcessor(
            queue_url=chosen.source_queue_url,
            dead_letters=DeadLetterQueue(chosen.dead_letter_queue_url, function="event_router"),
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
    event = normalise(
        read_json(received.body.encode(errors="replace")),
        event_id=received.event_id,
        instance_id=received.instance_id,
        received_at=received.received_at,
    )
    event = ports.names(event.instance_id).shown_event(event)
    now = timestamps.to_text(timestamps.now())
    requests, errors = actions_for(event, ports.rules.of(event.instance_id), now=now)
    ports.actions.publish_all((request.action_id, request) for request in requests)
    ports.bus.publish(event)
    logger.info("event routed", extra={"event_type": event.type, "actions": len(requests)})
    count(metrics, "ActionsRequested", len(requests))
    if errors:
        # After the good rules' actions are queued: parking the event tells of the broken rule,
        # and redriving it runs nothing twice.
        raise errors[0]
