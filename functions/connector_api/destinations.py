"""/integrations/{id}/destinations: where records go in a Freshsales account."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge import timestamps
from freshbridge.actions.freshsales.send_record import DestinationPaused
from freshbridge.actions.submit import Preference, read_request
from freshbridge.actions.uploads import UploadRequest, read_upload
from freshbridge.bulk.rows import RowFormat
from freshbridge.bulk.source import LARGEST_FILE
from freshbridge.destinations.inline import read_inline
from freshbridge.destinations.manual_request import check_url
from freshbridge.destinations.model import (
    DestinationSettings,
    InvalidDestination,
    Template,
    read_settings,
    write_settings,
)
from freshbridge.destinations.store import Destination, UnknownDestination
from freshbridge.errors import FieldError, Misconfigured
from freshbridge.identifiers import derived_id, new_id
from freshbridge.instances.model import Instance
from freshbridge.page_request import read_limit

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

PAGE_SIZE, LARGEST_PAGE_SIZE = 100, 200
DESTINATIONS = "/integrations/<instance_id>/destinations"
DESTINATION = f"{DESTINATIONS}/<destination_id>"
_NAMES = {RowFormat.CSV: "records.csv", RowFormat.JSON_LINES: "records.jsonl"}


class NoDestinations(Misconfigured):
    """Destinations are of Freshsales integrations."""

    code = "no_destinations"
    default_advice = "Name an integration of Freshsales."


@router.post(DESTINATIONS)
def create(instance_id: str) -> Response[str]:
    """Save a destination: a template, what records are made of, and how they are matched.

    `create_resource` sends each record with a POST to /api/{resource_type}, wrapped and with the
    account's key; `manual` sends what its method, URL and body say. Nothing is sent by saving.
    """
    instance = _freshsales(instance_id)
    settings = read_settings(json_body(router.current_event))
    _check(settings, instance)
    now = _now()
    made = Destination(new_id("dst"), settings, 1, now, now)
    ports().destinations.store.create(instance_id, made)
    return success("Destination created", made.shown(), 201)


@router.get(DESTINATIONS)
def list_all(instance_id: str) -> Response[str]:
    """The integration's destinations, oldest first; `after` asks for the next page."""
    _freshsales(instance_id)
    limit, after = _page()
    page = ports().destinations.store.page(instance_id, limit=limit, after=after)
    shown = [one.shown() for one in page.destinations]
    return success("Destinations", {"destinations": shown, "after": page.after})


@router.get(DESTINATION)
def get(instance_id: str, destination_id: str) -> Response[str]:
    """One destination."""
    return success("Destination", _destination(instance_id, destination_id).shown())


@router.put(DESTINATION)
def put(instance_id: str, destination_id: str) -> Response[str]:
    """Save a destination anew: what the body does not say is as in a new one."""
    before = _destination(instance_id, destination_id)
    return _saved(instance_id, before, json_body(router.current_event))


@router.patch(DESTINATION)
def change(instance_id: str, destination_id: str) -> Response[str]:
    """Save a destination with some settings replaced, each as a whole; null makes one usual.

    Runs that have begun go on as they began.
    """
    before = _destination(instance_id, destination_id)
    body = json_body(router.current_event)
    whole = {**write_settings(before.settings), **body}
    return _saved(
        instance_id, before, {name: value for name, value in whole.items() if value is not None}
    )


@router.delete(DESTINATION)
def delete(instance_id: str, destination_id: str) -> Response[str]:
    """Forget a destination; runs that have begun go on."""
    _freshsales(instance_id)
    if not ports().destinations.store.delete(instance_id, destination_id):
        raise UnknownDestination("no such destination", where=destination_id[:64])
    return success("Destination deleted", {"destination_id": destination_id})


@router.post(f"{DESTINATION}/test")
def test(instance_id: str, destination_id: str) -> Response[str]:
    """Send one sample record, and show the request and what was answered; the key is masked.

    With `dry_run` nothing is sent: the answer has the exact request. What is needed for it, such as
    the id of an owner, is read from the account.
    """
    instance = _freshsales(instance_id)
    _destination(instance_id, destination_id)
    body = json_body(router.current_event)
    known = {"record", "dry_run"}
    wrong = [FieldError(n, "there is no such field", "unknown") for n in sorted(set(body) - known)]
    if not isinstance(body.get("record"), dict):
        wrong.append(FieldError("record", "a sample record is required", "missing"))
    if not isinstance(body.get("dry_run", False), bool):
        wrong.append(FieldError("dry_run", "must be true or false", "invalid_value"))
    if wrong:
        raise InvalidDestination("the test cannot be run", fields=wrong)
    parameters = {
        "destination_id": destination_id,
        "record": body["record"],
        "dry_run": body.get("dry_run", False),
        "show": True,
    }
    request = read_request(
        {"action": "send_record", "parameters": parameters},
        instance,
        key=None,
        user_id=router.context.get("user_id", 1),
    )
    # A person waits for it: rather told to come back than told later.
    answer = ports().submission.submit(request, Preference(strict=True), router.lambda_context)
    if answer.outcome is None:
        return success("The test goes on", {"action_id": request.action_id}, 202)
    return success(
        answer.outcome.message,
        {"request": None, "response": None, **answer.outcome.data, "action_id": request.action_id},
    )


@router.post(f"{DESTINATION}/uploads")
def upload(instance_id: str, destination_id: str) -> Response[str]:
    """Ask for a URL to upload a file of records to, then send its upload_id to …/records."""
    _destination(instance_id, destination_id)
    wanted = read_upload(json_body(router.current_event), LARGEST_FILE)
    offer = ports().uploads.offer(instance_id, wanted, most=LARGEST_FILE)
    return success("Upload URL", offer, 201)


@router.post(f"{DESTINATION}/records")
def send(instance_id: str, destination_id: str) -> Response[str]:
    """Send records: begins a run, whose progress and results have routes of their own.

    The body is JSON (`{"records": […]}`, a list, or one record), JSON Lines
    (application/x-ndjson) or CSV (text/csv) of up to 6 MB; `{"upload_id"}` names an uploaded file.
    With `dry_run` nothing is sent, and the run tells what would be. Repeated with the same
    `Idempotency-Key` it is the same run.
    """
    instance = _freshsales(instance_id)
    event = router.current_event
    sendable(instance_id, destination_id)
    given = read_inline(_body(event), event.headers.get("Content-Type") or "")
    query = event.query_string_parameters or {}
    dry_run = given.dry_run
    if dry_run is None:
        dry_run = (query.get("dry_run") or "").lower() == "true"
    upload_id = given.upload_id
    if given.content is not None and given.kind is not None:
        # The same body is the same file: a request that is repeated is the same request.
        upload_id = derived_id("upl", hashlib.sha256(given.content).hexdigest(), given.kind.value)
        wanted = UploadRequest(_NAMES[given.kind], None, len(given.content))
        ports().uploads.keep(instance_id, upload_id, wanted, given.content)
    return begun(
        instance,
        destination_id,
        upload_id,
        kind=given.kind,
        dry_run=dry_run,
        key=event.headers.get("Idempotency-Key"),
    )


def sendable(instance_id: str, destination_id: str) -> None:
    """Refuse records for a destination that is not there, or that would not send them.

    Raises:
        UnknownDestination, DestinationPaused: no run is begun.
    """
    if not _destination(instance_id, destination_id).settings.enabled:
        raise DestinationPaused("the destination is disabled", where=destination_id[:64])


def begun(
    instance: Instance,
    destination_id: str,
    upload_id: str,
    *,
    kind: RowFormat | None,
    dry_run: bool,
    key: str | None,
) -> Response[str]:
    """Begin a run over an uploaded file."""
    source = {"upload_id": upload_id} | ({"format": kind.value} if kind is not None else {})
    parameters = {"destination_id": destination_id, "source": source, "dry_run": dry_run}
    request = read_request(
        {"action": "send_records", "parameters": parameters},
        instance,
        key=key,
        user_id=router.context.get("user_id", 1),
    )
    answer = ports().submission.submit(request, Preference(), router.lambda_context)
    run_id = answer.record.action_id
    path = f"/api/integrations/{instance.instance_id}/destinations/{destination_id}/runs/{run_id}"
    data = {"run_id": run_id, "state": answer.record.state.value, "dry_run": dry_run, "run": path}
    return success(f"Accepted; GET {path} tells how far it is", data, 202)


def _body(event: APIGatewayProxyEvent) -> str | bytes:
    """The body as it came: bytes where the gateway hands them on, else what it made of them."""
    if event.is_base64_encoded:
        return base64.b64decode(event.body or "")
    return event.body or ""


def _freshsales(instance_id: str) -> Instance:
    instance = ports().registry.get(instance_id)
    if instance.platform != "freshsales":
        raise NoDestinations(f"integration {instance_id} is a {instance.platform} account")
    return instance


def _destination(instance_id: str, destination_id: str) -> Destination:
    _freshsales(instance_id)
    return ports().destinations.store.get(instance_id, destination_id)


def _check(settings: DestinationSettings, instance: Instance) -> None:
    if settings.template is Template.MANUAL:
        check_url(settings.url, instance.origin)


def _saved(instance_id: str, before: Destination, body: dict[str, Any]) -> Response[str]:
    given = dict(body)
    version = given.pop("version", None)
    for name in ("destination_id", "created_at", "updated_at"):
        given.pop(name, None)
    if version is not None and version != before.version:
        said = f"is not the present one, {before.version}: read the destination again"
        raise InvalidDestination(
            "the destination cannot be saved", fields=[FieldError("version", said, "stale")]
        )
    settings = read_settings(given)
    _check(settings, ports().registry.get(instance_id))
    if write_settings(settings) == write_settings(before.settings):
        return success("Destination is as it was", before.shown())
    after = replace(before, settings=settings, updated_at=_now())
    saved = ports().destinations.store.change(instance_id, before, after)
    return success("Destination saved", saved.shown())


def _page() -> tuple[int, str | None]:
    query = router.current_event.query_string_parameters or {}
    limit = read_limit(query.get("limit"), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    return limit, query.get("after")


def _now() -> str:
    return timestamps.to_text(timestamps.now())
