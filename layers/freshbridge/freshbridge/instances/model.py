"""A connector instance: one account at a provider, connected.

Pure. It never holds a credential; those are in the vault under the same id. The same instance has
two faces: an *integration* under /api, an *instance* under /elements/api-v2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from freshbridge.instances.config import Caching, caching_of

# Which entry of a platform's elements holds the address; others may go by the same names.
ADDRESS_ENTRIES = {
    "freshdesk": "subdomain",
    "freshsales": "domain",
    "slack": "domain",
    "http": "base.url",
}


@dataclass(frozen=True)
class TokenHash:
    """SHA-256 of an instance token, in hex; a rotated one ends at `expires_at`, epoch seconds."""

    hash: str
    expires_at: float | None = None


@dataclass(frozen=True)
class Instance:
    """One connected account.

    `instance_id` is digits: a number in the API, a text everywhere inside. `origin` is the
    provider's scheme and host. `configuration` holds the element's entries that are no secret, all
    texts; `secret_entries` names those that the vault has. `config` is what /api/integrations keeps
    for a person (default_group_id, custom_field_mapping, …; see instances.config). `created_at` is
    UTC, ISO 8601. A disabled instance runs no action, rule, callback or sync; its webhooks are
    still stored. Until `trace_until`, epoch seconds, its provider calls are kept (see trace).
    `version` grows with every write and guards against two at once.
    """

    instance_id: str
    element: str
    platform: str
    name: str
    origin: str
    created_at: str
    configuration: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    valid: bool = True
    disabled: bool = False
    user_id: int = 1
    sync_objects: tuple[str, ...] = ()
    secret_entries: tuple[str, ...] = ()
    tokens: tuple[TokenHash, ...] = ()
    trace_until: float | None = None
    version: int = 0

    @property
    def domain(self) -> str:
        """What the person typed to say which account; "" where there is but one address."""
        return self.configuration.get(ADDRESS_ENTRIES.get(self.platform, ""), "")

    @property
    def caching(self) -> Caching:
        """How lists of agents, groups and fields may be answered."""
        return caching_of(self.config)

    @property
    def host(self) -> str:
        """The provider's host: `acme.freshdesk.com`."""
        return self.origin.partition("://")[2]
