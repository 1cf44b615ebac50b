"""Everything one simulated account holds, and the announcement of what happens to its tickets.

State is plain records (dicts with wire names, stamps as wire text) in one table per kind of
object. Values inside a record are never changed in place: a write puts a new list or dict there,
so that a snapshot taken earlier (search index, event) stays as it was.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from local.freshdesk.clock import Clock
from local.freshdesk.settings import Settings
from local.freshdesk.ticket_index import TicketIndex
from local.simulator.schedule import Schedule

Record = dict[str, Any]
Table = dict[int, Record]

DEMO_API_KEY = "demo-api-key-000000001"

# Where each kind of id starts. Agents and contacts share one id space; ticket ids are small
# because they are the numbers people see.
_FIRST_IDS = {
    "ticket": 1,
    "user": 88_001_200_001,
    "company": 88_000_596_001,
    "group": 88_000_144_001,
    "conversation": 88_035_131_001,
    "attachment": 88_013_284_001,
    "role": 88_000_149_001,
    "ticket_field": 88_000_441_001,
    "time_entry": 88_000_772_001,
    "satisfaction_rating": 88_000_000_101,
    "email_config": 88_000_020_001,
}
_FIRST_OTHER_ID = 88_000_900_001


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: an agent (also through the API), the requester, or the system itself."""

    kind: Literal["agent", "requester", "system"]
    user_id: int | None = None


SYSTEM = Actor("system")

EventKind = Literal[
    "created", "updated", "deleted", "restored", "note_added", "reply_added", "requester_replied"
]


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """Something that has been done to a ticket; ``ticket`` is the live record after the write.

    ``changes`` maps attribute (wire name, custom ones as ``custom_fields.cf_x``) to its values
    before and after. ``conversation`` is set for notes and replies. ``by_automation`` marks what
    an automation rule did, so that rules do not set one another off for ever.
    """

    kind: EventKind
    ticket: Record
    actor: Actor
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    conversation: Record | None = None
    by_automation: bool = False


TicketListener = Callable[[TicketEvent], None]


class Account:
    """One account: tables, ids, keys, settings, clock and schedule.

    ``reset`` empties it in place: the object, its listeners and its clock stay. Tables without an
    attribute of their own are reached with ``table("canned_responses")``; ``tables`` has all of
    them by name.
    """

    def __init__(self, clock: Clock | None = None, api_key: str = DEMO_API_KEY) -> None:
        self.clock = clock or Clock()
        self.schedule = Schedule(self.clock)
        self.clock.on_move(self._run_due)
        self._first_api_key = api_key
        self._ticket_listeners: list[TicketListener] = []
        self._reset_listeners: list[Callable[[], None]] = []
        # Grows ahead of whatever may write: what was computed at one count is good while it lasts.
        self.writes = 0
        self._clear()

    def _clear(self) -> None:
        self.settings = Settings()
        self.schedule.clear()
        self.tables: dict[str, dict[Any, Record]] = {}
        self._ids: dict[str, Iterator[int]] = {}
        # API key -> id of the agent it belongs to.
        self.api_keys: dict[str, int] = {}
        self.tickets = self.table("tickets")
        self.conversations = self.table("conversations")
        self.contacts = self.table("contacts")
        self.companies = self.table("companies")
        self.agents = self.table("agents")
        self.groups = self.table("groups")
        self.roles = self.table("roles")
        self.ticket_fields = self.table("ticket_fields")
        self.time_entries = self.table("time_entries")
        self.satisfaction_ratings = self.table("satisfaction_ratings")
        self.automation_rules = self.table("automation_rules")
        # Attachment records; their bytes are apart so that a record is plain JSON.
        self.attachments = self.table("attachments")
        self.attachment_bytes: dict[int, bytes] = {}
        # Job ids are text for ticket jobs.
        self.jobs: dict[str, Record] = self.table("jobs")
        # Ticket id -> ids of its conversations, oldest first.
        self.conversations_of: dict[int, list[int]] = {}
        # Lower-case mail domain -> id of the company that lists it; kept by whoever writes one.
        self.company_of_domain: dict[str, int] = {}
        # (attribute, normalised value) -> user id, for contacts and agents; see people.py.
        self.user_keys: dict[tuple[str, str], int] = {}
        self.ticket_index = TicketIndex(self.schedule, lambda: self.settings.search_index_lag_s)

    def reset(self) -> None:
        """Empty everything, settings included, back to real time, then tell the listeners.

        The starting records (agents, groups, fields) are put in by the listeners that
        ``starting_records`` registers.
        """
        # Emptied first: moving the clock runs what is due, and that must be nothing of the old.
        self._clear()
        self.clock.reset()
        for listener in self._reset_listeners:
            listener()

    def table(self, name: str) -> dict[Any, Record]:
        """The table called ``name``, made on first use."""
        return self.tables.setdefault(name, {})

    def next_id(self, kind: str) -> int:
        """A fresh id for ``kind`` (``ticket``, ``user``, ``group``, … any other word works)."""
        if kind not in self._ids:
            self._ids[kind] = itertools.count(_FIRST_IDS.get(kind, _FIRST_OTHER_ID))
        return next(self._ids[kind])

    @property
    def first_api_key(self) -> str:
        return self._first_api_key

    def has_feature(self, feature: str) -> bool:
        return self.settings.has_feature(feature)

    @property
    def host(self) -> str:
        """The host name the account's own links and addresses carry."""
        return f"{self.settings.domain}.freshdesk.com"

    def on_ticket_event(self, listener: TicketListener) -> None:
        """Have ``listener`` called, synchronously, after every committed write to a ticket."""
        self._ticket_listeners.append(listener)

    def on_reset(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called at the end of ``reset``, to drop or refill its own state."""
        self._reset_listeners.append(listener)

    def announce(self, event: TicketEvent) -> None:
        for listener in self._ticket_listeners:
            listener(event)

    def _run_due(self) -> None:
        self.schedule.run_due()
