"""Puts together the parts of this room, for every function that uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from freshbridge.dead_letters.carrier import Carrier
from freshbridge.dead_letters.desk import Desk
from freshbridge.dead_letters.intake import Intake
from freshbridge.dead_letters.job_store import JobStore
from freshbridge.dead_letters.jobs import Jobs
from freshbridge.dead_letters.store import LetterStore
from freshbridge.dead_letters.subject import Queue

if TYPE_CHECKING:
    from freshbridge.actions.record_store import RecordStore
    from freshbridge.queues.payload import PayloadStore


class TableNames(Protocol):
    """The settings that every function with dead letters has."""

    @property
    def dead_letter_table(self) -> str:
        """Where letters are kept."""
        ...  # pragma: no cover  # a protocol has no body

    @property
    def dead_letter_days(self) -> str:
        """For how long."""
        ...  # pragma: no cover  # as above


class QueueNames(TableNames, Protocol):
    """The settings of a function that sends letters back: every queue and the one beside it."""

    @property
    def event_queue_url(self) -> str:
        """Events."""
        ...  # pragma: no cover  # as above

    @property
    def event_dead_letter_queue_url(self) -> str:
        """Those of events."""
        ...  # pragma: no cover  # as above

    @property
    def action_queue_url(self) -> str:
        """Actions."""
        ...  # pragma: no cover  # as above

    @property
    def action_dead_letter_queue_url(self) -> str:
        """Those of actions."""
        ...  # pragma: no cover  # as above

    @property
    def sync_queue_url(self) -> str:
        """Sync work."""
        ...  # pragma: no cover  # as above

    @property
    def sync_dead_letter_queue_url(self) -> str:
        """That of sync work."""
        ...  # pragma: no cover  # as above

    @property
    def callback_queue_url(self) -> str:
        """Callbacks."""
        ...  # pragma: no cover  # as above

    @property
    def callback_dead_letter_queue_url(self) -> str:
        """Those of callbacks."""
        ...  # pragma: no cover  # as above

    @property
    def customer_queue_url(self) -> str:
        """Work on customer links."""
        ...  # pragma: no cover  # as above

    @property
    def customer_dead_letter_queue_url(self) -> str:
        """That of customer links."""
        ...  # pragma: no cover  # as above


def letter_store(chosen: TableNames) -> LetterStore:
    """The stack's letters."""
    return LetterStore(chosen.dead_letter_table, days=int(chosen.dead_letter_days))


def intake(chosen: TableNames, queue: Queue, payloads: PayloadStore, *, function: str) -> Intake:
    """One queue's letters, for its function."""
    return Intake(queue, letter_store(chosen), payloads, function=function)


def carriers(chosen: QueueNames) -> dict[Queue, Carrier]:
    """What sends to each queue and to the dead-letter queue beside it."""
    return {
        Queue.EVENTS: Carrier(chosen.event_queue_url, chosen.event_dead_letter_queue_url),
        Queue.ACTIONS: Carrier(chosen.action_queue_url, chosen.action_dead_letter_queue_url),
        Queue.SYNC: Carrier(chosen.sync_queue_url, chosen.sync_dead_letter_queue_url),
        Queue.CALLBACKS: Carrier(chosen.callback_queue_url, chosen.callback_dead_letter_queue_url),
        Queue.CUSTOMERS: Carrier(chosen.customer_queue_url, chosen.customer_dead_letter_queue_url),
    }


def desk(chosen: QueueNames, records: RecordStore) -> Desk:
    """Where letters are sent back and given up."""
    return Desk(letter_store(chosen), carriers(chosen), records)


def jobs(chosen: TableNames, at: Desk) -> Jobs:
    """Redrives and discards of many letters."""
    return Jobs(at, JobStore(chosen.dead_letter_table))
