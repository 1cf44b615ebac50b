"""ActionQueue: run each action once, put off what can succeed later, park what cannot."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from freshbridge import settings
from freshbridge.actions.execute import Executor
from freshbridge.freshdesk.rate_limit import RateLimit
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.traced_transport import Tracer
from freshbridge.instances.vault import Vault
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import Patience, RetryingBatchProcessor, process_batch
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import PayloadStore
from freshbridge.transport import RequestsTransport

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

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


class Ports:
    """What this function talks to."""

    def __init__(self, chosen: settings.ExecutorSettings) -> None:
        """Nothing is called before the first message."""
        self.payloads = PayloadStore(chosen.payload_bucket)
        connections = Connections(
            Registry(chosen.instance_table),
            Vault(chosen.stack_name),
            lru_cache(maxsize=1)(RequestsTransport),
            allowed_origins=chosen.allowed_provider_origins,
            on_reply=_log_call,
            tracer=Tracer(
                TraceStore(chosen.trace_table), function="action_executor", logger=logger
            ),
        )
        self.executor = Executor(connections, idempotency_table=chosen.idempotency_table)
        self.processor = RetryingBatchProcessor(
            queue_url=chosen.source_queue_url,
            dead_letters=DeadLetterQueue(chosen.dead_letter_queue_url, function="action_executor"),
            logger=logger,
            metrics=metrics,
            patience=PATIENCE,
        )


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.ExecutorSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch."""
    ports = _ports()
    run = partial(_run, ports, context)
    return process_batch(event, context, ports.processor, run)


def _run(ports: Ports, context: LambdaContext, record: SQSRecord) -> None:
    request = envelope.action_request(ports.payloads.unpack(record.body))
    logger.set_correlation_id(request.correlation_id)
    ports.executor.execute(request, context)
    logger.info(
        "action done",
        extra={
            "action_id": request.action_id,
            "action": f"{request.platform}.{request.action}",
            "instance_id": request.instance_id,
        },
    )
    count(metrics, "ActionsDone")
