"""/actions/{id}/…: how far a bulk action is, its rows and results; cancel it, resume it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import success
from freshbridge import timestamps
from freshbridge.bulk import change, paging, results
from freshbridge.bulk.progress import Phase, Progress

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.get("/actions/<action_id>/progress")
def progress(action_id: str) -> Response[str]:
    """How many rows are done, how fast it goes, and when it will be over."""
    found = change.progress_of(ports().bulk, action_id)
    over = found.phase is Phase.FINISHED
    return success(found.sentence() if over else "Progress", _shown(found))


@router.get("/actions/<action_id>/rows")
def rows(action_id: str) -> Response[str]:
    """The rows in order; `after` of the answer asks for the next page."""
    limit, after, state = paging.read_page(_query())
    ports().bulk.store.get(action_id)
    found = ports().bulk.store.rows(action_id, after=after)
    wanted = (row for row in found if state is None or row.state is state)
    page = list(islice(wanted, limit + 1))
    following = str(page[limit - 1].number) if len(page) > limit else None
    shown = [row.shown() for row in page[:limit]]
    return success("Rows", {"rows": shown, "after": following})


@router.get("/actions/<action_id>/results")
def result_file(action_id: str) -> Response[str]:
    """A URL that downloads what became of each row, as CSV or JSON Lines."""
    query = _query()
    kind = results.read_format(query.get("format"))
    only = paging.read_row_state(query.get("only"))
    found = ports().bulk.store.get(action_id)
    offer = ports().result_files.offer(found, kind, only)
    return success("Results", {"rows": found.rows, "waiting": found.waiting, **offer})


@router.post("/actions/<action_id>/cancel")
def cancel(action_id: str) -> Response[str]:
    """End the rows that have not begun; those that run are finished."""
    found = change.cancel(ports().bulk, action_id, timestamps.epoch())
    said = f"{found.cancelled} rows cancelled"
    if found.phase is Phase.READING:
        said = "It is cancelled before its rows are read"
    # Executors cancel rows as well, each the one that it was about to begin.
    return success(said, {"ended": found.cancelled, **_shown(found)})


@router.post("/actions/<action_id>/resume")
def resume(action_id: str) -> Response[str]:
    """Run the rows again that failed, were cancelled, or never arrived."""
    which = change.read_which(_query().get("only"))
    found, count = change.resume(ports().bulk, action_id, which, timestamps.epoch())
    said = f"{count} rows will be run"
    if found.phase is Phase.READING:
        said = f"The rows are read on from row {found.rows + 1}, then run"
    return success(said, {"resumed": count, **_shown(found)}, 202)


def _query() -> dict[str, str]:
    return router.current_event.query_string_parameters or {}


def _shown(found: Progress) -> dict[str, Any]:
    return found.shown(timestamps.epoch())
