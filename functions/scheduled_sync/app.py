"""EventBridge Scheduler: begin what is due of every enabled instance."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free
from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, identifiers, settings, timestamps
from freshbridge.errors import FreshbridgeError
from freshbridge.instances.registry import Registry
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.sync.chosen import chosen
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.record_states import RecordStates
from freshbridge.sync.run_store import RunStore
from freshbridge.sync.starting import BEGUN, Asked, Start, Starter, needs_all

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()

# What an entry of a configuration that nobody has checked may raise.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


@lru_cache(maxsize=1)
def _ports() -> tuple[Registry, Starter]:
    chosen_settings = settings.load(settings.PlannerSettings)
    payloads = PayloadStore(chosen_settings.payload_bucket)
    return Registry(chosen_settings.instance_table), Starter(
        RunStore(chosen_settings.sync_table),
        Publisher(chosen_settings.sync_queue_url, payloads, prefix="sync"),
        feeds_of,
        needs_all(RecordStates(chosen_settings.sync_table)),
    )


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Begin the runs that are due; its input is not read."""
    registry, starter = _ports()
    run_id = identifiers.new_id("run")
    logger.set_correlation_id(run_id)
    asked = Asked(run_id, timestamps.to_text(timestamps.now()))
    starts: list[Start] = []
    failed: Exception | None = None
    for instance in registry.all():
        if instance.disabled:
            continue
        try:
            starts += starter.start_all(instance, chosen(instance), asked)
        except (FreshbridgeError, ClientError, BotoCoreError, *_MALFORMED) as error:
            # One account's trouble is not to hold up the others.
            details = {"instance_id": instance.instance_id, "error": aws.error_name(error)}
            logger.warning("sync not started", extra=details)
            failed = error
    states = Counter(start.state for start in starts)
    begun = sum(states[state] for state in BEGUN)
    logger.info("sync started", extra={"queued": begun, "states": dict(states)})
    count(metrics, "SyncsStarted", begun)
    if failed is not None:
        # Lambda comes again; what was begun is running by then.
        raise failed
    return {"run_id": run_id, "queued": begun, "states": dict(states)}
