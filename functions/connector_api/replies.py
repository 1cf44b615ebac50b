"""Read a request's JSON body; write success and failure.

The API has two faces with an error shape each; the path says which face was called.
"""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from freshbridge.events.payload import UnreadableBody, read_json

ELEMENTS = "/elements/api-v2"


def json_body(event: APIGatewayProxyEvent) -> dict[str, Any]:
    """The body as an object.

    Raises:
        UnreadableBody: empty, not JSON, or not an object.
    """
    try:
        return read_json((event.decoded_body or "").encode())
    except UnreadableBody as error:
        # The reader's own advice is for whoever sets up a webhook.
        raise UnreadableBody(error.what, advice="Send a JSON object as the body.") from None


def success(message: str, data: Any, status: int = 200) -> Response[str]:
    """`{"success": true, "message", "data"}`."""
    body = {"success": True, "message": message, "data": data}
    return Response(status_code=status, content_type="application/json", body=json.dumps(body))


def plain(body: Any, headers: dict[str, str] | None = None) -> Response[str]:
    """`body` and nothing around it, as Open Connectors answers."""
    return Response(
        status_code=200,
        content_type="application/json",
        body=json.dumps(body),
        headers=dict(headers or {}),
    )


def failure(
    path: str, request_id: str, status: int, *, message: str, code: str, details: dict[str, Any]
) -> Response[str]:
    """The error shape of the face that `path` belongs to.

    Under /elements/api-v2 `{"requestId", "message", "providerMessage"}`: the id is the first 24 hex
    digits of the request's, and the provider's words are there only when it had any. Elsewhere
    `{"success": false, "message", "code", "request_id", "details"}`.

    Source: the error bodies of SAP Open Connectors' API.
    """
    body: dict[str, Any]
    if path == ELEMENTS or path.startswith(f"{ELEMENTS}/"):
        body = {"requestId": request_id.replace("-", "")[:24], "message": message}
        if details.get("provider_message"):
            body["providerMessage"] = details["provider_message"]
    else:
        body = {
            "success": False,
            "message": message,
            "code": code,
            "request_id": request_id,
            "details": details,
        }
    return Response(status_code=status, content_type="application/json", body=json.dumps(body))
