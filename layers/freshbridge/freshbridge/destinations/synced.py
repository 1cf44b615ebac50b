"""Synced objects as a source of records: what the lake has now, and who wants to be fed by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.destinations.arrivals import PLATFORM
from freshbridge.destinations.store import Destination
from freshbridge.errors import NotFound
from freshbridge.identifiers import derived_id
from freshbridge.queues.envelope import ActionRequest
from freshbridge.sync.objects import OBJECTS

if TYPE_CHECKING:
    from freshbridge.lake.lake import Lake


class UnknownObject(NotFound):
    """There is no synced object of this name."""

    code = "unknown_object"
    default_advice = f"There are {', '.join(OBJECTS)}."


class LakeRows:
    """Implements `freshbridge.destinations.parts.CurrentRows`."""

    def __init__(self, lake: Lake) -> None:
        """`lake`: the stack's own."""
        self._lake = lake

    def current(self, instance_id: str, object_name: str) -> Iterator[Mapping[str, Any]]:
        """Yield the live records of an object.

        Raises:
            UnknownObject: none is called so.
        """
        known = OBJECTS.get(object_name)
        if known is None:
            raise UnknownObject("no such synced object", where=object_name[:64])
        for row in self._lake.rows(instance_id, known):
            yield row.record


def requests_after_sync(
    destinations: Iterable[tuple[str, Destination]],
    *,
    instance_id: str,
    object_name: str,
    run_id: str,
    at: str,
) -> Iterator[ActionRequest]:
    """Yield a run for each destination that a finished sync run of an object feeds.

    `destinations` come with the id of the integration that they belong to. The same sync run asks
    for the same runs, however often it is told.
    """
    for owner, destination in destinations:
        feed = destination.settings.feed
        if feed is None or not destination.settings.enabled:
            continue
        if (feed.instance_id, feed.object) != (instance_id, object_name):
            continue
        action_id = derived_id("act", "sync", run_id, owner, destination.destination_id)
        yield ActionRequest(
            action_id=action_id,
            instance_id=owner,
            platform=PLATFORM,
            action="send_records",
            parameters={
                "destination_id": destination.destination_id,
                "source": {"feed": {"instance_id": instance_id, "object": object_name}},
            },
            idempotency_key=action_id,
            origin={"type": "sync", "destination_id": destination.destination_id, "run_id": run_id},
            submitted_at=at,
        )
