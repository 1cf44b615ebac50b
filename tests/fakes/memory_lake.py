"""A lake in memory, filled with records as if a run had read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from freshbridge.lake.current_view import CurrentView
from freshbridge.lake.encoding import row_of
from freshbridge.lake.lake import Lake
from freshbridge.lake.rows import State
from freshbridge.sync.objects import OBJECTS
from tests.fakes.lake_files import MemoryFiles

EARLIER = "2026-03-01T00:00:00.000000Z"


class MemoryLake(Lake):
    """Implements the lake over files in memory."""

    def __init__(self) -> None:
        super().__init__("lake", sleep=lambda _seconds: None)
        self.files = MemoryFiles()
        self._files = self.files
        self._view = CurrentView("lake", files=self.files)

    def hold(
        self,
        object_name: str,
        records: Iterable[Mapping[str, Any]],
        *,
        instance_id: str = "1",
        seen_at: str = EARLIER,
        state: State = State.LIVE,
    ) -> None:
        """Have these records in the current view, seen at that time."""
        obj = OBJECTS[object_name]
        rows = [row_of(obj, record, seen_at=seen_at, state=state) for record in records]
        self.merge(instance_id, obj, rows, run_id="run_0", keep_seen=True)

    def live(self, object_name: str, instance_id: str = "1") -> dict[str, dict[str, Any]]:
        """The live records by their ids."""
        return {row.id: row.record for row in self.rows(instance_id, OBJECTS[object_name])}

    def tombstones(self, object_name: str, instance_id: str = "1") -> dict[str, str]:
        """Why each removed record is there no more."""
        found = self.rows(instance_id, OBJECTS[object_name], removed=True)
        return {row.id: row.state.value for row in found}
