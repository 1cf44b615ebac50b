"""Reference data that this process has seen lately, bounded in entries and in records.

Pure. The least recently used goes first. A list longer than all the room is not taken: the bucket
has it.
"""

from __future__ import annotations

from collections import OrderedDict

from freshbridge.reference.kept import Kept

MOST_ENTRIES = 256
MOST_RECORDS = 20_000
"""About 20 MB of agents, out of a function's 512."""


class Memo:
    """Kept data by name."""

    def __init__(self, *, entries: int = MOST_ENTRIES, records: int = MOST_RECORDS) -> None:
        """The most of each that are held."""
        self._most_entries = entries
        self._most_records = records
        self._held: OrderedDict[str, Kept] = OrderedDict()
        self.records = 0

    def __len__(self) -> int:
        """How many entries are held."""
        return len(self._held)

    def read(self, name: str) -> Kept | None:
        """What is held under a name."""
        if name in self._held:
            self._held.move_to_end(name)
        return self._held.get(name)

    def write(self, name: str, kept: Kept) -> None:
        """Hold it, and let go of the least recently used until there is room."""
        self._drop(name)
        if len(kept.records) > self._most_records:
            return
        self._held[name] = kept
        self.records += len(kept.records)
        while len(self._held) > self._most_entries or self.records > self._most_records:
            self._drop(next(iter(self._held)))

    def _drop(self, name: str) -> None:
        dropped = self._held.pop(name, None)
        if dropped is not None:
            self.records -= len(dropped.records)
