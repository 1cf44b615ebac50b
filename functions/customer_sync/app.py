"""CustomerQueue: runs of customer links and single customers; the schedule queues a run of each."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from freshbridge import settings, timestamps
from freshbridge.budget.assembly import patience
from freshbridge.budget.ledger import Use
from freshbridge.customers.link import Side
from freshbridge.customers.link_store import LinkStore
from freshbridge.customers.planning import due
from freshbridge.customers.run_state import DONE, RUNNING
from freshbridge.customers.run_store import RunStore
from freshbridge.customers.service import Outcome, Service, Stores, Turn
from freshbridge.customers.staging import FOLDER
from freshbridge.customers.work import ONE, CustomerWork, customer_work
from freshbridge.dead_letters.subject import Queue
from freshbridge.errors import Unauthorized
from freshbridge.instances.assembly import providers
from freshbridge.instances.connection import InstanceDisabled
from freshbridge.instances.trace import Cause
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.assembly import processor
from freshbridge.queues.batch import process_batch
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.customers.link import Link
    from freshbridge.instances.model import Instance

logger = function_logger()
metrics = function_metrics()

# A page of a hundred single writes, or a job that runs for long.
PAGE_MS = 90_000
LONGEST_WAIT_S = 60.0
LIVES_ON_S = 5.0
"""A function that was ended is gone so long after its time."""


class Ports:
    """What this function talks to."""

    def __init__(self, chosen: settings.CustomerSettings) -> None:
        """Nothing is called before the first message."""
        self.payloads = PayloadStore(chosen.payload_bucket)
        calling = providers(chosen, function="customer_sync", logger=logger, metrics=metrics)
        self.connections = calling.connections
        self.queue = Publisher(chosen.source_queue_url, self.payloads, prefix=FOLDER)
        self.stores = Stores(
            chosen.customer_table,
            chosen.payload_bucket,
            # Read anew each time: a link that was changed or deleted is not worked on as it was.
            LinkStore(chosen.customer_table, age_s=0),
            RunStore(chosen.customer_table),
        )
        self.processor = processor(
            chosen,
            Queue.CUSTOMERS,
            self.payloads,
            function="customer_sync",
            logger=logger,
            metrics=metrics,
            afterwards=calling.budgets.give_back,
        )


class BothClients:
    """Opens both accounts of a link, each under its budget and its circuit."""

    def __init__(self, ports: Ports, context: LambdaContext, work: CustomerWork, use: Use) -> None:
        """`use`: what the calls are for."""
        self._connections = ports.connections
        self._cause = Cause(work.correlation_id, run_id=work.run_id)
        self._waiting = partial(
            patience, context, longest_s=LONGEST_WAIT_S, reserve_s=PAGE_MS / 1000 / 3, use=use
        )

    def with_both(self, link: Link, work: Callable[[Any, Any], None]) -> None:
        """Run `work` with Freshdesk's client and Freshsales'.

        A key that is refused is the matter of its own account's circuit and of no other's.
        """

        def with_desk(desk: Any, _instance: Instance) -> None:
            try:
                self._use(link, Side.FRESHSALES, lambda sales, _: _keeping_apart(work, desk, sales))
            except _DesksKey as refused:
                raise refused.error from refused
            except Unauthorized as error:
                raise _SalesKey(error) from error

        try:
            self._use(link, Side.FRESHDESK, with_desk)
        except _SalesKey as refused:
            raise refused.error from refused

    def _use(self, link: Link, side: Side, work: Callable[[Any, Instance], None]) -> None:
        self._connections.use(
            link.instance(side),
            work,
            platform=side.value,
            cause=self._cause,
            waiting=self._waiting(),
        )


class _Key(Exception):
    """A refused key, on its way to its own account's handler."""

    def __init__(self, error: Unauthorized) -> None:
        super().__init__(str(error))
        self.error = error


class _DesksKey(_Key):
    """Freshdesk's."""


class _SalesKey(_Key):
    """Freshsales'."""


def _keeping_apart(work: Callable[[Any, Any], None], desk: Any, sales: Any) -> None:
    try:
        work(desk, sales)
    except Unauthorized as error:
        # Freshsales has no version in its paths.
        if "/api/v2/" in error.where:
            raise _DesksKey(error) from error
        raise


def pause(seconds: float) -> None:
    """Wait until a job of Freshsales' may have run."""
    time.sleep(seconds)


@lru_cache(maxsize=1)
def _ports() -> Ports:
    return Ports(settings.load(settings.CustomerSettings))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch (of one message), or queue a run of every link."""
    ports = _ports()
    if event.get("scheduled"):
        _plan(ports)
        return {"batchItemFailures": []}
    return process_batch(event, context, ports.processor, partial(_work, ports, context))


def _plan(ports: Ports) -> None:
    now = timestamps.to_text(timestamps.now())
    queued = ports.queue.publish_all(
        (work.name, work) for work in due(ports.stores.links.all(), now)
    )
    logger.info("customer links due", extra={"queued": queued})
    count(metrics, "CustomerRunsDue", queued)


def _work(ports: Ports, context: LambdaContext, record: SQSRecord) -> None:
    work = customer_work(ports.payloads.unpack(record.body))
    logger.set_correlation_id(work.correlation_id)
    returning = int(record.raw_event["attributes"]["ApproximateReceiveCount"]) > 1
    clients = BothClients(ports, context, work, Use(within_s=0.0, returning=returning))
    turn = Turn(
        record.message_id,
        context.get_remaining_time_in_millis() / 1000 + LIVES_ON_S,
        lambda: context.get_remaining_time_in_millis() > PAGE_MS,
    )
    try:
        outcome = Service(ports.stores, clients, sleep=pause).do(work, turn)
    except InstanceDisabled as error:
        if not _comes_again(ports, work):
            raise
        details = {"link_id": work.link_id, "job": work.job, "reason": error.code}
        logger.info("customers wait for their instance", extra=details)
        count(metrics, "CustomersWritten", 0)
        return
    if outcome.rest is not None:
        ports.queue.publish(outcome.rest, outcome.rest.name)
    _tell(work, outcome)


def _comes_again(ports: Ports, work: CustomerWork) -> bool:
    """Whether the schedule sees to it once the instance is enabled, without this message.

    Each of its ticks goes on with the run that is kept, or begins one, which finds as well what an
    event told of. A rehearsal only a person begins.
    """
    if work.job == ONE or work.dry_run:
        return work.job == ONE
    state = ports.stores.runs.load(work.link_id)
    return state is not None and state.state == RUNNING


def _tell(work: CustomerWork, outcome: Outcome) -> None:
    counts = outcome.counts
    run = outcome.run
    finished = run is not None and run.state == DONE
    told = {"link_id": work.link_id, "job": work.job, "finished": finished, **counts}
    logger.info("customers kept the same", extra=told)
    written = sum(
        number for name, number in counts.items() if name.startswith(("created", "updated"))
    )
    count(metrics, "CustomersWritten", written)
    count(metrics, "CustomersConflicting", counts.get("conflicting", 0))
    count(metrics, "CustomersFailed", counts.get("failed", 0))
