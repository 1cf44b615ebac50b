"""Documents what an export_object action has made."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from connector_api.documentation.operation import Family, Operation


class ExportFile(BaseModel):
    """One file; a URL needs no other credentials, so keep it to yourself."""

    format: Literal["csv", "json", "jsonl"]
    url: str
    expires_at: str
    bytes: int


class Export(ExportFile):
    """A finished export; the first of its files stands for itself as well."""

    object: str
    rows: int
    as_of: str | None = Field(
        description="The copy held every change up to then; null if it was never synced whole"
    )
    warnings: list[str] = Field(description="What the file may lack")
    files: list[ExportFile]


FAMILY = Family(
    "Exports",
    "Files of synced objects, made by the action export_object.",
    {"export": Operation(Export)},
)
