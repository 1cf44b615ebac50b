"""Reads a search beyond the 300 results that Freshdesk pages through. Pure but for `ask`.

A search answers how many records match, and lets 300 of them be read. So a question with more
answers is asked again by ranges of days, the newest first, until each range holds 300 or fewer.
A range's length follows from how many the ranges before it held, so that few calls are spent on
ranges that turn out too full or empty. Days that hold too many are divided by another date field.

Days are the finest that the search knows, and `field:>'day'` and `field:<'day'` both include the
day: https://developers.freshdesk.com/api/#filter_contacts. The records are told apart by id,
since an index that changes while it is read shows some twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from freshbridge.freshdesk.paging import Record
from freshbridge.freshdesk.search import PAGE_LIMIT, PER_PAGE, QUERY_LIMIT, SearchPage

Ask = Callable[[str, int], SearchPage]
"""Asks for one page of a query; such as `client.search_contacts`."""

REACHABLE = PAGE_LIMIT * PER_PAGE
DATE_FIELDS = ("created_at", "updated_at")
# What a range is sized for: less than can be read, because density is a guess.
_AIM = REACHABLE * 4 // 5
_LONGEST_STRIDE = 4
# Ranges without a first day are sized as if they began here: nothing that was moved to Freshdesk
# from elsewhere is much older.
_BEGINNING = date(2000, 1, 1)
_DAY = timedelta(days=1)


class Shortfall(StrEnum):
    """Why records that match are missing from an answer."""

    LIMIT = "limit"
    """The caller asked for no more."""
    CROWDED_DAY = "crowded_day"
    """One day holds more than 300, and the search cannot ask for less than a day."""
    LONG_QUERY = "long_query"
    """The query leaves no room for ranges of days."""
    CHANGED = "changed"
    """Fewer were read than the search had counted: records changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days of one field, both ends included.

    An open end has no bound in the query; the day that stands there only sizes the parts.
    """

    field: str
    first: date
    last: date
    open_start: bool = False
    open_end: bool = False

    @property
    def days(self) -> int:
        """How many days it covers."""
        return (self.last - self.first).days + 1

    def newest(self, days: int) -> tuple[Span, Span | None]:
        """The last `days` days, and what comes before them if anything does."""
        if days >= self.days:
            return self, None
        cut = self.last - timedelta(days=days)
        return (
            replace(self, first=cut + _DAY, open_start=False),
            replace(self, last=cut, open_end=False),
        )

    def conditions(self) -> list[str]:
        """The span in the search's language."""
        bounds = []
        if not self.open_start:
            bounds.append(f"{self.field}:>'{self.first.isoformat()}'")
        if not self.open_end:
            bounds.append(f"{self.field}:<'{self.last.isoformat()}'")
        return bounds


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: `records` each once, out of `total` that match.

    `shortfalls` is empty when nothing is missing. `crowded` are the days of the shortfall of that
    name. `resume_to` is the last day of creation to ask for in order to go on after a limit, where
    there is one; the records of that day may come again. `calls` is how many were made.
    """

    records: list[Record]
    total: int
    shortfalls: tuple[Shortfall, ...]
    crowded: tuple[date, ...]
    resume_to: date | None
    calls: int

    @property
    def complete(self) -> bool:
        """Whether every record that matches is here."""
        return not self.shortfalls


def search_everything(
    ask: Ask,
    query: str,
    *,
    today: date,
    limit: int,
    created_from: date | None = None,
    created_to: date | None = None,
    fields: Sequence[str] = DATE_FIELDS,
) -> Found:
    """Read up to `limit` records that match `query` and were created on those days.

    Beyond 300 they come in order of `fields[0]`, the newest slice first. `query` may be empty; it
    is one that the search accepts. `fields` are date fields to divide by, in that order.

    Raises:
        Whatever `ask` raises.
    """
    span = Span(
        fields[0],
        created_from or min(_BEGINNING, created_to or _BEGINNING),
        created_to or max(today, created_from or today),
        open_start=created_from is None,
        open_end=created_to is None,
    )
    return _Reader(ask, query, today, limit).read(span, tuple(fields[1:]))


def query_text(query: str, spans: Sequence[Span]) -> str:
    """The query within the spans; everything, when there is neither."""
    bounds = [condition for span in spans for condition in span.conditions()]
    if not query and not bounds:
        return Span(spans[0].field, _BEGINNING, _BEGINNING, open_end=True).conditions()[0]
    if query and bounds and "OR" in query:
        query = f"({query})"
    return " AND ".join([query, *bounds] if query else bounds)


class _Reader:
    def __init__(self, ask: Ask, query: str, today: date, limit: int) -> None:
        self._ask = ask
        self._query = query
        self._today = today
        self._limit = limit
        self._records: dict[int, Record] = {}
        self._shortfalls: list[Shortfall] = []
        self._crowded: list[date] = []
        self._resume_to = date.max
        self._calls = 0

    def read(self, whole: Span, deeper: tuple[str, ...]) -> Found:
        page = self._page((whole,), 1)
        total = page.total
        if total <= REACHABLE or self._limit <= REACHABLE:
            self._take((whole,), page)
        elif not self._fits((whole,)):
            self._take((whole,), page)
            self._shortfalls.append(Shortfall.LONG_QUERY)
        else:
            self._divide((), whole, total, deeper)
        return self._found(total, whole)

    def _found(self, total: int, whole: Span) -> Found:
        records = list(self._records.values())[: self._limit]
        resume_to = None
        if len(records) < total:
            if self._full:
                self._shortfalls.append(Shortfall.LIMIT)
                resume_to = min(self._resume_to, whole.last)
            elif not self._shortfalls:
                self._shortfalls.append(Shortfall.CHANGED)
        return Found(
            records,
            total,
            tuple(dict.fromkeys(self._shortfalls)),
            tuple(sorted(set(self._crowded))),
            # Asking for the same days again would lead nowhere.
            resume_to if resume_to != whole.last else None,
            self._calls,
        )

    @property
    def _full(self) -> bool:
        return len(self._records) >= self._limit

    def _page(self, spans: Sequence[Span], number: int) -> SearchPage:
        self._calls += 1
        return self._ask(query_text(self._query, spans), number)

    def _divide(
        self, outer: tuple[Span, ...], span: Span, total: int, deeper: tuple[str, ...]
    ) -> None:
        """Read a span that holds `total` records, more than can be read at once."""
        rest: Span | None = span
        left, stride = total, span.days * _AIM // total
        while rest is not None and not self._full:
            # However few are left by the count, the rest is asked for: a record that joined a
            # range read before would otherwise push one out.
            days = min(max(1, stride), max(1, rest.days // 2))
            piece, rest = rest.newest(rest.days if left <= REACHABLE else days)
            page = self._page((*outer, piece), 1)
            self._take_or_divide(outer, piece, page, deeper)
            left -= page.total
            stride = _next_stride(piece.days, page.total)

    def _take_or_divide(
        self, outer: tuple[Span, ...], piece: Span, page: SearchPage, deeper: tuple[str, ...]
    ) -> None:
        if page.total <= REACHABLE:
            last = self._take((*outer, piece), page)
            partly = last.has_more or bool(outer) or len(self._records) > self._limit
            day = (outer or (piece,))[0]
            self._resume_to = day.last if partly else day.first - _DAY
        elif piece.days > 1:
            self._divide(outer, piece, page.total, deeper)
        elif deeper and self._fits((*outer, piece, inner := self._all_days(deeper[0], piece))):
            self._divide((*outer, piece), inner, page.total, deeper[1:])
        else:
            self._take((*outer, piece), page)
            self._shortfalls.append(Shortfall.CROWDED_DAY)
            self._crowded.append((*outer, piece)[0].last)

    def _take(self, spans: tuple[Span, ...], page: SearchPage) -> SearchPage:
        """Keep the page's records and those of the pages after it; return the last one read."""
        self._keep(page)
        while page.has_more and page.records and not self._full:
            page = self._page(spans, page.number + 1)
            self._keep(page)
        return page

    def _keep(self, page: SearchPage) -> None:
        for record in page.records:
            self._records.setdefault(record["id"], record)

    def _all_days(self, field: str, day: Span) -> Span:
        """Every day of another field for records of one `day`: none changed before it was made."""
        last = max(self._today, day.last)
        return Span(field, day.first, last, open_start=True, open_end=True)

    def _fits(self, spans: Sequence[Span]) -> bool:
        """Whether the query has room for the spans' bounds; all are as long as these."""
        closed = [replace(span, open_start=False, open_end=False) for span in spans]
        return len(query_text(self._query, closed)) <= QUERY_LIMIT


def _next_stride(days: int, total: int) -> int:
    """How many days to ask for after `days` days held `total` records."""
    if total == 0:
        return days * _LONGEST_STRIDE
    return min(days * _AIM // total, days * _LONGEST_STRIDE)
