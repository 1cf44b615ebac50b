"""Which change of status resolves or closes a ticket, the account's own statuses included.

Pure. Freshdesk resolves with 4 and closes with 5, whatever these are called. What an account's own
statuses mean no API tells, so a person does, in the instance's `config`:

    custom_statuses   {"Waiting on vendor": 9, "Done": 10}: their names to their numbers
    status_meaning    {"Done": "resolved", "11": "closed"}: by name or number
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from freshbridge.events.normalised import Event
from freshbridge.freshdesk.enums import Status, status_number
from freshbridge.instances.config import STATUS_MEANINGS

_STOCK = {int(Status.RESOLVED): "resolved", int(Status.CLOSED): "closed"}


def typed(event: Event, config: Mapping[str, Any]) -> Event:
    """The event, resolved or closed if that is what its change of status means."""
    change = event.changes.get("status")
    if event.type != "ticket_updated" or not isinstance(change, Mapping):
        return event
    meaning = meaning_of(change.get("to"), config)
    if not meaning or meaning == meaning_of(change.get("from"), config):
        return event
    return replace(event, type=f"ticket_{meaning}")


def meaning_of(status: object, config: Mapping[str, Any]) -> str:
    """ "resolved", "closed", or "" for any other status, given by number or name."""
    number = _number(status, config)
    own = config.get("status_meaning")
    for name, meaning in (own if isinstance(own, Mapping) else {}).items():
        if meaning in STATUS_MEANINGS and number is not None and number == _number(name, config):
            return str(meaning)
    return _STOCK.get(number, "") if isinstance(number, int) else ""


def _number(status: object, config: Mapping[str, Any]) -> int | str | None:
    if not isinstance(status, str | int) or isinstance(status, bool):
        return None
    given = config.get("custom_statuses")
    own = {
        name: number
        for name, number in (given if isinstance(given, Mapping) else {}).items()
        if isinstance(number, int)
    }
    try:
        return status_number(status, own)
    except ValueError:
        # A status that nobody has told the number of is known by its name.
        return " ".join(str(status).split()).casefold()
