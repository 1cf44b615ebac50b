"""From a record as it was last seen, and as it is now, to the event that tells what happened.

Pure. Its id is made of what it tells, so that a sync that comes to the same page again tells the
same event. Of records that are copied the lake knows what they were, and where:

    never held             created, where it was created since the sync began to tell, or where its
                           two dates are as good as equal; else updated, by what is not known
    live before            updated, deleted (in the trash, or gone) or spam
    not live before        restored; deleted where it was spam

Of those that are only told of a digest is kept (see record_change):

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
from freshbridge.events.record_change import Values, changes, differences, kept
from freshbridge.events.synced import Change
from freshbridge.freshdesk.enums import ConversationSource
from freshbridge.identifiers import derived_id
from freshbridge.lake.rows import Change as Merged
from freshbridge.lake.rows import Row, State
from freshbridge.sync.objects import SyncObject
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
        verb = _verb(before, record, told, polling, telling_since)
    if polling.only_created and verb != "created":
        return None
    if f"{kind}_{verb}" not in EVENT_TYPES:
        return None
    return Change(
        kind=kind,
        type=f"{kind}_{verb}",
        record=record,
        occurred_at=_time(updated_at) or seen_at,
        since=telling_since if before is None else _time(before.seen_at),
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
        occurred_at=_time(str(conversation.get("created_at") or "")) or telling_since,
        since=telling_since,
        note={
            name: conversation[name]
            for name in ("id", "private", "incoming", "body", "body_text", "user_id", "created_at")
            if name in conversation
        },
    )


def told_change(
    obj: SyncObject, change: Merged, *, polling: Polling, telling_since: str
) -> Change | None:
    """What happened to a record of the lake; None where nothing did that is told.

    What was in the trash or spam when the telling began is no news, nor are the notes of then.
    """
    before, after = change.before, change.after
    if obj.name == "conversations":
        return _new_note(change, telling_since) if before is None else None
    record = after.record or {obj.id_field: _number(after.id)}
    moves = _moves(before, after, record, polling, telling_since)
    if moves is None:
        return None
    verb, told = moves
    if verb != "deleted" and before is not None:
        told = differences(before.record, record) | told
        if verb == "updated" and not told and before.updated_at == after.updated_at:
            return None
    kind = KIND_OF[obj.name]
    found = f"{kind}_{verb}" if f"{kind}_{verb}" in EVENT_TYPES else f"{kind}_updated"
    if found not in EVENT_TYPES or (polling.only_created and verb != "created"):
        return None
    updated_at = "" if after.state is State.GONE else record.get(polling.updated_field)
    return Change(
        kind=kind,
        type=found,
        record=record,
        occurred_at=_time(str(updated_at or "")) or _time(after.seen_at),
        since=telling_since if before is None else _time(before.seen_at),
        changes=told,
    )


def event_id(instance_id: str, object_name: str, change: Change, polling: Polling) -> str:
    """The same change always gives the same id."""
    told = json.dumps(change.changes, sort_keys=True)
    subject = change.note.get("id", change.record.get(polling.id_field))
    return derived_id(
        "evt", instance_id, object_name, str(subject), change.type, change.occurred_at, told
    )


def told_id(instance_id: str, obj: SyncObject, merged: Merged, change: Change) -> str:
    """The same of a record of the lake: a merge that is done again tells it by the same id.

    When a record was found to be gone is not when it went, so that is no part of the id; since when
    it was held is, for it may come back and go again.
    """
    before, after = merged.before, merged.after
    was = () if before is None else (before.state.value, before.updated_at)
    if before is not None and after.state is State.GONE:
        was = (*was, before.seen_at)
    if change.note:
        return derived_id("evt", instance_id, obj.name, after.id, change.type)
    told = json.dumps(change.changes, sort_keys=True)
    parts = (obj.name, after.id, change.type, after.state.value, after.updated_at, *was, told)
    return derived_id("evt", instance_id, *parts)


def _new_note(change: Merged, telling_since: str) -> Change | None:
    conversation = change.after.record
    created, began = _moment(conversation.get("created_at")), _moment(telling_since)
    is_new = created is not None and began is not None and created >= began
    if not is_new or change.after.state is not State.LIVE:
        return None
    ticket = conversation.get("ticket_id", _number(change.after.parent))
    return note_of(conversation, {"id": ticket}, telling_since=telling_since)


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _moves(
    before: Row | None, after: Row, record: Mapping[str, Any], polling: Polling, since: str
) -> tuple[str, dict[str, Any]] | None:
    """The verb, and what it says of where the record is; None where that is no news."""
    was = State.LIVE if before is None else before.state
    now = after.state
    if now is State.LIVE:
        if was is State.LIVE:
            return ("updated" if before else _verb(None, record, {}, polling, since)), {}
        field = "spam" if was is State.SPAM else "deleted"
        return "restored", {field: {"from": True, "to": False}}
    if before is None and after.updated_at < since:
        return None
    if now is State.SPAM:
        return None if was is now else ("spam", {"spam": {"from": False, "to": True}})
    if before is not None and was not in (State.LIVE, State.SPAM):
        again = was is now is State.DELETED and before.updated_at != after.updated_at
        if not again:
            return None
    return "deleted", {"deleted": {"from": False, "to": True}}


def _verb(
    before: RecordState | None,
    record: Mapping[str, Any],
    told: Mapping[str, Any],
    polling: Polling,
    telling_since: str,
) -> str:
    if record.get("deleted") is True and (before is None or "deleted" in told):
        return "deleted"
    if record.get("spam") is True and (before is None or "spam" in told):
        return "spam"
    if before is not None and told.get("spam", {}).get("from") is True:
        return "restored"
    if before is not None:
        return "updated"
    created = _moment(record.get(polling.created_field))
    updated = _moment(record.get(polling.updated_field))
    if created is None:
        return "updated"
    began = _moment(telling_since)
    is_new = began is not None and created >= began
    as_good_as = updated is not None and (
        abs((updated - created).total_seconds()) <= polling.tolerance_s
    )
    return "created" if is_new or as_good_as else "updated"


def _moment(value: object) -> datetime | None:
    try:
        return timestamps.from_text(value) if isinstance(value, str) and value else None
    except (ValueError, OverflowError):
        return None


def _time(text: str) -> str:
    moment = _moment(text)
    return "" if moment is None else timestamps.to_text(moment)
