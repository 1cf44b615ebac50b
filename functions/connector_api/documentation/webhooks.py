"""Documents the webhooks' way in, which another function serves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from connector_api.documentation.operation import Body, Family, Operation, ServedRoute
from freshbridge.events.authentication import SECRET_HEADER


class StoredEvent(BaseModel):
    """The event is in the queue; logs name it by its id."""

    event_id: str
    received_at: str


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

# The function's own path and method are in the template alone; a test compares.
ROUTE = ServedRoute(
    "POST",
    "/api/webhooks/{platform}/{instance_id}",
    ("webhooks", "receive"),
    "Take in a provider's webhook; 202 once it is stored.",
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
}

FAMILY = Family(
    "Webhooks",
    "Where providers send their events.",
    {
        "receive": Operation(
            StoredEvent,
            202,
            body=Body(dict[str, Any], {"Ticket created": _TICKET_CREATED}),
            refusals=(413,),
            security=tuple(SCHEMES),
        )
    },
)
