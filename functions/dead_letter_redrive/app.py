"""Dead letters: started every few minutes by EventBridge Scheduler, or by order.

{"scheduled": true}                      carry on jobs, send back what is due, sweep the queues
{"job": "dlj_…"}                         carry on one job
{"queue": "actions", "dry_run": true}    count its parked letters by code, of a filter if given
{"queue": "actions", "filter": {…}, "limit": 100}     send those back
{"queue": "actions", "discard": "reason", …}          give those up
{"queue": "actions", "all": true}        move the whole dead-letter queue back
{"queue": "actions", "progress": true}   how far that has come
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - while Lambda starts the function, when the processor is free

from dead_letter_redrive import orders, rounds
from freshbridge.observability import function_logger, function_metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()

# Room for what was begun: one more receive, which polls for a second, and a page of a job.
RESERVE_MS = 20_000


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do what the event says; see above."""
    event = event if isinstance(event, dict) else {}
    may_go_on = _until(context, RESERVE_MS)
    if "job" in event:
        return orders.carry_on(str(event["job"]), may_go_on, logger, metrics)
    if "queue" in event or not event.get("scheduled", not event):
        return orders.follow(event, may_go_on, logger, metrics)
    return rounds.make(may_go_on, logger, metrics, share=_shares(context))


def _until(context: LambdaContext, reserve_ms: float) -> Callable[[], bool]:
    return lambda: context.get_remaining_time_in_millis() > reserve_ms


def _shares(context: LambdaContext) -> Callable[[float], Callable[[], bool]]:
    """Of the time that is left when it is asked, so much for the next piece of work."""

    def share(part: float) -> Callable[[], bool]:
        left = max(context.get_remaining_time_in_millis() - RESERVE_MS, 0)
        return _until(context, RESERVE_MS + left * (1.0 - part))

    return share
