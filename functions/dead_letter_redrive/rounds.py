"""What is done every few minutes, each part with a share of the time: none starves another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import single_metric
from botocore.exceptions import BotoCoreError, ClientError

from dead_letter_redrive import orders
from dead_letter_redrive.ports import ports
from freshbridge import aws, timestamps
from freshbridge.dead_letters.subject import Queue
from freshbridge.errors import Retry
from freshbridge.observability import MetricUnit, count

if TYPE_CHECKING:
    from freshbridge.observability import Logger, Metrics

Share = Callable[[float], Callable[[], bool]]
MOST_SWEPT = 5_000
NAMESPACE = "Freshbridge"


def make(
    may_go_on: Callable[[], bool], logger: Logger, metrics: Metrics, *, share: Share
) -> dict[str, Any]:
    """Sweep, send back what is due, carry on jobs, measure."""
    done: dict[str, Any] = {"swept": {}}
    for number, queue in enumerate(Queue):
        swept = _unless_broken(logger, "sweep", _swept, queue, share(0.1 / (1.0 - 0.1 * number)))
        done["swept"][queue.value] = swept
    done["due"] = _unless_broken(logger, "schedule", _due, share(0.5), metrics)
    done["jobs"] = _unless_broken(logger, "jobs", _jobs, may_go_on, logger, metrics)
    for queue in Queue:
        _unless_broken(logger, "measure", _measured, queue)
    logger.info("dead letters looked through", extra=done)
    count(metrics, "DeadLetterRounds")
    return done


def _unless_broken(logger: Logger, part: str, work: Callable[..., Any], *given: Any) -> Any:
    """What `work` gives; one part that fails is told of and does not stop the others."""
    try:
        return work(*given)
    except (ClientError, BotoCoreError, Retry) as error:
        logger.warning(
            "part of the round failed", extra={"part": part, "error": aws.error_name(error)}
        )
        return None


def _swept(queue: Queue, may_go_on: Callable[[], bool]) -> dict[str, Any]:
    return vars(ports().sweeps[queue].run(most=MOST_SWEPT, may_go_on=may_go_on))


def _due(may_go_on: Callable[[], bool], metrics: Metrics) -> dict[str, int]:
    dealt_with = ports().schedule.run(may_go_on)
    count(metrics, "DeadLettersReturned", dealt_with.returned)
    count(metrics, "DeadLettersSentAgain", dealt_with.again)
    return vars(dealt_with)


def _jobs(may_go_on: Callable[[], bool], logger: Logger, metrics: Metrics) -> int:
    jobs = ports().jobs
    open_jobs = [jobs.store.get(job_id) for job_id in jobs.store.unfinished()]
    for number, job in enumerate(open_jobs):
        if not may_go_on():
            return number
        orders.tell(job, jobs.carry_on(job.job_id, may_go_on), logger, metrics)
    return len(open_jobs)


def _measured(queue: Queue) -> None:
    """How many messages its dead-letter queue holds, and for how long its oldest letter waits."""
    oldest = ports().desk.store.oldest(queue)
    age_s = 0.0
    if oldest is not None:
        age_s = timestamps.epoch() - timestamps.from_text(oldest.parked_at).timestamp()
    for name, unit, value in (
        ("DeadLetters", MetricUnit.Count, float(ports().sweeps[queue].depth())),
        ("OldestDeadLetterSeconds", MetricUnit.Seconds, max(age_s, 0.0)),
    ):
        with single_metric(name=name, unit=unit, value=value, namespace=NAMESPACE) as metric:
            metric.add_dimension(name="queue", value=queue.value)
            metric.add_dimension(name="stack", value=ports().stack_name)
