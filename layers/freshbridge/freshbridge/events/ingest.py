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
from freshbridge.instances.vault import SecretMissing
from freshbridge.instances.webhook_secrets import WebhookSecrets
from freshbridge.queues.envelope import Envelope, ReceivedEvent

ROTATION_CHECK_S = 5.0
"""A webhook that is refused has its secret read anew when it was read longer ago than this."""


@dataclass(frozen=True)
class Webhook:
    """One request as it came. `headers` has lower-case names; `body` is the raw bytes.

    `platform` is the provider's name or an element's key; `instance_id` may be "".
    """

    platform: str
    instance_id: str
    headers: Mapping[str, str]
    body: bytes


class Instances(Protocol):
    """Where instances are looked up."""

    def find(self, platform: str, instance_id: str, headers: Mapping[str, str]) -> Instance:
        """Return the instance that is meant or raise UnknownInstance or InstanceNotNamed."""


class Secrets(Protocol):
    """Where webhook secrets are looked up."""

    def webhook_secrets(self, instance_id: str, *, age_s: float | None = None) -> WebhookSecrets:
        """Return the instance's secrets, read no longer than `age_s` ago if that is given."""


class Queue(Protocol):
    """Where events go."""

    def publish(self, envelope: Envelope, name: str) -> None:
        """Store the event or raise NotQueued."""


@dataclass(frozen=True)
class Ports:
    """What a webhook needs on its way in."""

    instances: Instances
    secrets: Secrets
    queue: Queue


def accept(
    webhook: Webhook, ports: Ports, *, event_id: str, received_at: str, now: float
) -> ReceivedEvent:
    """Store one webhook and return what was stored. `now`: seconds since the epoch.

    Raises:
        BodyTooLarge, UnknownInstance, InstanceNotNamed, NotAuthenticated, UnknownContentType,
        UnreadableBody: nothing was stored and sending it again as it is cannot help.
        NotQueued: nothing was stored; the sender should try again.
    """
    payload.check_size(webhook.body)
    instance = ports.instances.find(webhook.platform, webhook.instance_id, webhook.headers)
    _authenticate(webhook, instance.instance_id, ports.secrets, now)
    content_type = webhook.headers.get("content-type", "")
    content = payload.read_body(
        webhook.body, content_type, webhook.headers.get("content-encoding", "")
    )
    event = ReceivedEvent(
        event_id=event_id,
        instance_id=instance.instance_id,
        platform=instance.platform,
        received_at=received_at,
        content_type=payload.stored_type(content_type, content),
        body=content.text,
    )
    ports.queue.publish(event, event_id)
    return event


def _authenticate(webhook: Webhook, instance_id: str, secrets: Secrets, now: float) -> None:
    try:
        _check(webhook, _secrets(secrets, instance_id), now)
    except NotAuthenticated:
        # It may have been rotated since it was read; strangers must not make this a read each.
        _check(webhook, _secrets(secrets, instance_id, age_s=ROTATION_CHECK_S), now)


def _secrets(secrets: Secrets, instance_id: str, *, age_s: float | None = None) -> WebhookSecrets:
    try:
        return secrets.webhook_secrets(instance_id, age_s=age_s)
    except SecretMissing:
        # Nothing opens, and a stranger is not told why.
        return WebhookSecrets()


def _check(webhook: Webhook, secrets: WebhookSecrets, now: float) -> None:
    authenticate(webhook.headers, secrets=secrets.opening(now), body=webhook.body, now=now)
