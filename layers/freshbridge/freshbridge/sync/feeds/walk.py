"""How far a reading has come of a list that is not in the order of time.

Pure. Contacts are listed by name, others in an order that is told nowhere, so nothing on a page
says how far the changes have been read: every page is read of what changed since one moment. The
next walk asks from when this one began, a little earlier.

A record that is deleted or renamed meanwhile lets others move up, onto a page already read; one
that comes in moves others down, onto a page still to be read. So the pages of a longer walk are
read again from the last to the first: what moves up then moves onto a page still to be read. A
page that is as it was before gives nothing new. Where each is, nothing moved, and the reading
proves what is not there. Else a short list is walked once more; of a long one a record is missed
only if another left before it on the way up, and yet another came before it on the way down.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.sync.feeds.feed import BEGINNING, Position, Record

MARGIN_S = 300
"""What was written before the walk began may be shown a little later."""
SHORT_PAGES = 10
ROUNDS = 3
_PRINT = 4
_PRINTED_PAGES = 15_000
"""Pages whose prints are kept: more would not fit beside a position."""


@dataclass(frozen=True)
class Walk:
    """Ask next for page `page` of what changed since `since`, by the `asked_by`-th filter.

    `began` is when page 1 was asked for, "" before. `down` is set while the pages are read again;
    `prints` tells what they held, `top` how many there were, `moved` that one is not as it was.
    """

    since: str = BEGINNING
    page: int = 1
    down: bool = False
    began: str = ""
    asked_by: int = 0
    prints: str = ""
    top: int = 0
    moved: bool = False
    round: int = 1

    @classmethod
    def of(cls, position: Mapping[str, Any]) -> Walk:
        """The one that `shown` was kept of."""
        names = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in position.items() if name in names})

    def shown(self) -> Position:
        """As it is kept."""
        return asdict(self)

    def by_next_filter(self) -> Walk:
        """The same walk from its first page on, asked by another name of the filter."""
        return Walk(self.since, began=self.began, asked_by=self.asked_by + 1)

    def beginning(self, told: datetime | None, records: Sequence[Record]) -> Walk:
        """The walk with the provider's time of its first page.

        Where that is not told: the latest change on the page, which came before it.
        """
        if self.began:
            return self
        changes = [str(record.get("updated_at") or "") for record in records]
        return replace(
            self, began=timestamps.to_text(told) if told else max([self.since, *changes])
        )

    @property
    def mark(self) -> str:
        """From when the next walk asks."""
        began = timestamps.from_text(self.began or self.since)
        return max(self.since, timestamps.to_text(began - timedelta(seconds=MARGIN_S)))


@dataclass(frozen=True)
class Stride:
    """What a page means: where to go on, None at the end; whether it held what was not had.

    `stable`: nothing moved in the whole walk.
    """

    following: Walk | None
    news: bool = True
    stable: bool = True


def stride(walk: Walk, records: Sequence[Record], *, has_next: bool) -> Stride:
    """Behind one page."""
    if not walk.down:
        return _up(walk, records, has_next=has_next)
    same = _print(records) == _print_of(walk, walk.page)
    walk = replace(walk, moved=walk.moved or not same)
    if walk.page > 1:
        return Stride(replace(walk, page=walk.page - 1), not same)
    if walk.moved and walk.top <= SHORT_PAGES and walk.round < ROUNDS:
        following = _up(_round(walk), records, has_next=has_next)
        return replace(following, news=not same)
    return Stride(None, not same, not walk.moved)


def _round(walk: Walk) -> Walk:
    return Walk(walk.since, began=walk.began, asked_by=walk.asked_by, round=walk.round + 1)


def _up(walk: Walk, records: Sequence[Record], *, has_next: bool) -> Stride:
    if walk.page == 1 and not has_next:
        return Stride(None)
    walk = _printed(walk, records)
    if has_next:
        return Stride(replace(walk, page=walk.page + 1))
    return Stride(replace(walk, top=walk.page, page=walk.page - 1, down=True))


def _printed(walk: Walk, records: Sequence[Record]) -> Walk:
    if walk.page > _PRINTED_PAGES:
        return walk
    prints = b64decode(walk.prints) + _print(records)
    return replace(walk, prints=b64encode(prints).decode())


def _print(records: Sequence[Record]) -> bytes:
    text = json.dumps(records, separators=(",", ":")).encode()
    return hashlib.blake2b(text, digest_size=_PRINT).digest()


def _print_of(walk: Walk, page: int) -> bytes:
    return b64decode(walk.prints)[(page - 1) * _PRINT : page * _PRINT]
