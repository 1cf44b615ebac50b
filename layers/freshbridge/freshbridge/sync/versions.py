"""A record that was asked for by its id, made a version for the lake.

Pure. Such a record says itself whether it is in the trash or spam; a list leaves that out, and
there its feed says it.
Source: https://developers.freshdesk.com/api/#ticket_attributes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from freshbridge.errors import ProviderDown
from freshbridge.lake.encoding import UnreadableRecord, row_of
from freshbridge.lake.rows import Row, State

if TYPE_CHECKING:
    from freshbridge.sync.objects import SyncObject


class Verdict(StrEnum):
    """What became of a record that was not in the list.

    `missed`: it is there, and the list did not show it. `kept`: nobody can say, so it stays.
    """

    GONE = "gone"
    DELETED = "deleted"
    SPAM = "spam"
    MISSED = "missed"
    ARCHIVED = "archived"
    KEPT = "kept"


def version_of(obj: SyncObject, record: Mapping[str, Any], *, seen_at: str) -> Row:
    """The version, in the state that the record tells.

    Raises:
        ProviderDown: it cannot be kept.
    """
    try:
        return row_of(obj, record, seen_at=seen_at, state=told_state(record))
    except UnreadableRecord as problem:
        raise ProviderDown(str(problem)) from problem


def told_state(record: Mapping[str, Any]) -> State:
    """What a record says of itself."""
    if record.get("deleted") is True:
        return State.DELETED
    return State.SPAM if record.get("spam") is True else State.LIVE


def tombstone(held: Row, state: State, seen_at: str) -> Row:
    """That a held record is there no more; it keeps what was last known of it."""
    return replace(held, state=state, seen_at=seen_at)
