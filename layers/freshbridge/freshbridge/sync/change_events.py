"""From a record as it was last seen, and as it is now, to the event that tells what happened.

Pure. Its id is made of what it tells, so that a sync that comes to the same page again tells the
same event. Of records that are only told of a digest is kept (see record_change); what is told of
those that are copied stands in told_changes.

    never seen             created, where it was created since the sync began to tell, or where its
                           two dates are as good as equal; else updated, by what is not known
    it is deleted now      deleted; the trash is compared with the trash as it was, and a ticket in
                           it with another time of update has been restored and deleted again
    anything else differs  updated, which a change of status makes resolved or closed later (see
                           status_type); without changes where only its time of update differs
    nothing differs        no event

Source: https://help.openconnectors.ext.hana.ondemand.com/home/polling
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from freshbridge import timestamps
from freshbridge.events.normalised import EVENT_TYPES
from freshbridge.events.record_change import Values, changes, kept
from freshbridge.events.synced import Change
from freshbridge.freshdesk.enums import ConversationSource
from freshbridge.identifiers import derived_id
from freshbridge.sync.polling import Polling

DELETED = "deleted_tickets"
DELETED_CONTACTS = "deleted_contacts"
TRASHES = (DELETED, DELETED_CONTACTS)
KIND_OF = {
    "tickets": "ticket",
    DELETED: "ticket",
    "conversations": "ticket",
    "contacts": "contact",
    DELETED_CONTACTS: "contact",
    "companies": "company",
    "time_entries": "time_entry",
    "satisfaction_ratings": "satisfaction_rating",
    "agents": "agent",
    "groups": "group",
    "deals": "deal",
    "sales_accounts": "account",
}


@dataclass(frozen=True)
class RecordState:
    """What is kept of a record: see record_change. `seen_at` is when it was asked for."""

    values: Values
    updated_at: str
    seen_at: str


def state_of(record: Mapping[str, Any], polling: Polling, seen_at: str) -> RecordState:
    """What to keep of a record."""
    return RecordState(kept(record), str(record.get(polling.updated_field) or ""), seen_at)


def change_of(
    object_name: str,
    before: RecordState | None,
    record: Mapping[str, Any],
    *,
    polling: Polling,
    telling_since: str,
    seen_at: str,
) -> Change | None:
    """What happened to a record; None where nothing did.

    `telling_since` is when the sync began to tell of changes, `seen_at` when the record was asked
    for: UTC, ISO 8601.
    """
    kind = KIND_OF[object_name]
    updated_at = str(record.get(polling.updated_field) or "")
    told = {} if before is None else changes(before.values, record)
    same_time = before is not None and before.updated_at == updated_at
    if same_time and (not told or object_name in TRASHES):
        return None
    if object_name in TRASHES:
        verb, told = "deleted", {"deleted": {"from": False, "to": True}}
    else:
        verb = verb_of(before, record, told, polling, telling_since)
    if polling.only_created and verb != "created":
        return None
    if f"{kind}_{verb}" not in EVENT_TYPES:
        return None
    return Change(
        kind=kind,
        type=f"{kind}_{verb}",
        record=record,
        occurred_at=time_of(updated_at) or seen_at,
        since=telling_since if before is None else time_of(before.seen_at),
        changes=told,
    )


def note_of(
    conversation: Mapping[str, Any], ticket: Mapping[str, Any], *, telling_since: str
) -> Change:
    """The event of a note or reply that a ticket has got.

    Facts: https://developers.freshdesk.com/api/#conversations
    """
    is_note = conversation.get("source") == int(ConversationSource.NOTE)
    return Change(
        kind="ticket",
        type="note_created" if is_note else "reply_created",
        record=ticket,
        occurred_at=time_of(str(conversation.get("created_at") or "")) or telling_since,
        since=telling_since,
        note={
            name: conversation[name]
            for name in ("id", "private", "incoming", "body", "body_text", "user_id", "created_at")
            if name in conversation
        },
    )


def event_id(instance_id: str, object_name: str, change: Change, polling: Polling) -> str:
    """The same change always gives the same id."""
    told = json.dumps(change.changes, sort_keys=True)
    subject = change.note.get("id", change.record.get(polling.id_field))
    return derived_id(
        "evt", instance_id, object_name, str(subject), change.type, change.occurred_at, told
    )


def verb_of(
    before: RecordState | None,
    record: Mapping[str, Any],
    told: Mapping[str, Any],
    polling: Polling,
    telling_since: str,
) -> str:
    """What a live record's change is called; `told` are its members that differ."""
    if record.get("deleted") is True and (before is None or "deleted" in told):
        return "deleted"
    if record.get("spam") is True and (before is None or "spam" in told):
        return "spam"
    if before is not None and told.get("spam", {}).get("from") is True:
        return "restored"
    if before is not None:
        return "updated"
    created = moment_of(record.get(polling.created_field))
    updated = moment_of(record.get(polling.updated_field))
    if created is None:
        return "updated"
    began = moment_of(telling_since)
    is_new = began is not None and created >= began
    as_good_as = updated is not None and (
        abs((updated - created).total_seconds()) <= polling.tolerance_s
    )
    return "created" if is_new or as_good_as else "updated"


def moment_of(value: object) -> datetime | None:
    """A time of the provider; None for what is none."""
    try:
        return timestamps.from_text(value) if isinstance(value, str) and value else None
    except (ValueError, OverflowError):
        return None


def time_of(text: str) -> str:
    """The same time as UTC, ISO 8601; "" for what is none."""
    moment = moment_of(text)
    return "" if moment is None else timestamps.to_text(moment)
