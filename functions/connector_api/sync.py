"""/integrations/{id}/sync: start a run now, see how far it is and what runs did, end one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge import identifiers, timestamps
from freshbridge.errors import FieldError, InvalidRequest, NotFound
from freshbridge.instances.connection import InstanceDisabled
from freshbridge.instances.model import Instance
from freshbridge.page_request import read_limit
from freshbridge.sync.chosen import chosen
from freshbridge.sync.manifest import object_of, window_of
from freshbridge.sync.run import PartState, Run, Standing
from freshbridge.sync.selection import Wanted
from freshbridge.sync.starting import (
    BEGUN,
    RESUMED,
    RUNNING,
    STARTED,
    TAKEN_OVER,
    Asked,
    Start,
)
from freshbridge.sync.view import needs_parts, shown, shown_run

RUNS, MOST_RUNS = 20, 200
MOST_PARTS = 1000
_WOULD = {STARTED: "would_start", RESUMED: "would_resume", TAKEN_OVER: "would_take_over"}
_MEMBERS = {"objects": list, "full": bool, "release_removals": bool, "dry_run": bool}


class NothingToSync(InvalidRequest):
    """The instance has no object that the sync reads."""

    code = "nothing_to_sync"


class InvalidSync(InvalidRequest):
    """The request to start or end a sync cannot be understood; `fields` says why."""

    code = "invalid_sync"


class UnknownRun(NotFound):
    """There is no such run; what is kept of runs expires."""

    code = "unknown_run"


router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.post("/integrations/<instance_id>/sync")
def start(instance_id: str) -> Response[str]:
    """Begin a run of each object now, whether it is due or not; one under way is left alone.

    `full` reads everything again and looks for what is gone; `release_removals` lets that remove
    what was held back, this once. `dry_run` only tells what would run, and is answered with 200.
    """
    instance = ports().registry.get(instance_id)
    body = _body(_MEMBERS)
    if instance.disabled:
        raise InstanceDisabled("the instance is disabled", advice="Enable it, then sync it.")
    wanted = _wanted(instance, body.get("objects"))
    named = {one.name for one in wanted}
    # Children are read with their parents, of every record where the children are named.
    parents = {one.object.parent for one in wanted if one.object.parent} - named
    wanted += [one for one in chosen(instance) if one.name in parents]
    full, released = body.get("full", False), body.get("release_removals", False)
    if released and not (full and "objects" in body):
        raise InvalidSync(
            "the request cannot be understood",
            fields=[
                FieldError(
                    "release_removals", "goes with full and the objects' names", "invalid_value"
                )
            ],
        )
    asked_for = named if "objects" in body else set()
    asked = Asked(
        identifiers.new_id("run"),
        _now(),
        forced=True,
        full=full,
        released=released,
        children=frozenset(
            one.name for one in wanted if one.object.parent and one.name in asked_for
        )
        if full
        else frozenset(),
        dry_run=body.get("dry_run", False),
    )
    starts = ports().starter.start_all(instance, wanted, asked)
    ids = list(dict.fromkeys(one.run_id for one in starts if one.run_id))
    data = {
        "run_id": None if asked.dry_run else _run_id(asked, ids),
        "run_ids": ids,
        "objects": [one.object for one in starts if one.state in BEGUN | {RUNNING}],
        "dry_run": asked.dry_run,
        "started": [_shown_start(one) for one in starts],
    }
    if asked.dry_run:
        return success("Sync not started: dry run", data | {"started": _would(starts)})
    begun = any(one.state in BEGUN for one in starts)
    return success("Sync started" if begun else "Nothing was started", data, 202)


@router.get("/integrations/<instance_id>/sync")
def state(instance_id: str) -> Response[str]:
    """Per object: whether it runs, how far it is, up to when all changes are held, what is next."""
    instance = ports().registry.get(instance_id)
    standings = ports().runs.standings(instance_id)
    now = _now()
    wanted = chosen(instance)
    running = _running(instance, [standings.get(one.name, Standing()) for one in wanted])
    found = {}
    for one in wanted:
        standing = standings.get(one.name, Standing())
        run = running.get((one.name, standing.run_id))
        asks = run is not None and needs_parts(one, run, standing)
        parts = ports().runs.parts(run) if run is not None and asks else []
        parent = standings.get(one.object.parent, Standing())
        held_open = bool(parent.run_id) and _lasts(parent, now)
        found[one.name] = shown(
            one, standing, run, parts, now, held_open=held_open, disabled=instance.disabled
        )
    return success("Sync state", found)


@router.get("/integrations/<instance_id>/sync/runs")
def runs(instance_id: str) -> Response[str]:
    """The last runs, one entry for each object, the newest first."""
    ports().registry.get(instance_id)
    asked = router.current_event.query_string_parameters or {}
    limit = read_limit(asked.get("limit"), usual=RUNS, largest=MOST_RUNS)
    found = ports().runs.history(instance_id, limit)
    return success("Sync runs", [shown_run(run) for run in found])


@router.get("/integrations/<instance_id>/sync/runs/<run_id>")
def run(instance_id: str, run_id: str) -> Response[str]:
    """One run, by object: its counts and windows, and the manifest once it has ended."""
    ports().registry.get(instance_id)
    found = ports().runs.runs(instance_id, run_id)
    if not found:
        raise UnknownRun("no such run", advice="GET …/sync/runs lists those that are kept.")
    return success("Sync run", {one.object: _shown_whole(one) for one in found})


@router.post("/integrations/<instance_id>/sync/cancel")
def cancel(instance_id: str) -> Response[str]:
    """End the runs under way; a worker that reads stops at its next write.

    What is copied stays. The next run goes on from there, a full one begins anew.
    """
    instance = ports().registry.get(instance_id)
    wanted = _wanted(instance, _body({"objects": list}).get("objects"))
    ended = [ports().cancelling.cancel(instance_id, one.name) for one in wanted]
    names = [run.object for run in ended if run is not None]
    return success(f"{len(names)} runs ended", {"objects": names})


def _body(members: dict[str, type]) -> dict[str, Any]:
    event = router.current_event
    if not (event.decoded_body or "").strip():
        return {}
    body = json_body(event)
    wrong = [
        FieldError(name, f"is unknown; there are {', '.join(members)}", "unknown")
        for name in body
        if name not in members
    ]
    words = {list: "must be a list of objects' names", bool: "must be true or false"}
    wrong += [
        FieldError(name, words[kind], "wrong_type")
        for name, kind in members.items()
        if name in body and not isinstance(body[name], kind)
    ]
    if wrong:
        raise InvalidSync("the request cannot be understood", fields=wrong)
    return body


def _wanted(instance: Instance, names: list[Any] | None) -> list[Wanted]:
    found = list(chosen(instance))
    if not found:
        raise NothingToSync(
            f"nothing of this instance, of {instance.platform}, is synced",
            advice="The sync reads what config.sync_objects of a freshdesk instance lists.",
        )
    if names is None:
        return found
    there = [one.name for one in found]
    wrong = [
        FieldError(f"objects[{place}]", f"is not synced; there are {', '.join(there)}", "unknown")
        for place, name in enumerate(names)
        if name not in there
    ]
    if wrong or not names:
        raise InvalidSync(
            "the request cannot be understood",
            fields=wrong or [FieldError("objects", "must name at least one", "empty")],
            advice="config.sync_objects says what is synced.",
        )
    return [one for one in found if one.name in names]


def _running(instance: Instance, standings: Sequence[Standing]) -> dict[tuple[str, str], Run]:
    """The runs under way, by object and id: those that began together come by one call."""
    ids = dict.fromkeys(standing.run_id for standing in standings if standing.run_id)
    return {
        (run.object, run_id): run
        for run_id in ids
        for run in ports().runs.runs(instance.instance_id, run_id)
    }


def _run_id(asked: Asked, ids: Sequence[str]) -> str | None:
    """The run that was begun, else the one that goes on: never one that there is not."""
    return asked.run_id if asked.run_id in ids else next(iter(ids), None)


def _would(starts: Sequence[Start]) -> list[dict[str, Any]]:
    """What a dry run tells: what would be begun, and what is so already."""
    return [_shown_start(replace(one, state=_WOULD.get(one.state, one.state))) for one in starts]


def _lasts(standing: Standing, now: str) -> bool:
    return standing.lease_until >= timestamps.from_text(now).timestamp()


def _shown_start(start: Start) -> dict[str, Any]:
    return {
        "object": start.object,
        "state": start.state,
        "run_id": start.run_id or None,
        "kind": start.kind or None,
        "parts": list(start.parts),
        "due_at": start.due_at or None,
    }


def _shown_whole(run: Run) -> dict[str, Any]:
    manifest = None
    if run.copied and not run.is_active:
        name = object_of(run).name
        manifest = ports().lake.read_manifest(run.instance_id, name, run.run_id)
    parts = ports().runs.parts(run) if manifest is None or run.failed else []
    shown_parts = [
        part
        for part in parts
        if (part.feed or part.reason) and (manifest is None or part.state is PartState.FAILED)
    ]
    windows = [window_of(part) for part in shown_parts[:MOST_PARTS]]
    return shown_run(run) | {"manifest": manifest, "parts": windows}


def _now() -> str:
    return timestamps.to_text(timestamps.now())
