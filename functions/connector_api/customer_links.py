"""/customer-links: which customers two accounts have in common, and how they are kept the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.customer_fields import check_fields
from connector_api.customer_views import known_view, line_view, run_view
from connector_api.ports import ports, present
from connector_api.replies import json_body, success
from freshbridge import identifiers
from freshbridge.customers import matching
from freshbridge.customers.link import Kind, Link, Side
from freshbridge.customers.link_checks import contradictions
from freshbridge.customers.link_reading import InvalidLink, read_link, write_link
from freshbridge.customers.run_state import RUNNING
from freshbridge.customers.run_store import OUTCOMES, RunStore, UnknownRun
from freshbridge.customers.work import PURGE, RUN, CustomerWork
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.instances.registry import UnknownInstance
from freshbridge.page_request import read_limit

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

PAGE_SIZE, LARGEST_PAGE_SIZE = 100, 200
LINK = "/customer-links/<link_id>"
_SYNC_MEMBERS = ("dry_run", "full")
_EVENTS = re.compile(r"events-\d{4}-\d{2}-\d{2}")


@router.post("/customer-links")
def create() -> Response[str]:
    """Link two accounts; the first run begins when it is asked for or due."""
    now = present()
    given = json_body(router.current_event)
    link = read_link(given, link_id=identifiers.new_id("lnk"), created_at=now, updated_at=now)
    _check_together(link)
    _check_instances(link)
    warnings = check_fields(link)
    ports().customer_links.put(link)
    return success("Customer link created", write_link(link) | _warned(warnings), 201)


@router.get("/customer-links")
def list_all() -> Response[str]:
    """Every link, oldest first."""
    return success("Customer links", [write_link(one) for one in ports().customer_links.all()])


@router.get(LINK)
def get(link_id: str) -> Response[str]:
    """One link, with its run that is under way or the last one, and its last rehearsal."""
    link = ports().customer_links.get(link_id)
    runs = ports().customer_runs
    shown: dict[str, Any] = write_link(link)
    until = runs.taken_until(link_id)
    for name, kept in (("run", "state"), ("rehearsal", "dry")):
        state = runs.load(link_id, name=kept)
        shown[name] = run_view(link, state, until, now=present()) if state else None
    return success("Customer link", shown)


@router.patch(LINK)
def change(link_id: str) -> Response[str]:
    """Change some members; `objects` is replaced whole. What is linked stays linked."""
    before = ports().customer_links.get(link_id)
    given = write_link(before) | json_body(router.current_event)
    link = read_link(
        given, link_id=link_id, created_at=before.created_at, updated_at=before.updated_at
    )
    if link == before:
        return success("Customer link is as it was", write_link(link))
    if any(link.instance(side) != before.instance(side) for side in Side):
        wrong = FieldError("freshdesk_instance_id", "cannot be changed", "invalid_value")
        raise InvalidLink(
            "A link stays between its two instances", fields=[wrong],
            advice="Delete it and make another one.",
        )  # fmt: skip
    _check_together(link)
    warnings = check_fields(link) if link.kinds != before.kinds else []
    link = replace(link, updated_at=present())
    ports().customer_links.put(link)
    return success("Customer link changed", write_link(link) | _warned(warnings))


@router.delete(LINK)
def delete(link_id: str) -> Response[str]:
    """Forget a link and what is known of its customers; the customers stay as they are."""
    link = ports().customer_links.get(link_id)
    work = CustomerWork(link_id, PURGE, "", present(), link.freshdesk_instance_id)
    ports().customer_queue.publish(work, work.name)
    ports().customer_links.delete(link_id)
    return success("Customer link deleted", {"link_id": link_id})


@router.post(f"{LINK}/sync")
def sync(link_id: str) -> Response[str]:
    """Begin a run; one that is under way goes on instead.

    `dry_run`: write nothing, and tell in the report what would be done. `full`: read every customer
    of both, not only what changed, which also finds those that were deleted unseen.
    """
    link = ports().customer_links.get(link_id)
    given = json_body(router.current_event) if router.current_event.body else {}
    wrong = [
        FieldError(name, "must be true or false; there are dry_run and full", "invalid_value")
        for name, value in given.items()
        if name not in _SYNC_MEMBERS or not isinstance(value, bool)
    ]
    if wrong:
        raise InvalidRequest("The run cannot begin", where="body", fields=wrong)
    if not link.enabled:
        raise InvalidLink("the link is disabled", advice="PATCH enabled to true, then sync it.")
    _check_instances(link, running=True)
    dry = bool(given.get("dry_run"))
    runs = ports().customer_runs
    last = runs.load(link_id, name="dry" if dry else "state")
    under_way = last is not None and last.state == RUNNING
    was_stalled = last is not None and last.stalled(present(), runs.taken_until(link_id))
    run_id = last.run_id if last is not None and under_way else identifiers.new_id("run")
    work = CustomerWork(
        link_id, RUN, run_id, present(), link.freshdesk_instance_id,
        full="true" if given.get("full") else "", dry_run="true" if dry else "",
    )  # fmt: skip
    ports().customer_queue.publish(work, work.name)
    answer = {
        "run_id": run_id, "under_way": under_way, "was_stalled": was_stalled, "dry_run": dry,
    }  # fmt: skip
    said = "Run stood still and is queued again" if was_stalled else "Run goes on"
    return success(said if under_way else "Run queued", answer, 202)


@router.get(f"{LINK}/report")
def report(link_id: str) -> Response[str]:
    """What a run did with whom, by outcome; the last run's where `run_id` names none.

    What events brought about is under `events-` and the day, such as events-2026-03-03.
    """
    link = ports().customer_links.get(link_id)
    query = router.current_event.query_string_parameters or {}
    outcome = query.get("outcome", "")
    if outcome and outcome not in OUTCOMES:
        said = f"must be one of {', '.join(OUTCOMES)}"
        wrong = FieldError("outcome", said, "invalid_value")
        raise InvalidRequest("There is no such part of a report", fields=[wrong])
    runs = ports().customer_runs
    states = [state for name in ("state", "dry") if (state := runs.load(link_id, name=name))]
    latest = max(states, key=lambda one: one.started_at, default=None)
    run_id = query.get("run_id") or (latest.run_id if latest else "")
    state = next((one for one in states if one.run_id == run_id), None)
    limit = read_limit(query.get("limit"), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    page = runs.report(link_id, run_id, outcome=outcome, limit=limit, after=query.get("after"))
    if run_id and state is None and not page.items and not _EVENTS.fullmatch(run_id):
        _check_told(runs, link_id, run_id)
    answer = {
        "run_id": run_id or None,
        "run": run_view(link, state, runs.taken_until(link_id), now=present()) if state else None,
        "rows": [line_view(json.loads(item["body"]["S"])) for item in page.items],
        "after": page.after,
    }
    return success("Report", answer)


@router.get(f"{LINK}/links")
def links(link_id: str) -> Response[str]:
    """The customers that are known, a page of a side's at a time, or the one that is asked for.

    Digests stand for what they hold, so an e-mail address in the query is compared by its own.
    """
    link = ports().customer_links.get(link_id)
    query = router.current_event.query_string_parameters or {}
    kind, side = _choice(query, "object", Kind.CONTACTS), _choice(query, "side", Side.FRESHDESK)
    table = ports().customer_table(link_id)
    limit = read_limit(query.get("limit"), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    wanted = query.get("id", "")
    if key := next((name for name in matching.KEYS[kind] if query.get(name)), ""):
        digests = matching.digests(link.link_id, {key: query[key].strip().lower()})
        wanted = next(iter(table.found_by(kind, side, digests).values()), "")
        found, after = list(table.load(kind, side, [wanted] if wanted else []).values()), ""
    elif wanted:
        found, after = list(table.load(kind, side, [wanted[:64]]).values()), ""
    else:
        found, after = table.page(kind, side, limit=limit, after=query.get("after", ""))
    rows = [known_view(kind, one) for one in found]
    return success("Linked customers", {"customers": rows, "after": after or None})


def _check_told(runs: RunStore, link_id: str, run_id: str) -> None:
    """Raises UnknownRun for a run that has told nothing at all."""
    if not runs.report(link_id, run_id, outcome="", limit=1, after=None).items:
        raise UnknownRun("this link has no report of such a run", where=run_id[:64])


def _choice(query: dict[str, str], name: str, usual: Any) -> Any:
    value = query.get(name, usual)
    try:
        return type(usual)(value)
    except ValueError:
        said = f"must be one of {', '.join(one.value for one in type(usual))}"
        wrong = FieldError(name, said, "invalid_value")
        raise InvalidRequest("The list cannot be given", fields=[wrong]) from None


def _warned(warnings: list[str]) -> dict[str, list[str]]:
    return {"warnings": warnings} if warnings else {}


def _check_together(link: Link) -> None:
    """Raises InvalidLink for members that work against each other."""
    if wrong := contradictions(link):
        raise InvalidLink("The link cannot be used", where="customer link", fields=wrong)


def _check_instances(link: Link, *, running: bool = False) -> None:
    """Raises InvalidLink for an instance that is not there, of another platform, or switched off.

    One that is switched off may be linked, and not be run.
    """
    wrong = []
    for side in Side:
        member = f"{side.value}_instance_id"
        try:
            instance = ports().registry.get(link.instance(side))
        except UnknownInstance:
            wrong.append(FieldError(member, "there is no such instance", "invalid_value"))
            continue
        if instance.platform != side.value:
            said = f"is a {instance.platform} account, not a {side.value} one"
            wrong.append(FieldError(member, said, "invalid_value"))
        elif running and instance.disabled:
            wrong.append(FieldError(member, "is disabled: enable it first", "invalid_value"))
    if wrong:
        raise InvalidLink("The link cannot be used", where="customer link", fields=wrong)
