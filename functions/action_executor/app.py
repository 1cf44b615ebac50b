"""ActionQueue: run each action once, put off what can succeed later, park what cannot."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from action_executor.ports import PATIENCE, Ports
from freshbridge import settings, timestamps
from freshbridge.actions.action import Unfinished
from freshbridge.actions.record import State
from freshbridge.budget.assembly import patience
from freshbridge.budget.budgeted_transport import Waiting
from freshbridge.budget.ledger import Use
from freshbridge.destinations.arrivals import requests_in
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues import envelope
from freshbridge.queues.batch import process_batch
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.fair_order import fair_order
from freshbridge.rules.postponement import wait_s

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()

LONGEST_WAIT_S = 2.0
"""A slot in the rate budget is waited for here; for one further away the message is put off. Longer
waits would keep every function asleep for one account while another's message lies in the queue."""
LONGEST_WAIT_BEGUN_S = 20.0
"""An action of several calls is not left in the middle for a wait up to this."""


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

    return process_batch(ordered, context, ports.processor, run)


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
