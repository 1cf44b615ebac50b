"""A table of circuits in memory, that counts, can be slow to answer, and can be out of order."""

from __future__ import annotations

from freshbridge.circuit.store import CircuitsUnavailable, Kept, Swap


class MemoryStore:
    """Implements `freshbridge.circuit.store.Store`; `silent` makes it answer nobody."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.reads = 0
        self.writes = 0
        self.silent = False

    def read(self, instance_id: str) -> Kept | None:
        """What is stored."""
        self._answer()
        self.reads += 1
        return self.kept.get(instance_id)

    def swap(self, instance_id: str, seen: str | None, new: Kept) -> Swap:
        """Store, unless another one did."""
        self._answer()
        self.writes += 1
        now = self.kept.get(instance_id)
        if (now.stamp if now else None) != seen:
            return Swap(False, now)
        self.kept[instance_id] = new
        return Swap(True, new)

    def _answer(self) -> None:
        if self.silent:
            raise CircuitsUnavailable("made up")
