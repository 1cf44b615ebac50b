"""How far a run of a link has come. Pure.

A run goes through the kinds of customers, companies first, and through each one's stages:

    again ─► desk ─► desk_gone ─► sales ─► sales_gone ─► join ─► confirm ─► sweep

`place` is where the stage goes on. What every stage did before it is kept, so that a run that was
cut off goes on from its last page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from freshbridge import timestamps
from freshbridge.customers.link import Kind, Link

STAGES = ("again", "desk", "desk_gone", "sales", "sales_gone", "join", "confirm", "sweep")
RUNNING, DONE = "running", "done"
STALLED_S = 60.0


@dataclass
class RunState:
    """One run. `marks` are where the next one begins to read, by kind and feed.

    `before` is the run whose failures are tried again. `staged` counts the pages of Freshdesk's
    that are kept, `waiting` is whether something was created that is to be linked. `looked` is when
    each feed was last begun to be read, `look` how far it is read once more. Times are UTC, ISO
    8601.
    """

    run_id: str
    started_at: str
    full: bool = False
    dry_run: bool = False
    state: str = RUNNING
    step: int = 0
    place: dict[str, Any] | None = None
    staged: int = 0
    waiting: bool = False
    pages: int = 0
    since: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    looked: dict[str, str] = field(default_factory=dict)
    look: dict[str, Any] | None = None
    before: str = ""
    updated_at: str = ""
    finished_at: str = ""

    def at(self, link: Link) -> tuple[Kind, str] | None:
        """The kind and the stage that it is in; None after the last one."""
        kinds = [rules.kind for rules in link.kinds]
        number, stage = divmod(self.step, len(STAGES))
        return (kinds[number], STAGES[stage]) if number < len(kinds) else None

    def next_stage(self) -> None:
        """The stage is over."""
        if STAGES[self.step % len(STAGES)] == STAGES[-1]:
            self.staged, self.waiting = 0, False
        self.step += 1
        self.place = self.look = None

    def add(self, counts: Mapping[str, int]) -> None:
        """Count what a page came to."""
        for name, number in counts.items():
            self.counts[name] = self.counts.get(name, 0) + number
        self.pages += 1

    def to_text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> RunState:
        """What `to_text` was given."""
        return cls(**json.loads(text))

    def stalled(self, now: str, taken_until: float) -> bool:
        """Whether it should go on and nobody sees to it: the next message of the link takes it up.

        `taken_until`: epoch seconds until which a function works on the link, 0.0 for none. Between
        two functions of one run there are a few seconds.
        """
        if self.state != RUNNING or taken_until:
            return False
        last = timestamps.from_text(self.updated_at or self.started_at)
        return (timestamps.from_text(now) - last).total_seconds() > STALLED_S

    def shown(self, link: Link) -> dict[str, Any]:
        """As people see it."""
        at = self.at(link)
        return {
            "run_id": self.run_id,
            "state": self.state,
            "full": self.full,
            "dry_run": self.dry_run,
            "object": at[0].value if at else None,
            "stage": at[1] if at else None,
            "pages": self.pages,
            "counts": dict(sorted(self.counts.items())),
            "started_at": self.started_at,
            "updated_at": self.updated_at or self.started_at,
            "finished_at": self.finished_at or None,
        }
