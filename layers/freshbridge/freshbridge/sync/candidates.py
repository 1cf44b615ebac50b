"""What a run over everything did not see: the live records that may be gone.

A ticket that has been closed for long may just be archived, for no list shows the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.freshdesk.enums import Status
from freshbridge.lake.rows import Row
from freshbridge.sync.verification import BY_PARENT
from freshbridge.sync.versions import Verdict

if TYPE_CHECKING:
    from freshbridge.lake.lake import Lake
    from freshbridge.sync.objects import SyncObject

BATCH = 200
"""Findings that are kept together: a crash costs as many calls again at most."""
ARCHIVED_AFTER = timedelta(days=120)
"""Freshdesk archives a ticket that has been closed and untouched for so long."""


Position = dict[str, Any]


def may_be_archived(row: Row, now: str) -> bool:
    """Whether the archive may be the reason that a ticket is in no list."""
    if is_archived(row):
        return True
    if row.record.get("status") != int(Status.CLOSED):
        return False
    try:
        age = timestamps.from_text(now) - timestamps.from_text(row.updated_at)
    except (ValueError, OverflowError):
        return False
    return age >= ARCHIVED_AFTER


def counted_candidates(
    lake: Lake, instance_id: str, obj: SyncObject, began: str, now: Callable[[], str]
) -> Position:
    """What a stage begins with: how many were not seen, and how many of them seem to be gone."""
    candidates = vanishing = archived = 0
    moment = now()
    for row in lake.not_seen_since(instance_id, obj, began):
        candidates += 1
        archived += is_archived(row)
        vanishing += not (obj.name == "tickets" and may_be_archived(row, moment))
    return {
        "candidates": candidates,
        "vanishing": vanishing,
        "held": lake.counts(instance_id, obj)["live"] if candidates else 0,
        "verdicts": {str(Verdict.ARCHIVED): archived} if archived else {},
        "kept": [],
    }


def batches(
    lake: Lake, instance_id: str, obj: SyncObject, began: str, settled: Iterable[str]
) -> Iterator[Sequence[Row]]:
    """The candidates that are left: one by one, or those of one parent, as they are asked for.

    `settled` are the ids of those of which nobody can say anything.
    """
    kept = set(settled)
    below: dict[str, list[Row]] = {}
    for row in lake.not_seen_since(instance_id, obj, began):
        if row.id in kept or is_archived(row):
            # What is in the archive cannot change any more, and no list will ever show it.
            continue
        if obj.name not in BY_PARENT:
            yield [row]
            continue
        below.setdefault(row.parent, []).append(row)
        if sum(map(len, below.values())) >= BATCH:
            yield from below.values()
            below = {}
    yield from below.values()


def is_archived(row: Row) -> bool:
    """Whether the copy says that the archive has it."""
    return b'"archived":true' in row.body and row.record.get("archived") is True
