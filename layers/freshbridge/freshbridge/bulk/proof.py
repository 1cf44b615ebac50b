"""Whether a ticket shows what a bulk job was to set. Pure.

The job itself says nothing: it passes over tickets that are deleted, spam or unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from freshbridge import timestamps

JOB_TICKETS = 100
"""Tickets in one job. Freshdesk documents no limit; as many fit on one page of the ticket list,
which is what tells afterwards what the job has done."""
FEW_TICKETS = 5
"""Up to so many are changed one by one: starting, watching and checking a job is more calls."""
JOB_ONLY = frozenset({"from_email", "skip_close_notification"})
"""What a job can be told and a single update cannot."""
UNPROVABLE = frozenset({"parent_id"})
"""What no ticket list shows, so a job that was to set it could not be checked."""
_MOMENTS = ("due_by", "fr_due_by")


@dataclass(frozen=True)
class JobState:
    """The job that runs: the rows that it is for, when it began, how often it was looked at.

    Without a `job_id` none runs, and `first` is the row that the next one begins with.
    """

    first: int = 1
    last: int = 0
    job_id: str = ""
    since: float = 0.0
    looks: int = 0

    @classmethod
    def read(cls, text: str) -> JobState:
        """What `text` wrote; the beginning for none."""
        return cls(**json.loads(text)) if text else cls()

    def text(self) -> str:
        """The state to keep."""
        return json.dumps(asdict(self), separators=(",", ":"))


def shows(ticket: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    """True when every property can be seen on the ticket as it was to be set."""
    return all(
        _same(name, ticket.get(name, ...), value)
        for name, value in properties.items()
        if name not in JOB_ONLY
    )


def _same(name: str, held: Any, wanted: Any) -> bool:
    if name == "tags":
        return isinstance(held, list) and set(held) == set(wanted or [])
    if name == "custom_fields":
        return isinstance(held, dict) and all(
            held.get(field, ...) == value for field, value in (wanted or {}).items()
        )
    if name in _MOMENTS and isinstance(held, str) and isinstance(wanted, str):
        return timestamps.from_text(held) == timestamps.from_text(wanted)
    return bool(held == wanted)
