"""One event as it is kept: how it came, what it was read as, what the router made of it.

Pure. Times are UTC, ISO 8601 with seconds.

    queued     its replay was asked for        routed     rules ran, subscribers were told
    routing    taken in, not done              duplicate  the same as an event before: nothing ran
    waiting    put off, tried again later      parked     a dead letter
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from freshbridge.events.normalised import Event
from freshbridge.queues.envelope import ReceivedEvent, Replay
from freshbridge.rules.route import Run, subject_of

MOST_RUNS = 100
"""Runs that an event's entry names; the history of each rule has them all."""
LONGEST_REASON = 300
"""Characters of a run's reason, which the run has whole: an item of DynamoDB holds 400 KB, and one
of these may become six bytes."""
WEBHOOK = "webhook"


class State(StrEnum):
    """Where an event stands."""

    QUEUED = "queued"
    ROUTING = "routing"
    WAITING = "waiting"
    ROUTED = "routed"
    DUPLICATE = "duplicate"
    PARKED = "parked"


UNDONE = (State.QUEUED, State.WAITING, State.PARKED)
"""Few at any time, so they have an index of their own."""


class Outcome(StrEnum):
    """What the rules made of an event, the most telling first."""

    FAILED = "failed"
    ACTED = "acted"
    SKIPPED = "skipped"
    UNMATCHED = "unmatched"
    INSTANCE_DISABLED = "instance_disabled"
    """Nobody asked them: the instance was switched off. A replay does."""


@dataclass(frozen=True)
class RuleRun:
    """What one rule made of the event; the run itself is kept with the rule."""

    run_id: str
    rule_id: str
    name: str
    version: int
    outcome: str
    code: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """`envelope` is the message that brought it, whole; "" in a list, as are `runs` there.

    `size` is its body's length in characters, `source` how the event came: webhook or sync. `type`,
    `subject` and `occurred_at` are "" while it could not be read. `considered` is how many rules
    were asked, `actions` how many actions they ask for, `published_at` when the event bus took it.
    `enriched` is what became of fetching what it did not carry, as in the event.
    `replays` are the ids under which it was routed again, the last at `replayed_at`. A replay names
    its event in `replay_of`, and in `only_rules` the only rules that it runs.
    """

    event_id: str
    instance_id: str
    platform: str
    received_at: str
    state: State
    source: str = WEBHOOK
    content_type: str = ""
    size: int = 0
    type: str = ""
    subject: str = ""
    occurred_at: str = ""
    recovered: bool = False
    late: bool = False
    repeat_of: str = ""
    duplicate_of: str = ""
    replay_of: str = ""
    job_id: str = ""
    only_rules: str = ""
    replayed_at: str = ""
    replays: tuple[str, ...] = ()
    outcome: str = ""
    code: str = ""
    message: str = ""
    considered: int = 0
    actions: int = 0
    runs: tuple[RuleRun, ...] = ()
    enriched: str = ""
    enriched_at: str = ""
    enrichment_error: str = ""
    routed_at: str = ""
    published_at: str = ""
    envelope: str = ""
    expires_at: int = 0

    @property
    def listed(self) -> str:
        """Where it stands in a list: by time, and told apart when two share a second."""
        return position(self.received_at, self.event_id)

    def read_as(self, event: Event) -> Entry:
        """With what reading its content told."""
        return replace(
            self,
            type=event.type,
            source=event.source,
            subject=sendable(subject_of(event)),
            occurred_at=event.occurred_at,
            recovered=event.recovered,
        )

    def asked_by(self, order: Replay) -> Entry:
        """The entry of its replay."""
        return replace(
            self,
            event_id=order.event_id,
            received_at=order.requested_at,
            replay_of=order.replay_of,
            job_id=order.job_id,
            only_rules=order.only_rules,
        )

    def summary(self) -> dict[str, Any]:
        """What a list shows."""
        optional = {
            name: getattr(self, name) or None
            for name in (
                "type", "outcome", "subject", "occurred_at", "routed_at", "repeat_of",
                "duplicate_of", "replay_of", "replayed_at", "code", "message",
            )
        }  # fmt: skip
        return {
            "id": self.event_id,
            "platform": self.platform,
            "state": self.state.value,
            "source": self.source,
            "received_at": self.received_at,
            "late": self.late,
            "recovered": self.recovered,
            "actions": self.actions,
            **optional,
        }


def arrived(received: ReceivedEvent, message: str) -> Entry:
    """The entry of an event that has just come, before its content is read."""
    return Entry(
        event_id=received.event_id,
        instance_id=received.instance_id,
        platform=received.platform,
        received_at=received.received_at,
        state=State.ROUTING,
        source=received.source,
        content_type=received.content_type,
        size=len(received.body),
        envelope=message,
    )


def position(received_at: str, event_id: str) -> str:
    """The key by which lists are ordered."""
    return f"{received_at}#{event_id}"


def outcome_of(runs: Iterable[Run]) -> Outcome:
    """What all rules together made of an event."""
    found = {run.outcome for run in runs}
    if "failed" in found:
        return Outcome.FAILED
    if "ran" in found:
        return Outcome.ACTED
    return Outcome.SKIPPED if found else Outcome.UNMATCHED


def rule_runs(runs: Iterable[Run]) -> tuple[RuleRun, ...]:
    """The runs as an entry names them, up to `MOST_RUNS`."""
    named = tuple(
        RuleRun(
            run_id=run.run_id,
            rule_id=run.rule.rule_id,
            name=run.rule.name,
            version=run.rule.version,
            outcome=run.outcome,
            code=run.code,
            reason=run.reason[:LONGEST_REASON],
        )
        for run in runs
    )
    return named[:MOST_RUNS]


def run_texts(runs: Iterable[RuleRun]) -> list[dict[str, Any]]:
    """The runs as they are kept."""
    return [{name: value for name, value in asdict(run).items() if value != ""} for run in runs]


def sendable(text: str) -> str:
    """Without lone surrogates, which no database key can hold."""
    return text.encode("utf-8", "replace").decode()
