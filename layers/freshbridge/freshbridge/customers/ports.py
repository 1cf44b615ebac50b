"""What keeping customers the same needs of other rooms, as one place to read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from freshbridge.customers.link import FieldRule, Kind, KindRules, Side
from freshbridge.customers.record import Known, Row

Fields = Sequence[tuple[FieldRule, str]]
"""Fields in the plain form that the side is to hold."""


@dataclass(frozen=True, slots=True)
class PageOfRows:
    """One page of what changed on a side; `place` asks for the next one, None on the last.

    `mark` is, once it is known, what a later reading begins at.
    """

    rows: Sequence[Row]
    place: dict[str, Any] | None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Upsert:
    """A customer to update by its id, or to create by what it is found by, with many others."""

    desk_id: str
    sales_id: str
    identifier: tuple[str, str]
    fields: Fields


class Account(Protocol):
    """One side's customers. Each method raises the errors of `freshbridge.errors`."""

    def changed(
        self, rules: KindRules, since: str, place: Mapping[str, Any] | None, *, gone: bool
    ) -> PageOfRows:
        """A page of what changed since a mark, "" for everything; of what was deleted if `gone`."""
        ...  # pragma: no cover  # a protocol has no body

    def fetch(self, rules: KindRules, record_id: str) -> Row | None:
        """One customer; None where it is gone."""
        ...  # pragma: no cover  # as above

    def find(self, rules: KindRules, row: Row) -> Row | None:
        """The customer that another side's row is, asked of the provider; None for none."""
        ...  # pragma: no cover  # as above

    def update(self, rules: KindRules, record_id: str, fields: Fields, /) -> Row:
        """Change one and return it as it is stored."""
        ...  # pragma: no cover  # as above

    def create(self, rules: KindRules, fields: Fields, /) -> Row:
        """Create one and return it as it is stored; Conflict for one that is there already."""
        ...  # pragma: no cover  # as above

    def delete(self, kind: Kind, record_id: str, /) -> None:
        """Delete one; nothing for one that is gone."""
        ...  # pragma: no cover  # as above


class BulkAccount(Account, Protocol):
    """A side that takes many at once."""

    def upsert_many(self, rules: KindRules, items: Sequence[Upsert], /) -> Mapping[str, str] | None:
        """Write them; what was refused, by Freshdesk's id, and why. None: not offered here."""
        ...  # pragma: no cover  # as above

    def upsert(self, rules: KindRules, item: Upsert, /) -> Row:
        """Write one and return it as it is stored."""
        ...  # pragma: no cover  # as above


class Table(Protocol):
    """What is known of customers, digests only."""

    def load(self, kind: Kind, side: Side, ids: Iterable[str]) -> dict[str, Known]:
        """Those that are known."""
        ...  # pragma: no cover  # as above

    def save(self, kind: Kind, known: Iterable[Known]) -> None:
        """Keep them, and what they are found by."""
        ...  # pragma: no cover  # as above

    def drop(self, kind: Kind, known: Known) -> None:
        """Forget one."""
        ...  # pragma: no cover  # as above

    def found_by(self, kind: Kind, side: Side, keys: Iterable[str]) -> dict[str, str]:
        """The ids of a side's customers by their keys' digests, as far as they are known."""
        ...  # pragma: no cover  # as above


class Staging(Protocol):
    """Rows of the first side, kept until the second one was read."""

    def put(self, name: str, rows: Sequence[Row]) -> None:
        """Keep a page of them."""
        ...  # pragma: no cover  # as above

    def get(self, name: str) -> list[Row]:
        """A page that was kept; none for one that was not."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the report: what became of a customer. No value is in it."""

    outcome: str
    kind: Kind
    side: Side
    id: str
    other: str = ""
    fields: tuple[str, ...] = ()
    code: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        """Of one name a run's report has one line, the last."""
        return f"{self.outcome}#{self.kind}#{self.side}#{self.id}"


@dataclass
class Report:
    """What a page's work came to: lines, and counts by their names."""

    lines: list[Told] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    counters: dict[str, str] = field(default_factory=dict)

    def tell(self, line: Told, counter: str = "") -> None:
        """Add a line, and one to its counter."""
        self.lines.append(line)
        self.counters[line.name] = counter or line.outcome
        self.count(counter or line.outcome)

    def counted(self, news: Iterable[str]) -> dict[str, int]:
        """The counts with each of these lines' names once, and of the other lines none."""
        told = {*self.counters.values()}
        found = {name: number for name, number in self.counts.items() if name not in told}
        for name in news:
            counter = self.counters[name]
            found[counter] = found.get(counter, 0) + 1
        return found

    def count(self, counter: str, by: int = 1) -> None:
        """Add to a counter."""
        self.counts[counter] = self.counts.get(counter, 0) + by
