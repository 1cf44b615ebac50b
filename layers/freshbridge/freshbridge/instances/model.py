"""A connector instance: one Freshdesk account, connected.

Pure. It never holds a credential; those are in the vault under the same id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DEFAULT_SYNC_OBJECTS = ("tickets",)


@dataclass(frozen=True)
class Instance:
    """`origin` is the provider's scheme and host; `domain` is what the person typed.

    `config` is the person's own (default_group_id, custom_field_mapping, …). `created_at` is UTC,
    ISO 8601. A disabled instance runs no action and no sync; its webhooks are still stored.
    """

    instance_id: str
    platform: str
    name: str
    domain: str
    origin: str
    created_at: str
    disabled: bool = False
    sync_objects: tuple[str, ...] = DEFAULT_SYNC_OBJECTS
    config: dict[str, Any] = field(default_factory=dict)
