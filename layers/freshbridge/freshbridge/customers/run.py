"""One run of a link, a page at a time.

Each step takes one page of one stage, does what it asks for and says where to go on. Nothing but
the run's state is carried from one step to the next, so a run of any size needs one page's memory,
and may go on in another process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from freshbridge import timestamps
from freshbridge.customers.joining import join
from freshbridge.customers.link import Deletions, Kind, KindRules, Side
from freshbridge.customers.pairing import World, lost
from freshbridge.customers.ports import PageOfRows, Staging
from freshbridge.customers.record import Known, Row
from freshbridge.customers.run_state import RunState
from freshbridge.customers.single import settle_one
from freshbridge.customers.taking import take_desk, take_gone, take_sales

SWEPT_AT_ONCE = 50
LOOK_AGAIN_S = 120.0
"""What is written over was read no longer ago: else what changed since is read once more, first."""
OVER = {"over": True}
MOST_TRIES = 4
"""So many runs in a row try what a provider refuses."""


LIVE = {Side.FRESHDESK: "desk", Side.FRESHSALES: "sales"}
"""The feeds of the customers that are there."""


class Removable(Staging, Protocol):
    """Rows that can be removed once they are used."""

    def remove(self, name: str) -> None:
        """Remove a page."""
        ...  # pragma: no cover  # a protocol has no body


Failed = Callable[[str, Kind, str], tuple[list[tuple[Side, str]], str]]
"""Of a run and a kind, after a place: customers that were refused; and the place to go on after."""
Sweep = Callable[[Kind, Side, str], tuple[list[Known], str]]
"""A page of what is known of a side, after an id; and the id to go on after, "" for the end."""


class Run:
    """The steps of one run. `state` is changed by each and to be kept after it."""

    def __init__(
        self,
        world: World,
        state: RunState,
        staged: Removable,
        *,
        sweep: Sweep,
        failed: Failed,
        now: Callable[[], datetime],
    ) -> None:
        """`sweep` goes through what is known, `failed` through what an earlier run could not do."""
        self._failed = failed
        self._now = now
        self._world = world
        self._state = state
        self._staged = staged
        self._sweep = sweep
        self._stages: dict[str, Callable[[KindRules], None]] = {
            "again": self._again,
            "desk": self._desk,
            "desk_gone": self._desk_gone,
            "sales": self._sales,
            "sales_gone": self._sales_gone,
            "join": self._join,
            "confirm": self._confirm,
            "sweep": self._sweep_stage,
        }

    def step(self) -> bool:
        """Take the next page; False when nothing is left to do."""
        at = self._state.at(self._world.link)
        if at is None:
            return False
        kind, stage = at
        rules = self._world.link.rules(kind)
        assert rules is not None  # noqa: S101 - the stages are made of the link's own kinds
        self._stages[stage](rules)
        return True

    def _again(self, rules: KindRules) -> None:
        after = (self._state.place or {}).get("after", "")
        refused, after = (
            self._failed(self._state.before, rules.kind, after) if self._state.before else ([], "")
        )
        for side, record_id in refused:
            known = self._world.table.load(rules.kind, side, [record_id]).get(record_id)
            # Later only if it changes, or when everything is read.
            if known is not None and 0 < known.failures < MOST_TRIES:
                settle_one(self._world, rules, side, record_id, insist=True)
        if after:
            self._state.place = {"after": after}
        else:
            self._state.next_stage()

    def _desk(self, rules: KindRules) -> None:
        page = self._read(rules, Side.FRESHDESK)
        self._take_desk(rules, page)
        self._go_on(rules, "desk", page)

    def _take_desk(self, rules: KindRules, page: PageOfRows) -> None:
        rows = take_desk(self._world, rules, page.rows)
        if rows:
            self._staged.put(_name(rules, self._state.staged), rows)
            self._state.staged += 1

    def _sales(self, rules: KindRules) -> None:
        if self._looked_again(rules, Side.FRESHDESK):
            return
        page = self._read(rules, Side.FRESHSALES)
        take_sales(self._world, rules, page.rows, joined=False)
        self._go_on(rules, "sales", page)

    def _desk_gone(self, rules: KindRules) -> None:
        self._gone(rules, Side.FRESHDESK, "desk")

    def _sales_gone(self, rules: KindRules) -> None:
        self._gone(rules, Side.FRESHSALES, "sales")

    def _gone(self, rules: KindRules, side: Side, live: str) -> None:
        feed = _feed(rules, f"{live}_gone")
        since = self._state.since.get(feed, "")
        if self._world.link.deletions is Deletions.IGNORE or not since:
            # What was deleted before the first run was never linked.
            self._state.marks[feed] = self._state.marks.get(_feed(rules, live), "")
            self._state.next_stage()
            return
        page = self._world.account(side).changed(rules, since, self._state.place, gone=True)
        take_gone(self._world, rules, side, page.rows)
        self._go_on(rules, f"{live}_gone", page)

    def _join(self, rules: KindRules) -> None:
        number = (self._state.place or {}).get("page", 0)
        if number >= self._state.staged:
            self._state.next_stage()
            return
        rows = self._staged.get(_name(rules, number))
        if self._updates(rules, rows) and self._looked_again(rules, Side.FRESHSALES):
            return
        self._state.waiting |= join(self._world, rules, rows)
        self._staged.remove(_name(rules, number))
        self._state.place = {"page": number + 1}

    def _updates(self, rules: KindRules, rows: Sequence[Row]) -> bool:
        """Whether customers may be written over that are there; who is created is not."""
        if self._state.look is not None or not self._is_old(rules, Side.FRESHSALES):
            return self._state.look is not None
        known = self._world.table.load(rules.kind, Side.FRESHDESK, (row.id for row in rows))
        return any(one.other for one in known.values())

    def _looked_again(self, rules: KindRules, side: Side) -> bool:
        """Take a page of what has changed on a side since it was read, where that is long ago.

        What somebody has changed meanwhile is not written over then, but settled as a conflict is.
        """
        look, feed = self._state.look, _feed(rules, LIVE[side])
        if look == OVER:
            # However long a page takes, one is written after each look.
            self._state.look = None
            return False
        if look is None:
            if not self._is_old(rules, side):
                return False
            look = {"since": self._state.marks.get(feed, ""), "at": None, "began": self._moment()}
        page = self._world.account(side).changed(rules, look["since"], look["at"], gone=False)
        if side is Side.FRESHDESK:
            self._take_desk(rules, page)
        else:
            take_sales(self._world, rules, page.rows, joined=False)
        self._state.look = {**look, "at": page.place} if page.place else OVER
        if page.place is None:
            self._state.marks[feed], self._state.looked[feed] = page.mark, look["began"]
        return True

    def _is_old(self, rules: KindRules, side: Side) -> bool:
        """Whether what was read of a side that is written to has to be looked at again."""
        looked = self._state.looked.get(_feed(rules, LIVE[side]))
        if looked is None or self._state.dry_run or not self._world.link.direction.reaches(side):
            return False
        return (self._now() - timestamps.from_text(looked)).total_seconds() > LOOK_AGAIN_S

    def _moment(self) -> str:
        return timestamps.to_text(self._now())

    def _confirm(self, rules: KindRules) -> None:
        feed = _feed(rules, "sales")
        if not self._state.waiting or self._state.dry_run:
            # A rehearsal has created nothing: what it would read again is as it was before.
            self._state.next_stage()
            return
        place = self._state.place
        since = place["since"] if place else self._state.marks.get(feed, "")
        at = place["at"] if place else None
        page = self._world.sales.changed(rules, since, at, gone=False)
        take_sales(self._world, rules, page.rows, joined=True)
        if page.place is None:
            self._state.marks[feed] = page.mark
            self._state.next_stage()
        else:
            self._state.place = {"since": since, "at": page.place}

    def _sweep_of(self, rules: KindRules) -> None:
        place = self._state.place or {"side": Side.FRESHDESK.value, "after": ""}
        side = Side(place["side"])
        known, after = self._sweep(rules.kind, side, place["after"])
        unseen = [one for one in known if one.other and one.seen != self._world.run]
        others = self._world.table.load(rules.kind, side.other, (one.other for one in unseen))
        for one in unseen:
            if self._world.account(side).fetch(rules, one.id) is None:
                lost(self._world, rules, one, others.get(one.other))
        if after:
            self._state.place = {"side": side.value, "after": after}
        elif side is Side.FRESHDESK:
            self._state.place = {"side": Side.FRESHSALES.value, "after": ""}
        else:
            self._state.next_stage()

    def _sweep_stage(self, rules: KindRules) -> None:
        if self._state.full and self._world.link.deletions is not Deletions.IGNORE:
            self._sweep_of(rules)
        else:
            self._state.next_stage()

    def _read(self, rules: KindRules, side: Side) -> PageOfRows:
        feed = _feed(rules, LIVE[side])
        since = "" if self._state.full else self._state.since.get(feed, "")
        if self._state.place is None:
            self._state.looked[feed] = self._moment()
        return self._world.account(side).changed(rules, since, self._state.place, gone=False)

    def _go_on(self, rules: KindRules, feed: str, page: PageOfRows) -> None:
        self._state.place = page.place
        if page.place is None:
            self._state.marks[_feed(rules, feed)] = page.mark
            self._state.next_stage()


def _feed(rules: KindRules, name: str) -> str:
    return f"{rules.kind}.{name}"


def _name(rules: KindRules, number: int) -> str:
    return f"{rules.kind}-{number:06d}"
