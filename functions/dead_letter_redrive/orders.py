"""What the function is told to do: by the API, by `make redrive`, by a person in the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dead_letter_redrive.ports import ports
from freshbridge.dead_letters.census import census
from freshbridge.dead_letters.filters import Filter, read_filter
from freshbridge.dead_letters.jobs import LONGEST_REASON, InvalidOrder, Job, new_job
from freshbridge.dead_letters.subject import Queue
from freshbridge.errors import FieldError
from freshbridge.observability import count

if TYPE_CHECKING:
    from freshbridge.observability import Logger, Metrics

MOST_COUNTED = 1_000_000
SWEPT = 2_000
PERSON = "redrive command"
_FIELDS = {"queue", "filter", "limit", "dry_run", "discard", "all", "progress"}


def follow(
    event: dict[str, Any], may_go_on: Callable[[], bool], logger: Logger, metrics: Metrics
) -> dict[str, Any]:
    """Follow an order about one queue.

    Raises:
        InvalidOrder, InvalidFilter: naming what is wrong.
        MoveUnderWay: all of the queue is being moved already.
    """
    queue, chosen, limit = _read(event)
    told = {"queue": queue.value}
    count(metrics, "DeadLetterOrders")
    if event.get("progress"):
        return told | {"progress": ports().movers[queue].progress()}
    # What SQS moved by itself is to be seen, counted and sent back like everything else.
    ports().sweeps[queue].run(most=SWEPT, may_go_on=may_go_on)
    if event.get("dry_run"):
        letters = ports().desk.store.newest(chosen)
        found = census(letters, chosen, may_go_on, MOST_COUNTED, limit=limit)
        by_code = found["queues"].get(queue.value, {})
        logger.info("dead letters", extra=told | {"counted": found["total"]})
        return told | {"moved": 0, "by_code": by_code, "complete": found["complete"]}
    if event.get("all"):
        moved = ports().movers[queue].move_all(may_go_on)
        logger.info("dead letters", extra=told | {"task": moved.task, "moved": moved.moved})
        count(metrics, "DeadLettersRedriven", moved.moved)
        return told | {"moved": moved.moved, "task": moved.task}
    kind = "discard" if "discard" in event else "redrive"
    now = ports().desk.store.clock()
    reason = str(event.get("discard", ""))
    job = new_job(kind, chosen, by=PERSON, now=now, limit=limit, reason=reason)
    ports().jobs.store.put(job)
    done = carry_on(job.job_id, may_go_on, logger, metrics)
    # The copies of what has left are gone at once where there are few.
    ports().sweeps[queue].run(most=SWEPT, may_go_on=may_go_on)
    return told | {"moved": done["done"], **done}


def carry_on(
    job_id: str, may_go_on: Callable[[], bool], logger: Logger, metrics: Metrics
) -> dict[str, Any]:
    """Work on one job; the schedule goes on with it when the time is up.

    Raises:
        UnknownJob: there is none.
    """
    before = ports().jobs.store.get(job_id)
    job = ports().jobs.carry_on(job_id, may_go_on)
    tell(before, job, logger, metrics)
    return job.shown()


def tell(before: Job, job: Job, logger: Logger, metrics: Metrics) -> None:
    """Log and count what has been done of a job since `before`."""
    changed = job.done - before.done
    extra = {"job_id": job.job_id, "kind": job.kind, "done": job.done, "changed": changed}
    logger.info("dead letters", extra=extra | {"finished": bool(job.finished_at)})
    name = "DeadLettersDiscarded" if job.kind == "discard" else "DeadLettersRedriven"
    if name == "DeadLettersDiscarded":
        count(metrics, "DeadLettersDiscarded", changed)
    else:
        count(metrics, "DeadLettersRedriven", changed)


def _read(event: dict[str, Any]) -> tuple[Queue, Filter, int]:
    wrong = [
        FieldError(
            name, f"there is no such field; there are {', '.join(sorted(_FIELDS))}", "unknown"
        )
        for name in sorted(set(event) - _FIELDS)
    ]
    name, limit = event.get("queue"), event.get("limit", 0)
    if name not in [queue.value for queue in Queue]:
        known = ", ".join(queue.value for queue in Queue)
        wrong.append(FieldError("queue", f"must be one of {known}", "invalid_value"))
    if type(limit) is not int or limit < 0 or ("limit" in event and limit == 0):
        wrong.append(FieldError("limit", "must be a whole number above 0", "invalid_value"))
    if not isinstance(event.get("filter", {}), dict):
        wrong.append(FieldError("filter", "must be an object", "wrong_type"))
    reason = event.get("discard", "given")
    if not isinstance(reason, str) or not 0 < len(reason) <= LONGEST_REASON:
        accepted = f"must be the reason, of up to {LONGEST_REASON} characters"
        wrong.append(FieldError("discard", accepted, "invalid_value"))
    if event.get("all") and {"filter", "limit", "discard"} & set(event):
        alone = "moves the whole queue: leave filter, limit and discard out"
        wrong.append(FieldError("all", alone, "invalid_value"))
    if wrong:
        raise InvalidOrder("the redrive needs a queue and what to do with it", fields=wrong)
    chosen = read_filter({**event.get("filter", {}), "queue": name})
    return Queue(str(name)), chosen, limit
