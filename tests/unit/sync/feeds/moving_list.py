"""A ticket list that others write to between any two calls, with its orders, filters and wall."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from freshbridge import timestamps
from freshbridge.errors import InvalidRequest, NotFound
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshdesk.paging import Page
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.feed import Feed, Scope

START = datetime(2026, 3, 1, tzinfo=UTC)
Action = tuple[str, int, int]
"""What is done, to which of the tickets, and how many seconds after the former."""


def text(second: int) -> str:
    """A second of the model's time."""
    return timestamps.to_text(START + timedelta(seconds=second))


@dataclass
class MovingList:
    """`actions` are done one before each call; `clock` counts seconds."""

    clock: int = 1000
    page_limit: int = 300
    actions: Iterator[Action] = field(default_factory=lambda: iter(()))
    tells_time: bool = True
    links_at_wall: bool = True
    stride: int = 1
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[Mapping[str, Any], int]] = field(default_factory=list)
    asked_by_id: list[int] = field(default_factory=list)
    last_id: int = 0

    @property
    def client(self) -> FreshdeskClient:
        """As the feeds see it."""
        return cast("FreshdeskClient", self)

    @property
    def told_time(self) -> datetime | None:
        """The time of the last reply."""
        return START + timedelta(seconds=self.clock) if self.tells_time else None

    def create(self, updated: int, created: int | None = None) -> int:
        """One more ticket."""
        self.last_id += self.stride
        made = text(updated if created is None else created)
        self.tickets[self.last_id] = {
            "id": self.last_id, "updated_at": text(updated), "created_at": made, "due_by": made,
            "status": self.last_id % 5, "deleted": False, "spam": False, "version": 1,
        }  # fmt: skip
        return self.last_id

    def act(self, action: Action) -> None:
        """Let time pass, and something happen."""
        kind, which, seconds = action
        self.clock += seconds
        if kind == "wait":
            return
        if kind == "create" or not self.tickets:
            self.create(self.clock)
            return
        if kind == "late":
            # It was written a while ago, and can be seen from now on only.
            self.create(self.clock - 30)
            return
        chosen = sorted(self.tickets)[which % len(self.tickets)]
        if kind == "purge":
            del self.tickets[chosen]
            return
        ticket = self.tickets[chosen]
        changes = {"delete": {"deleted": True}, "spam": {"spam": True}, "update": {}}
        back = {"deleted": False, "spam": False}
        self.tickets[chosen] = {
            **ticket, **changes.get(kind, back),
            "updated_at": max(ticket["updated_at"], text(self.clock)),
            "version": ticket["version"] + 1,
        }  # fmt: skip

    def tickets_(self, params: Mapping[str, Any], page: int, per_page: int) -> Iterator[Page]:
        """One page."""
        if page > self.page_limit:
            raise InvalidRequest("You cannot access tickets beyond that page")
        action = next(self.actions, None)
        if action is not None:
            self.act(action)
        self.calls.append((params, page))
        state = State(params.get("filter") or "live")
        order = params["order_by"]
        rows = sorted(
            (
                one
                for one in self.tickets.values()
                if state_of(one) is state and one["updated_at"] >= params["updated_since"]
            ),
            key=lambda one: (one[order], one["id"]),
            reverse=params["order_type"] == "desc",
        )
        shown = rows[(page - 1) * per_page : page * per_page]
        goes_on = len(rows) > page * per_page and (self.links_at_wall or page < self.page_limit)
        following = "https://acme.freshdesk.com/next" if goes_on else None
        yield Page([dict(one) for one in shown], page, following, None)

    def ticket(self, ticket_id: int, include: Sequence[str] = ()) -> dict[str, Any]:
        """One ticket."""
        assert not set(include) - {"requester", "company", "stats"}
        action = next(self.actions, None)
        if action is not None:
            self.act(action)
        self.asked_by_id.append(ticket_id)
        if ticket_id not in self.tickets:
            raise NotFound("Ticket not found")
        return {**self.tickets[ticket_id], "attachments": [], "description": "<p>", "form_id": 1}


def state_of(ticket: Mapping[str, Any]) -> State:
    """Which list shows it."""
    if ticket["deleted"]:
        return State.DELETED
    return State.SPAM if ticket["spam"] else State.LIVE


class Serving:
    """The model under the client's own names of its calls."""

    def __init__(self, moving: MovingList) -> None:
        self._moving = moving
        self.ticket = moving.ticket

    @property
    def told_time(self) -> datetime | None:
        """As the model tells it."""
        return self._moving.told_time

    def tickets(
        self, params: Mapping[str, Any], *, page: int = 1, per_page: int = 100
    ) -> Iterator[Page]:
        """As the model lists them."""
        return self._moving.tickets_(params, page, per_page)


@dataclass
class Held:
    """The copy: of two versions the later `updated_at` wins, on a tie the one seen later."""

    records: dict[int, tuple[dict[str, Any], State]] = field(default_factory=dict)
    rows: int = 0

    def merge(self, records: Sequence[dict[str, Any]], state: State) -> None:
        """Take a page in."""
        for record in records:
            self.rows += 1
            known = self.records.get(record["id"])
            if known is None or known[0]["updated_at"] <= record["updated_at"]:
                self.records[record["id"]] = (record, state)

    def agrees_with(self, moving: MovingList) -> None:
        """Every ticket that exists is held in its latest version and its state."""
        for number, ticket in moving.tickets.items():
            assert number in self.records, f"ticket {number} is missing"
            record, state = self.records[number]
            assert (record["version"], state) == (ticket["version"], state_of(ticket)), number


def read_all(
    feed: Feed, moving: MovingList, scope: Scope, held: Held, *, twice: Iterable[bool] = ()
) -> str:
    """Read a feed to its end, each position as JSON; `twice` says which pages come again.

    Returns the last mark.
    """
    client = cast("FreshdeskClient", Serving(moving))
    position = feed.first(scope)
    again = iter(twice)
    for _ in range(5000):
        kept = json.loads(json.dumps(position))
        if next(again, False):
            # What was read is lost with the process, and read again from the same place.
            feed.read(client, kept)
        page = feed.read(client, kept)
        held.merge(page.records, feed.state)
        if page.position is None:
            return page.mark
        position = page.position
        assert len(json.dumps(position)) < 120_000
    raise AssertionError("the reading does not end")
