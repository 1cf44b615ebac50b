"""Trace logging: switch it on for a while, switch it off, read what it kept.

Both faces switch it: `/integrations/{id}/trace-logging` and Open Connectors' `/instances/…`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.instances import by_token
from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge import timestamps
from freshbridge.instances import trace
from freshbridge.instances.model import Instance

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own
elements_router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # as above


@router.put("/integrations/<instance_id>/trace-logging")
def switch_on(instance_id: str) -> Response[str]:
    """Keep a trace for `{"duration": minutes}`, 60 unless said otherwise; it goes off by itself."""
    return success("Trace logging is on", _state(_switched(instance_id, _until())))


@router.delete("/integrations/<instance_id>/trace-logging")
def switch_off(instance_id: str) -> Response[str]:
    """Keep no trace any more; what was kept can still be read."""
    return success("Trace logging is off", _state(_switched(instance_id, None)))


@router.get("/integrations/<instance_id>/trace")
def entries(instance_id: str) -> Response[str]:
    """The instance's calls, newest first; `before` of the answer asks for the next page."""
    query = router.current_event.query_string_parameters or {}
    limit, before = trace.read_page(query.get("limit"), query.get("before"))
    instance = ports().registry.get(instance_id)
    page = ports().traces.page(instance_id, limit=limit, before=before)
    return success("Trace", _state(instance) | {"entries": page.entries, "before": page.before})


@elements_router.put("/instances/<instance_id>/trace-logging")
def switch_on_instance(instance_id: str) -> Response[str]:
    """Keep a trace of the instance's calls for a while."""
    _switched(instance_id, _until())
    return _empty()


@elements_router.delete("/instances/<instance_id>/trace-logging")
def switch_off_instance(instance_id: str) -> Response[str]:
    """Keep no trace of the instance's calls any more."""
    _switched(instance_id, None)
    return _empty()


@elements_router.put("/instances/trace-logging")
def switch_on_by_token() -> Response[str]:
    """Keep a trace for the instance whose Element token is shown."""
    _switched(by_token().instance_id, _until())
    return _empty()


@elements_router.delete("/instances/trace-logging")
def switch_off_by_token() -> Response[str]:
    """Keep no trace any more for the instance whose Element token is shown."""
    _switched(by_token().instance_id, None)
    return _empty()


def _until() -> float:
    """When tracing that is switched on now ends; the body may be left out."""
    event = router.current_event
    text = event.decoded_body
    minutes = trace.read_minutes(json_body(event) if text and text.strip() else {})
    return timestamps.epoch() + minutes * 60


def _switched(instance_id: str, until: float | None) -> Instance:
    return ports().registry.change(instance_id, lambda held: replace(held, trace_until=until))


def _state(instance: Instance) -> dict[str, Any]:
    """Until when it is on; None when it is off, also when its time has run out."""
    until = instance.trace_until
    if until is None or not trace.is_on(instance, timestamps.epoch()):
        return {"trace_until": None}
    return {"trace_until": timestamps.to_text(datetime.fromtimestamp(until, UTC))}


def _empty() -> Response[str]:
    return Response(status_code=200, content_type="application/json", body=json.dumps({}))
