"""The part of a record that a report needs, so that nothing else of it is kept. Pure.

What is pulled for a report waits in S3 until all of it is there. Subjects, texts, names and
addresses have no business there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]
_TICKET = (
    "id", "created_at", "updated_at", "status", "priority", "source", "type", "responder_id",
    "group_id", "fr_due_by", "due_by", "fr_escalated", "is_escalated",
)  # fmt: skip
_STATS = ("first_responded_at", "resolved_at", "closed_at", "reopened_at", "status_updated_at")
_TIME_ENTRY = (
    "ticket_id", "agent_id", "billable", "executed_at", "created_at", "time_spent",
    "time_spent_in_seconds",
)  # fmt: skip
_RATING = ("ticket_id", "agent_id", "group_id", "created_at")


def slim_ticket(row: Mapping[str, Any]) -> Row:
    """A ticket; `stats` stays away when the row has none."""
    slim = _part(row, _TICKET)
    if "stats" in row:
        slim["stats"] = _part(row["stats"] or {}, _STATS)
    return slim


def slim_time_entry(row: Mapping[str, Any]) -> Row:
    """A time entry without its note."""
    return _part(row, _TIME_ENTRY)


def slim_rating(row: Mapping[str, Any]) -> Row:
    """A survey answer without its words."""
    ratings = row.get("ratings")
    answer = ratings.get("default_question") if isinstance(ratings, Mapping) else None
    return {**_part(row, _RATING), "ratings": {"default_question": answer}}


def _part(row: Mapping[str, Any], names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names if name in row}
