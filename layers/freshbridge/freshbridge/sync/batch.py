"""Pages that were read and wait to be written together, as encoded rows.

Pure. Ten thousand records wait as bytes, in a few megabytes. The first batch of an invocation is
closed early, so that little has to be read again where functions keep dying; each one after it may
take twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from freshbridge.lake.encoding import rows_of
from freshbridge.lake.rows import Row, State
from freshbridge.sync.feeds.feed import PageRead
from freshbridge.sync.objects import SyncObject
from freshbridge.sync.run import Counts

MOST_ROWS = 10_000
MOST_BYTES = 8 * 1024 * 1024
FIRST_S, LONGEST_S = 0.5, 60.0


@dataclass
class Batch:
    """Rows with when they were asked for; `whole` are parents whose children are all among them."""

    began_s: float
    rows: list[Row] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    bytes: int = 0

    def add(self, obj: SyncObject, state: State, page: PageRead, seen_at: str) -> None:
        """Take in a page that was asked for at `seen_at`."""
        found = rows_of(obj, page.records, seen_at=seen_at, state=state)
        self.rows += found.rows
        self.bytes += sum(len(row.body) for row in found.rows)
        for parent in page.whole:
            self.whole[str(parent)] = seen_at
        left_out = len(found.unreadable)
        self.counts += Counts(
            rows=len(page.records), pages=1, calls=page.calls, unreadable=left_out
        )

    def is_full(self, now_s: float, longest_s: float) -> bool:
        """Whether it is to be written; the times are seconds of any clock."""
        return (
            len(self.rows) >= MOST_ROWS
            or self.bytes >= MOST_BYTES
            or now_s - self.began_s >= longest_s
        )
