"""/integrations/{id}/sync: start a run now, see how far it has come."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import success
from freshbridge import identifiers, timestamps
from freshbridge.errors import InvalidRequest
from freshbridge.instances.connection import InstanceDisabled
from freshbridge.sync.plan import plan
from freshbridge.sync.polling import only_told


class NothingToSync(InvalidRequest):
    """The instance has no object that the sync copies."""

    code = "nothing_to_sync"


_OWN = {"seen", "began", "asked_by"}
router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.post("/integrations/<instance_id>/sync")
def start(instance_id: str) -> Response[str]:
    """Queue a run of every object of the instance."""
    instance = ports().registry.get(instance_id)
    run_id = identifiers.new_id("run")
    now = timestamps.to_text(timestamps.now())
    if instance.disabled:
        raise InstanceDisabled("the instance is disabled", advice="Enable it, then sync it.")
    work = list(plan([instance], run_id=run_id, started_at=now))
    if not work:
        raise NothingToSync(
            f"nothing of this instance, of {instance.platform}, is synced",
            advice="The sync copies a freshdesk instance's tickets (config.sync_objects).",
        )
    ports().sync_queue.publish_all(
        (f"{piece.run_id}-{piece.instance_id}-{piece.object}", piece) for piece in work
    )
    data = {"run_id": run_id, "objects": [piece.object for piece in work]}
    return success("Sync started", data, 202)


@router.get("/integrations/<instance_id>/sync")
def state(instance_id: str) -> Response[str]:
    """Per object: how far it has come, and the last run's rows."""
    instance = ports().registry.get(instance_id)
    shown = {}
    for name in dict.fromkeys((*instance.sync_objects, *only_told(instance))):
        stored = ports().cursors.state(instance_id, name)
        shown[name] = stored and {k: v for k, v in stored.items() if k not in _OWN}
    return success("Sync state", shown)
