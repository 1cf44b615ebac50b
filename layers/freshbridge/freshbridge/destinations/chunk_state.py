"""How far a run that sends many records at once has come, as text. Pure. Times are epoch seconds.

Rows of a job are kept as their numbers, and beside them a letter each for what is to become of
them, so that the state of several jobs stays small.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from freshbridge.freshsales.bulk import next_poll_s

LETTERS = {"created": "c", "updated": "u", "upserted": "b"}
LONGEST_USUAL_S = 60.0
OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


@dataclass
class RunningJob:
    """A job of the provider's. `numbers` and `letters` go side by side."""

    job_id: int
    numbers: list[int]
    letters: str
    since: float
    looks: int = 0
    looked_at: float = 0.0

    def due_at(self, usual_s: float) -> float:
        """When to look at it: a look costs a call, so not before it is likely to be over."""
        if not self.looks:
            return self.since + max(usual_s, 1.0)
        return self.looked_at + next_poll_s(self.looks)

    def outcome_of(self, number: int) -> str:
        """What is to become of a row when the job has done it."""
        return OUTCOMES[self.letters[self.numbers.index(number)]]


@dataclass
class LostRequest:
    """A request that went at `sent_at` and whose answer got lost: it may have been carried out."""

    numbers: list[int]
    sent_at: float


@dataclass
class ChunkState:
    """`following` is the row that is looked at next; `usual_s` is how long a job took lately.

    `sending` has the rows of a request whose answer is not on record, and `sent_at` when it went;
    those of `lost` wait until their records can be looked for. `failed` counts jobs that the
    provider gave up; `round` is the round that has no more to do.
    """

    following: int = 1
    jobs: list[RunningJob] = field(default_factory=list)
    sending: list[int] = field(default_factory=list)
    sent_at: float = 0.0
    usual_s: float = 1.0
    failed: int = 0
    round: int = -1
    lost: list[LostRequest] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> ChunkState:
        """What `text` wrote; the beginning for none."""
        if not text:
            return cls()
        known: dict[str, Any] = json.loads(text)
        jobs = [RunningJob(**one) for one in known.get("jobs", [])]
        lost = [LostRequest(**one) for one in known.get("lost", [])]
        return cls(**{**known, "jobs": jobs, "lost": lost})

    def text(self) -> str:
        """The state to keep."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def busy(self) -> set[int]:
        """The rows that were sent and have not ended."""
        sent = [self.sending, *(job.numbers for job in self.jobs)]
        return {
            number for numbers in (*sent, *(one.numbers for one in self.lost)) for number in numbers
        }

    def with_lost(self) -> ChunkState:
        """With the request that was on its way among the lost ones."""
        if not self.sending:
            return self
        return replace(self, sending=[], lost=[*self.lost, LostRequest(self.sending, self.sent_at)])

    def without(self, found: LostRequest) -> ChunkState:
        """With one lost request less."""
        return replace(self, lost=[one for one in self.lost if one != found])


def next_usual_s(usual_s: float, looks: int) -> float:
    """How long jobs take, once one was over that had been looked at so often in vain.

    One that was over at the first look may have been so for long, for looks come late: the time
    shrinks little by little. Each look in vain costs a call, so it grows faster than that.
    """
    return min(max(usual_s * (1.25 if looks else 0.97), 1.0), LONGEST_USUAL_S)
