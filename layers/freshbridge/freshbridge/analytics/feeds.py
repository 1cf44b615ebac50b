"""What a live report reads, list by list: where each begins, and one page of it at a time.

A position is plain JSON, so that a pull that was interrupted goes on where it stood. Every page
says what it cost of the rate limit: as the reply told, or as the vendor's rules have it.
Facts: https://developers.freshdesk.com/api/#list_all_tickets, #filter_tickets,
#time-entries, #satisfaction-ratings
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.analytics.period import Period, text_of
from freshbridge.analytics.slim import Row, slim_rating, slim_ticket, slim_time_entry
from freshbridge.freshdesk.paging import Page
from freshbridge.freshdesk.search import PAGE_LIMIT as SEARCH_PAGES
from freshbridge.freshdesk.search import PER_PAGE as SEARCH_ROWS
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.feed import Scope
from freshbridge.sync.feeds.tickets import TicketFeed

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.freshdesk.rate_limit import RateLimit

Position = dict[str, Any]
_LIVE = TicketFeed("live", State.LIVE)
LIST_WITH_STATS = 3
"""Credits of one page of tickets: one call, and two for the embedded stats."""
# Freshdesk opened in 2010; no ticket is older.
_OLDEST = "2010-01-01"
# Conditions of 13 characters that leave room for the dates within a query's 512.
_STATUSES_AT_ONCE = 24


@dataclass(frozen=True)
class Fetched:
    """One page's rows, slim; where to go on, None at the end; what it cost.

    `missed` counts records that exist and cannot be listed.
    """

    rows: list[Row]
    following: Position | None
    credits: int
    missed: int = 0


class Feed(Protocol):
    """One list to be read; `cost` is what its next page is expected to cost."""

    @property
    def name(self) -> str:
        """What its pages and its progress are kept under."""
        ...  # pragma: no cover  # a protocol has no body

    @property
    def cost(self) -> int:
        """Credits."""
        ...  # pragma: no cover  # as above

    def first(self) -> Position:
        """Where the list begins."""
        ...  # pragma: no cover  # as above

    def fetch(self, client: FreshdeskClient, position: Position) -> Fetched:
        """Read one page; raises what the client raises."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True)
class TouchedTickets:
    """Tickets updated since the period began, with stats: all that anything happened to in it.

    Read as the sync reads them, so a ticket may come twice, and none is passed over.
    """

    period: Period
    name: str = "tickets"
    cost: int = LIST_WITH_STATS

    def first(self) -> Position:
        """At the period's first second."""
        return _LIVE.first(Scope(text_of(self.period.start), include=("stats",)))

    def fetch(self, client: FreshdeskClient, position: Position) -> Fetched:
        """One page.

        Raises:
            TooManyAtOnce: one second holds more tickets than can be read for certain.
            ProviderDown: the page is out of order.
        """
        page = _LIVE.read(client, position)
        rows = [slim_ticket(row) for row in page.records]
        return Fetched(rows, page.position, _spent(client.rate_limit, self.cost))


@dataclass(frozen=True)
class UntouchedBacklog:
    """Tickets open now whose last update lies before the period: open all through it.

    The list above does not hold them. A search gives 300 results at most, so the years are
    halved until each part has no more; a day with more gives 300 of them and says what is missed.
    """

    period: Period
    statuses: tuple[int, ...]
    name: str = "backlog"
    cost: int = 1

    def first(self) -> Position:
        """All days up to the period's first, for each lot of statuses."""
        last = text_of(self.period.start)[:10]
        lots = range(0, len(self.statuses), _STATUSES_AT_ONCE)
        return {"parts": [[lot, _OLDEST, last] for lot in lots], "page": 1}

    def query(self, lot: int, first: str, last: str) -> str:
        """The search for tickets created from one day to another, both included."""
        statuses = self.statuses[lot : lot + _STATUSES_AT_ONCE]
        named = " OR ".join(f"status:{status}" for status in statuses)
        # The search knows days only. One too many does no harm: a ticket counts once.
        until = _day_after(text_of(self.period.start)[:10])
        return (
            f"({named}) AND updated_at:<'{until}'"
            f" AND created_at:>'{first}' AND created_at:<'{last}'"
        )

    def fetch(self, client: FreshdeskClient, position: Position) -> Fetched:
        """One page of a part, or the part's halves."""
        *others, (lot, first, last) = position["parts"]
        number = position["page"]
        page = client.search_tickets(self.query(lot, first, last), number)
        spent = _spent(page.rate_limit, self.cost)
        reachable = SEARCH_PAGES * SEARCH_ROWS
        if number == 1 and page.total > reachable and first < last:
            halves = [[lot, *days] for days in _halves(first, last)]
            return Fetched([], {"parts": others + halves, "page": 1}, spent)
        rows = [slim_ticket(row) for row in page.records]
        if page.has_more:
            return Fetched(rows, {"parts": position["parts"], "page": number + 1}, spent)
        missed = max(0, page.total - reachable)
        return Fetched(rows, {"parts": others, "page": 1} if others else None, spent, missed)


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _halves(first: str, last: str) -> list[list[str]]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    middle = (begin + (end - begin) // 2).isoformat()
    return [[first, middle], [_day_after(middle), last]]


@dataclass(frozen=True)
class TimeEntries:
    """Time entries executed in the period."""

    period: Period
    name: str = "time_entries"
    cost: int = 1

    def first(self) -> Position:
        """The first page."""
        return {"page": 1}

    def fetch(self, client: FreshdeskClient, position: Position) -> Fetched:
        """One page; Forbidden where the plan has no time tracking."""
        # A second more on either side, for the page does not say whether the ends are included.
        asked = {
            "executed_after": text_of(self.period.start - 1),
            "executed_before": text_of(self.period.end + 1),
        }
        page = _only(client.time_entries(asked, page=position["page"]))
        return _listed(page, [slim_time_entry(row) for row in page.records], self.cost)


@dataclass(frozen=True)
class Ratings:
    """Survey answers given since the period began; the list has no end date."""

    period: Period
    name: str = "ratings"
    cost: int = 1

    def first(self) -> Position:
        """The first page."""
        return {"page": 1}

    def fetch(self, client: FreshdeskClient, position: Position) -> Fetched:
        """One page; Forbidden where the plan has no surveys."""
        asked = {"created_since": text_of(self.period.start)}
        page = _only(client.satisfaction_ratings(asked, page=position["page"]))
        return _listed(page, [slim_rating(row) for row in page.records], self.cost)


def _only(pages: Iterator[Page]) -> Page:
    return next(pages)


def _listed(page: Page, rows: list[Row], cost: int) -> Fetched:
    following = {"page": page.number + 1} if page.next_url is not None else None
    return Fetched(rows, following, _spent(page.rate_limit, cost))


def _spent(limit: RateLimit | None, cost: int) -> int:
    return cost if limit is None or limit.used is None else limit.used


def feeds_of(period: Period, statuses: Sequence[int], *, tickets: bool) -> tuple[Feed, ...]:
    """What to read for a period; without `tickets`, what is never in the lake."""
    # The tickets come last: whoever runs out of credits has then paid least.
    logged: tuple[Feed, ...] = (TimeEntries(period), Ratings(period))
    if not tickets:
        return logged
    return (*logged, UntouchedBacklog(period, tuple(statuses)), TouchedTickets(period))
