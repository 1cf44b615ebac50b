"""Tickets kept in every listing order, and what search can see of them.

Listing 100 rows anywhere in 50,000 must take milliseconds, so each order is a sorted list that a
write updates by one removal and one insertion. Search reads ``searchable``: the ticket as it was
``lag`` seconds ago, the vendor's index being a few minutes behind.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from sortedcontainers import SortedList  # type: ignore[import-untyped]  # has no stubs

from local.simulator.schedule import Schedule

ORDERS = ("created_at", "updated_at", "due_by", "status")
Key = tuple[Any, int]
_MAX_ANSWERS = 16


def state_of(ticket: dict[str, Any]) -> str:
    """Which list a ticket appears in: ``deleted``, ``spam`` or ``live``."""
    if ticket["deleted"]:
        return "deleted"
    return "spam" if ticket["spam"] else "live"


def key_of(ticket: dict[str, Any], order: str) -> Key:
    """Where a ticket stands in an order."""
    # No due date sorts before every date, as NULL does; the id settles equal stamps.
    return (ticket[order] or "" if order != "status" else ticket[order], ticket["id"])


class TicketIndex:
    """Call ``before_write`` ahead of changing a ticket and ``after_write`` behind it."""

    def __init__(self, schedule: Schedule, lag_s: Callable[[], float]) -> None:
        self._schedule = schedule
        self._lag_s = lag_s
        self._orders = {
            (state, order): SortedList()
            for state in ("live", "spam", "deleted")
            for order in ORDERS
        }
        # Ticket id -> version of the write that search shows of it.
        self._published: dict[int, int] = {}
        self._of_requester: dict[int, set[int]] = {}
        self._of_company: dict[int, set[int]] = {}
        self._watched_by: dict[int, set[int]] = {}
        self.searchable: dict[int, dict[str, Any]] = {}
        # Grows with every write: a result computed at one version is good while it lasts.
        self.version = 0
        self._answers: dict[Hashable, list[Key]] = {}
        self._answers_version = 0

    def order(self, state: str, order: str) -> Sequence[Key]:
        """All tickets of ``state`` as (key, id), ascending by ``order``; slices are cheap."""
        keys: Sequence[Key] = self._orders[state, order]
        return keys

    def position(self, state: str, order: str, value: object) -> int:
        """Index in ``order`` of the first ticket at ``value`` or behind it."""
        return int(self._orders[state, order].bisect_left((value, 0)))

    def remembered(self, question: Hashable, compute: Callable[[], list[Key]]) -> list[Key]:
        """What ``compute`` answers, kept until the next write: pages follow one another."""
        if self._answers_version != self.version or len(self._answers) >= _MAX_ANSWERS:
            self._answers, self._answers_version = {}, self.version
        if question not in self._answers:
            self._answers[question] = compute()
        return self._answers[question]

    def of_requester(self, user_id: int) -> set[int]:
        return self._of_requester.get(user_id, set())

    def of_company(self, company_id: int) -> set[int]:
        return self._of_company.get(company_id, set())

    def watched_by(self, agent_id: int) -> set[int]:
        return self._watched_by.get(agent_id, set())

    def add_all(self, tickets: Iterable[dict[str, Any]]) -> None:
        """Many new tickets at once: sorting each order once beats 50,000 insertions."""
        batch = list(tickets)
        for (state, order), keys in self._orders.items():
            keys.update(key_of(ticket, order) for ticket in batch if state_of(ticket) == state)
        for ticket in batch:
            self._link(ticket)
            self.searchable[ticket["id"]] = ticket
        self.version += 1

    def before_write(self, ticket: dict[str, Any]) -> None:
        ticket_id = ticket["id"]
        state = state_of(ticket)
        for order in ORDERS:
            self._orders[state, order].discard(key_of(ticket, order))
        self._of_requester.get(ticket["requester_id"], set()).discard(ticket_id)
        self._of_company.get(ticket["company_id"], set()).discard(ticket_id)
        for agent_id in ticket["watcher_ids"]:
            self._watched_by.get(agent_id, set()).discard(ticket_id)
        if self._lag_s() > 0 and self.searchable.get(ticket_id) is ticket:
            # Search must go on seeing what the ticket was: the record itself is about to change.
            self.searchable[ticket_id] = dict(ticket)

    def after_write(self, ticket: dict[str, Any]) -> None:
        state = state_of(ticket)
        for order in ORDERS:
            self._orders[state, order].add(key_of(ticket, order))
        self._link(ticket)
        self.version += 1
        lag = self._lag_s()
        if lag <= 0:
            self._publish(ticket, self.version)
            return
        snapshot, version = dict(ticket), self.version
        self._schedule.after(lag, lambda: self._publish(snapshot, version))

    def remove(self, ticket: dict[str, Any]) -> None:
        """Forget a ticket that is gone for good."""
        self.before_write(ticket)
        self.searchable.pop(ticket["id"], None)
        self.version += 1
        self._published[ticket["id"]] = self.version

    def _publish(self, ticket: dict[str, Any], version: int) -> None:
        # A shorter lag lets a later write overtake an earlier one, or a removal.
        if self._published.get(ticket["id"], 0) <= version:
            self.searchable[ticket["id"]] = ticket
            self._published[ticket["id"]] = version

    def _link(self, ticket: dict[str, Any]) -> None:
        self._of_requester.setdefault(ticket["requester_id"], set()).add(ticket["id"])
        if ticket["company_id"] is not None:
            self._of_company.setdefault(ticket["company_id"], set()).add(ticket["id"])
        for agent_id in ticket["watcher_ids"]:
            self._watched_by.setdefault(agent_id, set()).add(ticket["id"])
