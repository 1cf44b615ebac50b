"""Documents /api/integrations/{id}/sync."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from connector_api.documentation.operation import Body, Family, Operation, Parameter
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.selection import TRASH

Kind = Literal["full", "incremental"]
Name = Literal[(*OBJECTS, TRASH)]  # type: ignore[valid-type]  # the names are the code's
Names = Annotated[list[Name], Field(description="All that is synced, where it is left out")]


class WantedSync(BaseModel):
    """What to run; an empty body runs everything that is synced."""

    objects: Names | None = None
    full: bool = Field(
        default=False, description="Read everything again, and look for what is gone"
    )
    release_removals: bool = Field(
        default=False,
        description="Let this run remove what was held back; with full and objects",
    )
    dry_run: bool = Field(default=False, description="Only tell what would run; answered with 200")


class StartedObject(BaseModel):
    """What became of one object."""

    object: Name
    state: Literal[
        "started",
        "resumed",
        "taken_over",
        "running",
        "not_due",
        "with_parents",
        "contended",
        "would_start",
        "would_resume",
        "would_take_over",
    ] = Field(
        description="resumed: a failed run goes on; taken_over: its worker was gone; running: it "
        "was under way; with_parents: it is read with the records that it belongs to; contended: "
        "somebody else began it at this moment"
    )
    run_id: str | None
    kind: Kind | None
    parts: list[str] = Field(description="What is read at once")
    due_at: str | None


class StartedSync(BaseModel):
    """A run, and the objects that it reads: to copy them, or to tell of their changes only."""

    run_id: str | None = Field(
        description="Of what was begun, else of what goes on; null for a dry run"
    )
    run_ids: list[str] = Field(description="All runs of the objects that are listed")
    objects: list[Name]
    dry_run: bool
    started: list[StartedObject]


class AcceptedSync(BaseModel):
    """The answer to a request that begins runs, or finds them under way."""

    success: bool
    message: str
    data: StartedSync


class Telling(BaseModel):
    """What the last run's changes became, where the integration wants to hear of them."""

    mode: Literal["baseline", "telling"] = Field(
        description="Baseline: every record is remembered once and not told"
    )
    since: str
    queued: int = Field(description="Events")
    remembered: int = Field(description="Records of the first load")


class Progress(BaseModel):
    """How far a run is."""

    rows: int
    pages: int
    calls: int
    changed: int
    open_parts: int
    failed_parts: int
    percent: float | None = Field(description="An estimate; null where none can be made yet")
    seconds_left: int | None = Field(description="An estimate, at the rate so far")
    estimated: bool


class LastRun(BaseModel):
    """The run that ended last."""

    run_id: str
    state: Literal["done", "failed", "cancelled"]
    started_at: str
    finished_at: str


class Include(BaseModel):
    """What is embedded in the tickets, and why."""

    include: list[str]
    credits_per_page: int = Field(description="What a page of the list counts as, in calls")
    reasons: dict[str, str]


class Delay(BaseModel):
    """Why a part of the run under way is put off."""

    part: str
    error: str
    at: str
    next_try_at: str


class HeldBack(BaseModel):
    """What the last full run would have removed and did not, for it was too much."""

    count: int
    why: str
    release: str = Field(description="The request that removes it after all")


class SyncState(BaseModel):
    """Where one object stands."""

    state: Literal["never", "running", "stalled", "paused", "idle", "failed"] = Field(
        description="Stalled: nobody works on the run under way; the next tick takes it over. "
        "Paused: the instance is disabled"
    )
    paused: str | None = Field(description="Why nothing is read, and what has it go on")
    copied: bool = Field(description="False: it is read for its events alone")
    stage: Literal["pulling", "folding", "reconciling", "closing"] | None
    kind: Kind | None
    run_id: str | None
    progress: Progress | None
    lease_until: str | None = Field(
        description="Whoever works on the run renews it; past it, the run is stalled"
    )
    taken_over: str | None = Field(description="When a stalled run goes on")
    retry: Delay | None = Field(
        description="What the provider said last, and when it is asked again"
    )
    complete: bool = Field(
        description="Whether it is proved that all is held, and nothing that is gone"
    )
    held_back: HeldBack | None
    cursor: dict[str, str] = Field(description="Up to when each list is read, in its own time")
    complete_since: str | None = Field(description="What had changed by then is held")
    lag_s: int | None = Field(description="Seconds since then")
    held: int | None = Field(description="Live records after the last full run")
    last_run: LastRun | None
    next_due_at: str | None
    failures: int = Field(description="Runs that failed since the last one that did not")
    last_error: str | None
    owed_run: str | None = Field(description="A failed run that goes on when it is due again")
    include: Include | None = Field(None, description="Of the tickets alone")
    events: Telling | None = None


class RunCounts(BaseModel):
    """What a run has read."""

    rows: int
    pages: int
    calls: int
    changed: int


class SyncRun(BaseModel):
    """One run of one object."""

    run_id: str
    object: Name
    kind: Kind
    state: Literal["running", "done", "failed", "cancelled"]
    stage: str
    started_at: str
    finished_at: str | None
    failed_parts: int
    counts: RunCounts


class Window(BaseModel):
    """A part of a run: what of which list it reads."""

    part: str
    feed: str
    since: str
    until: str | None
    state: Literal["waiting", "open", "done", "failed"]
    read_up_to: str | None
    stable: bool = Field(description="Nothing moved in the list while it was read to its end")
    rows: int
    pages: int
    calls: int
    changed: int
    created: int
    updated: int
    removed: int
    restored: int
    told: int = Field(description="Events that were queued")
    remembered: int
    unreadable: int = Field(description="Records without an id or a proper time")
    staged: int = Field(description="Records that were merged when all were read")
    reason: str = ""


class WholeRun(SyncRun):
    """A run with its windows, and with its manifest once it has ended."""

    manifest: dict[str, Any] | None = Field(description="As it is kept in the lake")
    parts: list[Window]


class WantedCancel(BaseModel):
    """What to end."""

    objects: Names | None = None


class Cancelled(BaseModel):
    """The objects whose runs were ended."""

    objects: list[Name]


_LIMIT = Parameter(
    "limit", "Entries", {"type": "integer", "minimum": 1, "maximum": 200, "default": 20}
)

FAMILY = Family(
    "Sync",
    "Copies of a provider's records in the lake.",
    {
        "start": Operation(
            StartedSync,
            body=Body(
                WantedSync,
                {"Tickets, all of them": {"objects": ["tickets"], "full": True}},
                required=False,
            ),
            accepted=AcceptedSync,
        ),
        "state": Operation(dict[str, SyncState]),
        "runs": Operation(list[SyncRun], query=(_LIMIT,)),
        "run": Operation(dict[str, WholeRun]),
        "cancel": Operation(
            Cancelled, body=Body(WantedCancel, {"One": {"objects": ["tickets"]}}, required=False)
        ),
    },
)
