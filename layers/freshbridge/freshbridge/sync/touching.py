"""Read a record that a webhook named, and bring the lake up to it.

The mark goes before the record is read, so a webhook that comes meanwhile asks again. What is read
is merged as a page of a run is: the later version wins, whichever way it came. A record that is not
there becomes a tombstone, unless it is not held either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.errors import NotFound
from freshbridge.instances.trace import Cause
from freshbridge.lake.rows import Change, Merged, Row, State
from freshbridge.sync.belonging import Hook, came_back, with_what_belongs
from freshbridge.sync.objects import OBJECTS, SyncObject
from freshbridge.sync.orphans import Orphans
from freshbridge.sync.run import Kind, Run
from freshbridge.sync.touch import CONVERSATIONS, RecordTouch
from freshbridge.sync.verification import fetched
from freshbridge.sync.versions import tombstone, version_of

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.connection import Connections
    from freshbridge.instances.model import Instance
    from freshbridge.lake.lake import Lake
    from freshbridge.sync.touch_marks import TouchMarks
    from freshbridge.sync.watching import Watcher


@dataclass(frozen=True)
class Touching:
    """Does what messages ask; `watcher` makes who is told of what changes."""

    lake: Lake
    marks: TouchMarks
    watcher: Callable[[Instance, Run], Watcher]
    clock: Callable[[], float] = timestamps.epoch

    def touch(self, order: RecordTouch, connections: Connections, *, waiting: Waiting) -> None:
        """Read and keep what one message asks for.

        Raises what reading and writing raise: the message comes again.
        """

        def bring(client: FreshdeskClient, instance: Instance) -> None:
            watcher = self.watcher(instance, _run_of(order))
            watcher.begin()
            bring_up_to_date(
                client,
                self.lake,
                self.marks,
                order,
                now=self._now,
                tell=watcher.told,
                selected=instance.sync_objects,
            )

        cause = Cause(order.event_id, run_id=order.run_id)
        connections.use(order.instance_id, bring, cause=cause, waiting=waiting)

    def leave(self, order: RecordTouch) -> None:
        """Read nothing, where nothing is to be read now: the next run finds what changed."""
        self.marks.take(order.instance_id, order.object, order.touch)

    def _now(self) -> str:
        return timestamps.to_precise_text(timestamps.from_epoch(self.clock()))


def _run_of(order: RecordTouch) -> Run:
    """What a watcher has to know of it."""
    return Run(order.run_id, order.instance_id, order.object, Kind.INCREMENTAL, "", copied=True)


def bring_up_to_date(
    client: FreshdeskClient,
    lake: Lake,
    marks: TouchMarks,
    order: RecordTouch,
    *,
    now: Callable[[], str],
    tell: Hook | None = None,
    selected: Collection[str] = (),
) -> Merged:
    """Do what the message asks; again it changes nothing.

    `now` is the present as Row.seen_at has it; `tell` hears of what changes before it is kept.
    `selected` are the objects that the instance copies: where conversations are, those of a ticket
    that comes back are read with it.

    Raises what the client and the lake raise: the message comes again.
    """
    obj = OBJECTS[order.object]
    tell = with_what_belongs(
        lake, order.instance_id, obj, run_id=order.run_id, selected=selected, tell=tell
    )
    if obj.name == "tickets" and CONVERSATIONS in selected:
        tell = _with_conversations(client, lake, order, now, tell)
    if order.record:
        row = version_of(obj, order.record, seen_at=order.seen_at)
        return _merged(lake, order, [row], selected=selected, tell=tell)
    marks.take(order.instance_id, obj.name, order.touch)
    seen_at = now()
    if obj.name == CONVERSATIONS:
        rows, whole = _conversations(client, obj, order.touch, seen_at)
        return _merged(lake, order, rows, selected=selected, tell=tell, whole=whole)
    try:
        row = fetched(client, obj, order.touch, seen_at=seen_at)
    except NotFound:
        held = lake.find(order.instance_id, obj, order.touch)
        if held is None:
            return Merged()
        row = tombstone(held, State.GONE, seen_at)
    return _merged(lake, order, [row], selected=selected, tell=tell)


def _merged(
    lake: Lake,
    order: RecordTouch,
    rows: Sequence[Row],
    *,
    selected: Collection[str],
    tell: Hook | None,
    whole: Mapping[str, str] | None = None,
) -> Merged:
    """Keep them, and leave no conversation of a ticket that is removed."""
    obj = OBJECTS[order.object]
    orphans = Orphans(lake, order.instance_id, order.run_id, selected)
    kept, parents = orphans.without(obj, rows, whole or {})
    merged = lake.merge(order.instance_id, obj, kept, run_id=order.run_id, whole=parents, tell=tell)
    # Where this message came before, the ticket may be removed already, and nothing has changed.
    orphans.remove(obj, merged, rows, parents)
    return merged


def _with_conversations(
    client: FreshdeskClient,
    lake: Lake,
    order: RecordTouch,
    now: Callable[[], str],
    tell: Hook | None,
) -> Hook:
    """Before a ticket is live again, its conversations are."""
    obj = OBJECTS[CONVERSATIONS]

    def read(changes: Sequence[Change]) -> None:
        for ticket_id in came_back(changes):
            rows, whole = _conversations(client, obj, ticket_id, now())
            lake.merge(order.instance_id, obj, rows, run_id=order.run_id, whole=whole)
        if tell is not None:
            tell(changes)

    return read


def _conversations(
    client: FreshdeskClient, obj: SyncObject, ticket_id: str, seen_at: str
) -> tuple[list[Row], dict[str, str]]:
    try:
        pages = list(client.conversations(int(ticket_id)))
    except NotFound:
        # Whether they are gone is for the ticket to say.
        return [], {}
    rows = [
        version_of(obj, {"ticket_id": int(ticket_id), **record}, seen_at=seen_at)
        for page in pages
        for record in page.records
    ]
    return rows, {ticket_id: seen_at}
