"""/elements/api-v2/bulk: one object of the synced copy as a file, in Open Connectors' words.

The Element token names the instance. What a path says between /hubs/ and /bulk makes no difference,
as in the original.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.instances import by_token
from connector_api.ports import ports
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.exports import job
from freshbridge.exports.job_request import (
    read_bulk_download,
    read_bulk_query,
    read_callback,
    read_fields,
)
from freshbridge.exports.upload_request import read_upload
from freshbridge.instances.model import Instance
from freshbridge.page_request import InvalidPageRequest
from freshbridge.paging_token import read_token, write_token

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own
PAGE_SIZE, LARGEST_PAGE_SIZE = 200, 1000
"""Of errors; each job of a list is looked up by itself, so that there are fewer on a page."""
JOBS_PAGE_SIZE, LARGEST_JOBS_PAGE_SIZE = 20, 50


@router.post("/bulk/query")
def query() -> Response[str]:
    """Begin a bulk download: `select <fields> from <object> where … limit …`.

    The answer tells the job's id at once. The copy is exported as it stands: see the status's asOf.
    `Elements-Async-Callback-Url` is told when the job has ended.
    """
    instance = by_token()
    return _json(instance, job.created_view(_begun(instance, version=2)))


@router.post("/bulk/download")
def download() -> Response[str]:
    """Begin a bulk download by its criteria; answers with its status."""
    instance = by_token()
    begun = _begun(instance, version=3)
    return _json(instance, job.status_view(begun, job.Progress()))


@router.get("/bulk/<job_id>/status")
def status(job_id: str) -> Response[str]:
    """Where a job stands, how many records it has, and how old the copy is that it was made of."""
    instance = by_token()
    return _json(instance, job.status_view(*ports().exports.jobs.find(instance, job_id)))


@router.get("/bulk/<job_id>/errors")
def errors(job_id: str) -> Response[str]:
    """What went wrong with a job, a page at a time: of an upload, what was not created."""
    instance = by_token()
    given = router.current_event.query_string_parameters or {}
    size = _page_size(given.get("pageSize"), PAGE_SIZE, LARGEST_PAGE_SIZE)
    position = _position(given)
    after = int(position) if position.isdecimal() else 0
    # One more tells whether there is another page.
    found, total = ports().exports.jobs.errors(instance, job_id, after=after, limit=size + 1)
    page = found[:size]
    following = str(page[-1]["recordNumber"]) if len(found) > size else ""
    return _json(instance, page, _counts(len(page), total, following))


@router.get("/bulk/<job_id>/<object_name>")
def result(job_id: str, object_name: str) -> Response[str]:
    """The file of a completed job, as text/csv, application/json or JSON Lines by the Accept.

    What is larger than a megabyte is downloaded from where a redirect (302) leads. A format that
    the job has not made is a 400.
    """
    instance = by_token()
    accept = router.current_event.headers.get("Accept") or ""
    found = ports().exports.jobs.file(instance, job_id, object_name, accept)
    headers = _headers(instance) | {
        "Content-Disposition": f'attachment; filename="{found.name}"',
    }
    if found.text is None:
        return Response(302, "application/json", "", headers | {"Location": found.url})
    return Response(200, found.format.content_type, found.text, headers)


@router.post("/bulk/<object_name>")
def upload(object_name: str) -> Response[str]:
    """Create records of an object from a file: a multipart form with `file` and `metaData`.

    `file` is CSV, a JSON array or JSON Lines of up to 10,000 records, each the parameters of the
    action that creates one; it is created as by that action, once.
    """
    instance = by_token()
    event = router.current_event
    text = event.body or ""
    body = base64.b64decode(text) if event.is_base64_encoded else text.encode()
    wanted = read_upload(object_name, event.headers.get("Content-Type") or "", body)
    headers = {name.lower(): value for name, value in event.headers.items()}
    callback = read_callback({}, headers, ports().allowed_origins)
    begun = ports().exports.beginnings.upload(instance, wanted, callback, router.lambda_context)
    return _json(instance, job.created_view(begun))


@router.put("/bulk/<job_id>/cancel")
def cancel_job(job_id: str) -> Response[str]:
    """End a job; it is CANCELLATION_PENDING until it has noticed."""
    instance = by_token()
    return _json(instance, job.status_view(*ports().exports.jobs.cancel(instance, job_id)))


@router.get("/bulkloader")
def jobs() -> Response[str]:
    """The instance's jobs, newest first."""
    instance = by_token()
    given = router.current_event.query_string_parameters or {}
    page = ports().exports.jobs.page(
        instance,
        only=given.get("jobId", ""),
        limit=_page_size(given.get("pageSize"), JOBS_PAGE_SIZE, LARGEST_JOBS_PAGE_SIZE),
        before=_position(given),
    )
    shown = [job.listed_view(one, found) for one, found in page.jobs]
    return _json(instance, shown, _counts(len(shown), page.total, page.before))


def _begun(instance: Instance, *, version: int) -> job.Job:
    event = router.current_event
    given = read_fields(
        event.decoded_body or "",
        event.headers.get("Content-Type") or "",
        event.query_string_parameters or {},
    )
    headers = {name.lower(): value for name, value in event.headers.items()}
    read = read_bulk_query if version == 2 else read_bulk_download
    wanted = read(given, headers, instance.configuration, allowed_origins=ports().allowed_origins)
    return ports().exports.beginnings.download(instance, wanted, router.lambda_context)


def _position(given: dict[str, str]) -> str:
    """Where a page goes on: what the one before gave as its token."""
    token = given.get("nextPage", "")
    try:
        return read_token(token)["at"] if token else ""
    except (InvalidRequest, KeyError):
        raise _invalid(
            "nextPage", "must be the Elements-Next-Page-Token of the page before"
        ) from None


def _page_size(text: str | None, usual: int, largest: int) -> int:
    if text is None:
        return usual
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= size <= largest:
        raise _invalid("pageSize", f"must be a whole number from 1 to {largest}")
    return size


def _invalid(name: str, message: str) -> InvalidPageRequest:
    return InvalidPageRequest(
        "the page cannot be given", fields=[FieldError(name, message, "invalid_value")]
    )


def _counts(returned: int, total: int, following: str) -> dict[str, str]:
    headers = {"Elements-Returned-Count": str(returned), "Elements-Total-Count": str(total)}
    if following:
        headers["Elements-Next-Page-Token"] = write_token({"at": following})
    return headers


def _headers(instance: Instance) -> dict[str, Any]:
    return {"Elements-Element-Instance-Id": instance.instance_id}


def _json(instance: Instance, body: Any, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(200, "application/json", json.dumps(body), _headers(instance) | (headers or {}))
