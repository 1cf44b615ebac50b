"""What a scheduled run has to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from freshbridge.instances.model import Instance
from freshbridge.queues.envelope import SyncWork


def plan(instances: Iterable[Instance], *, run_id: str, started_at: str) -> Iterator[SyncWork]:
    """One piece of work for each object of each instance that is enabled."""
    for instance in instances:
        if instance.disabled:
            continue
        for name in instance.sync_objects:
            yield SyncWork(
                run_id=run_id,
                instance_id=instance.instance_id,
                object=name,
                started_at=started_at,
            )
