"""How far an export has come, between its runs. Pure; kept as plain JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from freshbridge.exports.unknown_fields import warning


class Phase(StrEnum):
    """`columns`: a CSV's columns are looked for; `rows`: the files are written; `closing`: all of
    them is in S3, and they are put together.
    """

    COLUMNS = "columns"
    ROWS = "rows"
    CLOSING = "closing"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass
class ExportState:
    """`as_of` is up to when the copy was known to hold every change when the export began, "" for
    never synced, and `doubt` why it may lack something.

    `section` is 0 while live records are read and 1 for removed ones, `after` the last file of it
    that is done with. `left_out` are columns that came up after the header was settled. `files` is
    by format what PartFile keeps, `bytes` among it. `unseen` are fields that the export names and
    that no record had so far, None before the first one; `members` what those had instead.
    """

    phase: Phase
    began: str
    as_of: str = ""
    doubt: str = ""
    section: int = 0
    after: str = ""
    looked_at: int = 0
    rows: int = 0
    runs: int = 0
    columns: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    finished: str = ""
    unseen: list[str] | None = None
    members: list[str] = field(default_factory=list)

    @property
    def unknown(self) -> list[str]:
        """What is to be said of each field that no record had."""
        return [warning(name, self.members) for name in self.unseen or ()]

    @property
    def warnings(self) -> list[str]:
        """What whoever reads the file should know of it."""
        found = [self.doubt] if self.doubt else []
        if self.phase is Phase.DONE:
            found += self.unknown
        if self.left_out:
            names = ", ".join(self.left_out[:20])
            found.append(f"members that appeared while it was written are left out: {names}")
        return found

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> ExportState:
        """As it was kept."""
        return cls(**{**kept, "phase": Phase(kept["phase"])})

    def begin_rows(self) -> None:
        """From the first record on: the columns are known."""
        self.phase, self.section, self.after = Phase.ROWS, 0, ""
