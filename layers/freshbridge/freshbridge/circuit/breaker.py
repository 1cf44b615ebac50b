"""The circuit of one instance, as a value: closed, open, half-open, and closed again.

    closed ──5 works in a row failed, or the key was refused──► open
    open ──its time is over──► half-open: one piece of work, the probe, may go
    half-open ──the probe is answered──► closed        ──it fails──► open, for twice as long

A work counts once, however often it fails, so that one poisonous record opens no circuit; any
answer in between forgets those that failed before it. Those failures must also lie so far apart
that every process had the time to notice them and to report an answer of its own.

Pure: the time, in seconds since the epoch, and random numbers in [0, 1) are arguments.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from freshbridge import timestamps

WORKS = 5
"""So many different pieces of work fail in a row before the provider counts as down."""
LOOK_S = 3.0
"""A process looks at a circuit anew when what it knows is older."""
APART_S = 5.0
"""The failures that open a circuit lie so far apart at least; more than LOOK_S."""
MEMORY_S = 900.0
"""Failures further apart do not belong together."""
LONGEST_OPEN_S = 900.0
LONGEST_ASKED_S = 3600.0
"""A server's own Retry-After keeps a circuit open no longer."""
PROBE_S = 60.0
"""A probe that has not ended by then may be dead: another one may go."""
RELAPSE_S = 300.0
"""A circuit that opens again for the same reason so soon after it closed goes on where it was."""
_JITTER = 0.2


class Reason(StrEnum):
    """Why a circuit is open."""

    PROVIDER_DOWN = "provider_down"
    KEY_REFUSED = "key_refused"


# A key seldom becomes valid again by itself, and closing is told at once when it is replaced.
_FIRST_OPEN_S = {Reason.PROVIDER_DOWN: 15.0, Reason.KEY_REFUSED: 60.0}


class State(StrEnum):
    """Where a circuit stands; half-open is an open one whose time is over."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Admission(StrEnum):
    """What work may do: go, go as the probe once it holds it, or wait."""

    FREE = "free"
    PROBE = "probe"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit; as it is made it is closed and nothing has happened.

    `reason` is None while it is closed. `what` says what was seen last. `since` is when it opened,
    `until` when it is tried again, `times` how often in a row it was opened. `probe` names the work
    that holds the probe, until `probe_until`. `suspects` are the works that failed since the last
    answer, the first of them at `suspected_at`. `closed_at` is when a probe closed it last, `was`
    what it had been open for.
    """

    reason: Reason | None = None
    what: str = ""
    since: float = 0.0
    until: float = 0.0
    times: int = 0
    probe: str = ""
    probe_until: float = 0.0
    suspects: tuple[str, ...] = ()
    suspected_at: float = 0.0
    closed_at: float = 0.0
    was: Reason | None = None

    def state(self, now: float) -> State:
        """Where it stands."""
        if self.reason is None:
            return State.CLOSED
        return State.OPEN if now < self.until else State.HALF_OPEN

    def admission(self, now: float) -> Admission:
        """What work may do."""
        state = self.state(now)
        if state is State.CLOSED:
            return Admission.FREE
        taken = bool(self.probe) and now < self.probe_until
        return Admission.HELD if state is State.OPEN or taken else Admission.PROBE

    def next_try(self, now: float) -> float:
        """When work may go at the earliest, as far as it is known."""
        return max(self.until, self.probe_until if self.probe else 0.0, now)

    def probed(self, probe: str, now: float) -> Circuit:
        """The probe given to `probe`; unchanged where it is not to be had."""
        if self.admission(now) is not Admission.PROBE:
            return self
        return replace(self, probe=probe, probe_until=now + PROBE_S)

    def released(self, probe: str) -> Circuit:
        """The probe given back by work that called nobody."""
        return replace(self, probe="", probe_until=0.0) if probe == self.probe else self

    def answered(self, now: float, probe: str = "") -> Circuit:
        """The provider answered as it should: the probe's answer closes, any other clears doubts.

        Work that was under way when the circuit opened proves nothing about the time after.
        """
        if self.reason is None:
            return replace(self, suspects=(), suspected_at=0.0) if self.suspects else self
        return Circuit(times=self.times, closed_at=now, was=self.reason) if probe else self

    def failed(
        self,
        work: str,
        what: str,
        *,
        now: float,
        jitter: float,
        asked_s: float | None = None,
        probe: str = "",
    ) -> Circuit:
        """The provider did not answer, or not properly, to `work`.

        `asked_s`: the wait that its Retry-After asked for.
        """
        if self.reason is not None:
            if not probe or probe != self.probe:
                return self
            return self._opened(Reason.PROVIDER_DOWN, what, now, jitter, asked_s)
        fresh = not self.suspects or now - self.suspected_at > MEMORY_S
        began = now if fresh else self.suspected_at
        # One work is asked about again and again here: a short name is enough to know it by.
        name = hashlib.sha256(work.encode(errors="replace")).hexdigest()[:12]
        before = () if fresh else self.suspects
        suspects = before if name in before or len(before) >= WORKS else (*before, name)
        if len(suspects) >= WORKS and now - began >= APART_S:
            return self._opened(Reason.PROVIDER_DOWN, what, now, jitter, asked_s)
        return replace(self, suspects=suspects, suspected_at=began)

    def refused(self, what: str, *, now: float, jitter: float, probe: str = "") -> Circuit:
        """The provider refused the instance's key, which was read anew before."""
        if self.reason is not None and (not probe or probe != self.probe):
            return self
        return self._opened(Reason.KEY_REFUSED, what, now, jitter, None)

    def _opened(
        self, reason: Reason, what: str, now: float, jitter: float, asked_s: float | None
    ) -> Circuit:
        again = self.reason is reason or (
            self.reason is None and self.was is reason and now - self.closed_at < RELAPSE_S
        )
        times = self.times + 1 if again else 1
        longest = min(_FIRST_OPEN_S[reason] * 2.0 ** min(times - 1, 30), LONGEST_OPEN_S)
        length = longest * (1 - _JITTER + 2 * _JITTER * jitter)
        asked = min(asked_s or 0.0, LONGEST_ASKED_S)
        since = now if self.reason is None else self.since
        return Circuit(
            reason=reason, what=what, since=since, until=now + max(length, asked), times=times
        )

    def shown(self, now: float) -> dict[str, Any]:
        """What a person is shown: the state, and of one that is open since when, why, until when.

        Times are UTC, ISO 8601 with seconds.
        """
        state = self.state(now)
        if self.reason is None:
            return {"state": state.value}
        return {
            "state": state.value,
            "since": _text(self.since),
            "reason": self.reason.value,
            "message": self.what,
            "next_try_at": _text(self.next_try(now)),
        }

    def to_text(self) -> str:
        """As it is stored: JSON without what is as it was made."""
        blank = asdict(Circuit())
        told = {name: value for name, value in asdict(self).items() if value != blank[name]}
        return json.dumps(told, separators=(",", ":"))


Edit = Callable[[Circuit], Circuit]


def from_text(text: str) -> Circuit:
    """Read what `to_text` wrote; what cannot be read, such as a later version's, is closed."""
    try:
        told = json.loads(text)
        return Circuit(
            reason=Reason(told["reason"]) if "reason" in told else None,
            was=Reason(told["was"]) if "was" in told else None,
            what=str(told.get("what", "")),
            times=int(told.get("times", 0)),
            probe=str(told.get("probe", "")),
            suspects=tuple(str(name) for name in told.get("suspects", ())),
            **{name: float(told.get(name, 0.0)) for name in _MOMENTS},
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Circuit()


_MOMENTS = ("since", "until", "probe_until", "suspected_at", "closed_at")


def _text(moment: float) -> str:
    return timestamps.to_text(timestamps.from_epoch(moment))
