"""What a callback receives: Open Connectors' notification. Pure.

    {"id", "topic", "severity", "createdDate", "action",
     "message": {"eventId", "elementKey", "accountId", "companyId", "userId", "instanceId",
                 "instanceName", "instanceTags", "events": [...], "raw": {...}}}

Only objectId, objectType and eventType are normalised; `raw` holds the records with the provider's
own names, under the name of their resource. One notification is about one resource.
Source: https://docs.cloud-elements.com, "Event Management"
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from freshbridge.instances.elements import find
from freshbridge.instances.model import Instance

ACCOUNT_ID = 1
COMPANY_ID = 1
"""A deployment is one account of one company."""
TOPIC = "event"
# A deal goes by this name in the hub of CRMs.
RESOURCES = {
    "ticket": "incidents",
    "contact": "contacts",
    "deal": "opportunities",
    "account": "accounts",
    "company": "accounts",
    "agent": "agents",
    "group": "groups",
    "time_entry": "time-entries",
    "satisfaction_rating": "satisfaction-ratings",
}
_KINDS = {"created": "CREATED", "deleted": "DELETED"}


@dataclass(frozen=True)
class Notice:
    """What one event says: `record` is the provider's, as far as the event knows it.

    `event_type` is CREATED, UPDATED or DELETED; times are UTC, ISO 8601.
    """

    event_id: str
    object_type: str
    object_id: str
    event_type: str
    occurred_at: str
    received_at: str
    record: dict[str, Any]


def notice_of(event: Mapping[str, Any]) -> Notice:
    """What a normalised event, as its dictionary, says to a callback.

    A note or a reply is an update of its ticket: the hub has no resource that its id is known by.
    """
    subject, _, happened = str(event["type"]).rpartition("_")
    subject = subject if subject in RESOURCES else "ticket"
    record = dict(event.get(subject) or {})
    if subject == "ticket" and event.get("note"):
        happened = "updated"
        record["note"] = event["note"]
    return Notice(
        event_id=str(event["id"]),
        object_type=RESOURCES[subject],
        object_id=str(record.get("id", "")),
        event_type=_KINDS.get(happened, "UPDATED"),
        occurred_at=str(event["occurred_at"]),
        received_at=str(event["received_at"]),
        record=record,
    )


def body_of(
    notification_id: int, instance: Instance, notices: Sequence[Notice], *, created_at: str
) -> bytes:
    """The bytes that are sent, and sent again just so; `notices` are of one resource."""
    resource = notices[0].object_type
    element = find(instance.element)
    events = [_event(notice, element.key, element.hub) for notice in notices]
    instance_id = int(instance.instance_id)
    message = {
        # The first one's; the others' stand beside it.
        "eventId": notices[0].event_id,
        "eventIds": [notice.event_id for notice in notices],
        "elementKey": element.key,
        "accountId": ACCOUNT_ID,
        "companyId": COMPANY_ID,
        "userId": instance.user_id,
        "instanceId": instance_id,
        "instanceName": instance.name,
        "instanceTags": list(instance.tags),
        "events": events,
        "raw": {
            "instance_id": instance_id,
            "objectType": resource,
            resource: [notice.record for notice in notices],
            "events": events,
        },
    }
    body = {
        "id": notification_id,
        "topic": TOPIC,
        "severity": "low",
        "createdDate": created_at,
        "action": notices[0].event_type.lower(),
        "message": message,
    }
    # ASCII only: half an emoji in a subject is no UTF-8, but its escape can be sent.
    return json.dumps(body, separators=(",", ":")).encode()


def _event(notice: Notice, element_key: str, hub: str) -> dict[str, str]:
    return {
        "objectType": notice.object_type,
        "objectId": notice.object_id,
        "eventType": notice.event_type,
        "date": notice.occurred_at,
        "pollDate": notice.received_at,
        "elementKey": element_key,
        "hubKey": hub,
    }
