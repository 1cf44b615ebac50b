"""Documents the webhooks' way in, which another function serves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel

from connector_api.documentation.operation import (
    Body,
    Family,
    Operation,
    Parameter,
    ServedRoute,
)
from freshbridge.events.authentication import SECRET_HEADER
from freshbridge.events.signature import SIGNATURE_HEADER


class StoredEvent(BaseModel):
    """The event is in the queue; logs name it by its id."""

    event_id: str
    received_at: str


class ReceivedElementsEvent(BaseModel):
    """The same in Open Connectors' words."""

    id: str
    eventDate: str  # noqa: N815 - as it is called there
    status: Literal["RECEIVED"]


_TICKET_CREATED = {
    "freshdesk_webhook": {
        "ticket_id": 12345,
        "ticket_subject": "Customer Issue",
        "ticket_status": "Open",
        "ticket_priority": "Urgent",
        "ticket_ticket_type": "Incident",
        "ticket_contact_name": "Customer Name",
        "triggered_event": "{ticket_action:created}",
    }
}
_STATUS_CHANGED = {
    "ticket": {"id": 12345, "subject": "Customer Issue", "status": "Resolved"},
    "modified_on": "March 06 2026 at 05:00 PM EST",
    "triggered_event": "{status:{from:2,to:4}}",
}

# The function's own paths and methods are in the template alone; a test compares.
ROUTES = (
    ServedRoute(
        "POST",
        "/api/webhooks/{platform}/{instance_id}",
        ("webhooks", "receive"),
        "Take in a provider's webhook; 202 once it is stored.\n\n"
        "JSON, XML or a form, as simple or advanced content. The same content sent again is "
        "answered alike and acts once.",
    ),
    ServedRoute(
        "POST",
        "/api/webhooks/{platform}",
        ("webhooks", "receive_for_platform"),
        "Take in a webhook for the platform's only instance, or for the one that a header names.",
    ),
    ServedRoute(
        "POST",
        "/elements/api-v2/events/{platform}/{instance_id}",
        ("webhooks", "receive_event"),
        "Take in a webhook at Open Connectors' address; the id is base64 of its digits.",
    ),
    ServedRoute(
        "POST",
        "/elements/api-v2/events/{platform}",
        ("webhooks", "receive_event_for_platform"),
        "Take in a webhook at Open Connectors' address for the instance that a header names.",
    ),
)
SCHEMES = {
    "webhook_secret": {
        "type": "apiKey",
        "in": "header",
        "name": SECRET_HEADER,
        "description": "The instance's webhook secret",
    },
    "webhook_basic": {
        "type": "http",
        "scheme": "basic",
        "description": "Any user name, with the instance's webhook secret as password",
    },
    "webhook_signature": {
        "type": "apiKey",
        "in": "header",
        "name": SIGNATURE_HEADER,
        "description": "`t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA256 of t, a full stop and "
        "the body, under the instance's webhook secret>`, at most five minutes old",
    },
}

_RECEIVE = Operation(
    StoredEvent,
    202,
    body=Body(
        dict[str, Any],
        {"Ticket created": _TICKET_CREATED, "Advanced content, resolved": _STATUS_CHANGED},
    ),
    refusals=(413, 415),
    security=tuple(SCHEMES),
)
_RECEIVE_EVENT = replace(_RECEIVE, answer=ReceivedElementsEvent, wrapped=False)


def _named_by(header: str) -> tuple[Parameter, ...]:
    return (Parameter(header, "The instance's id, where there are several", place="header"),)


FAMILY = Family(
    "Webhooks",
    "Where providers send their events.",
    {
        "receive": _RECEIVE,
        "receive_for_platform": replace(_RECEIVE, query=_named_by("X-Freshbridge-Instance")),
        "receive_event": _RECEIVE_EVENT,
        "receive_event_for_platform": replace(_RECEIVE_EVENT, query=_named_by("Element-Instances")),
    },
)
