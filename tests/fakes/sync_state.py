"""A lake and a cursor store with memory; the store can fail once to stand for a crash."""

from __future__ import annotations

import copy
from typing import Any

from freshbridge.sync.cursor import Cursor


class Crash(Exception):
    """The function died here."""


class FakeLake:
    """Objects by key; writing to a key again replaces what was there, as S3 does."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {}

    def write(self, key: str, records: list[dict[str, Any]]) -> None:
        """Keep one page."""
        self.objects[key] = copy.deepcopy(records)

    def newest_versions(self) -> dict[int, int]:
        """The newest version of each record over all objects."""
        newest: dict[int, int] = {}
        for records in self.objects.values():
            for record in records:
                newest[record["id"]] = max(newest.get(record["id"], 0), record["version"])
        return newest


class FakeCursors:
    """One cursor per object; `crash_at` counts the saves down to the one that fails."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.stored: dict[tuple[str, str], Cursor] = {}
        self.progress: list[dict[str, Any]] = []
        self._crash_at = crash_at

    def load(self, instance_id: str, object_name: str) -> Cursor:
        """Where to go on."""
        return self.stored.get((instance_id, object_name), Cursor())

    def save(
        self, instance_id: str, object_name: str, cursor: Cursor, *, progress: dict[str, Any]
    ) -> None:
        """Keep the cursor, or crash in its place once."""
        if self._crash_at is not None:
            self._crash_at -= 1
            if self._crash_at < 0:
                self._crash_at = None
                raise Crash
        self.stored[instance_id, object_name] = cursor
        self.progress.append(progress)
