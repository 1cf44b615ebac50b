"""/integrations: connect, list, look at, test and disconnect accounts."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge.instances import provision
from freshbridge.instances.connection import Connections
from freshbridge.instances.model import Instance

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.post("/integrations")
def create() -> Response[str]:
    """Connect an account; the webhook secret is shown in this answer only."""
    wanted = provision.read(json_body(router.current_event))
    made = provision.provision(
        wanted,
        registry=ports().registry,
        vault=ports().vault,
        transport=ports().transport,
        allowed_origins=ports().allowed_origins,
    )
    data = _shown(made.instance) | {
        "agent_id": made.agent_id,
        "webhook": {
            "path": f"/api/webhooks/{made.instance.platform}/{made.instance.instance_id}",
            "header": "X-Freshbridge-Secret",
            "secret": made.webhook_secret,
        },
    }
    return success("Integration created", data, 201)


@router.get("/integrations")
def list_all() -> Response[str]:
    """Every instance, oldest first."""
    return success("Integrations", [_shown(instance) for instance in ports().registry.all()])


@router.get("/integrations/<instance_id>")
def get(instance_id: str) -> Response[str]:
    """One instance, without its secrets."""
    return success("Integration", _shown(ports().registry.get(instance_id)))


@router.delete("/integrations/<instance_id>")
def delete(instance_id: str) -> Response[str]:
    """Disconnect: the secrets can be restored for a week, the lake keeps its records."""
    instance = ports().registry.get(instance_id)
    # The instance last: if this is cut short, it can still be found and deleted again.
    for rule in ports().rules.of(instance_id):
        ports().rules.delete(instance_id, rule.rule_id)
    ports().vault.delete(instance_id)
    ports().registry.delete(instance_id)
    return success("Integration deleted", _shown(instance))


@router.post("/integrations/<instance_id>/test")
def test(instance_id: str) -> Response[str]:
    """Ask the provider who the key belongs to."""
    connections = Connections(
        ports().registry,
        ports().vault,
        ports().transport,
        allowed_origins=ports().allowed_origins,
    )
    instance = ports().registry.get(instance_id)
    agent = connections.use(instance_id, lambda client, _instance: client.me())
    return success(
        "Connection successful",
        {"platform": instance.platform, "domain": instance.domain, "agent_id": agent.get("id")},
    )


def _shown(instance: Instance) -> dict[str, Any]:
    return {
        "id": instance.instance_id,
        "platform": instance.platform,
        "name": instance.name,
        "domain": instance.domain,
        "disabled": instance.disabled,
        "config": instance.config,
        "created_at": instance.created_at,
    }
