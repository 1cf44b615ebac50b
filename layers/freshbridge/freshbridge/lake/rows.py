"""What goes into the lake's current view, and what became of it.

Pure. Of two versions of a record the one with the later `updated_at` wins, on a tie the one that
was seen later; so any order of pages, webhooks and repetitions ends in the same view.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NOTHING = b"{}"
"""The body of a record of which nothing is known."""


class State(StrEnum):
    """Whether a record is there, and why not: a tombstone keeps the reason."""

    LIVE = "live"
    DELETED = "deleted"
    SPAM = "spam"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one record.

    `updated_at` is the provider's time, "" where it tells none; `seen_at` is when it was asked for,
    UTC, ISO 8601 with microseconds, so that later readings sort later. `parent` is the id of the
    record that it belongs to, "" for none. `body` is the record as compact JSON in UTF-8: ten
    thousand of these wait in little memory, and are encoded once. A tombstone's is what was last
    known of the record, an empty object for nothing. `run_id` is the run that brought it into the
    lake, "" before.
    """

    id: str
    updated_at: str
    seen_at: str
    state: State = State.LIVE
    body: bytes = NOTHING
    parent: str = ""
    run_id: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """The provider's own members, read anew at each call."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class Change:
    """What a merge did to one record: `before` is None for one that was not held."""

    before: Row | None
    after: Row


@dataclass
class Merged:
    """What a merge did: `changes` are those that differ from what was held, in no order.

    `unchanged` were held just so, `stale` were older than what is held; `buckets` were written.
    """

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    stale: int = 0
    buckets: int = 0

    def add(self, other: Merged) -> None:
        """Count another merge in."""
        self.changes += other.changes
        self.unchanged += other.unchanged
        self.stale += other.stale
        self.buckets += other.buckets
