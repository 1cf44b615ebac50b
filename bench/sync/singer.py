"""What a Singer target would make of a tap's messages: the last record of each key, the last state.

https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md. Pure but for reading lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bench.sync.comparison import Version, is_live, version_of


def messages(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Whole messages: a tap that was killed leaves half of one."""
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def last_state(lines: Iterable[str]) -> dict[str, Any] | None:
    """Where the next run begins; None before the first."""
    found = None
    for one in messages(lines):
        if one.get("type") == "STATE":
            found = one["value"]
    return found


def loaded(lines: Iterable[str], stream: str) -> Iterator[tuple[int, Version]]:
    """Each live ticket once, in its last version: a target replaces what has the same key."""
    held: dict[int, dict[str, Any]] = {}
    for one in messages(lines):
        if one.get("type") == "RECORD" and one.get("stream") == stream:
            held[int(one["record"]["id"])] = one["record"]
    for ticket_id, record in held.items():
        if is_live(record):
            yield ticket_id, version_of(record)
