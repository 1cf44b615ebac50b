"""What a message of the event queue brings: an event, an old one once more, or nothing new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from freshbridge.event_log.entry import Entry
from freshbridge.events.delivery import Verdict
from freshbridge.events.normalised import Event
from freshbridge.queues.envelope import Replay, ReplayWork, UnreadableMessage, to_text
from freshbridge.routing.taking import Taken, Taking
from tests import builders
from tests.fakes.observed import Observed

ORDER = Replay("evt_9", "evt_0001", builders.INSTANCE_ID, "2026-03-04T08:00:00Z", "rul_1,rul_2")


class Kept:
    """The event log and what is known of deliveries, in memory."""

    def __init__(self, verdict: Verdict | None = None, *, done: bool = False) -> None:
        self._verdict = verdict or Verdict()
        self._done = done
        self.entries: list[tuple[str, Entry, Replay | None]] = []
        self.duplicates: list[tuple[str, str]] = []
        self.compared: list[str] = []
        self.carried_on: list[tuple[str, str]] = []
        self.told = Observed()
        self._taking = Taking(
            cast("Any", self),
            cast("Any", Deliveries(self.compared, self._verdict)),
            cast("Any", self),
            cast("Any", self),
            logger=self.told.logger,
            metrics=self.told.metrics,
        )

    def message(self, text: str) -> Taken | None:
        """Take what a message brings."""
        return self._taking.take("m-1", text)

    def take(
        self, message_id: str, entry: Entry, read: Callable[[], Event], order: Replay | None = None
    ) -> Event | None:
        """Keep it."""
        self.entries.append((message_id, entry, order))
        return None if self._done else read()

    def duplicate(self, event: Event, first_event_id: str) -> None:
        """Note it."""
        self.duplicates.append((event.id, first_event_id))

    def kept_message(self, order: Replay) -> str:
        """The message that came first."""
        assert order == ORDER
        return to_text(builders.received_event())

    def carry_on(self, instance_id: str, job_id: str) -> Any:
        """Queue the next ones."""
        self.carried_on.append((instance_id, job_id))
        return type("Job", (), {"job_id": job_id, "done": 250})


class Deliveries:
    """Says of each event what it was told to."""

    def __init__(self, compared: list[str], verdict: Verdict) -> None:
        self._compared = compared
        self._verdict = verdict

    def take(self, event: Event, text: str) -> tuple[Event, Verdict]:
        """The event and what it is."""
        self._compared.append(text)
        return event, self._verdict


def test_an_event_that_comes_is_kept_compared_and_routed() -> None:
    kept, came = Kept(), builders.received_event()

    taken = kept.message(to_text(came))

    assert taken is not None
    assert (taken.event.id, taken.event.type, taken.only) == ("evt_0001", "ticket_created", ())
    ((message_id, entry, order),) = kept.entries
    assert (message_id, entry.event_id, order) == ("m-1", "evt_0001", None)
    assert kept.compared == [came.body]
    assert kept.told.correlation_ids == ["evt_0001"]
    assert kept.told.counts == {}


@pytest.mark.parametrize(
    ("first", "noted"),
    [
        ("evt_0000", [("evt_0001", "evt_0000")]),
        # What a sync tells twice has one id, and stays what it came to the first time.
        ("evt_0001", []),
    ],
)
def test_what_came_before_is_not_routed(first: str, noted: list[tuple[str, str]]) -> None:
    kept = Kept(Verdict(duplicate_of=first))

    assert kept.message(to_text(builders.received_event())) is None

    assert kept.duplicates == noted
    assert kept.told.counts == {"DuplicateEvents": 1}
    assert kept.told.lines == [("event came again", {"first_event_id": first})]


def test_an_event_that_was_routed_already_is_not_compared() -> None:
    kept = Kept(done=True)

    assert kept.message(to_text(builders.received_event())) is None
    assert (kept.compared, kept.told.counts) == ([], {})


def test_a_replay_is_a_new_event_that_is_compared_with_nothing() -> None:
    kept = Kept(Verdict(duplicate_of="evt_0001"))

    taken = kept.message(to_text(ORDER))

    assert taken is not None
    assert (taken.event.id, taken.event.replay_of) == ("evt_9", "evt_0001")
    assert (taken.event.received_at, taken.only) == (ORDER.requested_at, ("rul_1", "rul_2"))
    ((_message_id, entry, order),) = kept.entries
    assert (entry.event_id, order) == ("evt_9", ORDER)
    assert kept.compared == []
    assert kept.told.counts == {"EventsReplayed": 1}
    assert kept.told.correlation_ids == ["evt_9"]


def test_a_replay_that_is_done_is_not_done_again() -> None:
    kept = Kept(done=True)

    assert kept.message(to_text(ORDER)) is None
    assert kept.told.counts == {"DuplicateEvents": 1}
    assert kept.told.lines == [("event replayed already", {"replay_of": "evt_0001"})]


def test_work_on_a_replay_of_many_is_carried_on() -> None:
    kept = Kept()

    assert kept.message(to_text(ReplayWork("rpl_1", "193000001"))) is None

    assert kept.carried_on == [("193000001", "rpl_1")]
    assert kept.entries == []
    assert kept.told.counts == {"ReplaysCarriedOn": 1}
    assert kept.told.correlation_ids == ["rpl_1"]


def test_what_is_none_of_these_is_refused() -> None:
    kept = Kept()

    with pytest.raises(UnreadableMessage):
        kept.message("not json {")
    assert kept.entries == []
