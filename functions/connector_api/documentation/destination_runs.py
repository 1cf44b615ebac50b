"""Documents /api/integrations/{id}/destinations/{id}/runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from connector_api.documentation.bulk import BulkProgress, BulkRow
from connector_api.documentation.destinations import Begun
from connector_api.documentation.operation import Family, Operation, Parameter
from freshbridge.bulk.paging import LARGEST_PAGE_SIZE, PAGE_SIZE
from freshbridge.bulk.progress import OUTCOMES, RowState


class Outcomes(BaseModel):
    """How many records became what."""

    created: int
    updated: int
    unchanged: int = Field(description="As they should be already, so nothing was sent")
    upserted: int = Field(description="Created or updated: the provider does not tell which")
    deleted: int
    delivered: int = Field(description="Sent by the manual method")
    invalid: int = Field(description="Never sent")
    rejected: int = Field(description="Refused by the provider")


class Totals(BaseModel):
    """What a dry run found."""

    create: int
    update: int
    unchanged: int
    delete: int
    create_or_update: int
    send: int
    invalid: int
    refuse: int = Field(description="Would be refused, such as what exists already")


class Run(BaseModel):
    """How far a run is."""

    run_id: str
    destination_id: str
    state: str = Field(description="As of an action; cancelled where it was stopped")
    code: str | None = Field(description="Why it failed as a whole")
    message: str | None
    submitted_at: str
    dry_run: bool
    progress: BulkProgress | None = Field(description="Null for one that never began")
    outcomes: Outcomes
    totals: Totals | None = Field(description="Of a dry run")


class ListedRun(Run):
    """A run, and where its records came from."""

    origin: str = Field(description="api, rule, sqs, s3, sync")
    source: str
    version: int = Field(description="Of the destination, that it goes by")


class Runs(BaseModel):
    """A page of runs."""

    runs: list[ListedRun]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class ResumedRun(Run):
    """A run that goes on."""

    resumed: int = Field(description="Records that will be sent")


class RunRecords(BaseModel):
    """Records in order."""

    records: list[BulkRow]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class QuarantineFile(BaseModel):
    """Where the records that were not taken can be downloaded."""

    records: int
    format: Literal["csv", "jsonl"]
    url: str = Field(description="Needs no other credentials, so keep it to yourself")
    expires_at: str


_LIMIT = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE, "default": PAGE_SIZE}
_PAGE = (
    Parameter("limit", "Runs on a page", {"type": "integer", "minimum": 1, "maximum": 200}),
    Parameter("after", "The `after` of the page before"),
)
_RECORDS = (
    Parameter("outcome", "Only records that this became of", {"enum": list(OUTCOMES)}),
    Parameter("state", "Only records in this state", {"enum": [one.value for one in RowState]}),
    Parameter("limit", "Records on a page", _LIMIT),
    Parameter("after", "The `after` of the page before"),
)
_ONLY = Parameter("only", "Which of them", {"enum": ["all", "invalid", "rejected"]})
_FORMAT = Parameter("format", "How to write them", {"enum": ["csv", "jsonl"], "default": "csv"})
_WHICH = Parameter(
    "only", "Which of those that were not sent", {"enum": ["all", "failed", "cancelled"]}
)

FAMILY = Family(
    "Destination runs",
    "Records on their way through a destination: how far, what became of each, what to mend.",
    {
        "list_all": Operation(Runs, query=_PAGE),
        "get": Operation(Run),
        "records": Operation(RunRecords, query=_RECORDS),
        "quarantine": Operation(QuarantineFile, query=(_FORMAT, _ONLY)),
        "resend": Operation(Begun, 202, query=(_ONLY,), refusals=(409,)),
        "cancel": Operation(Run, refusals=(502,)),
        "resume": Operation(ResumedRun, status=202, query=(_WHICH,), refusals=(502,)),
    },
)
