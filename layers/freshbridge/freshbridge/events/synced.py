"""An event that a scheduled sync found, as it travels, and read into the normalised event.

Pure. The sync sees records, not what happened to them: what it tells is how a record is now and
what of it differs from the last time. It goes through the same queue as a webhook, in an envelope
whose source is "sync", and from there on nobody has to know the difference.

`since` is when the record was last seen as it was before; what a webhook told after that may be the
same change. `emission` is new each time that the event is put into the queue: a sync that died
before it noted what it had told tells it again, as the same event, and the router drops the second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from freshbridge import timestamps
from freshbridge.errors import Reject
from freshbridge.events.normalised import EVENT_TYPES, Event

SOURCE = "sync"
KINDS = (
    "ticket", "contact", "deal", "account", "company", "agent", "group", "time_entry",
    "satisfaction_rating",
)  # fmt: skip
_OF_A_TICKET = ("time_entry", "satisfaction_rating")


class UnreadableChange(Reject):
    """The message is not what a sync puts into the queue."""

    code = "unreadable_change"


@dataclass(frozen=True)
class Change:
    """What a sync found: `record` of `kind` as it is now. Times are UTC, ISO 8601."""

    kind: str
    type: str
    record: Mapping[str, Any]
    occurred_at: str
    since: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)
    emission: str = ""

    def to_text(self) -> str:
        """As it travels."""
        return json.dumps(vars(self), ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Change:
    """What travelled.

    Raises:
        UnreadableChange: a member is missing, of the wrong type or unknown.
    """
    try:
        fields = json.loads(text)
        change = Change(**fields)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableChange(f"not a change ({type(error).__name__})", where="body") from None
    wrong = [name for name, kind in _TYPES.items() if not isinstance(getattr(change, name), kind)]
    if not wrong:
        # It may not be known since when.
        times = {"occurred_at": change.occurred_at, "since": change.since or change.occurred_at}
        wrong = [name for name, text in times.items() if not _is_time(text)]
    if change.kind not in KINDS or change.type not in EVENT_TYPES or wrong:
        named = ", ".join(wrong) or "kind or type"
        raise UnreadableChange(f"not a change: {named} cannot be", where="body")
    return change


def _is_time(text: str) -> bool:
    try:
        return bool(timestamps.from_text(text))
    except (ValueError, OverflowError):
        return False


_TYPES: dict[str, type] = {
    "kind": str, "type": str, "record": dict, "occurred_at": str, "since": str, "changes": dict,
    "note": dict, "emission": str,
}  # fmt: skip


def normalise(
    text: str, *, event_id: str, instance_id: str, platform: str, received_at: str
) -> Event:
    """The event of a change.

    Raises:
        UnreadableChange: as `read`.
    """
    change = read(text)
    record = dict(change.record)
    requester = record.get("requester_id") if change.kind == "ticket" else None
    contact = {"id": requester} if isinstance(requester, int) else {}
    ticket = record if change.kind == "ticket" else {}
    if change.kind in _OF_A_TICKET and isinstance(record.get("ticket_id"), int):
        ticket = {"id": record["ticket_id"]}
    event = Event(
        id=event_id,
        type=change.type,
        platform=platform,
        instance_id=instance_id,
        occurred_at=change.occurred_at,
        received_at=received_at,
        ticket=ticket,
        contact=record if change.kind == "contact" else contact,
        note=dict(change.note),
        changes=dict(change.changes),
        raw=record,
        source=SOURCE,
    )
    if change.kind in KINDS[:2]:
        return event
    fields: dict[str, Any] = {change.kind: record}
    return replace(event, **fields)
