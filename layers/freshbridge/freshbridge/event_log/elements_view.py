"""Kept events in the words of Open Connectors. Pure.

`status` goes from NEW (asked for, not taken up) over RECEIVED (not done) and DISPATCHED (its
actions are on their way) to CONSUMED (nothing is left to do) and NOTIFIED (a callback took it).
Source: the events of SAP Open Connectors' instances API.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from freshbridge.errors import FieldError
from freshbridge.event_log.entry import Entry, State
from freshbridge.instances.listing import InvalidPage

PAGE_SIZE, LARGEST_PAGE_SIZE = 200, 500
LARGEST_DATA = 3_000_000
"""Characters of all the bodies of a list: AWS Lambda answers with 6 MB at most."""


def event_view(
    entry: Entry, provider_data: str, *, notified: Iterable[str] = (), settled: bool | None = None
) -> dict[str, Any]:
    """One event. `provider_data` is its body as the provider sent it.

    `settled`: whether all its actions have ended; None where nobody looked.
    """
    told = list(notified)
    instance_id = entry.instance_id
    return {
        "id": entry.event_id,
        "eventDate": entry.received_at,
        "status": status(entry, notified=bool(told), settled=settled),
        "providerData": provider_data,
        "notifiedData": told,
        "eventElementInstances": [
            {"elementInstanceId": int(instance_id) if instance_id.isdecimal() else instance_id}
        ],
    }


def status(entry: Entry, *, notified: bool, settled: bool | None) -> str:
    """Where the event stands."""
    if entry.state is State.QUEUED:
        return "NEW"
    if entry.state in (State.ROUTING, State.WAITING, State.PARKED):
        return "RECEIVED"
    if notified:
        return "NOTIFIED"
    if entry.actions and not settled:
        return "DISPATCHED"
    return "CONSUMED"


def read_page_size(text: str | None) -> int:
    """The `pageSize` of a query.

    Raises:
        InvalidPage: it is not 1 to 500.
    """
    if text is None:
        return PAGE_SIZE
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= size <= LARGEST_PAGE_SIZE:
        accepted = f"must be 1 to {LARGEST_PAGE_SIZE}"
        raise InvalidPage(
            "the page cannot be given", fields=[FieldError("pageSize", accepted, "invalid_value")]
        )
    return size


def all_ended(trail: dict[str, Any]) -> bool:
    """Whether every action of an event's trail has come to its end."""
    actions = [action for run in trail["rules"]["runs"] for action in run["actions"]]
    return all(action["state"] in ("succeeded", "failed", "dead") for action in actions)
