"""/integrations/{id}/uploads: where to put a file that is too large to be given inline."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge.actions.uploads import read_upload

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.post("/integrations/<instance_id>/uploads")
def create(instance_id: str) -> Response[str]:
    """Ask for a URL to upload a file to, then attach it by its upload_id.

    Send the file's bytes with the method and headers of the answer; the URL takes one file of
    exactly the size that was announced. The file is kept for 30 days, and belongs to this instance.
    """
    wanted = read_upload(json_body(router.current_event))
    instance = ports().registry.get(instance_id)
    return success("Upload URL", ports().uploads.offer(instance.instance_id, wanted), 201)
