"""What the keys of a report's rows are called. Pure.

Facts: https://developers.freshdesk.com/api/#agents, #groups, #ticket-fields
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from freshbridge.analytics.report import UNKNOWN, Dimension, Key
from freshbridge.freshdesk.enums import Priority, Source, Status

Row = Mapping[str, Any]
NOBODY = {Dimension.AGENT: "Unassigned", Dimension.GROUP: "No group", Dimension.TYPE: "No type"}
"""What a null key is called."""


class Names:
    """Names by dimension and key; the account's own win over the stock ones."""

    def __init__(
        self,
        agents: Iterable[Row] = (),
        groups: Iterable[Row] = (),
        ticket_fields: Iterable[Row] = (),
    ) -> None:
        sources = _choices(
            ticket_fields, "default_source", {one.value: one.label for one in Source}
        )
        self._names: dict[Dimension, dict[Any, str]] = {
            Dimension.AGENT: {one["id"]: _agent_name(one) for one in agents},
            Dimension.GROUP: {one["id"]: str(one.get("name")) for one in groups},
            Dimension.PRIORITY: {one.value: one.label for one in Priority},
            Dimension.SOURCE: sources,
        }

    def of(self, dimension: Dimension, key: Key) -> str | None:
        """The key's name; None when nobody told it."""
        if key is None:
            return NOBODY.get(dimension)
        if key == UNKNOWN:
            return "Ticket not listed"
        if dimension in (Dimension.TYPE, Dimension.DAY):
            return str(key)
        return self._names[dimension].get(key)


def open_statuses(ticket_fields: Iterable[Row]) -> tuple[int, ...]:
    """The numbers of all statuses but Resolved and Closed, the account's own included."""
    stock = {status.value: status.label for status in Status}
    known = stock | _status_choices(ticket_fields)
    return tuple(sorted(set(known) - {Status.RESOLVED.value, Status.CLOSED.value}))


def _status_choices(ticket_fields: Iterable[Row]) -> dict[int, str]:
    """Status choices map a number, as text, to its labels."""
    for field in ticket_fields:
        choices = field.get("choices")
        if field.get("type") == "default_status" and isinstance(choices, Mapping):
            return {int(number): str(labels) for number, labels in choices.items()}
    return {}


def _choices(fields: Iterable[Row], kind: str, stock: dict[int, str]) -> dict[Any, str]:
    """Choices of other fields map a label to its number."""
    for field in fields:
        choices = field.get("choices")
        if field.get("type") == kind and isinstance(choices, Mapping):
            return stock | {number: str(label) for label, number in choices.items()}
    return dict(stock)


def _agent_name(agent: Row) -> str:
    contact = agent.get("contact") or {}
    return str(contact.get("name") or agent.get("name") or agent["id"])
