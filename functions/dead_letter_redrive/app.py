"""Invoked by hand: `{"queue": "actions", "limit": 100, "dry_run": true}`.

`queue` is events, actions or sync. A dry run tells what is there, by reason, and moves nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from freshbridge import settings
from freshbridge.errors import InvalidRequest
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.redrive import Redrive

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()

# Room for one more receive, which polls for a second, and ten moves.
RESERVE_MS = 10_000


@lru_cache(maxsize=1)
def _queues() -> dict[str, Redrive]:
    chosen = settings.load(settings.RedriveSettings)
    return {
        "events": Redrive(chosen.event_dead_letter_queue_url, chosen.event_queue_url),
        "actions": Redrive(chosen.action_dead_letter_queue_url, chosen.action_queue_url),
        "sync": Redrive(chosen.sync_dead_letter_queue_url, chosen.sync_queue_url),
    }


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Move up to `limit` dead letters back, or count them by reason."""
    event = event if isinstance(event, dict) else {}
    name = event.get("queue")
    queue = _queues().get(str(name))
    limit = event.get("limit", 1000)
    if queue is None or not isinstance(limit, int) or limit < 1:
        raise InvalidRequest(
            "redrive needs a queue and, if any, a limit above 0",
            advice='Invoke it with {"queue": "events" | "actions" | "sync", "limit": 100}.',
        )
    outcome = queue.run(
        limit=limit,
        dry_run=bool(event.get("dry_run", False)),
        may_go_on=lambda: context.get_remaining_time_in_millis() > RESERVE_MS,
    )
    logger.info("dead letters", extra={"queue": name, "moved": outcome.moved})
    count(metrics, "DeadLettersRedriven", outcome.moved)
    return {"queue": name, "moved": outcome.moved, "by_code": outcome.by_code}
