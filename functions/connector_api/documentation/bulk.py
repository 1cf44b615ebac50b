"""Documents what can be done with a bulk action that was begun."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from connector_api.documentation.failures import FieldFailure
from connector_api.documentation.operation import Family, Operation, Parameter
from freshbridge.bulk.paging import LARGEST_PAGE_SIZE, PAGE_SIZE
from freshbridge.bulk.progress import RowState

RowStateName = Literal["waiting", "running", "succeeded", "failed", "cancelled"]


class BulkProgress(BaseModel):
    """The counts of a bulk action; `waiting` has those that run just now as well."""

    action_id: str
    phase: Literal["queued", "reading", "jobs", "running", "finished"] = Field(
        description="queued: not begun; reading: rows are being checked and kept, so `rows` grows"
    )
    rows: int
    succeeded: int
    failed: int
    cancelled: int
    waiting: int
    duplicates: int = Field(description="Rows that repeat an earlier one")
    cancelling: bool
    rows_per_s: float | None = Field(description="Null until the first row is done")
    seconds_left: int | None = Field(description="At the present rate; null while that is unknown")
    started_at: str
    estimated_end: str | None
    finished_at: str | None
    outcomes: dict[str, int] = Field(
        default={}, description="Of records sent through a destination: what became of how many"
    )


class CancelledBulk(BulkProgress):
    """The counts after cancelling."""

    ended: int = Field(description="Rows that had not begun and will not; the same as `cancelled`")


class ResumedBulk(BulkProgress):
    """The counts after resuming."""

    resumed: int = Field(description="Rows that will be run")


class BulkRow(BaseModel):
    """One row; what it does not have is left out."""

    row: int = Field(description="Its number, from 1")
    state: RowStateName
    action: str = ""
    action_id: str = Field(
        default="", description="Of the row's own action, once it has begun; none for invalid rows"
    )
    line: int = Field(default=0, description="Where it begins in its file")
    ticket_id: int = 0
    code: str = Field(default="", description="Why it failed or did not run")
    message: str = ""
    outcome: str = Field(default="", description="Of a record sent through a destination")
    fields: list[FieldFailure] = Field(default=[], description="Every parameter that was refused")


class BulkRows(BaseModel):
    """Rows in order."""

    rows: list[BulkRow]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class ResultFile(BaseModel):
    """Where the results can be downloaded."""

    rows: int
    waiting: int = Field(description="Rows whose result is not there yet")
    format: Literal["csv", "jsonl"]
    url: str = Field(description="Needs no other credentials, so keep it to yourself")
    expires_at: str


_STATES = {"enum": [state.value for state in RowState]}
_PAGE = (
    Parameter("state", "Only rows in this state", _STATES),
    Parameter(
        "limit",
        "Rows on a page",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE, "default": PAGE_SIZE},
    ),
    Parameter("after", "The `after` of the page before"),
)
_FILE = (
    Parameter("format", "How to write them", {"enum": ["csv", "jsonl"], "default": "csv"}),
    Parameter("only", "Only rows in this state", _STATES),
)
_WHICH = (
    Parameter(
        "only",
        "Which of those that ended without success",
        {"enum": ["all", "failed", "cancelled"], "default": "all"},
    ),
)

FAMILY = Family(
    "Bulk actions",
    "Many actions at once: how far they are, what became of each, stopping and going on.",
    {
        "progress": Operation(BulkProgress),
        "rows": Operation(BulkRows, query=_PAGE),
        "result_file": Operation(ResultFile, query=_FILE),
        "cancel": Operation(CancelledBulk, refusals=(502,)),
        "resume": Operation(ResumedBulk, status=202, query=_WHICH, refusals=(502,)),
    },
)
