"""Marks of attempts whose outcome nobody knows, as a record keeps them. Pure.

An attempt sets its mark when it begins, in the same write that notes its beginning, and takes it
away when it ends with a known outcome. A function that is killed, or whose call got no answer,
leaves the mark behind; so does one that is at it. Each attempt has a mark of its own, so none takes
away another's, in whatever order their writes arrive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from freshbridge import timestamps


@dataclass
class Unsure:
    """Earlier attempts may have had their effect.

    `since` is when the first of them began, `until` when the last was over at the latest, both by
    this side's clock. `absent` is set when a lookup has shown that they had none.
    """

    since: datetime
    until: datetime
    marks: frozenset[str] = field(default_factory=frozenset)
    absent: bool = False


def new_mark(began: str, until: str) -> str:
    """The mark of an attempt that begins and will be cut off at `until`."""
    return f"{began}#{until}#{uuid4().hex[:12]}"


def unsure_of(marks: Collection[str], ended: Iterable[Mapping[str, str]]) -> Unsure | None:
    """What marks tell; None for none.

    `ended` are the attempts that lived to tell of their end: `{"started_at", "ended_at"}`.
    """
    if not marks:
        return None
    ends: dict[str, str] = {}
    for attempt in ended:
        began, end = attempt.get("started_at", ""), attempt.get("ended_at", "")
        ends[began] = max(ends.get(began, ""), end)
    parts = [mark.split("#") for mark in marks]
    since = min(began for began, _until, _token in parts)
    until = max(ends.get(began) or until for began, until, _token in parts)
    return Unsure(timestamps.from_text(since), timestamps.from_text(until), frozenset(marks))
