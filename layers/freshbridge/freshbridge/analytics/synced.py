"""Tickets out of the lake, for a report about a period that the sync has passed.

The lake's current view has every live ticket once, in its latest version, and is read file by file:
a ticket finished and untouched before the period is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.analytics.period import Period, text_of
from freshbridge.analytics.records import FINISHED

if TYPE_CHECKING:
    from freshbridge.lake.current_view import CurrentView
    from freshbridge.lake.rows import Row as Version
    from freshbridge.sync.run import Standing

Row = dict[str, Any]
_OBJECT = "tickets"
_STRETCH = 1000
_BARE = "synced tickets carry no stats, which tell first responses and resolutions"


class NotCovered(Exception):
    """The lake cannot answer for the period; the text says why."""


class Standings(Protocol):
    """How far the sync of objects has come."""

    def standing(self, instance_id: str, name: str) -> Standing:
        """Where one object stands."""
        ...  # pragma: no cover  # as above


class SyncedTickets:
    """The tickets of one lake."""

    def __init__(self, copy: CurrentView, standings: Standings) -> None:
        """`standings` say how far the sync has come."""
        self._copy = copy
        self._standings = standings

    def tickets(
        self, instance_id: str, period: Period, may_go_on: Callable[[], bool]
    ) -> Iterator[Row]:
        """The latest version of every ticket that the period needs, each once.

        Raises:
            NotCovered: at once, when the lake does not hold the whole period; between two tickets,
                when one turns out to say too little, or when there is no time for more.
        """
        self.check(instance_id, period)
        return self._needed(instance_id, text_of(period.start), may_go_on)

    def check(self, instance_id: str, period: Period) -> None:
        """A first look, which saves reading all for nothing.

        Raises:
            NotCovered: the sync has not passed the period, or its latest tickets lack stats.
        """
        self._check_standing(instance_id, period)
        files = self._copy.files(instance_id, _OBJECT)
        if not files:
            raise NotCovered("the lake holds no tickets")
        start = text_of(period.start)
        for version in self._copy.rows(files[-1]):
            _checked(version, start)

    def _check_standing(self, instance_id: str, period: Period) -> None:
        standing = self._standings.standing(instance_id, _OBJECT)
        if standing.is_new:
            begun = standing.last_started_at
            raise NotCovered(
                "the first sync of tickets is not done" if begun else "tickets are not synced"
            )
        if standing.complete_since < text_of(period.end):
            raise NotCovered(f"the sync has seen updates until {standing.complete_since} only")

    def _needed(self, instance_id: str, start: str, may_go_on: Callable[[], bool]) -> Iterator[Row]:
        for number, version in enumerate(self._copy.all_rows(instance_id, _OBJECT)):
            if number % _STRETCH == 0 and not may_go_on():
                raise NotCovered("the lake takes longer to read than one run may last")
            row = _checked(version, start)
            if version.updated_at >= start or row.get("status") not in FINISHED:
                yield row


def _checked(version: Version, start: str) -> Row:
    row = version.record
    if version.updated_at >= start and "stats" not in row:
        raise NotCovered(_BARE)
    return row
