"""/actions: what can be done, with the JSON Schema of each action's parameters."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.replies import success
from freshbridge.actions.catalogue import CATALOGUE

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.get("/actions")
def list_all() -> Response[str]:
    """Every action, with the JSON Schema of its parameters."""
    return success(
        "Actions",
        [
            {
                "platform": action.platform,
                "action": action.name,
                "description": (action.parameters.__doc__ or "").strip(),
                "parameters": action.parameters.model_json_schema(),
            }
            for action in CATALOGUE.values()
        ],
    )
