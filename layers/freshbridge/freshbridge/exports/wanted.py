"""What an export is asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Record = Mapping[str, Any]


class Format(StrEnum):
    """How records are written; `json` is one array of them."""

    CSV = "csv"
    JSON = "json"
    JSON_LINES = "jsonl"

    @property
    def content_type(self) -> str:
        """The media type of such a file."""
        return {
            "csv": "text/csv; charset=utf-8",
            "json": "application/json",
            "jsonl": "application/x-ndjson",
        }[self.value]


@dataclass(frozen=True)
class Condition:
    """`field` is a dotted path; `operator` one of =, !=, <, <=, >, >=."""

    field: str
    operator: str
    value: str | int | float | bool | None


@dataclass(frozen=True)
class Wanted:
    """One object, which of its records, and how they are written, a file for each format.

    `fields` are dotted paths such as `stats.resolved_at`; () for everything. A record has to meet
    all `conditions`, and to have changed at or after `updated_since` (ISO 8601, "" for any time).
    `raw` leaves out the guard against formulas, `bom` begins a CSV with a byte order mark.
    """

    object: str
    formats: tuple[Format, ...]
    fields: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    updated_since: str = ""
    include_removed: bool = False
    limit: int | None = None
    gzip: bool = False
    raw: bool = False
    bom: bool = False

    @property
    def needs_columns(self) -> bool:
        """Whether a CSV's columns have to be looked for in the records first."""
        return Format.CSV in self.formats and not self.fields

    def file_name(self, kind: Format) -> str:
        """`tickets.csv.gz`"""
        return f"{self.object}.{kind}" + (".gz" if self.gzip else "")


def value_at(record: Record, path: str) -> Any:
    """What a record has at a dotted path; None for nothing. A name may hold dots itself."""
    if path in record:
        return record[path]
    head, dot, rest = path.partition(".")
    while dot:
        inner = record.get(head)
        if isinstance(inner, Mapping):
            found = value_at(inner, rest)
            if found is not None:
                return found
        step, dot, rest = rest.partition(".")
        head = f"{head}.{step}"
    return None
