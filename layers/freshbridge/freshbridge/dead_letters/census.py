"""Counts dead letters by queue and code, within bounds: a list can be of any length. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from freshbridge.dead_letters.filters import Filter
from freshbridge.dead_letters.letter import Letter


def census(
    letters: Iterable[Letter],
    chosen: Filter,
    may_go_on: Callable[[], bool],
    most: int,
    *,
    limit: int = 0,
) -> dict[str, Any]:
    """`{"total", "complete", "queues": {queue: {code: count}}, "oldest_parked_at"}`.

    `letters` come newest first. `complete` is False where not all of them could be looked at: the
    counts are then those of the newest. No more than `limit` are counted where it is not 0.
    """
    queues: dict[str, dict[str, int]] = {}
    total, complete, oldest = 0, True, None
    for looked, letter in enumerate(letters):
        # The clock is asked now and then: asking is dearer than counting.
        if looked == most or (looked % 200 == 0 and not may_go_on()):
            complete = False
            break
        if chosen.matches(letter):
            codes = queues.setdefault(letter.queue.value, {})
            codes[letter.failure.code] = codes.get(letter.failure.code, 0) + 1
            total += 1
            oldest = letter.parked_at
            if total == limit:
                break
    return {"total": total, "complete": complete, "queues": queues, "oldest_parked_at": oldest}
