"""EventQueue: normalise, drop what came twice, fetch what is needed, run rules, tell the bus."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from event_router.enriching import PATIENCE, Enriching
from freshbridge import settings, timestamps
from freshbridge.actions.mapping import FieldNames
from freshbridge.dead_letters.assembly import intake
from freshbridge.dead_letters.subject import Queue
from freshbridge.event_log.entry import arrived
from freshbridge.event_log.lists import EventLists
from freshbridge.event_log.recorder import Recorder
from freshbridge.event_log.replay import Replays, as_replayed
from freshbridge.event_log.replay_jobs import ReplayJobs
from freshbridge.event_log.store import EventStore
from freshbridge.events.bus import EventBus
from freshbridge.events.deliveries import Deliveries
from freshbridge.events.normalised import Event
from freshbridge.events.reading import event_of
from freshbridge.events.status_type import typed
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import Registry, UnknownInstance
from freshbridge.notifications.bodies import FOLDER as CALLBACKS
from freshbridge.notifications.outbox import Outbox
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import RetryingBatchProcessor, Verdict, process_batch
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.rules.comparison import own_statuses
from freshbridge.rules.dispatch import Dispatcher
from freshbridge.rules.enricher import NotTold
from freshbridge.rules.guard import RunGuard
from freshbridge.rules.route import NOT_TOLD
from freshbridge.rules.run_store import RunStore
from freshbridge.rules.store import RuleStore
from freshbridge.rules.templates import InvalidTemplate
from freshbridge.transport import RequestsTransport
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
        self.rules = RuleStore(chosen.instance_table)
        self.instances = Registry(chosen.instance_table)
        self.dispatcher = Dispatcher(
            RunGuard(chosen.idempotency_table),
            RunStore(chosen.action_table, self.payloads, days=int(chosen.action_record_days)),
            Publisher(chosen.action_queue_url, self.payloads, prefix="actions"),
        )
        self.enriching = Enriching(
            chosen, self.instances, self.dispatcher, lru_cache(maxsize=1)(RequestsTransport)
        )
        self.deliveries = Deliveries(chosen.idempotency_table)
        self.checks = CheckStore(chosen.idempotency_table)
        self.bus = EventBus(chosen.event_bus_name)
        self.outbox = Outbox(Publisher(chosen.callback_queue_url, self.payloads, prefix=CALLBACKS))
        events = EventStore(chosen.event_table, self.payloads, days=int(chosen.event_days))
        event_queue = Publisher(chosen.source_queue_url, self.payloads, prefix="events")
        self.recorder = Recorder(events, logger)
        self.replays = Replays(events, event_queue)
        self.replay_jobs = ReplayJobs(
            chosen.event_table, EventLists(chosen.event_table), event_queue
        )
        self.processor = RetryingBatchProcessor(
            queue_url=chosen.source_queue_url,
            dead_letters=DeadLetterQueue(
                chosen.dead_letter_queue_url,
                function="event_router",
                letters=intake(chosen, Queue.EVENTS, self.payloads, function="event_router"),
            ),
            logger=logger,
            metrics=metrics,
            patience=PATIENCE,
            observer=self._failed,
        )

    def _failed(self, record: SQSRecord, _error: BaseException, verdict: Verdict) -> bool:
        """Note on the event that it is put off or parked."""
        self.recorder.failed(
            record.message_id, parked=verdict.park, code=verdict.code, reason=verdict.reason
        )
        return False

    def call_back(self, event: Event) -> None:
        """Queue it for the instance's callback URLs, where there are any."""
        try:
            wanted = self.outbox.put(event, self.instances.get(event.instance_id))
        except UnknownInstance:
            return
        if wanted:
            count(metrics, "CallbacksRequested")

    def instance(self, instance_id: str) -> Instance | None:
        """The instance; None where it was deleted after the webhook came, and its rules with it."""
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
    try:
        return process_batch(event, context, ports.processor, partial(_route, ports, context))
    finally:
        # Slots that were to be used in this invocation are of no use to the next one.
        ports.enriching.budgets.give_back()


def _route(ports: Ports, context: LambdaContext, record: SQSRecord) -> None:
    text = ports.payloads.unpack(record.body)
    order = envelope.replay_order(text)
    if isinstance(order, envelope.ReplayWork):
        _carry_on(ports, order)
        return
    if order is None:
        taken = _received(ports, record.message_id, text)
    else:
        taken = _replayed(ports, record.message_id, order)
    if taken is None:
        return
    if ports.checks.noticed(taken):
        # A ticket made to see that webhooks arrive. This one did: that is all it was made for.
        logger.info("webhook check arrived")
        count(metrics, "ActionsRequested", 0)
        ports.recorder.routed(taken, [], considered=0, published_at="")
        return
    instance = ports.instance(taken.instance_id)
    config = instance.config if instance else {}
    event = typed(FieldNames.of(config).shown_event(taken), config)
    rules = ports.rules.of(event.instance_id)
    only = order.rules if order is not None else ()
    if only:
        rules = [rule for rule in rules if rule.rule_id in only]
    event = ports.enriching.event(event, rules, instance, context, record)
    statuses = own_statuses(config)
    runs = ports.dispatcher.dispatch(event, rules, now=timestamps.now(), statuses=statuses)
    published_at = ""
    if not only:
        # Whoever has some rules run once more does not tell subscribers of it.
        ports.bus.publish(event)
        ports.call_back(event)
        published_at = timestamps.to_text(timestamps.now())
    ports.recorder.routed(event, runs, considered=len(rules), published_at=published_at)
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
        reason = f"rule {', '.join(broken)}: {'; '.join(broken.values())}"
        codes = {run.code for run in runs if run.outcome == "failed"}
        raise NotTold(reason) if codes == {NOT_TOLD} else InvalidTemplate(reason)


def _received(ports: Ports, message_id: str, text: str) -> Event | None:
    """The event that a message brings, kept; None where it came before and is done with."""
    received = envelope.received_event(text)
    logger.set_correlation_id(received.correlation_id)
    taken = ports.recorder.take(message_id, arrived(received, text), partial(event_of, received))
    if taken is None:
        return None
    event, verdict = ports.deliveries.take(taken, received.body)
    if not verdict.duplicate_of:
        return event
    # The provider missed an answer and sent it again: the first one does all there is to do.
    logger.info("event came again", extra={"first_event_id": verdict.duplicate_of})
    count(metrics, "DuplicateEvents")
    if verdict.duplicate_of != event.id:
        # What a sync tells twice has one id: it is kept as what it came to the first time.
        ports.recorder.duplicate(event, verdict.duplicate_of)
    return None


def _replayed(ports: Ports, message_id: str, order: envelope.Replay) -> Event | None:
    """The event that is to be routed once more, kept under its new id; None where it was already.

    It is not held against what the provider sends, nor does the provider's repeat count against it.
    """
    logger.set_correlation_id(order.correlation_id)
    text = ports.replays.kept_message(order)
    received = envelope.received_event(text)
    entry = arrived(received, text).asked_by(order)
    taken = ports.recorder.take(message_id, entry, partial(event_of, received), order)
    if taken is None:
        logger.info("event replayed already", extra={"replay_of": order.replay_of})
        count(metrics, "DuplicateEvents")
        return None
    count(metrics, "EventsReplayed")
    return as_replayed(taken, order)


def _carry_on(ports: Ports, order: envelope.ReplayWork) -> None:
    """Queue the next events of a replay of many."""
    logger.set_correlation_id(order.correlation_id)
    job = ports.replay_jobs.carry_on(order.instance_id, order.replay_job)
    logger.info("replay carried on", extra={"job_id": job.job_id, "done": job.done})
    count(metrics, "ReplaysCarriedOn")
