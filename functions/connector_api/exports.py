"""/actions/{id}/export: a new URL for the file of an export."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import success
from freshbridge import timestamps
from freshbridge.actions.freshdesk.exports import ExportObject, wanted_of
from freshbridge.errors import NotFound
from freshbridge.exports.offer import offer
from freshbridge.exports.state import Phase

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


class NoExport(NotFound):
    """The action has made no file, or it has expired."""

    code = "no_export"
    default_advice = "Files are there once export_object has succeeded, and for three days."


@router.get("/actions/<action_id>/export")
def export(action_id: str) -> Response[str]:
    """URLs that download what an export_object has made; those of its result expire in an hour."""
    record = ports().records.get(action_id)
    place = (record.instance_id, action_id)
    state = None
    if record.action == "export_object":
        state = ports().exports.folder.state(*place)
    if state is None or state.phase is not Phase.DONE:
        raise NoExport(f"action {action_id[:64]} has no file")
    wanted = wanted_of(ExportObject.model_validate(record.parameters))
    shown = offer(ports().exports.folder, place, wanted, state, now=timestamps.now())
    return success("Export", shown)
