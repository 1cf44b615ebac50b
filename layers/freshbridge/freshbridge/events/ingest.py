"""Take a webhook in: check it, store it in the queue, and only then say so.

The steps are ordered so that the cheap refusals come first, and nothing is said to be accepted
before Amazon SQS has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from freshbridge.events import payload
from freshbridge.events.authentication import NotAuthenticated, authenticate
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import UnknownInstance
from freshbridge.queues.envelope import Envelope, ReceivedEvent

ROTATION_CHECK_S = 5.0
"""A webhook that is refused has its secret read anew when it was read longer ago than this."""


@dataclass(frozen=True)
class Webhook:
    """One request as it came. `headers` has lower-case names; `body` is the raw bytes."""

    platform: str
    instance_id: str
    headers: Mapping[str, str]
    body: bytes


class Instances(Protocol):
    """Where instances are looked up."""

    def get(self, instance_id: str) -> Instance:
        """Return the instance or raise UnknownInstance."""


class Secrets(Protocol):
    """Where webhook secrets are looked up."""

    def webhook_secret(self, instance_id: str, *, age_s: float | None = None) -> str:
        """Return the instance's secret, read no longer than `age_s` ago if that is given."""


class Queue(Protocol):
    """Where events go."""

    def publish(self, envelope: Envelope, name: str) -> None:
        """Store the event or raise NotQueued."""


def accept(
    webhook: Webhook,
    *,
    instances: Instances,
    secrets: Secrets,
    queue: Queue,
    event_id: str,
    received_at: str,
) -> ReceivedEvent:
    """Store one webhook and return what was stored.

    Raises:
        BodyTooLarge, UnknownInstance, NotAuthenticated, UnreadableBody: nothing was stored and
            sending it again as it is cannot help.
        NotQueued: nothing was stored; the sender should try again.
    """
    payload.check_size(webhook.body)
    instance = instances.get(webhook.instance_id)
    if instance.platform != webhook.platform:
        raise UnknownInstance(
            f"instance {instance.instance_id} is no {webhook.platform[:32]} instance",
            advice=f"Its webhooks go to /api/webhooks/{instance.platform}/{instance.instance_id}.",
        )
    _authenticate(webhook, secrets)
    content_type = webhook.headers.get("content-type", "application/json")
    payload.read_json(webhook.body, content_type)
    event = ReceivedEvent(
        event_id=event_id,
        instance_id=webhook.instance_id,
        platform=webhook.platform,
        received_at=received_at,
        content_type=content_type,
        body=webhook.body.decode("utf-8-sig"),
    )
    queue.publish(event, event_id)
    return event


def _authenticate(webhook: Webhook, secrets: Secrets) -> None:
    try:
        authenticate(webhook.headers, secret=secrets.webhook_secret(webhook.instance_id))
    except NotAuthenticated:
        # It may have been rotated since it was read; strangers must not make this a read each.
        newer = secrets.webhook_secret(webhook.instance_id, age_s=ROTATION_CHECK_S)
        authenticate(webhook.headers, secret=newer)
