"""CallbackQueue: group events, send them to their callbacks, send again what was not taken.

Once a minute a schedule asks for what has waited for longer than a queue can delay it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import settings
from freshbridge.dead_letters.carrier import read_mark
from freshbridge.dead_letters.subject import Queue
from freshbridge.errors import Reject
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.notifications.attempt import Attempts, Stores
from freshbridge.notifications.bodies import FOLDER, Bodies
from freshbridge.notifications.caller import LARGEST_REPLY, Caller
from freshbridge.notifications.delivery import Delivery, Status
from freshbridge.notifications.messages import (
    CallbackMessage,
    DeliveryMessage,
    DirectMessage,
    EventMessage,
    ReleaseMessage,
    read_message,
)
from freshbridge.notifications.release import Release
from freshbridge.notifications.schedule import RETRIES
from freshbridge.notifications.sender import Sender
from freshbridge.notifications.store import DeliveryStore
from freshbridge.notifications.subscriptions import SubscriptionStore
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.assembly import processor
from freshbridge.queues.batch import process_batch
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import NotQueued, Publisher
from freshbridge.queues.verdict import Patience
from freshbridge.transport import PublicAddressAdapter, RequestsTransport, Transport

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()

# A call may take all of its time-outs; one begun later would be cut off in the middle.
PATIENCE = Patience(reserve_ms=30_000)
CALL_MS = 20_000
"""What a further URL of the same event may take: its time-outs, and noting what came of it."""
KEY_AGE_S = 60.0
"""For how long a signature key, or a password, may be used after it was changed."""


class Ports:
    """What this function talks to."""

    def __init__(self, chosen: settings.CallbackSettings) -> None:
        """Nothing is called before the first message."""
        self.payloads = PayloadStore(chosen.payload_bucket)
        self.queue = Publisher(chosen.source_queue_url, self.payloads, prefix=FOLDER)
        self.allowed_origins = chosen.allowed_provider_origins
        deliveries = DeliveryStore(chosen.callback_table)
        registry = Registry(chosen.instance_table)
        stores = Stores(
            deliveries, SubscriptionStore(chosen.callback_table), Bodies(chosen.payload_bucket)
        )
        self.attempts = Attempts(
            registry,
            Vault(chosen.stack_name, age_s=KEY_AGE_S),
            stores,
            Caller(self.transport),
            later=self.send_later,
            told=_log_delivery,
        )
        self.sender = Sender(registry, stores, self.attempts, random_below=secrets.randbelow)
        self.release = Release(deliveries, self.send_all)
        self.processor = processor(
            chosen,
            Queue.CALLBACKS,
            self.payloads,
            function="callback_sender",
            logger=logger,
            metrics=metrics,
            patience=PATIENCE,
        )

    @lru_cache(maxsize=1)  # noqa: B019 - one Ports lives as long as its process
    def transport(self) -> Transport:
        """The one pooled HTTP session; it reaches public addresses only."""
        return RequestsTransport(
            max_reply_bytes=LARGEST_REPLY,
            adapter=PublicAddressAdapter(allowed_origins=self.allowed_origins),
        )

    def send_later(self, message: DeliveryMessage, delay_s: int) -> None:
        """Queue a delivery; when that fails, the schedule finds it."""
        try:
            self.queue.publish(message, _name(message), delay_s)
        except NotQueued as error:
            logger.warning("delivery not queued", extra={"reason": error.what})

    def send_all(self, messages: Iterable[DeliveryMessage]) -> None:
        """Queue deliveries that are due now."""
        self.queue.publish_all((_name(message), message) for message in messages)


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.CallbackSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch, or wake what is due."""
    ports = _ports()
    if event.get("scheduled"):
        woken = ports.release.sweep()
        logger.info("deliveries woken", extra={"deliveries": woken})
        count(metrics, "CallbacksWoken", woken)
        return {"batchItemFailures": []}
    count(metrics, "CallbackMessages", len(event["Records"]))
    batch = {
        record["messageId"]: message
        for record in event["Records"]
        # A dead letter's message is read when it is let in, and so tells no event before.
        if not read_mark(record.get("messageAttributes") or {})
        and (message := _read(ports, record["body"]))
    }
    return process_batch(event, context, ports.processor, partial(_handle, ports, context, batch))


def _handle(
    ports: Ports, context: LambdaContext, batch: dict[str, CallbackMessage], record: SQSRecord
) -> None:
    message = batch.get(record.message_id) or read_message(ports.payloads.unpack(record.body))
    logger.set_correlation_id(message.correlation_id)
    match message:
        case EventMessage():
            events = (one for one in batch.values() if isinstance(one, EventMessage))
            ports.sender.tell(
                message,
                events,
                may_call=lambda: context.get_remaining_time_in_millis() > CALL_MS,
            )
        case DirectMessage():
            ports.sender.tell_directly(message)
        case DeliveryMessage():
            ports.attempts.make(message.notification_id, message.subscription_id)
        case ReleaseMessage():
            if ports.release.release(message):
                ports.queue.publish(message, f"release-{message.subscription_id}", delay_s=1)


def _read(ports: Ports, body: str) -> CallbackMessage | None:
    """What a message is; one that cannot be read now is read again at its turn.

    What fails then is that message's alone, and keeps no other of its batch.
    """
    try:
        return read_message(ports.payloads.unpack(body))
    except (Reject, ClientError, BotoCoreError):
        return None


def _log_delivery(delivery: Delivery) -> None:
    """Never the URL: people write keys into them."""
    details = {
        "notification_id": delivery.notification_id,
        "subscription_id": delivery.subscription_id,
        "instance_id": delivery.instance_id,
        "status": delivery.status.value,
        "failures": delivery.failures,
        "code": delivery.code,
        "http_status": delivery.http_status,
    }
    logger.info("callback", extra=details)
    if delivery.status is Status.DELIVERED:
        count(metrics, "CallbacksDelivered")
    elif delivery.status is Status.RETRY:
        count(metrics, "CallbacksRetried")
    else:
        count(metrics, "CallbacksQueued")
    if delivery.failures > RETRIES:
        logger.warning("subscription deactivated", extra={"instance_id": delivery.instance_id})
        count(metrics, "CallbacksDeactivated")


def _name(message: DeliveryMessage) -> str:
    return f"{message.notification_id}-{message.subscription_id}"
