"""The circuits of every instance, as one process sees them.

Work enters through a passage, which watches its calls and tells the circuit what came of them:

    enter ──closed──► call ──► an answer clears doubts, a failure raises one
      │ open ──► CircuitOpen(after): nothing is sent, the message is hidden, no attempt is used
      └ half-open ──► the first one to take the probe goes; its first answer or failure decides

While nothing fails this costs one read per instance and process every few seconds, and no write.
When the table does not answer, calls go on: a circuit spares a provider, it guards no promise.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from freshbridge import timestamps
from freshbridge.circuit import breaker
from freshbridge.circuit.breaker import Admission, Circuit, Edit, Reason
from freshbridge.circuit.passage import Passage
from freshbridge.circuit.refusal import CircuitOpen, refusal
from freshbridge.circuit.store import CircuitsUnavailable, Kept, Store

ATTEMPTS = 5
PACE_S = 0.5
"""Each process sends the work that it holds back this far apart: all of it together comes back
about as fast as a provider's limit lets it through, and never in one instant."""
LONGEST_LINE_S = 3600.0
WATCH_S = 60.0
WATCHERS = 20
"""While a key is refused, each process lets so many in each WATCH_S come back after one to two of
them: a new key closes the circuit at any moment, and nothing can wake what is hidden."""
PROBING_S = 5.0
"""Whoever comes while the probe is under way comes back after this."""


class Event(StrEnum):
    """What happens to a circuit, in the words of the log."""

    OPENED = "circuit opened"
    STAYS_OPEN = "circuit stays open"
    CLOSED = "circuit closed"
    NOT_KNOWN = "circuit not known"


@dataclass(frozen=True, slots=True)
class Told:
    """What happened to the circuit of an instance: how it is now, or how it was until it closed."""

    event: Event
    instance_id: str
    circuit: Circuit


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was stored, and when that was seen."""

    at: float
    stamp: str | None
    circuit: Circuit


class Circuits:
    """The circuits of all instances, for one process."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        jitter: Callable[[], float] = random.random,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
        on_change: Callable[[Told], None] = lambda _told: None,
    ) -> None:
        """`clock` is seconds since the epoch, `jitter` random in [0, 1), `token` never the same.

        `on_change` hears of every circuit that this process opens or closes.
        """
        self._store = store
        self.clock = clock
        self.jitter = jitter
        self._token = token
        self._on_change = on_change
        self._seen: dict[str, _Seen] = {}
        self._lines: dict[str, tuple[float, int]] = {}
        self._watchers: dict[str, tuple[float, int]] = {}

    def check(self, instance_id: str) -> None:
        """Refuse work that would have to wait, before anything is prepared for it.

        Raises CircuitOpen.
        """
        circuit, now = self._look(instance_id), self.clock()
        if circuit.admission(now) is Admission.HELD:
            raise self.held(instance_id, circuit)

    def enter(self, instance_id: str, work: str) -> Passage:
        """Let work begin; `work` names it, the same each time it is tried.

        Raises CircuitOpen.
        """
        circuit, now = self._look(instance_id), self.clock()
        admission = circuit.admission(now)
        if admission is Admission.PROBE:
            token = self._token()
            found = self.change(instance_id, lambda held: held.probed(token, now))
            if found is not None and found.probe == token:
                return Passage(self, instance_id, work, token)
            # Without an answer from the table work goes on; another may have closed it meanwhile.
            circuit = found or self._look(instance_id)
            admission = circuit.admission(now)
        if admission is not Admission.FREE:
            raise self.held(instance_id, circuit)
        return Passage(self, instance_id, work, "")

    def closed(self, instance_id: str) -> bool:
        """Whether work of the instance may go now: the circuit is closed, or due for a probe."""
        return self._look(instance_id).admission(self.clock()) is not Admission.HELD

    def shown(self, instance_id: str) -> dict[str, Any]:
        """The circuit as it is stored now, for a person; `{"state": "unknown"}` without an answer.

        Raises nothing.
        """
        self._seen.pop(instance_id, None)
        circuit = self._look(instance_id)
        if self._seen[instance_id].stamp == _NOT_KNOWN:
            return {"state": "unknown"}
        return circuit.shown(self.clock())

    def close(self, instance_id: str) -> None:
        """Close it, whatever it was opened for: the provider has just taken the key it has now."""
        self._seen.pop(instance_id, None)
        self._look(instance_id)
        self.change(instance_id, lambda held: held if held == Circuit() else Circuit())

    def answered(self, instance_id: str, probe: str = "") -> None:
        """Work was answered."""
        if probe or self._look(instance_id).suspects:
            self.change(instance_id, lambda held: held.answered(self.clock(), probe))

    def change(self, instance_id: str, edit: Edit) -> Circuit | None:
        """Make a change; `edit` is called anew when another process was faster.

        Returns the circuit as it is then; None when the table did not answer, or when others were
        faster each time.
        """
        for _ in range(ATTEMPTS):
            self._look(instance_id)
            seen = self._seen[instance_id]
            if seen.stamp == _NOT_KNOWN:
                return None
            changed = edit(seen.circuit)
            if changed == seen.circuit:
                return changed
            new = Kept(self._token(), changed.to_text())
            try:
                swap = self._store.swap(instance_id, seen.stamp, new)
            except CircuitsUnavailable:
                self._not_known(instance_id)
                return None
            self._remember(instance_id, swap.now)
            if swap.won:
                self._tell(instance_id, seen.circuit, changed)
                return changed
        return None

    def held(self, instance_id: str, circuit: Circuit) -> CircuitOpen:
        """The refusal of work by an open circuit, with a place of its own in time."""
        now = self.clock()
        begin = circuit.until if circuit.until > now else now + PROBING_S
        if circuit.reason is Reason.KEY_REFUSED:
            soon = (1 + self.jitter()) * WATCH_S
            if begin - now > soon and self._watches(instance_id, now):
                return refusal(circuit, now, after=soon)
        of, place = self._lines.get(instance_id, (0.0, 0))
        place = place if of == circuit.until else 0
        self._lines[instance_id] = (circuit.until, place + 1)
        line = min((place + self.jitter()) * PACE_S, LONGEST_LINE_S)
        return refusal(circuit, now, after=begin - now + line)

    def _watches(self, instance_id: str, now: float) -> bool:
        """Whether work is one of the few that come back soon.

        None comes back within the period that it is counted in: a backlog of up to WATCHERS always
        does as a whole.
        """
        since, taken = self._watchers.get(instance_id, (0.0, 0))
        if now - since >= WATCH_S:
            since, taken = now, 0
        if taken >= WATCHERS:
            return False
        self._watchers[instance_id] = (since, taken + 1)
        return True

    def _look(self, instance_id: str) -> Circuit:
        seen = self._seen.get(instance_id)
        if seen is None or self.clock() - seen.at >= breaker.LOOK_S:
            try:
                self._remember(instance_id, self._store.read(instance_id))
            except CircuitsUnavailable:
                self._not_known(instance_id)
            seen = self._seen[instance_id]
        return seen.circuit

    def _remember(self, instance_id: str, kept: Kept | None) -> None:
        circuit = breaker.from_text(kept.text) if kept else Circuit()
        self._seen[instance_id] = _Seen(self.clock(), kept.stamp if kept else None, circuit)

    def _not_known(self, instance_id: str) -> None:
        # For a while nobody waits for the table again.
        self._seen[instance_id] = _Seen(self.clock(), _NOT_KNOWN, Circuit())
        self._on_change(Told(Event.NOT_KNOWN, instance_id, Circuit()))

    def _tell(self, instance_id: str, before: Circuit, after: Circuit) -> None:
        if after.reason is not None and before.reason is None:
            self._on_change(Told(Event.OPENED, instance_id, after))
        elif after.reason is not None and after.until != before.until:
            self._on_change(Told(Event.STAYS_OPEN, instance_id, after))
        elif after.reason is None and before.reason is not None:
            self._on_change(Told(Event.CLOSED, instance_id, before))


# No stamp that is ever written.
_NOT_KNOWN = "?"
