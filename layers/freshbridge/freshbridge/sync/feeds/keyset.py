"""How far a reading of the tickets has come: in the order of `updated_at`, one second at a time.

Pure. The question is asked anew from the last `updated_at` seen after every page. A page number is
never carried past a change of that time: in a list that moves, paging by offset loses a record for
each one that leaves its place meanwhile.

Only where one second holds more than a page the page number grows, and then the order is this: the
second's last page is looked for in growing steps, and its pages are read from the last to the
first. A ticket that leaves the second lets the others up, onto a page that is still to be read, so
each that stays is met. What left has a later time, or is in another list.

A ticket may be written a little after the time it carries, and one that is written twice within
a second does not change it. So what is read of the last minute is read, but not taken for certain.
Source: https://developers.freshdesk.com/api/#list_all_tickets
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.sync.feeds.feed import BEGINNING, Position, Record

SETTLED_S = 60
"""Older than this, a second gets no more tickets."""


class NotInOrder(ValueError):
    """A page is not in the order that was asked for, so nothing can be concluded from it."""


@dataclass(frozen=True)
class Shown:
    """A page as it came: `told` is the provider's time, None where it does not tell."""

    records: Sequence[Record]
    has_next: bool
    told: datetime | None


@dataclass(frozen=True)
class Keyset:
    """Ask next for page `page` of what was updated at `since` or later, up to `until`.

    `seen` are the ids that were had at `since`. `sure`: what is later than this has been read too
    early to be certain, "" for nothing. While a second's last page is looked for, `full` is the
    last page known to hold that second alone, and `end` the first known to end it, each 0 for none;
    `down` is set while its pages are read. `crowd` is how far the ladder has come for a second that
    the pages do not reach the end of.
    """

    since: str = BEGINNING
    until: str = ""
    include: Sequence[str] = ()
    page: int = 1
    seen: Sequence[int] = ()
    sure: str = ""
    full: int = 0
    end: int = 0
    down: bool = False
    crowd: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, position: Position) -> Keyset:
        """The one that `shown` was kept of."""
        names = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in position.items() if name in names})

    def shown(self) -> Position:
        """As it is kept: members that say nothing are left out, but for the two times."""
        kept = {name: value for name, value in asdict(self).items() if value}
        return {"since": self.since, "until": self.until, **kept}

    @property
    def mark(self) -> str:
        """Everything before this is read and certain."""
        return min(self.since, self.sure) if self.sure else self.since


@dataclass(frozen=True)
class Step:
    """What a page gave: its rows, and where to go on; `ended` after the last.

    `walled`: the second goes on behind the last page that is served.
    """

    rows: list[Record]
    following: Keyset
    ended: bool = False
    walled: bool = False


def advance(keyset: Keyset, shown: Shown, *, page_limit: int, per_page: int) -> Step:
    """What a page says.

    Raises:
        NotInOrder: going on would pass over tickets.
    """
    stamps = _stamps(keyset, shown)
    keyset = replace(keyset, sure=_sure(keyset, keyset.since, shown.told))
    if keyset.down:
        following = replace(keyset, page=keyset.page - 1) if keyset.page > 1 else onwards(keyset)
        return cut(Step(at(keyset.since, shown.records), following))
    alone = not stamps or stamps[-1] == keyset.since
    if not keyset.full and not (alone and shown.has_next):
        return _first_page(keyset, shown)
    if not keyset.full and not stamps:
        # A page may be short, even empty, and name a following one.
        return Step([], replace(keyset, page=keyset.page + 1))
    # Behind the last page served there may be more, whether a link says so or not.
    unseen = keyset.page == page_limit and len(stamps) == per_page
    if alone and (shown.has_next or unseen):
        return _searching(replace(keyset, full=keyset.page, seen=()), [], page_limit)
    ended = replace(keyset, end=keyset.page)
    return _searching(ended, at(keyset.since, shown.records), page_limit)


def onwards(keyset: Keyset) -> Keyset:
    """Behind the second that is read."""
    after = timestamps.from_text(keyset.since) + timedelta(seconds=1)
    return Keyset(timestamps.to_text(after), keyset.until, keyset.include, sure=keyset.sure)


def at(moment: str, records: Sequence[Record]) -> list[Record]:
    """Those that were updated at one moment."""
    return [record for record in records if record["updated_at"] == moment]


def _stamps(keyset: Keyset, shown: Shown) -> list[str]:
    stamps = [str(record["updated_at"]) for record in shown.records]
    if stamps != sorted(stamps) or (stamps and stamps[0] < keyset.since):
        raise NotInOrder("the provider's page is not in the order of updated_at")
    return stamps


def _first_page(keyset: Keyset, shown: Shown) -> Step:
    fresh = [
        record
        for record in shown.records
        if not (record["updated_at"] == keyset.since and record["id"] in keyset.seen)
    ]
    last = str(shown.records[-1]["updated_at"]) if shown.records else keyset.since
    following = Keyset(
        last,
        keyset.until,
        keyset.include,
        seen=_seen(last, shown),
        sure=_sure(keyset, last, shown.told),
    )
    return cut(Step(fresh, following, ended=not shown.has_next))


def _seen(last: str, shown: Shown) -> list[int]:
    """The ids at the last second, unless it may still change under the same `updated_at`."""
    if last > _settled(last, shown.told):
        return []
    return [record["id"] for record in at(last, shown.records)]


def _settled(last: str, told: datetime | None) -> str:
    moment = told or timestamps.from_text(last)
    return timestamps.to_text(moment - timedelta(seconds=SETTLED_S))


def _sure(keyset: Keyset, last: str, told: datetime | None) -> str:
    settled = _settled(last, told)
    if last <= settled:
        return keyset.sure
    return min(keyset.sure, settled) if keyset.sure else settled


def _searching(keyset: Keyset, rows: list[Record], page_limit: int) -> Step:
    if not keyset.end:
        if keyset.full >= page_limit:
            return Step([], keyset, walled=True)
        following = min(page_limit, keyset.full + max(1, keyset.full // 2))
        return Step(rows, replace(keyset, page=following))
    if keyset.end - keyset.full > 1:
        return Step(rows, replace(keyset, page=(keyset.full + keyset.end) // 2))
    return Step(rows, replace(keyset, page=keyset.full, down=True))


def cut(step: Step) -> Step:
    """A step without what is at `until` or later, which ends the reading."""
    until = step.following.until
    if not until or step.following.since < until:
        return step
    rows = [record for record in step.rows if record["updated_at"] < until]
    return Step(rows, replace(step.following, since=until, seen=()), ended=True)
