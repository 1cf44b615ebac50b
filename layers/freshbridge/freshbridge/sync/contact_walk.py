"""How far a reading of the contact list has come.

Pure. Freshdesk lists contacts by name, never by `updated_at`, so nothing on a page says how far the
changes have been read. A walk therefore reads every page of what was updated since one moment; the
next walk asks from when this one began, a little earlier for the sake of the clocks, and what comes
twice is the same as it was kept.

A contact that is deleted or renamed meanwhile lets others move up, onto a page already read. So the
pages of a longer walk are read again from the last to the first: what moves up then moves onto a
page still to be read. The first walk of all, which only remembers, does without.

The list's filter is `updated_since`; an older guide calls it `_updated_since`. An account that
refuses the one, or lists older contacts all the same, is asked by the other.
Source: https://developers.freshdesk.com/api/#list_all_contacts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.sync.cursor import BEGINNING

FILTER, OLDER_FILTER = "updated_since", "_updated_since"
CLOCKS_APART_S = 300
"""The walk's beginning is this machine's time, a contact's update the provider's."""


@dataclass(frozen=True)
class ContactWalk:
    """Ask next for page `page` of what was updated since `since`, by the filter `asked_by`.

    `again` is set while the pages are read again, downwards; `began` is when page 1 was asked for,
    "" before. Times are UTC, ISO 8601 with seconds.
    """

    since: str = BEGINNING
    page: int = 1
    again: bool = False
    began: str = ""
    asked_by: str = FILTER

    @classmethod
    def of(cls, state: Mapping[str, Any] | None) -> ContactWalk:
        """The walk that `shown` was kept of; the first of all for nothing."""
        names = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in (state or {}).items() if name in names})

    def shown(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    def beginning(self, now: str) -> ContactWalk:
        """The walk, with the time of its first page."""
        return self if self.began else replace(self, began=now)

    def by_older_filter(self) -> ContactWalk:
        """The same walk from its first page on, asked by the other name of the filter."""
        return ContactWalk(self.since, asked_by=OLDER_FILTER)

    def is_passed_over_by(self, records: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the page holds what was not asked for, and the other filter is untried."""
        return self.asked_by == FILTER and any(
            str(record.get("updated_at") or self.since) < self.since for record in records
        )

    def after(self, *, has_next: bool) -> ContactWalk:
        """Where to go on after the present page; a new walk, without `began`, where it was last."""
        if self.again:
            return replace(self, page=self.page - 1) if self.page > 1 else self._next()
        if has_next:
            return replace(self, page=self.page + 1)
        if self.page > 1 and self.since != BEGINNING:
            return replace(self, page=self.page - 1, again=True)
        return self._next()

    def _next(self) -> ContactWalk:
        earlier = timestamps.from_text(self.began) - timedelta(seconds=CLOCKS_APART_S)
        return ContactWalk(max(self.since, timestamps.to_text(earlier)), asked_by=self.asked_by)
