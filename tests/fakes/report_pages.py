"""Pages of reports, kept in memory."""

from __future__ import annotations

import json
from typing import Any


class MemoryPages:
    """Implements `freshbridge.analytics.page_store.Pages`; holds texts, as the real one does."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    def load(self, report_id: str) -> dict[str, Any] | None:
        """How far a pull has come."""
        found = self.texts.get((report_id, "state"))
        return json.loads(found) if found else None

    def save(self, report_id: str, state: dict[str, Any]) -> None:
        """Keep how far it has come."""
        self.texts[report_id, "state"] = json.dumps(state)

    def write(self, report_id: str, page: str, rows: list[dict[str, Any]]) -> None:
        """Keep a page."""
        self.texts[report_id, page] = json.dumps(rows)

    def read(self, report_id: str, page: str) -> list[dict[str, Any]]:
        """A page's rows."""
        rows: list[dict[str, Any]] = json.loads(self.texts[report_id, page])
        return rows
