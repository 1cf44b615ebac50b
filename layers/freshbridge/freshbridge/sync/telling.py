"""Tell the changes that a sync finds as events, page by page.

For each page: read what was last seen of its records, queue an event for each that differs, and
only then note how the records are now. A function that dies in between finds the same differences
again and queues the same events, by the same ids; the router drops what it has had. The cursor
moves after that, so no page is passed over.

The first load of an account is a baseline: it is remembered and nothing is told, or every record
would be news. Where the account was loaded before changes were to be told, it is read once more
from the beginning for that: without a record's earlier state nobody can say what changed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from freshbridge import identifiers
from freshbridge.events.synced import SOURCE
from freshbridge.queues.envelope import ReceivedEvent
from freshbridge.sync.change_events import KIND_OF, change_of, event_id, state_of
from freshbridge.sync.record_states import TellingState

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.queues.publish import Publisher
    from freshbridge.sync.change_events import RecordState
    from freshbridge.sync.polling import Polling
    from freshbridge.sync.record_states import RecordStates

CONTENT_TYPE = "application/json"


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
        new_id: Callable[[str], str] = identifiers.new_id,
    ) -> None:
        """`events`: the EventQueue. `now`: UTC, ISO 8601."""
        self._instance = instance
        self._object = object_name
        self._polling = polling
        self._states = states
        self._events = events
        self._now = now
        self._new_id = new_id
        self._telling: TellingState | None = None
        self.queued = 0
        self.remembered = 0

    def needs_all(self) -> bool:
        """Whether nothing was told before, so that the pull has to read every record."""
        if self._telling is None:
            self._telling = self._states.telling(self._instance.instance_id, self._object)
        return self._telling is None

    def begin(self) -> None:
        """Where nothing was told before, a baseline begins."""
        if self.needs_all():
            self._telling = TellingState(self._now(), baseline=True)
            self._states.note_telling(self._instance.instance_id, self._object, self._telling)

    def page(self, records: Sequence[dict[str, Any]], seen_at: str) -> None:
        """Tell of these records, which were asked for at `seen_at`.

        Raises:
            NotQueued, StatesUnavailable, ClientError, BotoCoreError: the page has to come again.
        """
        newest = {
            str(record[self._polling.id_field]): record
            for record in records
            if record.get(self._polling.id_field) is not None
        }
        baseline = self._begun().baseline
        if baseline:
            self.remembered += len(newest)
        else:
            before = self._states.load(self._instance.instance_id, self._object, newest)
            self.queued += self._events.publish_all(
                (event.event_id, event)
                for record_id, record in newest.items()
                if (event := self._event(before.get(record_id), record, seen_at)) is not None
            )
        self._states.save(
            self._instance.instance_id,
            self._object,
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

    def _event(
        self, before: RecordState | None, record: dict[str, Any], seen_at: str
    ) -> ReceivedEvent | None:
        change = change_of(
            self._object,
            before,
            record,
            polling=self._polling,
            telling_since=self._begun().since,
            seen_at=seen_at,
        )
        if change is None:
            return None
        emitted = replace(change, emission=self._new_id("emi"))
        return ReceivedEvent(
            event_id=event_id(self._instance.instance_id, self._object, change, self._polling),
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
