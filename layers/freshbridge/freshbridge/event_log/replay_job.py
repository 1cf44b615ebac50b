"""A replay of many events: what is meant, and how far it has come. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.errors import Conflict, NotFound
from freshbridge.event_log.entry import Entry, State
from freshbridge.event_log.filters import Filter, read_filter
from freshbridge.event_log.replay_request import read_rules, refuse, replay_id
from freshbridge.queues.envelope import Replay

PREFIX = "rpl"
_KNOWN = {"from", "to", "type", "subject", "state", "outcome", "rules", "dry_run"}


class UnknownReplayJob(NotFound):
    """No replay of a window has this id, or it has expired."""

    code = "unknown_replay_job"


class ReplayFinished(Conflict):
    """There is nothing to stop any more."""

    code = "replay_finished"
    default_advice = "Events that it queued already are routed all the same."


@dataclass(frozen=True)
class Window:
    """What a request says: which events, of their rules only `rules`, or only a count.

    `fingerprint` tells it from another request under the same key.
    """

    chosen: Filter
    rules: tuple[str, ...] = ()
    dry_run: bool = False
    fingerprint: str = ""


@dataclass(frozen=True)
class ReplayJob:
    """`done` events were queued again, `skipped` ones looked at and left.

    It goes through the events that were received before it began, oldest first; `after` is the
    position behind which it goes on.
    """

    job_id: str
    instance_id: str
    chosen: Filter
    by: str
    created_at: str
    rules: tuple[str, ...] = ()
    after: str = ""
    done: int = 0
    skipped: int = 0
    by_type: Mapping[str, int] = field(default_factory=dict)
    finished_at: str = ""
    cancelled: bool = False
    version: int = 0

    @property
    def state(self) -> str:
        """How the API calls it."""
        if self.cancelled:
            return "cancelled"
        return "finished" if self.finished_at else "running"

    def order(self, entry: Entry, now: str) -> Replay:
        """What asks for one event of it; the same id however often it is asked."""
        return Replay(
            event_id=replay_id(self.instance_id, entry.event_id, self.job_id),
            replay_of=entry.event_id,
            instance_id=self.instance_id,
            requested_at=now,
            only_rules=",".join(self.rules),
            job_id=self.job_id,
        )

    def advanced(self, taken: list[Entry], looked: int, after: str | None, now: str) -> ReplayJob:
        """After one piece more; it is over where `after` is None."""
        counts = dict(self.by_type)
        for entry in taken:
            counts[kind_of(entry)] = counts.get(kind_of(entry), 0) + 1
        return replace(
            self,
            after=after or self.after,
            done=self.done + len(taken),
            skipped=self.skipped + looked - len(taken),
            by_type=counts,
            finished_at="" if after else now,
        )

    def stopped(self, now: str) -> ReplayJob:
        """Not to go on.

        Raises:
            ReplayFinished: it is over.
        """
        if self.finished_at:
            raise ReplayFinished(f"replay {self.job_id} is {self.state}")
        return replace(self, cancelled=True, finished_at=now)

    def shown(self) -> dict[str, Any]:
        """The job as the API tells it."""
        return {
            "replay_id": self.job_id,
            "state": self.state,
            "filter": self.chosen.asked(),
            "rules": list(self.rules),
            "done": self.done,
            "skipped": self.skipped,
            "by_type": dict(self.by_type),
            # The time of the last event that was looked at.
            "reached": self.after.partition("#")[0] or None,
            "created_at": self.created_at,
            "finished_at": self.finished_at or None,
        }

    def to_text(self) -> str:
        """All of it but its id and version, for the table."""
        kept = {k: v for k, v in vars(self).items() if k not in ("job_id", "version", "chosen")}
        return json.dumps(kept | {"chosen": vars(self.chosen)}, separators=(",", ":"))


def from_text(job_id: str, version: int, text: str) -> ReplayJob:
    """The job that `to_text` told."""
    kept = json.loads(text)
    chosen, rules = Filter(**kept.pop("chosen")), tuple(kept.pop("rules"))
    return ReplayJob(job_id=job_id, version=version, chosen=chosen, rules=rules, **kept)


def kind_of(entry: Entry) -> str:
    """What counts call it."""
    return entry.type or "unread"


def is_replayable(entry: Entry) -> bool:
    """Whether a window takes the event: once each, so neither replays nor what came again."""
    return not entry.replay_of and entry.state in (State.ROUTED, State.PARKED)


def read_window(body: Mapping[str, Any], now: str) -> Window:
    """`{"from", "to"?, "type"?, "subject"?, "state"?, "outcome"?, "rules"?, "dry_run"?}`.

    It ends a second before `now` at the latest: what it routes again comes now, and is not its own.

    Raises:
        InvalidReplay, InvalidEventFilter: naming what is wrong.
    """
    for name in sorted(set(body) - _KNOWN):
        refuse(name, f"there is no such field; there are {', '.join(sorted(_KNOWN))}")
    if "from" not in body:
        refuse("from", "is required: when the first event came, 2026-03-03T12:02:40Z")
    dry_run = body.get("dry_run", False)
    if not isinstance(dry_run, bool):
        refuse("dry_run", "must be true or false")
    chosen = read_filter({k: v for k, v in body.items() if k not in ("rules", "dry_run")})
    latest = timestamps.to_text(timestamps.from_text(now) - timedelta(seconds=1))
    if chosen.since > latest:
        refuse("from", "must be earlier than now")
    until = min(chosen.until or latest, latest)
    asked = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return Window(
        replace(chosen, until=until),
        read_rules(body.get("rules")),
        bool(dry_run),
        hashlib.sha256(asked.encode()).hexdigest(),
    )
