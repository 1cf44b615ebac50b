"""EventBridge Scheduler: queue one piece of work for every object of every enabled instance."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free

from freshbridge import identifiers, settings, timestamps
from freshbridge.instances.registry import Registry
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.sync.plan import plan

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()


@lru_cache(maxsize=1)
def _ports() -> tuple[Registry, Publisher]:
    chosen = settings.load(settings.PlannerSettings)
    payloads = PayloadStore(chosen.payload_bucket)
    return Registry(chosen.instance_table), Publisher(
        chosen.sync_queue_url, payloads, prefix="sync"
    )


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Start a run of every instance; its input is not read."""
    registry, queue = _ports()
    run_id = identifiers.new_id("run")
    logger.set_correlation_id(run_id)
    now = timestamps.to_text(timestamps.now())
    work = plan(registry.all(), run_id=run_id, started_at=now)
    queued = queue.publish_all(
        (f"{piece.run_id}-{piece.instance_id}-{piece.object}", piece) for piece in work
    )
    logger.info("sync started", extra={"queued": queued})
    count(metrics, "SyncsStarted", queued)
    return {"run_id": run_id, "queued": queued}
