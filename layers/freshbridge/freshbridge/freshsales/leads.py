"""Calls on leads. Facts: https://developers.freshsales.io/api/#leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from freshbridge.freshsales.caller import Found
from freshbridge.freshsales.records import CrmRecords
from freshbridge.freshsales.wire import record_path


class Leads(CrmRecords):
    """Of the classic product only; the suite refuses every call on them."""

    collection: ClassVar = "leads"
    wrapper: ClassVar = "lead"

    def convert(self, record_id: int, changes: Mapping[str, Any]) -> Found:
        """Make a contact of one, an account and a deal too where it names them.

        `changes` override what the lead says. Returns the contact with what was made beside it,
        or the lead where the reply shows that.
        """
        path = record_path("leads", record_id, "/convert")
        data, _reply, _request = self._caller.call("POST", path, body={"lead": dict(changes)})
        found = data if isinstance(data, dict) else {}
        kind = next((k for k in ("contact", "lead") if isinstance(found.get(k), dict)), "")
        rest = {name: value for name, value in found.items() if name not in (kind, "meta")}
        return Found(found.get(kind, {}), rest if kind else {})
