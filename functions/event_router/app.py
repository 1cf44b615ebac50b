"""EventQueue: normalise, drop what came twice, fetch what is needed, run rules, tell the bus."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from event_router.customers import ask_for
from event_router.fetching import PATIENCE, Fetching
from freshbridge import settings
from freshbridge.customers.link_store import LinkStore
from freshbridge.customers.staging import FOLDER as CUSTOMERS
from freshbridge.dead_letters.subject import Queue
from freshbridge.event_log.lists import EventLists
from freshbridge.event_log.recorder import Recorder
from freshbridge.event_log.replay import Replays
from freshbridge.event_log.replay_jobs import ReplayJobs
from freshbridge.event_log.store import EventStore
from freshbridge.events.bus import EventBus
from freshbridge.events.deliveries import Deliveries
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import UnknownInstance
from freshbridge.notifications.bodies import FOLDER as CALLBACKS
from freshbridge.notifications.outbox import Outbox
from freshbridge.observability import function_logger, function_metrics
from freshbridge.queues.assembly import processor
from freshbridge.queues.batch import process_batch
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.queues.verdict import Verdict
from freshbridge.routing.enriching import Enriching
from freshbridge.routing.ports import Surroundings
from freshbridge.routing.router import Message, Router
from freshbridge.routing.taking import Taking
from freshbridge.routing.touching import Touching
from freshbridge.rules.dispatch import Dispatcher
from freshbridge.rules.guard import RunGuard
from freshbridge.rules.run_store import RunStore
from freshbridge.rules.store import RuleStore
from freshbridge.sync.touch_marks import TouchMarks
from freshbridge.webhooks.check_store import CheckStore

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
        self.fetching = Fetching(chosen)
        self.instances = self.fetching.instances
        events = EventStore(chosen.event_table, self.payloads, days=int(chosen.event_days))
        self.recorder = Recorder(events, logger)
        self.outbox = Outbox(Publisher(chosen.callback_queue_url, self.payloads, prefix=CALLBACKS))
        self.router = self._router(chosen, events)
        self.processor = processor(
            chosen,
            Queue.EVENTS,
            self.payloads,
            function="event_router",
            logger=logger,
            metrics=metrics,
            patience=PATIENCE,
            observer=self._failed,
            afterwards=self.fetching.budgets.give_back,
        )

    def _router(self, chosen: settings.RouterSettings, events: EventStore) -> Router:
        event_queue = Publisher(chosen.source_queue_url, self.payloads, prefix="events")
        dispatcher = Dispatcher(
            RunGuard(chosen.idempotency_table),
            RunStore(chosen.action_table, self.payloads, days=int(chosen.action_record_days)),
            Publisher(chosen.action_queue_url, self.payloads, prefix="actions"),
        )
        taking = Taking(
            self.recorder,
            Deliveries(chosen.idempotency_table),
            Replays(events, event_queue),
            ReplayJobs(chosen.event_table, EventLists(chosen.event_table), event_queue),
            logger=logger,
            metrics=metrics,
        )
        touching = Touching(
            Publisher(chosen.sync_queue_url, self.payloads, prefix="sync"),
            TouchMarks(chosen.sync_table),
            held=self.fetching.records.whole,
            metrics=metrics,
        )
        surroundings = Surroundings(
            is_check=CheckStore(chosen.idempotency_table).noticed,
            instance=self._instance,
            rules=RuleStore(chosen.instance_table).of,
            publish=EventBus(chosen.event_bus_name).publish,
            call_back=self.outbox.put,
            customer=partial(
                ask_for,
                links=LinkStore(chosen.customer_table),
                queue=Publisher(chosen.customer_queue_url, self.payloads, prefix=CUSTOMERS),
            ),
            touch=touching.touch,
        )
        return Router(
            taking,
            surroundings,
            enricher=Enriching(self.fetching.enricher, dispatcher, logger=logger, metrics=metrics),
            dispatcher=dispatcher,
            recorder=self.recorder,
            logger=logger,
            metrics=metrics,
        )

    def _failed(self, record: SQSRecord, _error: BaseException, verdict: Verdict) -> bool:
        """Note on the event that it is put off or parked."""
        self.recorder.failed(
            record.message_id, parked=verdict.park, code=verdict.code, reason=verdict.reason
        )
        return False

    def _instance(self, instance_id: str) -> Instance | None:
        try:
            return self.instances.get(instance_id)
        except UnknownInstance:
            return None


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.RouterSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch."""
    ports = _ports()
    return process_batch(event, context, ports.processor, partial(_route, ports, context))


def _route(ports: Ports, context: LambdaContext, record: SQSRecord) -> None:
    first = int(record.raw_event["attributes"]["ApproximateReceiveCount"]) == 1
    ports.router.route(
        Message(
            record.message_id,
            ports.payloads.unpack(record.body),
            first=first,
            waiting=ports.fetching.waiting(context, returning=not first),
        )
    )
