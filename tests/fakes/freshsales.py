"""Runs one Freshsales action against any transport, with the services that it needs in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from freshbridge.actions.action import Outcome
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.actions.context import Context
from freshbridge.actions.perform import perform
from freshbridge.freshsales.client import FreshsalesClient
from freshbridge.freshsales.roots import Roots
from freshbridge.instances.model import Instance
from freshbridge.queues.envelope import ActionRequest
from freshbridge.transport import Transport
from tests import builders
from tests.fakes.actions import NOW, services

ORIGIN = "https://acme.myfreshworks.com"
ROOT = "/crm/sales/api"


def freshsales_instance(origin: str = ORIGIN) -> Instance:
    """A connected Freshsales account."""
    return builders.instance(
        instance_id="193000002",
        element="freshsales",
        platform="freshsales",
        configuration={"domain": origin.partition("://")[2]},
        secret_entries=("api_key",),
        sync_objects=(),
        origin=origin,
    )


def run_freshsales(
    name: str,
    parameters: Mapping[str, Any],
    transport: Transport,
    *,
    origin: str = ORIGIN,
    api_key: str = builders.API_KEY,
    request: ActionRequest | None = None,
    now: datetime = NOW,
    unsure: Unsure | None = None,
    **given: Any,
) -> Outcome:
    """Check and run one action of the catalogue; `given` are services."""
    request = request or builders.action_request(
        instance_id="193000002", platform="freshsales", action=name, parameters=dict(parameters)
    )
    context = Context(
        FreshsalesClient(transport, origin, api_key, known=Roots()),
        freshsales_instance(origin),
        request,
        services(**given),
        lambda: now,
        unsure,
    )
    return perform(cast("Any", context), CATALOGUE.find("freshsales", name))
