"""Everything one simulated account holds, and the announcement of what happens to its records.

State is plain records (dicts with wire names, stamps as wire text) in one table per kind of
object. Values inside a record are never changed in place: a write puts a new list or dict there,
so that a snapshot taken earlier (search index, event) stays as it was.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from sortedcontainers import SortedList  # type: ignore[import-untyped]  # has no stubs

from local.freshsales.settings import Settings, changed
from local.freshsales.stamps import stamp_of
from local.simulator.clock import Clock
from local.simulator.schedule import Schedule

Record = dict[str, Any]
Table = dict[int, Record]
T = TypeVar("T")

DEMO_API_KEY = "demo-freshsales-key-001"

# Ids of one account begin alike: its data centre's digits.
_FIRST_ID = {"suite": 70_000_000_001, "classic": 5_000_000_001}
_KIND_STEP = 10_000_000
_KINDS = (
    "user", "contact", "sales_account", "deal", "lead", "task", "appointment", "note",
    "sales_activity", "list", "email", "phone_number", "view", "selector", "field", "job",
    "document", "product", "cpq_document", "company", "workflow", "webhook_delivery", "phone_call",
)  # fmt: skip

EventKind = Literal["created", "updated", "deleted", "forgotten"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has been done to a record; ``record`` is the live one after the write.

    ``changes`` maps attribute (custom ones as ``custom_field.cf_x``) to its values before and
    after.
    """

    kind: EventKind
    table: str
    record: Record
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)


class Account:
    """One account: tables, ids, keys, settings, clock and schedule.

    ``reset`` empties it in place: the object, its listeners and its clock stay.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        api_key: str = DEMO_API_KEY,
        persona: str = "suite",
    ) -> None:
        self.clock = clock or Clock()
        self.schedule = Schedule(self.clock)
        self.clock.on_move(self.run_due)
        self.first_api_key = api_key
        self._persona = persona
        self._listeners: list[Callable[[Event], None]] = []
        self._reset_listeners: list[Callable[[], None]] = []
        # Grows with whatever may have written: what was computed at one count is good while it
        # lasts.
        self.writes = 0
        self._clear(persona)

    def _clear(self, persona: str) -> None:
        self._persona = persona
        self.settings = changed(
            Settings(),
            {"persona": persona, "utc_offset_minutes": 0 if persona == "classic" else 120},
        )
        self.schedule.clear()
        self.tables: dict[str, Table] = {}
        self._ids: dict[str, Iterator[int]] = {}
        # API key -> id of the user it belongs to.
        self.api_keys: dict[str, int] = {}
        # (table, attribute, normalised value) -> ids of the live records that have it.
        self.by_key: defaultdict[tuple[str, str, str], dict[int, None]] = defaultdict(dict)
        # (table of the child, class of the parent, parent's id) -> ids, in the order they came.
        self.children: defaultdict[tuple[str, str, int], dict[int, None]] = defaultdict(dict)
        # (table, attribute) -> (value, id) of the live records, in order.
        self.in_order: defaultdict[tuple[str, str], SortedList] = defaultdict(SortedList)
        # (table, id) -> what the search index still holds, and the write it is behind.
        self.unindexed: dict[tuple[str, int], tuple[Record | None, int]] = {}
        # Table -> how many custom fields there were, and those of the table by name.
        self.custom_names: dict[str, tuple[int, dict[str, Record]]] = {}
        self._remembered: dict[object, Any] = {}
        self._remembered_at = -1

    def reset(self, persona: str | None = None) -> None:
        """Empty everything, settings included, back to real time, then tell the listeners."""
        # Emptied first: moving the clock runs what is due, and that must be nothing of the old.
        self._clear(persona or self._persona)
        self.clock.reset()
        self.writes += 1
        for listener in self._reset_listeners:
            listener()

    def table(self, name: str) -> Table:
        """The table called ``name``, made on first use."""
        return self.tables.setdefault(name, {})

    def next_id(self, kind: str) -> int:
        """A fresh id for ``kind``; every kind has a range of its own."""
        if kind not in self._ids:
            place = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
            first = _FIRST_ID[self.settings.persona] + place * _KIND_STEP
            self._ids[kind] = itertools.count(first)
        return next(self._ids[kind])

    def stamp(self, shift_s: float = 0) -> str:
        """The wire stamp of now, or of ``shift_s`` seconds from now (negative: before)."""
        return stamp_of(int(self.clock.seconds() + shift_s), self.settings.utc_offset_minutes)

    def stamp_of(self, moment: datetime) -> str:
        return stamp_of(int(moment.timestamp()), self.settings.utc_offset_minutes)

    def remembered(self, question: object, answer: Callable[[], T]) -> T:
        """``answer()``, or what it was if nothing has been written since."""
        if self._remembered_at != self.writes:
            self._remembered.clear()
            self._remembered_at = self.writes
        if question not in self._remembered:
            self._remembered[question] = answer()
        found: T = self._remembered[question]
        return found

    def on_event(self, listener: Callable[[Event], None]) -> None:
        """Have ``listener`` called, synchronously, after every committed write to a record."""
        self._listeners.append(listener)

    def on_reset(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called at the end of ``reset``, to drop or refill its own state."""
        self._reset_listeners.append(listener)

    def announce(self, event: Event) -> None:
        self.writes += 1
        for listener in self._listeners:
            listener(event)

    def run_due(self) -> None:
        if self.schedule.run_due():
            self.writes += 1
