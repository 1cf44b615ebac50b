"""A row as it is kept and shown. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from freshbridge.bulk.progress import RowState

MESSAGE_LENGTH = 1_000
OPEN = "open"
"""The outcome of a destination's row that has none yet."""


@dataclass(frozen=True)
class RowItem:
    """What is known of one row, its parameters and result apart.

    `line` is where it begins in its file, 0 when there was none. `action_id` names the row's own
    action record; it is empty for a row that cannot be run at all. `ticket_id` is 0 when the row
    is about no ticket. `fields` says which parameters were refused, as JSON. `outcome` tells what
    became of the record that a destination's row is for, OPEN until that is known; a row that is
    for something else has none.
    """

    number: int
    state: RowState
    action: str = ""
    action_id: str = ""
    line: int = 0
    ticket_id: int = 0
    code: str = ""
    message: str = ""
    fields: str = ""
    outcome: str = ""

    def shown(self) -> dict[str, Any]:
        """The row without what it does not have."""
        known = {name: value for name, value in vars(self).items() if value}
        known["row"] = known.pop("number")
        known["state"] = self.state.value
        if self.outcome == OPEN:
            del known["outcome"]
        if self.fields:
            known["fields"] = json.loads(self.fields)
        return known

    def ended(
        self,
        state: RowState,
        code: str = "",
        message: str = "",
        fields: str = "",
        *,
        outcome: str = OPEN,
    ) -> RowItem:
        """The row in another state, with why; only a row that has an `outcome` gets another one."""
        return replace(
            self,
            state=state,
            code=code,
            message=message[:MESSAGE_LENGTH],
            fields=fields,
            outcome=outcome if self.outcome else "",
        )


def ticket_of(parameters: Mapping[str, Any]) -> int:
    """The ticket that a row is about, 0 for none that can be read."""
    found = parameters.get("ticket_id")
    if isinstance(found, bool):
        return 0
    if isinstance(found, int):
        return found
    return int(found) if isinstance(found, str) and found.isdecimal() and len(found) < 20 else 0
