"""What Open Connectors calls the objects that are copied. Pure.

Its helpdesk hub has names of its own for some resources; ours, with hyphens or underscores, are
understood as well.
Source: https://help.openconnectors.ext.hana.ondemand.com, "Help Desk hub"
"""

from __future__ import annotations

from freshbridge.sync.objects import OBJECTS

_HUB = {
    "incidents": "tickets",
    "comments": "conversations",
    "accounts": "companies",
    "organizations": "companies",
    "users": "agents",
    "timelogs": "time_entries",
    "surveys": "satisfaction_ratings",
    "fields": "ticket_fields",
}


def object_named(name: str) -> str | None:
    """The object that a name stands for; None for none of them."""
    plain = name.strip().lower().replace("-", "_")
    found = _HUB.get(plain, plain)
    return found if found in OBJECTS else None


def known_names() -> str:
    """All names, for a person to choose from."""
    return ", ".join(sorted({*_HUB, *OBJECTS}))
