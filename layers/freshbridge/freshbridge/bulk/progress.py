"""How far a bulk action is: counts, rate, time left, and when to look again. Pure.

Times are seconds since the epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from freshbridge import timestamps

WINDOW = 500
"""Rows on the queue at once: enough to keep every executor busy, few enough that an action of
somebody else is not behind ten thousand of ours."""
CAREFUL_WINDOW = 10
"""The same where the first failure must stop what has not begun."""
LONGEST_WAIT_S = 30


class RowState(StrEnum):
    """Where a row stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def settled(self) -> bool:
        """True when nothing happens to the row any more by itself."""
        return self in SETTLED


SETTLED = (RowState.SUCCEEDED, RowState.FAILED, RowState.CANCELLED)


OUTCOMES = (
    "created", "updated", "unchanged", "upserted", "deleted", "delivered", "invalid", "rejected",
)  # fmt: skip
"""What may become of a record on its way through a destination."""


class Phase(StrEnum):
    """What the bulk action itself is at; QUEUED is shown and never kept."""

    QUEUED = "queued"
    READING = "reading"
    JOBS = "jobs"
    RUNNING = "running"
    FINISHED = "finished"


@dataclass(frozen=True)
class Progress:
    """The counts of one bulk action.

    `position` is the last row that was looked at for sending, `sent` how many were sent in this
    round, and `settled_before` and `failed_before` how many had settled and failed when the round
    began: a resumed action begins another one. `changes` grows with every change of rows.
    `unread` says that the reading of rows was cancelled, so that there may be more of them.
    """

    action_id: str
    phase: Phase
    created_at: float
    round_at: float
    rows: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    sent: int = 0
    position: int = 0
    settled_before: int = 0
    failed_before: int = 0
    round: int = 0
    changes: int = 0
    changed_at: float = 0.0
    finished_at: float = 0.0
    cancelling: bool = False
    stop_on_error: bool = False
    unread: bool = False
    duplicates: int = 0
    source_tag: str = ""
    jobs: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    upserted: int = 0
    deleted: int = 0
    delivered: int = 0
    invalid: int = 0
    rejected: int = 0

    @property
    def settled(self) -> int:
        """Rows that are done with, one way or another."""
        return self.succeeded + self.failed + self.cancelled

    @property
    def waiting(self) -> int:
        """Rows that are not done with."""
        return max(self.rows - self.settled, 0)

    @property
    def on_the_way(self) -> int:
        """Rows that were sent in this round and have not settled."""
        return max(self.sent - max(self.settled - self.settled_before, 0), 0)

    @property
    def stopping(self) -> bool:
        """True when rows that have not begun must not begin."""
        return self.cancelling or (self.stop_on_error and self.failed > self.failed_before)

    @property
    def cancelled_whole(self) -> bool:
        """True when somebody cancelled it before any row came to an end of its own."""
        if self.unread:
            return True
        return self.cancelling and self.cancelled > 0 and self.succeeded == self.failed == 0

    @property
    def failed_whole(self) -> bool:
        """True when rows failed and none succeeded."""
        return self.failed > 0 and self.succeeded == 0

    @property
    def outcomes(self) -> dict[str, int]:
        """What became of the records that rows were for, as far as there are any."""
        return {name: count for name in OUTCOMES if (count := getattr(self, name))}

    def room(self) -> int:
        """How many rows may be sent now; none until half of the window is free."""
        window = CAREFUL_WINDOW if self.stop_on_error else WINDOW
        free = window - self.on_the_way
        return free if free * 2 >= window else 0

    def rate(self, now: float) -> float | None:
        """Rows settled per second in this round; None before the first."""
        done = self.settled - self.settled_before
        end = self.finished_at or now
        if done <= 0 or end <= self.round_at:
            return None
        return done / (end - self.round_at)

    def seconds_left(self, now: float) -> int | None:
        """Until the last row settles at the present rate; None while that is not known."""
        known = self.phase not in (Phase.QUEUED, Phase.READING)
        if self.phase is Phase.FINISHED or (self.waiting == 0 and known):
            return 0
        rate = self.rate(now)
        return math.ceil(self.waiting / rate) if rate else None

    def wait_s(self, now: float) -> int:
        """When to look again: as the window is half empty, or as the last row is done."""
        rate = self.rate(now)
        if rate is None:
            # Nothing settled yet: twice as long as it has been, so that waiting costs little.
            return _between(2, now - self.round_at, LONGEST_WAIT_S)
        unsent = self.waiting - self.on_the_way
        due = self.on_the_way / 2 if unsent > 0 else self.on_the_way
        return _between(1, due / rate, LONGEST_WAIT_S)

    def shown(self, now: float) -> dict[str, Any]:
        """What the API answers."""
        left = self.seconds_left(now)
        rate = self.rate(now)
        running = self.phase is not Phase.FINISHED
        return {
            "action_id": self.action_id,
            "phase": self.phase.value,
            "rows": self.rows,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "waiting": self.waiting,
            "duplicates": self.duplicates,
            "cancelling": self.cancelling and running,
            "rows_per_s": round(rate, 2) if rate is not None else None,
            "seconds_left": left,
            "started_at": _text(self.created_at),
            "estimated_end": _text(now + left) if left is not None and running else None,
            "finished_at": _text(self.finished_at) if not running else None,
            **({"outcomes": self.outcomes} if self.outcomes else {}),
        }

    def sentence(self) -> str:
        """What became of the rows, plainly."""
        if self.unread:
            some = f" all rows were read; the {self.rows} read ones did not run"
            return f"Cancelled before{some if self.rows else ' its rows were read'}"
        if self.failed == self.cancelled == 0:
            known = {0: "There were no rows", 1: "The row succeeded"}
            return known.get(self.rows, f"All {self.rows} rows succeeded")
        parts = [f"{self.failed} of {self.rows} rows failed"] if self.failed else []
        if self.cancelled:
            parts.append(f"{self.cancelled} of {self.rows} rows did not run")
        return ", ".join([*parts, f"{self.succeeded} succeeded"])


def _between(least: int, value: float, most: int) -> int:
    return min(max(math.ceil(value), least), most)


def _text(moment: float) -> str:
    return timestamps.to_text(timestamps.from_epoch(moment))
