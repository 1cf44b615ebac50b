"""What reading a list page by page gives, and what it is asked for.

Pure. A position is what a reading needs to go on after a crash: plain JSON, kept with the run's
part. Reading the same position again may give newer records, never fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.errors import InvalidRequest
from freshbridge.lake.rows import State

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient

Position = dict[str, Any]
Record = dict[str, Any]

BEGINNING = "1970-01-01T00:00:00Z"
"""Without `updated_since` Freshdesk lists the last 30 days only."""


@dataclass(frozen=True)
class Scope:
    """What of a list is wanted: from `since` on, up to and without `until`; "" has no end.

    `include` are the embedded resources; `parents` the records whose children are wanted, each its
    id and the `updated_at` that asked for them. Times are UTC, ISO 8601 with seconds.
    """

    since: str = BEGINNING
    until: str = ""
    include: Sequence[str] = ()
    parents: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class PageRead:
    """One page, and where to go on; a `position` of None ends the feed.

    `mark`: everything before this time is read and certain to be there, so a later reading begins
    with it; "" where the list says nothing of it. It may lie a minute before what was read, for a
    second that is hardly over may get more records. `whole`: parents whose children are all in
    `records`, so that others that are held are gone. `stable` says at the feed's end that nothing
    moved in the list while it was read; only then a reading proves that a record is not there.
    """

    records: list[Record]
    position: Position | None
    mark: str = ""
    calls: int = 1
    whole: Sequence[str] = field(default_factory=tuple)
    stable: bool = True


class TooManyAtOnce(InvalidRequest):
    """More records carry one `updated_at` than can be told apart by the list."""

    code = "too_many_at_once"


class Feed(Protocol):
    """One list of one object: the live tickets, the trash, the contacts."""

    @property
    def name(self) -> str:
        """What it is called in positions, reports and file names: live, deleted, spam, all."""

    @property
    def state(self) -> State:
        """What its records are: those of the trash are deleted."""

    @property
    def by_time(self) -> bool:
        """Whether it is read in the order of time, so that it can be cut into windows.

        The end of a reading that has begun is moved forward by another `until` in its position.
        """

    @property
    def proves_absence(self) -> bool:
        """Whether a whole reading whose last page says `stable` shows what is gone."""

    def first(self, scope: Scope) -> Position:
        """Where to begin."""

    def read(self, client: FreshdeskClient, position: Position) -> PageRead:
        """The page at `position`; raises what the client raises, and then nothing has moved."""
