"""The lists that are walked page by page: those that tell what changed, and those read whole.

Which of its filter's names an account takes differs: the contact list's is `updated_since` by the
present guide and `_updated_since` by an older one, and a name that is not known is refused or
passed over. So the one is asked after the other, and at worst the whole list is read.
Source: https://developers.freshdesk.com/api/#list_all_contacts
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.paging import Page
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.feed import BEGINNING, PageRead, Position, Record, Scope
from freshbridge.sync.feeds.walk import Walk, stride

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient

ReadList = Callable[["FreshdeskClient", Mapping[str, str], int], Iterator[Page]]
UPDATED = ("updated_since", "_updated_since")


@dataclass(frozen=True)
class ListFeed:
    """One list; `call` asks for a page of it from that number on.

    `filters` are the names of the parameter that leaves out what did not change, the likeliest
    first; none for a list that is read whole. `by` is the member that the filter goes by.
    `look_back` is how much earlier than the last reading it asks from. `always`: the filter is sent
    also where everything is wanted, for lists that without it may show the last days alone.
    """

    call: ReadList
    name: str = "all"
    state: State = State.LIVE
    chosen: Mapping[str, str] = field(default_factory=dict)
    filters: Sequence[str] = ()
    by: str = "updated_at"
    look_back: timedelta = timedelta()
    always: bool = False
    by_time: bool = False
    proves_absence: bool = False

    def first(self, scope: Scope) -> Position:
        """Page 1; `scope.until` and `scope.include` mean nothing here."""
        return Walk(scope.since if self.filters else BEGINNING).shown()

    def read(self, client: FreshdeskClient, position: Position) -> PageRead:
        """One page.

        Raises:
            Forbidden: the plan lacks what is listed, or the key's owner may not see it.
        """
        walk = Walk.of(position)
        calls = 1
        while True:
            try:
                page = next(self.call(client, self._asked(walk), walk.page))
                if not self._passed_over(walk, page.records):
                    break
            except InvalidRequest:
                if walk.page > 1 or not self._filter(walk):
                    raise
            walk, calls = walk.by_next_filter(), calls + 1
        walk = walk.beginning(client.told_time, page.records)
        step = stride(walk, page.records, has_next=page.next_url is not None)
        records = self._wanted(walk, page.records) if step.news else []
        if step.following is None:
            mark = walk.mark if self.filters else ""
            return PageRead(records, None, mark=mark, calls=calls, stable=step.stable)
        return PageRead(records, step.following.shown(), calls=calls)

    def _filter(self, walk: Walk) -> str:
        """The filter's name, "" where all are tried or none is wanted."""
        if walk.since == BEGINNING and not self.always:
            return ""
        return self.filters[walk.asked_by] if walk.asked_by < len(self.filters) else ""

    def _asked(self, walk: Walk) -> dict[str, str]:
        name = self._filter(walk)
        since = walk.since
        if since != BEGINNING:
            since = timestamps.to_text(timestamps.from_text(since) - self.look_back)
        return {**self.chosen, **({name: since} if name else {})}

    def _passed_over(self, walk: Walk, records: Sequence[Record]) -> bool:
        """Whether the page holds what was not asked for, and another name is untried."""
        last = walk.asked_by + 1 >= len(self.filters)
        return not last and len(self._wanted(walk, records)) < len(records)

    def _wanted(self, walk: Walk, records: Sequence[Record]) -> list[Record]:
        if not self.filters or self.look_back:
            return list(records)
        return [record for record in records if str(record.get(self.by) or "~") >= walk.since]


@dataclass(frozen=True)
class MembersFeed:
    """What a list does not show by itself: something to be asked for each of its records.

    `outer` is that list; `call` asks for a page of what belongs to one of it, by its id.
    """

    outer: ListFeed
    call: Callable[[FreshdeskClient, int, int], Iterator[Page]]
    name: str = "all"
    state: State = State.LIVE
    by_time: bool = False
    proves_absence: bool = True

    def first(self, scope: Scope) -> Position:
        """At the outer list's first page."""
        return {"outer": self.outer.first(scope), "ids": [], "stable": True}

    def read(self, client: FreshdeskClient, position: Position) -> PageRead:
        """One page of the outer list, or of what belongs to one of its records."""
        if position.get("outer") is not None:
            return self._outer(client, position)
        ids: list[int] = position["ids"]
        walk = Walk.of(position.get("inner") or {})
        page = next(self.call(client, ids[0], walk.page))
        step = stride(walk, page.records, has_next=page.next_url is not None)
        records = page.records if step.news else []
        stable = bool(position["stable"]) and step.stable
        if step.following is not None:
            return PageRead(records, {**position, "inner": step.following.shown()})
        if len(ids) == 1:
            return PageRead(records, None, stable=stable)
        return PageRead(records, {"ids": ids[1:], "stable": stable})

    def _outer(self, client: FreshdeskClient, position: Position) -> PageRead:
        page = self.outer.read(client, position["outer"])
        found = (record["id"] for record in page.records)
        ids = list(dict.fromkeys([*position["ids"], *found]))
        if page.position is not None:
            return PageRead([], {**position, "outer": page.position, "ids": ids}, calls=page.calls)
        following = {"ids": ids, "stable": page.stable} if ids else None
        return PageRead([], following, calls=page.calls, stable=page.stable)


def one_page(records: Sequence[Record]) -> Iterator[Page]:
    """A list that comes whole."""
    yield Page(list(records), 1, None, None)


def snapshot(call: Callable[[FreshdeskClient, int], Iterator[Page]]) -> ListFeed:
    """A list that is read whole; `call` gets the page's number."""
    return ListFeed(lambda client, _asked, page: call(client, page), proves_absence=True)


def of_state(feed: ListFeed, name: str, state: State) -> ListFeed:
    """The same list, asked for the records whose `state` has that name."""
    return replace(feed, name=name, state=state, chosen={"state": name})
