"""Freshdesk's rows as its lists give them, made up for tests of the analytics."""

from __future__ import annotations

from typing import Any


def ticket(
    ticket_id: int = 1, *, stats: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """A ticket as `GET /tickets?include=stats` lists it: open, unassigned, never answered."""
    row: dict[str, Any] = {
        "id": ticket_id,
        "created_at": "2026-03-02T09:00:00Z",
        "updated_at": "2026-03-02T09:00:00Z",
        "status": 2,
        "priority": 1,
        "source": 2,
        "type": None,
        "responder_id": None,
        "group_id": None,
        "fr_due_by": None,
        "due_by": None,
        "fr_escalated": False,
        "is_escalated": False,
        "stats": {
            "agent_responded_at": None,
            "requester_responded_at": None,
            "first_responded_at": None,
            "status_updated_at": None,
            "reopened_at": None,
            "resolved_at": None,
            "closed_at": None,
            "pending_since": None,
        }
        | (stats or {}),
    }
    return row | fields


def time_entry(ticket_id: int = 1, **fields: Any) -> dict[str, Any]:
    """A time entry as `GET /time_entries` lists it."""
    row: dict[str, Any] = {
        "id": 88000772826,
        "ticket_id": ticket_id,
        "agent_id": 71,
        "billable": True,
        "timer_running": False,
        "time_spent": "01:20",
        "time_spent_in_seconds": 4800,
        "executed_at": "2026-03-03T14:00:00Z",
        "created_at": "2026-03-03T15:20:11Z",
    }
    return row | fields


def rating(ticket_id: int = 1, value: Any = 103, **fields: Any) -> dict[str, Any]:
    """A rating as `GET /surveys/satisfaction_ratings` lists it."""
    row: dict[str, Any] = {
        "id": 88000000102,
        "ticket_id": ticket_id,
        "agent_id": 71,
        "group_id": 31,
        "ratings": {"default_question": value, "question_2": -102},
        "created_at": "2026-03-04T09:08:16Z",
    }
    return row | fields
