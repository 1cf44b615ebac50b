"""Notices in a process's own replies that a provider's window was reset. Pure: no I/O.

Two replies show a reset when the second call began after the first had ended and has more left.
Calls of several threads overlap; only pairs of which that is certain are compared.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

NOTABLE = 0.05
"""Share of the limit that `remaining` must have risen by: counters kept by several servers may
disagree by a few, and a reset after next to no use is not worth knowing."""
_KEPT = 16


@dataclass(frozen=True, slots=True)
class Seen:
    """One reply of a bucket; times of this process's clock."""

    sent: float
    received: float
    limit: int
    remaining: int


class ResetWatch:
    """The last replies of one process, by bucket."""

    def __init__(self) -> None:
        """No replies yet."""
        self._seen: dict[str, deque[Seen]] = {}

    def bracket(self, bucket: str, seen: Seen) -> tuple[float, float] | None:
        """Between which two times of this process's clock a reset lies, if `seen` shows one."""
        before = self._seen.setdefault(bucket, deque(maxlen=_KEPT))
        earlier = [other for other in before if other.received <= seen.sent]
        before.append(seen)
        if not earlier:
            return None
        last = max(earlier, key=lambda other: other.received)
        if last.limit == seen.limit and is_reset(last.remaining, seen.remaining, seen.limit):
            return last.sent, seen.received
        return None


def is_reset(before: int, after: int, limit: int) -> bool:
    """Whether so much more is left after than before that the window must be another one."""
    return after - before >= max(2, math.ceil(NOTABLE * limit))
