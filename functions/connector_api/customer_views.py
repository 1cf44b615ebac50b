"""Runs, lines of reports and known customers, as /customer-links shows them."""

from __future__ import annotations

from typing import Any

from freshbridge import timestamps
from freshbridge.customers.link import Kind, Link, Side
from freshbridge.customers.record import Known
from freshbridge.customers.run_state import RUNNING, RunState


def run_view(link: Link, state: RunState, until: float, *, now: str) -> dict[str, Any]:
    """A run; a function works on it up to `until`, in epoch seconds."""
    at_it = state.state == RUNNING and until
    return state.shown(link) | {
        "worked_on_until": timestamps.to_text(timestamps.from_epoch(until)) if at_it else None,
        "stalled": state.stalled(now, until),
    }


def known_view(kind: Kind, one: Known) -> dict[str, Any]:
    """A customer that is known, and whom it is linked with."""
    is_desk = one.side is Side.FRESHDESK
    return {
        "object": kind.value,
        "freshdesk_id": (one.id if is_desk else one.other) or None,
        "freshsales_id": (one.other if is_desk else one.id) or None,
        "state": "linked" if one.other else "apart" if one.apart else "alone",
        "changed": sorted(one.changed) if one.other else [],
        "fields": dict(sorted(one.now.items())),
        "found_by": list(one.keys),
        "updated_at": one.updated_at or None,
    }


def line_view(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a report, as the run wrote it."""
    is_desk = line["side"] == Side.FRESHDESK
    return {
        "outcome": line["outcome"],
        "object": line["kind"],
        "side": line["side"],
        "freshdesk_id": (line["id"] if is_desk else line["other"]) or None,
        "freshsales_id": (line["other"] if is_desk else line["id"]) or None,
        "fields": line["fields"],
        "code": line["code"] or None,
        "reason": line["reason"] or None,
    }
