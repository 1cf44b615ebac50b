"""/integrations/{id}/events: what came in and what became of it; route it once more.

The same events are under /elements/api-v2/instances/…/events in Open Connectors' words.
"""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.instances import by_token
from connector_api.ports import ports
from connector_api.replies import json_body, plain, success
from freshbridge.errors import InvalidRequest, Reject
from freshbridge.event_log import elements_view
from freshbridge.event_log.content import body_of, content_of
from freshbridge.event_log.entry import Entry
from freshbridge.event_log.filters import Filter, read_filter
from freshbridge.event_log.replay_job import ReplayJob, read_window
from freshbridge.event_log.replay_request import read_key, read_rules, refuse
from freshbridge.event_log.trail_view import state_now
from freshbridge.instances.model import Instance
from freshbridge.notifications.delivery import Status
from freshbridge.observability import function_logger
from freshbridge.page_request import read_limit
from freshbridge.paging_token import read_token, write_token
from freshbridge.rules.store import UnknownRule

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own
elements_router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # as above
logger = function_logger()

PAGE_SIZE, LARGEST_PAGE_SIZE = 50, 200
MOST_READ = 2_000
"""Events looked at for one page: an API answers within 29 seconds."""
RESERVE_MS = 10_000
EVENTS = "/integrations/<instance_id>/events"
REPLAY = f"{EVENTS}/replays/<replay_id>"


@router.get(EVENTS)
def page(instance_id: str) -> Response[str]:
    """The instance's events, newest first, of those that the query's filter names.

    `after` of the answer asks for the next page. A page may be shorter than `limit`, even empty,
    without being the last: so many events were looked at that did not fit.
    """
    query = dict(router.current_event.query_string_parameters or {})
    limit = read_limit(query.pop("limit", None), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    after = query.pop("after", None)
    chosen = read_filter(query)
    ports().registry.get(instance_id)
    entries, following = _page(instance_id, chosen, limit=limit, after=after)
    shown = [entry.summary() for entry in entries]
    return success("Events", {"events": shown, "after": following})


@router.get(f"{EVENTS}/<event_id>")
def get(instance_id: str, event_id: str) -> Response[str]:
    """One event with its whole trail: received, rules, actions, results, outgoing, dead letters.

    `content` has its body as it came and the event as it was read; one too large for an answer is
    `{"too_large": true, "url"}`: download it from there.
    """
    instance = ports().registry.get(instance_id)
    entry = ports().events.get(instance_id, event_id)
    trail = ports().trails.of(entry)
    view = entry.summary() | trail
    view["state"] = state_now(entry, trail["dead_letters"])
    view["content"] = _content(entry, instance, beside=len(json.dumps(json.dumps(view))))
    return success("Event", view)


@router.post(f"{EVENTS}/<event_id>/replay")
def replay(instance_id: str, event_id: str) -> Response[str]:
    """Route one event again, as a new one with `replay_of`: by the rules of now, or some of them.

    Rate caps, loop guards and schedules hold as for an event that comes now. With `rules` only
    those run, and no subscriber is told. Sent again with its `Idempotency-Key` it does nothing.
    """
    ports().registry.get(instance_id)
    key = read_key(router.current_event.headers.get("Idempotency-Key"))
    body = _body_if_any()
    for name in sorted(set(body) - {"rules"}):
        refuse(name, "there is no such field; there is rules")
    rules = read_rules(body.get("rules"))
    _check_rules(instance_id, rules)
    asked = ports().replays.ask(instance_id, event_id, key=key, rules=rules)
    told = {"event_id": event_id, "replay_id": asked.entry.event_id}
    logger.info("event to be replayed", extra=told)
    location = f"/api/integrations/{instance_id}/events/{asked.entry.event_id}"
    return _accepted("Event on its way", asked.entry.summary(), location, before=asked.before)


@router.post(f"{EVENTS}/replay")
def replay_many(instance_id: str) -> Response[str]:
    """Route every event again that came `from` a time `to` another and fits the filter.

    Oldest first, each once: neither replays nor what came again nor what is not done yet. With
    `"dry_run": true` they are counted, and nothing is done.
    """
    ports().registry.get(instance_id)
    window = read_window(json_body(router.current_event), ports().replay_jobs.now())
    key = read_key(router.current_event.headers.get("Idempotency-Key"))
    _check_rules(instance_id, window.rules)
    if window.dry_run:
        counted = ports().replay_jobs.counted(instance_id, window, _may_go_on)
        return success("Events that a replay would take", counted)
    by = f"user {router.context.get('user_id', 1)}"
    job, before = ports().replay_jobs.begin(instance_id, window, by=by, key=key)
    logger.info("events to be replayed", extra={"job_id": job.job_id})
    return _accepted("Replay begun", job.shown(), _location(job), before=before)


@router.get(REPLAY)
def replayed(instance_id: str, replay_id: str) -> Response[str]:
    """How far a replay of many events has come."""
    ports().registry.get(instance_id)
    return success("Replay", ports().replay_jobs.get(instance_id, replay_id).shown())


@router.post(f"{REPLAY}/cancel")
def cancel(instance_id: str, replay_id: str) -> Response[str]:
    """Queue no more events of a replay; those that it queued already are routed."""
    ports().registry.get(instance_id)
    job = ports().replay_jobs.cancel(instance_id, replay_id)
    return success("Replay cancelled", job.shown())


@elements_router.get("/instances/<instance_id>/events")
def list_of_instance(instance_id: str) -> Response[str]:
    """An instance's events, newest first, a page at a time."""
    return _listed(ports().registry.get(instance_id))


@elements_router.get("/instances/events")
def list_by_token() -> Response[str]:
    """The events of the instance whose Element token is shown, newest first."""
    return _listed(by_token())


@elements_router.get("/instances/<instance_id>/events/<event_id>")
def get_of_instance(instance_id: str, event_id: str) -> Response[str]:
    """One event of an instance."""
    return _shown(ports().registry.get(instance_id), event_id)


@elements_router.get("/instances/events/<event_id>")
def get_by_token(event_id: str) -> Response[str]:
    """One event of the instance whose Element token is shown."""
    return _shown(by_token(), event_id)


def _check_rules(instance_id: str, rule_ids: tuple[str, ...]) -> None:
    for rule_id in rule_ids:
        try:
            ports().rules.get(instance_id, rule_id)
        except UnknownRule:
            refuse("rules", f"there is no rule {rule_id[:64]}; GET …/rules lists them")


def _page(
    instance_id: str, chosen: Filter, *, limit: int, after: str | None
) -> tuple[list[Entry], str | None]:
    position = read_token(after).get("listed", "") if after else None
    if position == "":
        raise InvalidRequest(
            "`after` is not one that a page before it gave", advice="Begin again without it."
        )
    found = ports().event_lists.page(
        instance_id, chosen, limit=limit, after=position, reads=MOST_READ
    )
    return found.entries, write_token({"listed": found.after}) if found.after else None


def _content(entry: Entry, instance: Instance, *, beside: int) -> dict[str, Any] | None:
    """What it says; None where that is not kept, or not yet: its replay was only asked for."""
    try:
        message = ports().events.message(entry)
        content = content_of(message, entry, instance.config)
    except Reject:
        return None
    name = f"event-{entry.event_id}"
    return ports().large_results.fitting(vars(content), name, beside=beside)


def _listed(instance: Instance) -> Response[str]:
    query = elements_router.current_event.query_string_parameters or {}
    limit = elements_view.read_page_size(query.get("pageSize"))
    entries, following = _page(
        instance.instance_id, Filter(), limit=limit, after=query.get("nextPage")
    )
    bodies = ports().event_lists.bodies(entries, most=elements_view.LARGEST_DATA)
    headers = {"Elements-Returned-Count": str(len(entries))}
    if following:
        headers["Elements-Next-Page-Token"] = following
    if left_out := len(entries) - len(bodies):
        headers["Elements-Error"] = (
            f"providerData of {left_out} events left out; ask for each by its id"
        )
    shown = [elements_view.event_view(entry, bodies.get(entry.event_id, "")) for entry in entries]
    return plain(shown, headers)


def _shown(instance: Instance, event_id: str) -> Response[str]:
    entry = ports().events.get(instance.instance_id, event_id)
    trail = ports().trails.of(entry)
    try:
        body = body_of(ports().events.message(entry))
    except Reject:
        body = ""
    taken = (Status.DELIVERED, Status.NOTIFIED)
    callbacks = trail["outgoing"]["callbacks"]
    notified = [json.dumps(one) for one in callbacks if one["status"] in taken]
    settled = elements_view.all_ended(trail)
    return plain(elements_view.event_view(entry, body, notified=notified, settled=settled))


def _accepted(message: str, data: Any, location: str, *, before: bool) -> Response[str]:
    answer = success(message, data, 202)
    answer.headers["Location"] = location
    if before:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _location(job: ReplayJob) -> str:
    return f"/api/integrations/{job.instance_id}/events/replays/{job.job_id}"


def _body_if_any() -> dict[str, Any]:
    event = router.current_event
    return json_body(event) if (event.decoded_body or "").strip() else {}


def _may_go_on() -> bool:
    left: int = router.lambda_context.get_remaining_time_in_millis()
    return left > RESERVE_MS
