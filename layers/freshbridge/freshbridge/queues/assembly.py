"""Puts together what takes the messages of a function's queue, for every function that has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from freshbridge.dead_letters import assembly as dead_letters
from freshbridge.queues.batch import RetryingBatchProcessor
from freshbridge.queues.park import DeadLetterQueue

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from freshbridge.dead_letters.subject import Queue
    from freshbridge.observability import Logger, Metrics
    from freshbridge.queues.batch import Observer
    from freshbridge.queues.payload import PayloadStore
    from freshbridge.queues.verdict import Patience


class Names(dead_letters.TableNames, Protocol):
    """The settings that every function has which a queue feeds."""

    @property
    def source_queue_url(self) -> str:
        """The queue."""
        ...  # pragma: no cover  # a protocol has no body

    @property
    def dead_letter_queue_url(self) -> str:
        """The one beside it."""
        ...  # pragma: no cover  # as above


def processor(
    chosen: Names,
    queue: Queue,
    payloads: PayloadStore,
    *,
    function: str,
    logger: Logger,
    metrics: Metrics,
    patience: Patience | None = None,
    observer: Observer | None = None,
    defects: Callable[[SQSRecord], int | None] | None = None,
    afterwards: Callable[[], object] | None = None,
) -> RetryingBatchProcessor:
    """What processes the messages of `queue` for `function`, and parks those that fail for good.

    The rest is as RetryingBatchProcessor says.
    """
    return RetryingBatchProcessor(
        queue_url=chosen.source_queue_url,
        dead_letters=DeadLetterQueue(
            chosen.dead_letter_queue_url,
            function=function,
            letters=dead_letters.intake(chosen, queue, payloads, function=function),
        ),
        logger=logger,
        metrics=metrics,
        patience=patience,
        observer=observer,
        defects=defects,
        afterwards=afterwards,
    )
