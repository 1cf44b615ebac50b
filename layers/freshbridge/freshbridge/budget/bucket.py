"""What is known of one of a provider's limits, and what was granted under it. Pure: no I/O.

Values only: `capacity` reads them to place a slot, `learning` changes them after a reply.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from freshbridge.budget.arrivals import NONE as NO_ARRIVALS
from freshbridge.budget.arrivals import Arrivals
from freshbridge.budget.grants import BINS_PER_WINDOW, Grants
from freshbridge.budget.phase import Phase

FLOOR = 0.05
"""Share of the limit that stays usable whatever was observed, so that nothing ever stands still."""
HEADROOM = 0.01
"""Share of the limit that is never granted: room for a call that took longer than is assumed."""
RECOVERY = 0.1
"""Share of the limit by which a lowered ceiling rises with every window that brought no 429."""
FORGETTING = 0.7
"""What remains, from one window to the next, of others' use that shows no more."""
OTHERS_MARGIN = 0.05
"""Others' use is taken to be larger by this share of itself, and by HEADROOM of the limit."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit as it is assumed until a reply tells better: `limit` credits per `window_s`."""

    limit: int
    window_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Others:
    """What other consumers of the account use, in credits.

    `usual` is per window. `seen` were used in window `number` by the time `seen_at`, which is 0
    while that window has told nothing yet.
    """

    usual: float = 0.0
    number: int = 0
    seen: int = 0
    seen_at: float = 0.0

    def in_window(self, number: int) -> Others:
        """As it stands once window `number` has begun."""
        if number <= self.number:
            return self
        usual = max(float(self.seen), FORGETTING * self.usual) if self.seen_at else self.usual
        skipped = min(number - self.number - 1, 50)
        usual *= FORGETTING**skipped
        return Others(usual=usual if usual >= 1 else 0.0, number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One limit of one account. Times are epoch seconds of the common clock.

    `limit`: credits per `window_s`; `told` when the provider said so. `ceiling`: the most that is
    used of it, lowered by a 429 at `lowered_at`. `blocked_until`: nothing is sent before.
    `phase`: where windows begin, once known; `misled` counts how often it proved wrong, and until
    `no_phase_before` no new one is believed. `loose_until`: slots up to here were granted without
    a phase. `paced_to`: when the next background slot is due without a phase. `left` calls were
    left as of a reply between `left_sent` and `left_at`. `line_until`: up to when background work
    has been promised a time, `again_until`: up to when those have that came and had to leave again,
    `lanes`: the same by lane. `scouted`: the last window whose uncertain beginning a call was sent
    into. `interactive`: those of its calls that were not background work. `doubt`: how wrong the
    clocks of those who were granted something lately may be, up to `doubt_until`.
    """

    window_s: float
    limit: int
    ceiling: float
    told: bool = False
    lowered_at: float = 0.0
    blocked_until: float = 0.0
    phase: Phase | None = None
    misled: int = 0
    no_phase_before: float = 0.0
    grants: Grants = field(default_factory=lambda: Grants(1.0))
    loose_until: float = 0.0
    paced_to: float = 0.0
    left: int | None = None
    left_sent: float = 0.0
    left_at: float = 0.0
    others: Others = Others()
    line_until: float = 0.0
    scouted: int = 0
    again_until: float = 0.0
    lanes: Mapping[str, float] = field(default_factory=dict)
    interactive: Arrivals = NO_ARRIVALS
    doubt: float = 0.0
    doubt_until: float = 0.0

    @classmethod
    def of(cls, rule: Rule) -> Bucket:
        """A bucket that nothing is known of yet."""
        return cls(
            window_s=rule.window_s,
            limit=rule.limit,
            ceiling=float(rule.limit),
            grants=Grants(rule.window_s / BINS_PER_WINDOW),
        )

    @property
    def travel_s(self) -> float:
        """The longest that a call is assumed to take from here until the provider counts it."""
        return min(1.0, self.window_s / 20)

    def with_limit(self, limit: int, *, told: bool) -> Bucket:
        """With another limit; a ceiling that a 429 lowered stays, the usual one moves along."""
        limit = max(limit, 1)
        lowered = self.ceiling < self.limit
        ceiling = min(self.ceiling, limit) if lowered else float(limit)
        return replace(self, limit=limit, told=told, ceiling=float(ceiling))

    def usable(self, now: float) -> float:
        """Credits per window that are used at `now`, others' use not yet taken off."""
        windows = max(0, math.floor((now - self.lowered_at) / self.window_s))
        ceiling = min(float(self.limit), self.ceiling + windows * RECOVERY * self.limit)
        return max(min(ceiling, self.limit - self.headroom), self.floor)

    @property
    def headroom(self) -> int:
        """Credits per window that are kept for what was not foreseen."""
        return math.floor(self.limit * HEADROOM)

    @property
    def floor(self) -> float:
        """Credits per window that are always used."""
        return max(1.0, FLOOR * self.limit)

    def tidied(self, now: float) -> Bucket:
        """Without what can no longer matter at `now`."""
        phase = self.phase.aged(now) if self.phase else None
        # Kept as it was seen: ageing it anew at every step would compound.
        return replace(
            self,
            phase=self.phase if phase else None,
            grants=self.grants.forget(now - 2 * self.window_s - 10.0),
            lanes={lane: until for lane, until in self.lanes.items() if until > now},
            doubt=self.doubt if self.doubt_until > now else 0.0,
        )

    def doubted(self, doubt: float, until: float) -> Bucket:
        """With a slot up to `until` of somebody whose clock may be wrong by `doubt`."""
        # Kept for as long as the slot may matter to anybody.
        until = max(self.doubt_until, until + 2 * self.window_s + 10.0)
        return replace(self, doubt=max(self.doubt, doubt), doubt_until=until)

    def to_json(self) -> list[Any]:
        """A list as short as can be: this is written with every reservation."""
        if self == replace(Bucket.of(Rule(self.limit, self.window_s)), told=self.told):
            return [self.window_s, self.limit, int(self.told)]
        phase, people = self.phase, self.interactive
        return [
            self.window_s, self.limit, round(self.ceiling, 2), int(self.told), _ms(self.lowered_at),
            _ms(self.blocked_until),
            None if phase is None else [_ms(phase.low), _ms(phase.width), _ms(phase.seen_at)],
            self.misled, _ms(self.no_phase_before), self.grants.first, self.grants.to_json(),
            _ms(self.loose_until), _ms(self.paced_to), self.left,
            _ms(self.left_sent), _ms(self.left_at),
            [round(self.others.usual, 2), self.others.number, self.others.seen,
             _ms(self.others.seen_at)],
            _ms(self.line_until), self.scouted, _ms(self.again_until),
            {lane: _ms(until) for lane, until in self.lanes.items()},
            math.ceil(self.doubt * 1000) / 1000, _ms(self.doubt_until),
            [round(people.weight, 2), _ms(people.since), _ms(people.at)],
        ]  # fmt: skip

    @classmethod
    def from_json(cls, fields: list[Any]) -> Bucket:
        """Read what `to_json` wrote; raises ValueError or TypeError for anything else."""
        if len(fields) == 3:
            window_s, limit, told = fields
            return replace(cls.of(Rule(limit, window_s)), told=bool(told))
        (window_s, limit, ceiling, told, lowered_at, blocked_until, phase, misled,
         no_phase_before, first, credits, loose_until, paced_to, left, left_sent, left_at, others,
         line_until, scouted, again_until, lanes, doubt, doubt_until, people) = fields  # fmt: skip
        return cls(
            window_s=window_s,
            limit=limit,
            ceiling=ceiling,
            told=bool(told),
            lowered_at=lowered_at,
            blocked_until=blocked_until,
            phase=None if phase is None else Phase(window_s, *phase),
            misled=misled,
            no_phase_before=no_phase_before,
            grants=Grants.from_json(window_s / BINS_PER_WINDOW, first, credits),
            loose_until=loose_until,
            paced_to=paced_to,
            left=left,
            left_sent=left_sent,
            left_at=left_at,
            others=Others(*others),
            line_until=line_until,
            scouted=scouted,
            again_until=again_until,
            lanes=dict(lanes),
            doubt=doubt,
            doubt_until=doubt_until,
            interactive=Arrivals(*people),
        )


def _ms(seconds: float) -> float:
    return round(seconds, 3)
