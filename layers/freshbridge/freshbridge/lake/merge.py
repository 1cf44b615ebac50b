"""Bring one bucket up to new rows. Pure.

Of two versions the later `updated_at` wins, on a tie the later `seen_at`; live or tombstone makes
no difference, so an older live row never brings back what was deleted since, and a newer one does.
What still ties is decided for the tombstone, then by the bytes, so that the order of merges never
matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from freshbridge.lake.encoding import (
    id_in,
    line_of,
    parent_in,
    row_in,
    seen_again,
    seen_at_in,
)
from freshbridge.lake.layout import CURRENT, REMOVED
from freshbridge.lake.rows import NOTHING, Change, Merged, Row, State

Lines = dict[bytes, bytes]
"""The lines of a file by the ids in them."""


@dataclass(frozen=True)
class Write:
    """One file to write: the view it belongs to, and its lines in the order of their ids."""

    view: str
    lines: list[bytes]


def by_id(lines: Iterable[bytes]) -> Lines:
    """The lines of a file by their ids; raises UnreadableFile for what is none."""
    return {id_in(line): line for line in lines}


def wins(one: Row, other: Row) -> bool:
    """Whether `one` is the later of two versions of a record."""
    return _rank(one) > _rank(other)


def _rank(row: Row) -> tuple[str, str, bool, str, bytes]:
    gone = row.state is not State.LIVE
    return row.updated_at, row.seen_at, gone, row.state.value, row.body


def outdated(lines: Lines, others: Lines) -> set[bytes]:
    """The ids of those in `lines` whose version in `others` is the later one.

    A record is in both files only when a writer died between its two writes.
    """
    return {
        identity
        for identity in lines.keys() & others.keys()
        if wins(row_in(others[identity]), row_in(lines[identity]))
    }


@dataclass
class Bucket:
    """The two files of a bucket, read and to be written."""

    instance_id: str
    run_id: str
    current: Lines = field(default_factory=dict)
    removed: Lines = field(default_factory=dict)
    left_current: set[bytes] = field(default_factory=set)
    left_removed: Lines = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    seen: Lines = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    result: Merged = field(default_factory=Merged)

    def merge(
        self, rows: Iterable[Row], *, whole: Mapping[str, str], keep_seen: bool = False
    ) -> None:
        """Take the rows in; `whole` and `keep_seen` as for the lake."""
        self._heal()
        given = set()
        for row in rows:
            given.add(row.id.encode())
            self._take(row)
        if whole:
            self._bury_missing(whole, given)
        self._note_seen({CURRENT, REMOVED} if keep_seen else set(self.touched))
        self.result.changes = list(self.changes.values())

    def writes(self) -> list[Write]:
        """What to write, in an order in which a death at any point loses no record.

        A record is in the file that it goes to before it is out of the one that it leaves.
        """
        removed = [Write(REMOVED, _sorted(self.removed))] if REMOVED in self.touched else []
        current = [Write(CURRENT, _sorted(self.current))] if CURRENT in self.touched else []
        if not self.left_current:
            return current + removed
        if not self.left_removed:
            return removed + current
        both_ways = Write(REMOVED, _sorted(self.left_removed | self.removed))
        return [both_ways, *current, *removed]

    def _heal(self) -> None:
        for identity in outdated(self.current, self.removed):
            self._drop(CURRENT, identity)
        for identity in self.current.keys() & self.removed.keys():
            self._drop(REMOVED, identity)

    def _take(self, row: Row) -> None:
        key = row.id.encode()
        line = self.current.get(key) or self.removed.get(key)
        held = row_in(line) if line else None
        if held is not None and key in self.seen:
            held = replace(held, seen_at=self.seen[key].decode())
        if held is not None and row.body == NOTHING != held.body:
            row = replace(row, body=held.body)
        row = replace(row, run_id=self.run_id, parent=row.parent or (held.parent if held else ""))
        if held is None:
            self._put(key, row, None)
        elif _content(row) == _content(held):
            self.result.unchanged += 1
            self.unchanged.add(row.id)
            if row.seen_at > held.seen_at:
                self.seen[key] = row.seen_at.encode()
        elif wins(row, held):
            self._put(key, row, held)
        else:
            self.result.stale += 1
            if held.body == NOTHING != row.body:
                # Older than the tombstone, and the first that is known of what it stands for.
                self._put(key, replace(held, body=row.body), None, told=False)

    def _put(self, key: bytes, row: Row, held: Row | None, *, told: bool = True) -> None:
        live = row.state is State.LIVE
        lines, view = (self.current, CURRENT) if live else (self.removed, REMOVED)
        if key in (self.removed if live else self.current):
            self._drop(REMOVED if live else CURRENT, key)
        lines[key] = line_of(row, self.instance_id)
        self.touched.add(view)
        self.seen.pop(key, None)
        if told:
            earlier = self.changes.get(row.id)
            self.changes[row.id] = Change(earlier.before if earlier else held, row)

    def _drop(self, view: str, key: bytes) -> None:
        self.touched.add(view)
        if view == CURRENT:
            del self.current[key]
            self.left_current.add(key)
        else:
            self.left_removed[key] = self.removed.pop(key)

    def _bury_missing(self, whole: Mapping[str, str], given: set[bytes]) -> None:
        missing = [
            (line, whole[parent_in(line)])
            for key, line in self.current.items()
            if key not in given and parent_in(line) in whole
        ]
        for line, asked_at in missing:
            if seen_at_in(line) < asked_at:
                self._take(replace(row_in(line), state=State.GONE, seen_at=asked_at))

    def _note_seen(self, views: set[str]) -> None:
        for key, seen_at in self.seen.items():
            view, lines = (
                (CURRENT, self.current) if key in self.current else (REMOVED, self.removed)
            )
            if view in views:
                lines[key] = seen_again(lines[key], seen_at.decode())
                self.touched.add(view)


def _content(row: Row) -> tuple[str, str, State, bytes]:
    return row.updated_at, row.parent, row.state, row.body


def _sorted(lines: Lines) -> list[bytes]:
    # Numbers as text: the shorter is the smaller.
    return [lines[key] for key in sorted(lines, key=lambda one: (len(one), one))]
