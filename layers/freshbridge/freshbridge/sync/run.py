"""A run of one object of one instance, its parts, and where the object stands between runs.

Pure. A run is cut into parts, each a window of one list, a batch of parents whose children are
wanted, or one of its closing stages. The part knows how far it is; the run only counts:

    pulling       parts read lists; the parts that wait (the tail, read last) begin when no other is
                  open
    folding       rows that waited until all were read are merged (large runs; see `staging`)
    reconciling   what the account has and what is held are compared (runs over everything)
    closing       the manifest is written, the marks move, the lease is given back
    done          everything that was changed when it began is held
    failed        some parts ended in the dead-letter queue; the run owes them
    cancelled     somebody ended it; its marks have not moved
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import Any

from freshbridge.sync.feeds.feed import Position, Scope


class Kind(StrEnum):
    """Whether a run reads everything or what has changed since the marks."""

    FULL = "full"
    INCREMENTAL = "incremental"


class Stage(StrEnum):
    """Where a run is; see above."""

    PULLING = "pulling"
    FOLDING = "folding"
    RECONCILING = "reconciling"
    CLOSING = "closing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = frozenset({Stage.PULLING, Stage.FOLDING, Stage.RECONCILING, Stage.CLOSING})


class PartState(StrEnum):
    """What became of a part; `waiting` ones begin when no other part is open."""

    WAITING = "waiting"
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Counts:
    """What was read: `rows`, in `pages`, by `calls`; `changed` of the rows were news.

    Of those, `created`, `updated` and `restored` are live by then and `removed` no more; the rest
    were never held alive. `told` events were queued of them; `remembered` were kept in mind to tell
    of later changes. `unreadable` records were left out, for they have no id or no proper time.
    `staged` rows waited until all were read, and `folded` of them are merged; rows that a worker
    kept before it died are folded too.
    """

    rows: int = 0
    pages: int = 0
    calls: int = 0
    changed: int = 0
    created: int = 0
    updated: int = 0
    removed: int = 0
    restored: int = 0
    told: int = 0
    remembered: int = 0
    unreadable: int = 0
    staged: int = 0
    folded: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Counts) -> Counts:
        """What came after `other`."""
        return Counts(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Part:
    """One piece of a run.

    `feed` is the list's name, "" for a closing stage and for a part that only holds the run open.
    `position` is where to go on, None before the first page. `mark`: everything of its window up
    to this time is read. `chunks` counts what was written of it. `merging` is how many rows were on
    their way into the current view when last heard of; `spawned` names parts that were cut off this
    one and whose messages may not have been sent. `late`: it had to wait for others. `staged` files
    of its rows were written that are merged when all is read, and `folded` of them are.
    `stable`: nothing moved in the list while it was read to its end. `report` is what a closing
    stage found; `reason` says why the part failed.
    """

    name: str
    feed: str
    stage: Stage = Stage.PULLING
    scope: Scope = field(default_factory=Scope)
    state: PartState = PartState.OPEN
    position: Position | None = None
    mark: str = ""
    counts: Counts = Counts()
    chunks: int = 0
    merging: int = 0
    staged: int = 0
    folded: int = 0
    spawned: Sequence[str] = ()
    late: bool = False
    stable: bool = True
    report: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def reached(self) -> str:
        """Everything of its window up to this time is held, "" for nothing that is known."""
        if self.state is PartState.DONE and self.scope.until:
            return self.scope.until
        return self.mark

    @property
    def is_unfolded(self) -> bool:
        """Whether rows of it that were read are not in the current view yet."""
        return self.staged > self.folded


@dataclass(frozen=True)
class Run:
    """One reading of one object.

    `first`: nothing was held before. `copied`: the lake gets the records; else they are only told
    of. `feeds` are the lists that it reads. `known` are the marks that it began with, and
    `presets` the marks of lists that need not be read. `all_children`: the children of every
    record are wanted, not of the changed ones alone; `children_run` is the run that has them.
    `released`: somebody has said that whatever is missing may go.
    `open` and `failed` count parts. `include` are the embedded resources. Times are UTC, ISO 8601.
    """

    run_id: str
    instance_id: str
    object: str
    kind: Kind
    started_at: str
    first: bool = False
    copied: bool = True
    feeds: Sequence[str] = ()
    include: Sequence[str] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    presets: Mapping[str, str] = field(default_factory=dict)
    all_children: bool = False
    children_run: str = ""
    released: bool = False
    stage: Stage = Stage.PULLING
    open: int = 0
    failed: int = 0
    counts: Counts = Counts()
    finished_at: str = ""

    @property
    def date(self) -> str:
        """The day it began, for the names of what it writes."""
        return self.started_at[:10]

    @property
    def is_active(self) -> bool:
        """Whether it still has something to do."""
        return self.stage in ACTIVE


@dataclass(frozen=True)
class Standing:
    """Where an object of an instance stands.

    `run_id` is the run that has the lease, which ends at `lease_until`, epoch seconds. `marks` are
    how far each list is read; `complete_since`: what had changed by then is held. `owed_run` is a
    run that failed and whose failed parts are still wanted. `begun_at` is when one was begun
    last. `failures` counts the runs that failed
    since the last one that did not; `held` is the number of live records at the last full run.
    It is -1 where the lake has less than what was read, for some of that was only told of.
    `doubts` say why the last full run did not prove the copy complete, and `held_back` how many
    records it would have removed and did not. `retry` is what the run under way waits for.
    """

    run_id: str = ""
    lease_until: float = 0.0
    marks: Mapping[str, str] = field(default_factory=dict)
    complete_since: str = ""
    begun_at: str = ""
    last_started_at: str = ""
    last_finished_at: str = ""
    last_full_at: str = ""
    last_run: str = ""
    last_stage: str = ""
    owed_run: str = ""
    failures: int = 0
    last_error: str = ""
    held: int = -1
    held_back: int = 0
    doubts: Sequence[str] = ()
    retry: Mapping[str, Any] = field(default_factory=dict)
    events: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether no run has ever ended well."""
        return not self.complete_since
