"""What one process got ahead of need: slots, and places in line. Pure: no I/O but its clock.

They are kept by kind of call: a slot for another is of no use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.reservation import Ask, Slot

PROMISED_S = 5.0
"""How long places that were promised ahead of need are given out: a line may be over soon."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What calls have in common that a slot of one serves the other; `charges` in order."""

    charges: tuple[tuple[str, int], ...]
    background: bool
    returning: bool
    lane: str

    @classmethod
    def of(cls, ask: Ask) -> Kind:
        """The kind that `ask` asks for; interactive calls are all alike."""
        returning, lane = (ask.returning, ask.lane) if ask.background else (False, "")
        return cls(tuple(sorted(ask.charges.items())), ask.background, returning, lane)


class Holdings:
    """The slots and places of one process. Times are of the common clock."""

    def __init__(self, common: CommonClock) -> None:
        """Nothing is held. `unused`: slots that are to be given back, with what they charge."""
        self._common = common
        self._slots: dict[Kind, deque[Slot]] = {}
        self._places: dict[Kind, deque[tuple[float, float]]] = {}
        self.unused: list[tuple[dict[str, int], list[Slot]]] = []

    def keep(self, kind: Kind, slots: Iterable[Slot]) -> None:
        """Hold slots, in order of time."""
        self._slots[kind] = deque(slots)

    def promise(self, kind: Kind, places: Iterable[float]) -> None:
        """Hold places, in order of time."""
        promised = self._common.here()
        self._places[kind] = deque((promised, place) for place in places)

    def slot(self, kind: Kind, within_s: float) -> Slot | None:
        """The next slot that is no further away and not over."""
        slots, now = self._slots.get(kind), self._common.here()
        while slots:
            if self._common.local(slots[0].begin) > now + within_s:
                return None
            slot = slots.popleft()
            if self._common.local(slot.end) >= now:
                return slot
            self.unused.append((dict(kind.charges), [slot]))
        return None

    def place_s(self, kind: Kind) -> float | None:
        """Seconds until the next place that was promised together with another, and lately."""
        places, now = self._places.get(kind), self._common.here()
        while places:
            promised, place = places.popleft()
            after = self._common.after(place)
            if 0 <= now - promised <= PROMISED_S and after > 0:
                return after
        return None

    def drop(self, buckets: set[str] | None) -> int:
        """Give up the slots of the kinds that touch `buckets`, or of all; returns how many."""
        dropped = 0
        for kind, slots in self._slots.items():
            if slots and (buckets is None or any(name in buckets for name, _ in kind.charges)):
                self.unused.append((dict(kind.charges), list(slots)))
                dropped += len(slots)
                slots.clear()
        return dropped
