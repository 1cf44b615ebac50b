"""One event, the same whichever way it came.

Pure. Rules, subscribers and the event bus see this shape only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

EVENT_TYPES = (
    "ticket_created",
    "ticket_updated",
    "ticket_resolved",
    "ticket_closed",
    "ticket_deleted",
    "ticket_restored",
    "ticket_spam",
    "note_created",
    "reply_created",
    "contact_created",
    "contact_updated",
    "contact_deleted",
    "contact_restored",
    "company_created",
    "company_updated",
    "company_deleted",
    "agent_created",
    "agent_updated",
    "agent_deleted",
    "group_created",
    "group_updated",
    "group_deleted",
    "time_entry_created",
    "time_entry_updated",
    "time_entry_deleted",
    "satisfaction_rating_created",
    "deal_created",
    "deal_updated",
    "deal_deleted",
    "account_created",
    "account_updated",
    "account_deleted",
)


@dataclass(frozen=True)
class Event:
    """Something that happened to a ticket, a contact, a deal, an account or another record.

    `type` is one of EVENT_TYPES. `ticket` uses the provider's API names (`priority` 1 to 4,
    `status` 2 to 7 or a custom status's label). Its `custom_fields`, and the contact's, have the
    names that the instance's `custom_field_mapping` gives them, once that has been applied. `note`
    is the note or reply that was added: `{"private", "author", "body"}`, as far as it is told.
    `changes` is `{field: {"from", "to"}}` where the source tells it, and `actor` who did it. Times
    are UTC, ISO 8601; `occurred_at` is `received_at` where the provider does not tell.

    `raw` is the provider's content as it was read. `recovered` says that it was broken and had to
    be mended; `raw_text` is then the text as it came, and "" otherwise. `repeat_of` names the
    earlier event that had the very same content, if it came again and is news all the same; `late`
    says that something that happened after it came before it. `replay_of` names the event that
    somebody had routed again as this one, which was received when that was asked for.

    `source` is how it came: "webhook", or "sync" for what a scheduled sync found changed.
    `enriched` says what became of fetching what it did not carry: "" where nothing was fetched,
    "fetched" where it was, at `enriched_at`; "gone" where the record is there no more, "refused"
    where the provider would not give it, for the reason in `enrichment_error`. What was fetched is
    only ever put where the event told nothing.
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
    deal: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    company: dict[str, Any] = field(default_factory=dict)
    agent: dict[str, Any] = field(default_factory=dict)
    group: dict[str, Any] = field(default_factory=dict)
    time_entry: dict[str, Any] = field(default_factory=dict)
    satisfaction_rating: dict[str, Any] = field(default_factory=dict)
    note: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    raw_text: str = ""
    recovered: bool = False
    repeat_of: str = ""
    late: bool = False
    replay_of: str = ""
    source: str = "webhook"
    enriched: str = ""
    enriched_at: str = ""
    enrichment_error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The shape that templates see and the event bus carries."""
        return asdict(self)
