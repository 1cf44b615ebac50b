"""Tell the changes that a sync finds as events.

What is copied is told of by the lake, which knows each record as it was: of each file it says what
is about to change, `told` queues an event for it, and only then is the file written. So nothing is
kept for the telling's sake. What is not copied is told of page by page: read what was last seen of
its records, queue an event for each that differs, and only then note how they are now. Either way a
function that dies in between finds the same differences again and queues the same events, by the
same ids; the router drops what it has had.

The first run that is to tell is a baseline: it is remembered and nothing is told, or every record
would be news. Of what is copied the lake is the memory. Of the rest everything is read once more
from the beginning for that: without a record's earlier state nobody can say what changed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from freshbridge import identifiers
from freshbridge.events.synced import SOURCE
from freshbridge.queues.envelope import ReceivedEvent
from freshbridge.sync.change_events import (
    DELETED,
    DELETED_CONTACTS,
    KIND_OF,
    change_of,
    event_id,
    state_of,
)
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.record_states import TellingState
from freshbridge.sync.told_changes import told_change, told_id

if TYPE_CHECKING:
    from freshbridge.events.synced import Change as Told
    from freshbridge.instances.model import Instance
    from freshbridge.lake.rows import Change
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.change_events import RecordState
    from freshbridge.sync.polling import Polling
    from freshbridge.sync.record_states import RecordStates

CONTENT_TYPE = "application/json"
_TRASH_OF = {("tickets", "deleted"): DELETED, ("contacts", "deleted"): DELETED_CONTACTS}


class Telling:
    """The changes of one object of one instance, in one invocation.

    `queued` counts events, `remembered` the records of a baseline.
    """

    def __init__(
        self,
        instance: Instance,
        object_name: str,
        polling: Polling,
        *,
        states: RecordStates,
        events: Publisher,
        now: Callable[[], str],
        copied: bool = False,
        new_id: Callable[[str], str] = identifiers.new_id,
    ) -> None:
        """`events`: the EventQueue. `now`: UTC, ISO 8601. `copied`: the lake has the records."""
        self._instance = instance
        self._object = object_name
        self._polling = polling
        self._states = states
        self._events = events
        self._now = now
        self._copied = copied
        self._new_id = new_id
        self._telling: TellingState | None = None
        self.queued = 0
        self.remembered = 0

    def needs_all(self) -> bool:
        """Whether every record has to be read once, for nothing is known of what they were."""
        return not self._copied and self._known() is None

    def begin(self) -> None:
        """Where nothing was told before, a baseline begins."""
        if self._known() is None:
            self._telling = TellingState(self._now(), baseline=True)
            self._states.note_telling(self._instance.instance_id, self._object, self._telling)

    def told(self, changes: Sequence[Change]) -> None:
        """Tell of what is about to change in the lake.

        Raises:
            NotQueued: it must not be changed yet.
        """
        if self._begun().baseline:
            self.remembered += len(changes)
            return
        obj = OBJECTS[self._object]
        since = self._begun().since
        found = (
            (one, what)
            for one in changes
            if (what := told_change(obj, one, polling=self._polling, telling_since=since))
        )
        self.queued += self._events.publish_all(
            (event.event_id, event)
            for one, what in found
            for event in [self._event(told_id(self._instance.instance_id, obj, one, what), what)]
        )

    def page(self, records: Sequence[dict[str, Any]], seen_at: str, feed: str = "") -> None:
        """Tell of records that are not copied, which were asked for at `seen_at`.

        `feed` is the list that they are from: what is in the trash is told of as deleted.

        Raises:
            NotQueued, StatesUnavailable, ClientError, BotoCoreError: the page has to come again.
        """
        object_name = _TRASH_OF.get((self._object, feed), self._object)
        newest = {
            str(record[self._polling.id_field]): record
            for record in records
            if record.get(self._polling.id_field) is not None
        }
        baseline = self._begun().baseline
        if baseline:
            self.remembered += len(newest)
        else:
            before = self._states.load(self._instance.instance_id, object_name, newest)
            told = (
                self._change(object_name, before.get(record_id), record, seen_at)
                for record_id, record in newest.items()
            )
            self.queued += self._events.publish_all(
                (event.event_id, event) for event in told if event is not None
            )
        self._states.save(
            self._instance.instance_id,
            object_name,
            {one: state_of(record, self._polling, seen_at) for one, record in newest.items()},
        )

    def finish(self) -> None:
        """The last page is in: from now on changes are told."""
        told = self._begun()
        if told.baseline:
            self._telling = replace(told, baseline=False)
            self._states.note_telling(self._instance.instance_id, self._object, self._telling)

    def shown(self) -> dict[str, Any]:
        """What a person is told of it, beside the cursor."""
        told = self._begun()
        mode = "baseline" if told.baseline else "telling"
        told_of = {"queued": self.queued, "remembered": self.remembered}
        return {"events": {"mode": mode, "since": told.since, **told_of}}

    def _begun(self) -> TellingState:
        assert self._telling is not None  # noqa: S101 - begin() comes first
        return self._telling

    def _known(self) -> TellingState | None:
        if self._telling is None:
            self._telling = self._states.telling(self._instance.instance_id, self._object)
        return self._telling

    def _change(
        self, object_name: str, before: RecordState | None, record: dict[str, Any], seen_at: str
    ) -> ReceivedEvent | None:
        change = change_of(
            object_name,
            before,
            record,
            polling=self._polling,
            telling_since=self._begun().since,
            seen_at=seen_at,
        )
        if change is None:
            return None
        named = event_id(self._instance.instance_id, object_name, change, self._polling)
        return self._event(named, change)

    def _event(self, named: str, change: Told) -> ReceivedEvent:
        emitted = replace(change, emission=self._new_id("emi"))
        return ReceivedEvent(
            event_id=named,
            instance_id=self._instance.instance_id,
            platform=self._instance.platform,
            received_at=self._now(),
            content_type=CONTENT_TYPE,
            body=emitted.to_text(),
            source=SOURCE,
        )


def can_tell(object_name: str) -> bool:
    """Whether there are events of this object of the sync."""
    return object_name in KIND_OF
