"""/integrations: connect, list, look at, change, test and disconnect accounts.

The same instances as under /elements/api-v2/instances, in the words of this API.
"""

from __future__ import annotations

import json
from dataclasses import replace
from time import perf_counter
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge.errors import FieldError
from freshbridge.instances import elements, request, validation
from freshbridge.instances.access import read_grace
from freshbridge.instances.change import Change
from freshbridge.instances.config import config_errors
from freshbridge.instances.model import Instance
from freshbridge.instances.origin import origin_of
from freshbridge.instances.request import InvalidIntegration
from freshbridge.instances.trace import Cause
from freshbridge.instances.validation import Checked
from freshbridge.instances.view import integration_view

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

_CHANGEABLE = ("name", "credentials", "config", "tags", "disabled")


@router.post("/integrations")
def create() -> Response[str]:
    """Connect an account; token and webhook secret are shown in this answer only."""
    wanted = request.read_integration(json_body(router.current_event))
    made = ports().provisioner.create(wanted, user_id=router.context.get("user_id", 1))
    data = integration_view(made.instance) | {
        "token": made.token,
        "agent_id": made.checked.agent_id,
        "webhook": _webhook(made.instance, made.webhook_secret),
    }
    return success("Integration created", data, 201)


@router.get("/integrations")
def list_all() -> Response[str]:
    """Every instance, by id."""
    return success("Integrations", [integration_view(found) for found in ports().registry.all()])


@router.get("/integrations/<instance_id>")
def get(instance_id: str) -> Response[str]:
    """One instance, without its secrets, and whether its work waits for the provider."""
    view = integration_view(ports().registry.get(instance_id))
    return success("Integration", view | {"circuit": ports().circuits.shown(instance_id)})


@router.patch("/integrations/<instance_id>")
def change(instance_id: str) -> Response[str]:
    """Change what is given; new credentials are checked with the provider before they are kept."""
    body = json_body(router.current_event)
    if unknown := sorted(set(body) - set(_CHANGEABLE)):
        raise InvalidIntegration(
            "the integration cannot be changed",
            fields=[FieldError(name, "cannot be changed", "unknown") for name in unknown],
        )
    instance = ports().registry.get(instance_id)
    changed = ports().provisioner.change(instance_id, _change(instance, body))
    if isinstance(disabled := body.get("disabled"), bool):
        changed = ports().registry.change(
            instance_id, lambda held: replace(held, disabled=disabled)
        )
    return success("Integration changed", integration_view(changed))


@router.delete("/integrations/<instance_id>")
def delete(instance_id: str) -> Response[str]:
    """Disconnect: the secrets can be restored for a week, the lake keeps its records."""
    return success("Integration deleted", integration_view(ports().provisioner.delete(instance_id)))


@router.post("/integrations/<instance_id>/token")
def rotate_token(instance_id: str) -> Response[str]:
    """A new instance token, shown this once; the one before is valid for another day."""
    return success("Token rotated", {"token": ports().provisioner.rotate_token(instance_id)})


@router.post("/integrations/<instance_id>/webhook")
def rotate_webhook_secret(instance_id: str) -> Response[str]:
    """Make a new webhook secret, shown this once; the one before works for `grace_hours` (24)."""
    body = router.current_event.decoded_body
    hours = read_grace(json_body(router.current_event) if body and body.strip() else {})
    instance, secret = ports().provisioner.rotate_webhook_secret(instance_id, grace_hours=hours)
    return success("Webhook secret rotated", _webhook(instance, secret))


@router.post("/integrations/<instance_id>/test")
def test(instance_id: str) -> Response[str]:
    """Ask the provider who the credentials belong to, and what they may not do."""
    instance = ports().registry.get(instance_id)
    cause = Cause(router.lambda_context.aws_request_id)
    # A disabled instance too: a person tests it before enabling it again.
    asked = (
        origin_of(instance.platform, instance.domain, ports().allowed_origins),
        instance.configuration,
        ports().vault.credentials(instance_id),
        ports().tracer.around(ports().transport(), instance, cause),
    )
    begin = perf_counter()
    checked = validation.check(instance.platform, *asked)
    latency_ms = round((perf_counter() - begin) * 1000)
    # What was held back may go: the provider is there and takes the key.
    ports().circuits.close(instance_id)
    administrator = None
    if instance.platform == "freshdesk":
        administrator = validation.may_administrate(*asked)
    body = {
        "success": True,
        "message": "Connection successful",
        "platform": instance.platform,
        "domain": instance.host,
        "latency_ms": latency_ms,
        **_findings(checked, administrator),
    }
    return Response(status_code=200, content_type="application/json", body=json.dumps(body))


def _change(instance: Instance, body: dict[str, Any]) -> Change:
    name, credentials, config = body.get("name"), body.get("credentials"), body.get("config")
    wrong = config_errors(config) if config is not None else []
    if name is not None and not (isinstance(name, str) and request.clean_name(name)):
        wrong.append(FieldError("name", "a text is required", "invalid_value"))
    if credentials is not None and not isinstance(credentials, dict):
        wrong.append(FieldError("credentials", "must be an object", "invalid_value"))
    if not isinstance(body.get("disabled", False), bool):
        wrong.append(FieldError("disabled", "must be true or false", "invalid_value"))
    if wrong:
        raise InvalidIntegration("the integration cannot be changed", fields=wrong)
    return Change(
        name=request.clean_name(name) if name else None,
        tags=request.clean_tags(body["tags"]) if "tags" in body else None,
        values=request.credential_entries(elements.find(instance.element), credentials)
        if credentials
        else None,
        config=config,
    )


def _findings(checked: Checked, administrator: bool | None) -> dict[str, Any]:
    limit = checked.rate_limit
    return {
        "agent": {"id": checked.agent_id, "name": checked.agent_name},
        "may_not": validation.restrictions(administrator, checked.ticket_scope),
        "rate_limit": limit and {"total": limit.total, "remaining": limit.remaining},
    }


def _webhook(instance: Instance, secret: str) -> dict[str, str]:
    return {
        "path": f"/api/webhooks/{instance.platform}/{instance.instance_id}",
        "header": "X-Freshbridge-Secret",
        "secret": secret,
    }
