"""…/destinations/{id}/runs: how far each sending of records is, and what was not taken."""

from __future__ import annotations

import tempfile
from itertools import islice
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.destinations import DESTINATION, begun, sendable
from connector_api.ports import ports
from connector_api.replies import success
from freshbridge import timestamps
from freshbridge.actions.record import ActionRecord
from freshbridge.actions.record_store import UnknownActionRecord
from freshbridge.actions.uploads import UploadRequest
from freshbridge.bulk import change, paging, results
from freshbridge.bulk.progress import OUTCOMES, Phase, Progress
from freshbridge.bulk.rows import RowFormat
from freshbridge.bulk.table import UnknownBulkAction
from freshbridge.destinations.quarantine_files import OUTCOMES as QUARANTINED
from freshbridge.errors import FieldError, InvalidRequest, NotFound
from freshbridge.identifiers import new_id
from freshbridge.page_request import read_limit

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

RUN = f"{DESTINATION}/runs/<run_id>"
PAGE_SIZE, LARGEST_PAGE_SIZE = 50, 200
_WOULD = {"create": "created", "update": "updated", "unchanged": "unchanged", "delete": "deleted",
          "create_or_update": "upserted", "send": "delivered", "invalid": "invalid",
          "refuse": "rejected"}  # fmt: skip


class UnknownRun(NotFound):
    """The destination has no such run, or what is known of it has expired."""

    code = "unknown_run"
    default_advice = "Check the id; GET …/runs lists them."


@router.get(f"{DESTINATION}/runs")
def list_all(instance_id: str, destination_id: str) -> Response[str]:
    """The destination's runs, newest first; `after` asks for the next page.

    A run is listed as soon as it has begun. Runs of a destination that was deleted stay.
    """
    ports().registry.get(instance_id)
    query = _query()
    limit = read_limit(query.get("limit"), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    runs, after = ports().destinations.runs.page(
        destination_id, limit=limit, after=query.get("after")
    )
    shown = []
    for run in runs:
        try:
            record = ports().records.get(run["run_id"])
        except UnknownActionRecord:
            continue
        if record.instance_id == instance_id:
            shown.append({**run, **_shown(record)})
    return success("Runs", {"runs": shown, "after": after})


@router.get(RUN)
def get(instance_id: str, destination_id: str, run_id: str) -> Response[str]:
    """How far a run is: its state, how many records were created, updated, left, not taken."""
    record = _run(instance_id, destination_id, run_id)
    return success("Run", _shown(record))


@router.get(f"{RUN}/records")
def records(instance_id: str, destination_id: str, run_id: str) -> Response[str]:
    """What became of each record, in order; `outcome` chooses, `after` asks for the next page."""
    _run(instance_id, destination_id, run_id)
    query = _query()
    limit, after, state = paging.read_page(query)
    outcome = _outcome(query.get("outcome"), OUTCOMES)
    ports().bulk.store.get(run_id)
    found = ports().bulk.store.rows(run_id, after=after)
    wanted = (
        row
        for row in found
        if (state is None or row.state is state) and (outcome is None or row.outcome == outcome)
    )
    page = list(islice(wanted, limit + 1))
    following = str(page[limit - 1].number) if len(page) > limit else None
    shown = [row.shown() for row in page[:limit]]
    return success("Records", {"records": shown, "after": following})


@router.get(f"{RUN}/quarantine")
def quarantine(instance_id: str, destination_id: str, run_id: str) -> Response[str]:
    """A URL that downloads the records that were not taken, each with why, as CSV or JSON Lines.

    Mend the file and send it to …/records: what it tells of a record is dropped then.
    """
    _run(instance_id, destination_id, run_id)
    query = _query()
    kind = results.read_format(query.get("format"))
    only = _outcome(query.get("only"), QUARANTINED, "only")
    progress = ports().bulk.store.get(run_id)
    return success("Quarantine", ports().quarantine.offer(progress, kind, only))


@router.post(f"{RUN}/resend")
def resend(instance_id: str, destination_id: str, run_id: str) -> Response[str]:
    """Send the records that were not taken through the destination as it is now: a new run."""
    _run(instance_id, destination_id, run_id)
    instance = ports().registry.get(instance_id)
    sendable(instance_id, destination_id)
    only = _outcome(_query().get("only"), QUARANTINED, "only")
    upload_id = new_id("upl").partition("_")[2]
    upload_id = f"upl_{upload_id:0<32}"
    kind = results.ResultFormat.JSON_LINES
    with tempfile.TemporaryFile() as file:
        count = ports().quarantine.write(run_id, kind, only, file, plain=True)
        if not count:
            raise InvalidRequest("there is nothing to send again", where=f"run {run_id}")
        size = file.tell()
        file.seek(0)
        wanted = UploadRequest("records.jsonl", None, size)
        ports().uploads.keep(instance_id, upload_id, wanted, file)
    key = router.current_event.headers.get("Idempotency-Key")
    return begun(
        instance, destination_id, upload_id, kind=RowFormat.JSON_LINES, dry_run=False, key=key
    )


@router.post(f"{RUN}/cancel")
def cancel(instance_id: str, destination_id: str, run_id: str) -> Response[str]:
    """Send no record that has not begun; those under way are finished."""
    record = _run(instance_id, destination_id, run_id)
    found = change.cancel(ports().bulk, run_id, timestamps.epoch())
    return success(f"{found.cancelled} records are not sent", _shown(record))


@router.post(f"{RUN}/resume")
def resume(instance_id: str, destination_id: str, run_id: str) -> Response[str]:
    """Send the records again that were refused, cancelled, or never arrived, as the run began."""
    record = _run(instance_id, destination_id, run_id)
    which = change.read_which(_query().get("only"))
    _found, count = change.resume(ports().bulk, run_id, which, timestamps.epoch())
    shown = _shown(ports().records.get(record.action_id))
    return success(f"{count} records will be sent", {"resumed": count, **shown}, 202)


def _query() -> dict[str, str]:
    return router.current_event.query_string_parameters or {}


def _outcome(text: str | None, known: tuple[str, ...], name: str = "outcome") -> str | None:
    if not text or text.lower() == "all":
        return None
    if text.lower() not in known:
        problem = FieldError(name, f"must be one of {', '.join(known)}", "invalid_value")
        raise InvalidRequest("the records cannot be chosen", fields=[problem])
    return text.lower()


def _run(instance_id: str, destination_id: str, run_id: str) -> ActionRecord:
    ports().registry.get(instance_id)
    try:
        record = ports().records.get(run_id)
    except UnknownActionRecord:
        raise UnknownRun("no such run", where=f"run {run_id[:64]}") from None
    own = record.instance_id == instance_id and record.action == "send_records"
    if not own or record.parameters.get("destination_id") != destination_id:
        raise UnknownRun("no such run", where=f"run {run_id[:64]}")
    return record


def _was_cancelled(progress: Progress) -> bool:
    """Whether it is over because somebody stopped it, and not because nothing went well."""
    over = progress.phase is Phase.FINISHED and progress.cancelling
    return over and not progress.failed_whole and bool(progress.cancelled or progress.unread)


def _shown(record: ActionRecord) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "run_id": record.action_id,
        "destination_id": str(record.parameters.get("destination_id", "")),
        "state": record.state.value,
        "code": record.code or None,
        "message": record.message or None,
        "submitted_at": record.submitted_at,
        "dry_run": bool(record.parameters.get("dry_run", False)),
        "progress": None,
        "outcomes": dict.fromkeys(OUTCOMES, 0),
        "totals": None,
    }
    try:
        progress = change.progress_of(ports().bulk, record.action_id)
    except UnknownBulkAction:
        return shown
    if record.code == "cancelled" or _was_cancelled(progress):
        shown["state"] = "cancelled"
    counts = {name: getattr(progress, name) for name in OUTCOMES}
    shown["progress"] = progress.shown(timestamps.epoch())
    if shown["dry_run"]:
        shown["totals"] = {name: counts[outcome] for name, outcome in _WOULD.items()}
    else:
        shown["outcomes"] = counts
    return shown
