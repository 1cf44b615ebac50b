"""Read a request's JSON body; write the success shape."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from freshbridge.events.payload import read_json


def json_body(event: APIGatewayProxyEvent) -> dict[str, Any]:
    """The body as an object.

    Raises:
        UnreadableBody: empty, not JSON, or not an object.
    """
    return read_json((event.decoded_body or "").encode())


def success(message: str, data: Any, status: int = 200) -> Response[str]:
    """`{"success": true, "message", "data"}`."""
    body = {"success": True, "message": message, "data": data}
    return Response(status_code=status, content_type="application/json", body=json.dumps(body))
