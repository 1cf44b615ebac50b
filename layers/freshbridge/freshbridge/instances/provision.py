"""Connect an account: check what was typed, ask the provider, keep the secrets, then the instance.

The instance is stored last: until it is, nothing uses the secrets, and when storing it fails they
are deleted again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge import identifiers, timestamps
from freshbridge.errors import FieldError, InvalidRequest, Misconfigured, NotFound
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.instances.model import DEFAULT_SYNC_OBJECTS, Instance
from freshbridge.instances.origin import freshdesk_origin

if TYPE_CHECKING:
    from freshbridge.instances.registry import Registry
    from freshbridge.instances.vault import Vault
    from freshbridge.transport import Transport

PLATFORMS = ("freshdesk",)
SYNC_OBJECTS = ("tickets",)


class InvalidIntegration(InvalidRequest):
    """The request to connect an account is incomplete or wrong; `fields` names all that is."""

    code = "invalid_integration"


@dataclass(frozen=True)
class Provisioned:
    """A new instance, and its webhook secret, which is shown this once."""

    instance: Instance
    webhook_secret: str
    agent_id: int | None


@dataclass(frozen=True)
class Wanted:
    """What a person asked to connect. Its representation leaves the key out."""

    platform: str
    name: str
    domain: str
    api_key: str
    config: dict[str, Any]

    def __repr__(self) -> str:
        """Without the key: representations end in logs and tracebacks."""
        return f"Wanted(platform={self.platform!r}, name={self.name!r})"


def read(body: object) -> Wanted:
    """`{"platform", "name", "credentials": {"domain", "api_key"}, "config"}` to what is wanted.

    Raises:
        InvalidIntegration: naming every entry that is missing or of the wrong type at once.
    """
    fields = body if isinstance(body, dict) else {}
    credentials = fields.get("credentials")
    inner = credentials if isinstance(credentials, dict) else {}
    texts = {
        "platform": fields.get("platform"),
        "name": fields.get("name"),
        "credentials.domain": inner.get("domain"),
        "credentials.api_key": inner.get("api_key"),
    }
    wrong = [
        FieldError(path, "a text is required", "missing")
        for path, value in texts.items()
        if not isinstance(value, str) or not value.strip()
    ]
    config = fields.get("config", {})
    if not isinstance(config, dict):
        wrong.append(FieldError("config", "must be an object", "wrong_type"))
    elif not _known_objects(config.get("sync_objects", [])):
        accepted = f"must be a list of {', '.join(SYNC_OBJECTS)}"
        wrong.append(FieldError("config.sync_objects", accepted, "unknown"))
    if texts["platform"] not in (*PLATFORMS, None):
        accepted = f"must be one of {', '.join(PLATFORMS)}"
        wrong.append(FieldError("platform", accepted, "unknown"))
    if wrong:
        raise InvalidIntegration("the integration cannot be created", fields=wrong)
    clean = {path: str(value).strip() for path, value in texts.items()}
    return Wanted(
        clean["platform"],
        clean["name"],
        clean["credentials.domain"],
        clean["credentials.api_key"],
        config,
    )


def _known_objects(names: object) -> bool:
    return isinstance(names, list) and all(name in SYNC_OBJECTS for name in names)


def provision(
    wanted: Wanted,
    *,
    registry: Registry,
    vault: Vault,
    transport: Callable[[], Transport],
    allowed_origins: Iterable[str],
) -> Provisioned:
    """Connect the account.

    Raises:
        Misconfigured: the domain is not one that a key may be sent to, or no account is there.
        Unauthorized, Forbidden: the provider refused the key; nothing was stored.
        Retry: the provider could not be asked; nothing was stored.
    """
    origin = freshdesk_origin(wanted.domain, allowed_origins)
    agent = _owner(FreshdeskClient(transport(), origin, wanted.api_key))
    instance = Instance(
        instance_id=identifiers.new_id("ins"),
        platform=wanted.platform,
        name=wanted.name,
        domain=wanted.domain,
        origin=origin,
        created_at=timestamps.to_text(timestamps.now()),
        sync_objects=tuple(wanted.config.get("sync_objects", DEFAULT_SYNC_OBJECTS)),
        config=wanted.config,
    )
    webhook_secret = secrets.token_urlsafe(32)
    try:
        vault.create(instance.instance_id, api_key=wanted.api_key, webhook_secret=webhook_secret)
        registry.put(instance)
    except Exception:
        # Whatever failed, half an instance must not stay: its secrets would outlive it unseen.
        vault.delete(instance.instance_id)
        raise
    return Provisioned(instance, webhook_secret, agent.get("id"))


def _owner(client: FreshdeskClient) -> dict[str, Any]:
    try:
        return client.me()
    except NotFound as error:
        raise Misconfigured(
            "no Freshdesk account answers at this domain",
            where="credentials.domain",
            advice="Check its spelling in the address of your helpdesk.",
            status=error.status,
        ) from error
