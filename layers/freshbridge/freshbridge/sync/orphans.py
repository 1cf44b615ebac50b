"""Children whose parent has left the current view: they are not written, or removed again.

The reading of a ticket's conversations may have been queued before the ticket was deleted and end
after it, or the other way round, by two workers at once. Whoever writes children looks afterwards
whether their parents are still there, and whoever removes parents looks afterwards for live
children: of two at least one sees what the other wrote, so that either order ends the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freshbridge.lake.rows import Row, State
from freshbridge.sync.objects import OBJECTS, Shape, SyncObject

if TYPE_CHECKING:
    from freshbridge.lake.lake import Lake
    from freshbridge.lake.rows import Merged


@dataclass(frozen=True)
class Orphans:
    """The orphans of one instance; `selected` are the objects that it copies."""

    lake: Lake
    instance_id: str
    run_id: str
    selected: Collection[str]

    def without(
        self, obj: SyncObject, rows: Sequence[Row], whole: Mapping[str, str]
    ) -> tuple[Sequence[Row], Mapping[str, str]]:
        """What of these rows, read parent by parent, belongs to parents that are not removed.

        `whole` as for `Lake.merge`. What is left of a removed parent's children is not touched:
        whoever removed it sees to that.
        """
        if obj.shape is not Shape.CHILDREN:
            return rows, whole
        gone = self.lake.removed_among(self.instance_id, OBJECTS[obj.parent], list(whole))
        if not gone:
            return rows, whole
        kept = {parent: asked_at for parent, asked_at in whole.items() if parent not in gone}
        return [row for row in rows if row.parent not in gone], kept

    def remove(
        self, obj: SyncObject, merged: Merged, rows: Iterable[Row], parents: Collection[str]
    ) -> None:
        """After a merge of `obj`: have no child live whose parent is removed.

        `merged` is what the merge did, `rows` those that an earlier try may have brought in.
        `parents` are those whose children were merged.
        """
        if obj.shape is Shape.CHILDREN:
            if parents:
                self._below([obj], parents)
            return
        ids = {
            change.after.id
            for change in merged.changes
            if change.before is not None and change.after.state is not State.LIVE
        }
        ids |= {row.id for row in rows if row.state is not State.LIVE}
        if ids and (children := self._children_of(obj)):
            self._below(children, ids)

    def _children_of(self, obj: SyncObject) -> list[SyncObject]:
        """What goes with a removed record of `obj`: only tickets have children of any kind."""
        if obj.name != "tickets":
            return []
        return [
            child
            for child in OBJECTS.values()
            if child.parent_field == "ticket_id" and child.name in self.selected
        ]

    def _below(self, children: Sequence[SyncObject], parents: Collection[str]) -> None:
        gone = self.lake.removed_among(self.instance_id, OBJECTS["tickets"], parents)
        for child in children:
            # What has a list of its own stays with a ticket that may come back.
            goes = {
                parent
                for parent, row in gone.items()
                if child.shape is Shape.CHILDREN or row.state is State.GONE
            }
            left = [
                replace(row, state=State.GONE, seen_at=max(row.seen_at, gone[row.parent].seen_at))
                for row in (self.lake.live_children(self.instance_id, child, goes) if goes else ())
            ]
            if left:
                self.lake.merge(self.instance_id, child, left, run_id=self.run_id)
