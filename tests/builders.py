"""Builds the values that tests pass in: each has a default for everything that a test does not say.

The people and accounts in them are made up, on domains that are kept for examples (RFC 2606).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from freshbridge.events.normalised import Event
from freshbridge.instances.model import Instance
from freshbridge.queues.envelope import ActionRequest, ReceivedEvent, SyncWork
from freshbridge.rules.model import Rule, RuleAction

INSTANCE_ID = "193000001"
API_KEY = "key-made-up-4d1f"
WEBHOOK_SECRET = "webhook-secret-made-up-77aa"
SUBJECT = "Printer on fire in room 12"
DESCRIPTION = "Flames came out of the tray, please hurry"
EMAIL = "asha.example@customer.example"
RECEIVED_AT = "2026-03-03T12:02:40Z"
# Nothing a log line may ever hold.
PRIVATE_WORDS = (API_KEY, WEBHOOK_SECRET, SUBJECT, DESCRIPTION, EMAIL)


@dataclass
class Context:
    """Stands for Lambda's context; `remaining_ms` can be set while a handler runs."""

    remaining_ms: int = 110_000
    function_name: str = "function-under-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:under-test"
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        """The time left, as set."""
        return self.remaining_ms


def simple_content(**changed: Any) -> dict[str, Any]:
    """Freshdesk's simple content with every box ticked; a value of None leaves the key out."""
    content: dict[str, Any] = {
        "ticket_id": 1042,
        "ticket_subject": SUBJECT,
        "ticket_description": DESCRIPTION,
        "ticket_url": "https://acme.freshdesk.com/helpdesk/tickets/1042",
        "ticket_status": "Open",
        "ticket_priority": "Urgent",
        "ticket_source": "Email",
        "ticket_ticket_type": "Incident",
        "ticket_tags": "printer, fire",
        "ticket_group_name": "Support",
        "ticket_agent_name": "Ravi Example",
        "ticket_agent_email": "ravi@acme.example",
        "ticket_company_name": "Customer Inc",
        "ticket_cf_floor": "12",
        "ticket_contact_name": "Asha Example",
        "ticket_contact_email": EMAIL,
        "ticket_contact_phone": "555-0100",
        "triggered_event": "{ticket_action:created}",
    } | changed
    return {"freshdesk_webhook": {k: v for k, v in content.items() if v is not None}}


def instance(**changed: Any) -> Instance:
    """A connected, enabled account."""
    values: dict[str, Any] = {
        "instance_id": INSTANCE_ID,
        "element": "freshdeskv2",
        "platform": "freshdesk",
        "name": "Acme",
        "configuration": {"subdomain": "acme", "filter.response.nulls": "true"},
        "secret_entries": ("username",),
        "sync_objects": ("tickets",),
        "version": 1,
        "origin": "https://acme.freshdesk.com",
        "created_at": RECEIVED_AT,
    }
    return Instance(**values | changed)


def received_event(**changed: Any) -> ReceivedEvent:
    """A webhook as webhook_ingest queues it; `body` is text."""
    values: dict[str, Any] = {
        "event_id": "evt_0001",
        "instance_id": INSTANCE_ID,
        "platform": "freshdesk",
        "received_at": RECEIVED_AT,
        "content_type": "application/json",
        "body": json.dumps(simple_content()),
    }
    return ReceivedEvent(**values | changed)


def action_request(**changed: Any) -> ActionRequest:
    """A note to add."""
    values: dict[str, Any] = {
        "action_id": "act_0001",
        "instance_id": INSTANCE_ID,
        "platform": "freshdesk",
        "action": "add_note",
        "parameters": {"ticket_id": 1042, "body": "<p>Seen</p>"},
        "idempotency_key": "act_0001",
        "origin": {"type": "rule", "rule_id": "rul_1", "event_id": "evt_0001"},
        "submitted_at": RECEIVED_AT,
    }
    return ActionRequest(**values | changed)


def sync_work(**changed: Any) -> SyncWork:
    """The tickets of the instance."""
    values: dict[str, Any] = {
        "run_id": "run_0001",
        "instance_id": INSTANCE_ID,
        "object": "tickets",
        "started_at": RECEIVED_AT,
        "part": "live",
    }
    return SyncWork(**values | changed)


def event(**changed: Any) -> Event:
    """A ticket that was created."""
    values: dict[str, Any] = {
        "id": "evt_0001",
        "type": "ticket_created",
        "platform": "freshdesk",
        "instance_id": INSTANCE_ID,
        "occurred_at": RECEIVED_AT,
        "received_at": RECEIVED_AT,
        "ticket": {"id": 1042, "priority": 4, "status": 2, "subject": SUBJECT, "tags": ["vip"]},
    }
    return Event(**values | changed)


def rule(**changed: Any) -> Rule:
    """When a ticket is created, add a note to it."""
    values: dict[str, Any] = {
        "rule_id": "rul_1",
        "name": "Note on new tickets",
        "platform": "freshdesk",
        "event": "ticket_created",
        "conditions": {},
        "actions": (
            RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": "Seen"}),
        ),
    }
    return Rule(**values | changed)


def sqs_record(
    body: str, *, message_id: str = "m-1", receives: int = 1, sent_ms: int = 1_772_539_360_000
) -> dict[str, Any]:
    """One record of a Lambda event from SQS; `sent_ms` is milliseconds since the epoch."""
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt-{message_id}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": str(sent_ms),
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": str(sent_ms + 1),
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
        "awsRegion": "eu-central-1",
    }


def rest_event(
    method: str,
    path: str,
    *,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    base64_encoded: bool = False,
) -> dict[str, Any]:
    """One request as API Gateway's REST API passes it on (payload 1.0)."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "requestId": "r-1",
            "stage": "live",
            "httpMethod": method,
            "domainName": "abc.execute-api.eu-central-1.amazonaws.com",
            "path": f"/live{path}",
        },
        "body": body,
        "isBase64Encoded": base64_encoded,
    }
