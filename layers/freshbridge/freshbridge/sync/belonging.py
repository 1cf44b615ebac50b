"""What belongs to a ticket leaves the current view with it, however the ticket left.

It is removed just before the ticket is: a death in between finds the ticket as it was, and does
both again. Conversations go with every ticket that is not live any more, for they are read of live
ones alone; what has a list of its own goes only with tickets that are gone for good.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from freshbridge.lake.rows import Change, State
from freshbridge.sync.objects import OBJECTS, Shape, SyncObject

if TYPE_CHECKING:
    from freshbridge.lake.lake import Lake

Hook = Callable[[Sequence[Change]], None]


def with_what_belongs(
    lake: Lake,
    instance_id: str,
    obj: SyncObject,
    *,
    run_id: str,
    selected: Collection[str],
    tell: Hook | None = None,
) -> Hook | None:
    """What `Lake.merge` has to tell of an object's changes; it goes on to `tell`.

    `selected` are the objects that the instance copies.
    """
    if obj.name != "tickets":
        return tell

    def remove(changes: Sequence[Change]) -> None:
        left = {
            change.after.id: change.after
            for change in changes
            if change.before is not None and change.after.state is not State.LIVE
        }
        for child in OBJECTS.values():
            goes = child.shape is Shape.CHILDREN and child.name in selected
            whole = {
                row.id: row.seen_at for row in left.values() if goes or row.state is State.GONE
            }
            if child.parent_field == "ticket_id" and whole:
                lake.merge(instance_id, child, (), run_id=run_id, whole=whole)
        if tell is not None:
            tell(changes)

    return remove


def came_back(changes: Sequence[Change]) -> list[str]:
    """The ids of those that were removed and are live again."""
    return [
        change.after.id
        for change in changes
        if change.before is not None
        and change.before.state is not State.LIVE
        and change.after.state is State.LIVE
    ]
