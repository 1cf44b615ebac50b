"""Dead letters: see what failed and why, mend it, send it back, give it up."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from botocore.exceptions import BotoCoreError, ClientError

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge import aws
from freshbridge.dead_letters.census import census
from freshbridge.dead_letters.edit import Changes, read_changes
from freshbridge.dead_letters.filters import Filter, read_filter
from freshbridge.dead_letters.jobs import LONGEST_REASON, InvalidOrder, Job, new_job
from freshbridge.dead_letters.letter import Letter
from freshbridge.dead_letters.subject import Queue, read_notification
from freshbridge.dead_letters.view import summary, whole
from freshbridge.errors import FieldError, NotFound
from freshbridge.observability import function_logger
from freshbridge.page_request import read_limit
from freshbridge.paging_token import read_token, write_token
from freshbridge.queues.payload import PayloadGone

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own
logger = function_logger()

PAGE_SIZE, LARGEST_PAGE_SIZE = 50, 200
MOST_READ = 2_000
"""Letters looked at for one page, and for a count: an API answers within 29 seconds."""
MOST_COUNTED = 50_000
RESERVE_MS = 20_000
"""A job is begun here and carried on elsewhere when it takes longer than some seconds."""


@router.get("/dead-letters")
def page() -> Response[str]:
    """Dead letters, newest first; those that wait for somebody unless `state` says otherwise.

    `after` of the answer asks for the next page. A page may be shorter than `limit`, even empty,
    without being the last: so many letters were looked at that did not fit.
    """
    query = dict(router.current_event.query_string_parameters or {})
    limit = read_limit(query.pop("limit", None), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    after = query.pop("after", None)
    chosen = read_filter(query)
    position = read_token(after).get("listed", "") if after else None
    found = ports().letters.page(chosen, limit=limit, after=position or None, reads=MOST_READ)
    following = write_token({"listed": found.after}) if found.after else None
    shown = [summary(letter) for letter in found.letters]
    return success("Dead letters", {"dead_letters": shown, "after": following})


@router.get("/dead-letters/summary")
def count() -> Response[str]:
    """How many there are by queue and code; `complete` is false where not all could be counted."""
    chosen = read_filter(router.current_event.query_string_parameters or {})
    return success("Dead letters counted", _counted(chosen))


@router.get("/dead-letters/jobs/<job_id>")
def job(job_id: str) -> Response[str]:
    """How far a redrive or a discard by filter has come."""
    return success("Job", ports().dead_letter_jobs.store.get(job_id).shown())


@router.get("/dead-letters/<letter_id>")
def get(letter_id: str) -> Response[str]:
    """One dead letter: what was sent, why it failed, all that happened to it.

    A body too large for an answer is `{"too_large": true, "url"}`: download it from there.
    """
    letter = ports().letters.get(letter_id)
    original = _text(letter.original_body) if letter.original_body else None
    view = whole(letter, _text(letter.body), original)
    for name, suffix in (("body", "body"), ("original_parameters", "original")):
        if view[name] is not None:
            view[name] = ports().large_results.fitting(view[name], f"{letter_id}-{suffix}")
    view["attempted"] = _attempts(letter)
    view["event_ids"] = _event_ids(letter)
    return success("Dead letter", view)


@router.post("/dead-letters/<letter_id>/redrive")
def redrive(letter_id: str) -> Response[str]:
    """Send one letter back to its queue, an action with other parameters where some are given.

    They are merged over the old ones, name by name, or replace them all with `"replace": true`, and
    must fit the action's schema. The idempotency key stays: what had succeeded does not run again.
    With `"dry_run": true` nothing is sent, and the answer shows what would be. What the letter said
    before the first edit stays to be seen as its `original_parameters`.
    """
    changes = read_changes(_body_if_any())
    if changes.dry_run:
        found = ports().letters.get(letter_id)
        return success("Dead letter could be redriven", _rehearsed(found, changes))
    by = _caller()
    edit = partial(ports().editor.edited, changes=changes, by=by) if changes.any else None
    sent = ports().desk.send_back(letter_id, by, edit=edit)
    logger.info("dead letter redriven", extra={"letter_id": letter_id, "edited": changes.any})
    return success("Dead letter on its way", summary(sent), 202)


@router.post("/dead-letters/<letter_id>/discard")
def discard(letter_id: str) -> Response[str]:
    """Give one letter up, with a `reason`; no copy of it runs any more."""
    reason = _reason(_fields(json_body(router.current_event), {"reason"}))
    letter = ports().desk.discard(letter_id, _caller(), reason)
    logger.info("dead letter discarded", extra={"letter_id": letter_id})
    return success("Dead letter discarded", summary(letter))


@router.post("/dead-letters/<letter_id>/restore")
def restore(letter_id: str) -> Response[str]:
    """Undo a discard, as long as the letter is kept."""
    letter = ports().desk.restore(letter_id, _caller())
    logger.info("dead letter restored", extra={"letter_id": letter_id})
    return success("Dead letter restored", summary(letter))


@router.post("/dead-letters/redrive")
def redrive_many() -> Response[str]:
    """Send back every parked letter of a `filter`; what takes longer goes on as a job.

    Only letters that were parked before the request are meant. With `"dry_run": true` they are
    counted by code, up to the `limit`, and stay.
    """
    return _many("redrive", {"filter", "limit", "dry_run"})


@router.post("/dead-letters/discard")
def discard_many() -> Response[str]:
    """Give up every parked letter of a `filter`, with a `reason`."""
    return _many("discard", {"filter", "limit", "dry_run", "reason"})


def _many(kind: str, known: set[str]) -> Response[str]:
    body = _fields(json_body(router.current_event), known)
    chosen, limit = _meant(body)
    dry_run = body.get("dry_run", False)
    if not isinstance(dry_run, bool):
        _refuse("dry_run", "must be true or false")
    reason = _reason(body) if kind == "discard" else ""
    now = ports().letters.clock()
    order = new_job(kind, chosen, by=_caller(), now=now, limit=limit, reason=reason)
    if dry_run:
        return success(f"Dead letters that {kind} would take", _counted(chosen, limit))
    ports().dead_letter_jobs.store.put(order)
    done = ports().dead_letter_jobs.carry_on(order.job_id, _may_go_on)
    logger.info("dead letters", extra={"job_id": order.job_id, "kind": kind, "done": done.done})
    if not done.finished_at:
        _hand_over(done)
    said = f"{done.done} dead letters {'given up' if kind == 'discard' else 'on their way'}"
    return success(said, done.shown(), 200 if done.finished_at else 202)


def _hand_over(job: Job) -> None:
    """Let the redrive function go on at once; without its answer its schedule does."""
    try:
        aws.functions().invoke(
            FunctionName=ports().dead_letter_redrive_name,
            InvocationType="Event",
            Payload=json.dumps({"job": job.job_id}).encode(),
        )
    except (ClientError, BotoCoreError) as error:
        logger.warning("job not handed over", extra={"error": aws.error_name(error)})


def _meant(body: dict[str, Any]) -> tuple[Filter, int]:
    given, limit = body.get("filter"), body.get("limit")
    if not isinstance(given, dict):
        _refuse("filter", "must be an object; {} for every parked letter")
    if limit is not None and (type(limit) is not int or limit < 1):
        _refuse("limit", "must be a whole number above 0")
    return read_filter(given or {}), limit or 0


def _reason(body: dict[str, Any]) -> str:
    reason = body.get("reason")
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= LONGEST_REASON:
        _refuse("reason", f"must be text of 1 to {LONGEST_REASON} characters")
    return str(reason).strip()


def _fields(body: dict[str, Any], known: set[str]) -> dict[str, Any]:
    for name in sorted(set(body) - known):
        _refuse(name, f"there is no such field; there are {', '.join(sorted(known))}")
    return body


def _refuse(field: str, accepted: str) -> None:
    raise InvalidOrder(
        "this cannot be done with dead letters",
        fields=[FieldError(field, accepted, "invalid_value")],
    )


def _body_if_any() -> dict[str, Any]:
    event = router.current_event
    return json_body(event) if (event.decoded_body or "").strip() else {}


def _caller() -> str:
    return f"user {router.context.get('user_id', 1)}"


def _may_go_on() -> bool:
    left: int = router.lambda_context.get_remaining_time_in_millis()
    return left > RESERVE_MS


def _counted(chosen: Filter, limit: int = 0) -> dict[str, Any]:
    letters = ports().letters.newest(chosen)
    return census(letters, chosen, _may_go_on, MOST_COUNTED, limit=limit)


def _rehearsed(letter: Letter, changes: Changes) -> dict[str, Any]:
    letter.require_parked()
    text = ports().editor.text_with(letter, changes) if changes.any else _text(letter.body)
    body = whole(letter, text)["body"]
    fitting: Callable[..., Any] = ports().large_results.fitting
    return summary(letter) | {
        "body": None if body is None else fitting(body, f"{letter.letter_id}-body")
    }


def _text(body: str) -> str | None:
    """The message as it was sent; None when its object is gone."""
    try:
        return ports().payloads.unpack(body)
    except PayloadGone:
        return None
    except ClientError as error:
        # A pointer to an object of the message's own, which was gone when the letter was parked.
        if aws.error_name(error) not in ("AccessDenied", "403"):
            raise
        return None


def _event_ids(letter: Letter) -> list[str] | None:
    """The events that a callback tells of; None for another queue's, or where it is not known."""
    if letter.queue is not Queue.CALLBACKS:
        return None
    if letter.subject.event_id:
        return [letter.subject.event_id]
    number = read_notification(letter.body)
    told = None if number is None else ports().deliveries.notification(number)
    return None if told is None else list(told.event_ids)


def _attempts(letter: Letter) -> list[dict[str, Any]] | None:
    """Every attempt of the action, from its record; None where it has none any more."""
    if not letter.subject.action_id:
        return None
    try:
        record = ports().records.get(letter.subject.action_id)
    except NotFound:
        return None
    return [attempt.shown() for attempt in record.attempts]
