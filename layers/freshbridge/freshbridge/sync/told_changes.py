"""From what a merge did to a record of the lake to the event that tells it.

Pure. The lake knows what the record was, and where:

    never held             created, where it was created since the sync began to tell, or where its
                           two dates are as good as equal; else updated, by what is not known
    live before            updated, deleted (in the trash, or gone) or spam
    not live before        restored; deleted where it was spam
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from freshbridge.events.normalised import EVENT_TYPES
from freshbridge.events.record_change import differences
from freshbridge.events.synced import Change
from freshbridge.identifiers import derived_id
from freshbridge.lake.rows import Change as Merged
from freshbridge.lake.rows import Row, State
from freshbridge.sync.change_events import KIND_OF, moment_of, note_of, time_of, verb_of
from freshbridge.sync.objects import SyncObject
from freshbridge.sync.polling import Polling


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
        occurred_at=time_of(str(updated_at or "")) or time_of(after.seen_at),
        since=telling_since if before is None else time_of(before.seen_at),
        changes=told,
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
    created, began = moment_of(conversation.get("created_at")), moment_of(telling_since)
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
            return ("updated" if before else verb_of(None, record, {}, polling, since)), {}
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
