"""Documents /api/integrations/{id}/sync."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from connector_api.documentation.operation import Family, Operation


class StartedSync(BaseModel):
    """A run, and the objects that it reads: to copy them, or to tell of their changes only."""

    run_id: str
    objects: list[str]


class Telling(BaseModel):
    """What the last run's changes became, where the integration wants to hear of them."""

    mode: Literal["baseline", "telling"] = Field(
        description="Baseline: every record is remembered once and not told"
    )
    since: str
    queued: int = Field(description="Events")
    remembered: int = Field(description="Records of the first load")


class SyncState(BaseModel):
    """How far the reading of one object has come."""

    since: str = Field(description="Changes up to here are copied")
    page: int = Field(description="The next page of those after it")
    again: bool = Field(description="A second with many changes is being read once more")
    run_id: str
    rows: int
    updated_at: str
    events: Telling | None = None


FAMILY = Family(
    "Sync",
    "Copies of a provider's records in the lake.",
    {
        "start": Operation(StartedSync, 202),
        "state": Operation(dict[str, SyncState | None]),
    },
)
