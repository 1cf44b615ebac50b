"""One event, the same whichever way it came.

Pure. Rules, subscribers and the event bus see this shape only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened to a ticket.

    `type` is `ticket_created`, `ticket_updated`, `ticket_resolved`, `ticket_closed`,
    `note_created` or `reply_created`. `ticket` uses the provider's API names (`priority` 1 to 4,
    `status` 2 to 7 or a custom status's label). Its `custom_fields`, and the contact's, have the
    names that the instance's `custom_field_mapping` gives them, once that has been applied.
    `changes` is `{field: {"from", "to"}}`. Times are UTC, ISO 8601; `occurred_at` is `received_at`
    where the provider does not tell.
    """

    id: str
    type: str
    platform: str
    instance_id: str
    occurred_at: str
    received_at: str
    actor: dict[str, Any] = field(default_factory=dict)
    ticket: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The shape that templates see and the event bus carries."""
        return asdict(self)
