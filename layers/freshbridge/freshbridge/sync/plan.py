"""What a scheduled run has to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from freshbridge.instances.model import Instance
from freshbridge.queues.envelope import SyncWork
from freshbridge.sync.polling import only_told


def plan(instances: Iterable[Instance], *, run_id: str, started_at: str) -> Iterator[SyncWork]:
    """One piece of work for each object of each instance that is enabled.

    Objects of which only events are wanted come after those that are copied.
    """
    for instance in instances:
        if instance.disabled:
            continue
        for name in dict.fromkeys((*instance.sync_objects, *only_told(instance))):
            yield SyncWork(
                run_id=run_id,
                instance_id=instance.instance_id,
                object=name,
                started_at=started_at,
            )
