"""What routing an event needs of other rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.event_log.entry import Entry
    from freshbridge.event_log.replay_job import ReplayJob
    from freshbridge.events.delivery import Verdict
    from freshbridge.events.normalised import Event
    from freshbridge.instances.model import Instance
    from freshbridge.queues.envelope import Replay
    from freshbridge.rules.comparison import Statuses
    from freshbridge.rules.model import Rule
    from freshbridge.rules.route import Run


class Recorder(Protocol):
    """Keeps what came and what became of it."""

    def take(
        self,
        message_id: str,
        entry: Entry,
        read: Callable[[], Event],
        order: Replay | None = None,
    ) -> Event | None:
        """Keep the event and return it as it was read; None for a replay that is done already."""
        ...  # pragma: no cover  # a protocol has no body

    def duplicate(self, event: Event, first_event_id: str) -> None:
        """Note that the event had come before."""
        ...  # pragma: no cover  # as above

    def routed(
        self,
        event: Event,
        runs: Iterable[Run],
        *,
        considered: int,
        published_at: str,
        disabled: bool = False,
    ) -> None:
        """Note what rules made of the event, and when subscribers were told, "" for not at all.

        `disabled`: its instance is switched off, so nobody was asked or told.
        """
        ...  # pragma: no cover  # as above


class Deliveries(Protocol):
    """Knows what a provider sent before."""

    def take(self, event: Event, text: str) -> tuple[Event, Verdict]:
        """The event, marked, and whether it is a repeat; `text` is its body as it came."""
        ...  # pragma: no cover  # as above


class Replays(Protocol):
    """Has the messages that brought earlier events."""

    def kept_message(self, order: Replay) -> str:
        """The message of the event that is to be routed again."""
        ...  # pragma: no cover  # as above


class ReplayJobs(Protocol):
    """Replays of many events."""

    def carry_on(self, instance_id: str, job_id: str) -> ReplayJob:
        """Queue one piece more; the job as it then is."""
        ...  # pragma: no cover  # as above


class Enricher(Protocol):
    """Fetches what an event does not carry."""

    def event(
        self,
        event: Event,
        rules: list[Rule],
        instance: Instance | None,
        *,
        waiting: Waiting,
        first: bool,
    ) -> Event:
        """The event with what is needed of it; `first`: its message comes for the first time."""
        ...  # pragma: no cover  # as above


class Dispatcher(Protocol):
    """Runs rules."""

    def dispatch(
        self,
        event: Event,
        rules: Iterable[Rule],
        *,
        now: datetime,
        statuses: Statuses | None = None,
    ) -> list[Run]:
        """Queue what the rules ask for; what became of each rule that matched."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True)
class Surroundings:
    """Questions that are asked about an event, and who is told of it.

    `instance`: None where it was deleted after the event came. `call_back`: whether it wants to be.
    `customer`: have a customer kept the same elsewhere that the event is about; how many times.
    `touch`: have the record brought up to date in the lake, where it is copied there.
    """

    is_check: Callable[[Event], bool]
    instance: Callable[[str], Instance | None]
    rules: Callable[[str], list[Rule]]
    publish: Callable[[Event], None]
    call_back: Callable[[Event, Instance], bool]
    touch: Callable[[Event, Instance], None]
    customer: Callable[[Event], int] = lambda _event: 0
