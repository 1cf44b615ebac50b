"""POST /api/webhooks/{platform}[/{instance_id}], and Open Connectors' path for the same.

202 with an event id once the event is in the queue; 4xx for what sending again cannot mend; 503
when it could not be stored, so that the provider tries again. No boto3, pydantic, requests or event
handler is imported on this path: it decides how long a cold start takes.
"""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, aws_json, identifiers, settings, timestamps
from freshbridge.errors import FreshbridgeError, Retry
from freshbridge.events.addressing import Addressees, InstanceNotNamed, plain_id
from freshbridge.events.authentication import NotAuthenticated
from freshbridge.events.ingest import Ports, Webhook, accept
from freshbridge.events.payload import BodyTooLarge, UnknownContentType, UnreadableBody
from freshbridge.instances.registry import Registry, UnknownInstance
from freshbridge.instances.vault import Vault
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.envelope import ReceivedEvent
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()

ELEMENTS = "/elements/"
STATUS: dict[type[FreshbridgeError], int] = {
    BodyTooLarge: 413,
    UnknownContentType: 415,
    UnknownInstance: 404,
    InstanceNotNamed: 400,
    NotAuthenticated: 401,
    UnreadableBody: 400,
}


@lru_cache(maxsize=1)
def _ports() -> Ports:
    chosen = settings.load(settings.IngestSettings)
    clients = aws_json.clients(settings.aws_environment())
    return Ports(
        Addressees(Registry(chosen.instance_table, clients.dynamodb)),
        Vault(chosen.stack_name, clients.secretsmanager),
        Publisher(
            chosen.event_queue_url,
            PayloadStore(chosen.payload_bucket),
            prefix="events",
            client=clients.sqs,
        ),
    )


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway request (REST, payload 1.0)."""
    event_id = identifiers.new_id("evt")
    logger.set_correlation_id(event_id)
    now = timestamps.now()
    try:
        stored = accept(
            _webhook(event),
            _ports(),
            event_id=event_id,
            received_at=timestamps.to_text(now),
            now=now.timestamp(),
        )
    except FreshbridgeError as error:
        return _refusal(event, error, context.aws_request_id)
    except (ClientError, BotoCoreError) as error:
        # The table or the vault did not answer: nothing was stored, the sender must try again.
        logger.exception("cannot check the webhook", extra={"error": aws.error_name(error)})
        unavailable = Retry("a service behind this one did not answer")
        return _refusal(event, unavailable, context.aws_request_id)
    logger.info("webhook stored", extra={"instance_id": stored.instance_id})
    count(metrics, "EventsAccepted")
    return _acceptance(event, stored)


def _webhook(event: dict[str, Any]) -> Webhook:
    text = event.get("body") or ""
    path = event.get("pathParameters") or {}
    try:
        # API Gateway encodes a body whose media type it was told is binary.
        body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    except ValueError:  # binascii.Error and UnicodeEncodeError are two
        raise UnreadableBody("body is marked as base64 or text and is not") from None
    instance_id = str(path.get("instance_id") or "")
    return Webhook(
        platform=str(path.get("platform") or ""),
        instance_id=plain_id(instance_id) if _is_elements(event) else instance_id,
        headers={name.lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        body=body,
    )


def _is_elements(event: dict[str, Any]) -> bool:
    return str(event.get("resource") or event.get("path") or "").startswith(ELEMENTS)


def _acceptance(event: dict[str, Any], stored: ReceivedEvent) -> dict[str, Any]:
    if _is_elements(event):
        # As an event is listed there.
        shown: dict[str, Any] = {
            "id": stored.event_id,
            "eventDate": stored.received_at,
            "status": "RECEIVED",
        }
        return _answer(202, shown)
    data = {"event_id": stored.event_id, "received_at": stored.received_at}
    return _answer(202, {"success": True, "message": "Event accepted", "data": data})


def _refusal(event: dict[str, Any], error: FreshbridgeError, request_id: str) -> dict[str, Any]:
    status = 503 if isinstance(error, Retry) else STATUS.get(type(error), 500)
    logger.warning("webhook refused", extra={"status": status, "code": error.code})
    count(metrics, "EventsRefused")
    if _is_elements(event):
        told = {"requestId": request_id.replace("-", "")[:24], "message": str(error)}
        return _answer(status, told)
    return _answer(
        status,
        {
            "success": False,
            "message": str(error),
            "code": error.code,
            "request_id": request_id,
        },
    )


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }
