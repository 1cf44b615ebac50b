"""Documents /api/integrations/{id}/sync."""

from __future__ import annotations

from pydantic import BaseModel, Field

from connector_api.documentation.operation import Family, Operation


class StartedSync(BaseModel):
    """A run, and the objects that it copies."""

    run_id: str
    objects: list[str]


class SyncState(BaseModel):
    """How far the copy of one object has come."""

    since: str = Field(description="Changes up to here are copied")
    page: int = Field(description="The next page of those after it")
    again: bool = Field(description="A second with many changes is being read once more")
    run_id: str
    rows: int
    updated_at: str


FAMILY = Family(
    "Sync",
    "Copies of a provider's records in the lake.",
    {
        "start": Operation(StartedSync, 202),
        "state": Operation(dict[str, SyncState | None]),
    },
)
