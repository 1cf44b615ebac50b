"""Both accounts of a customer link and its tables in memory, which can be killed at any step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.customers.link import Kind, KindRules, Link, Side
from freshbridge.customers.pairing import World
from freshbridge.customers.ports import Fields, PageOfRows, Report, Upsert
from freshbridge.customers.record import Known, Row
from freshbridge.customers.run import Run
from freshbridge.customers.run_state import DONE, RunState
from freshbridge.customers.single import settle_one
from freshbridge.errors import Conflict, InvalidRequest, NotFound

START = datetime(2026, 3, 3, 12, tzinfo=UTC)
PAGE = 3
LAG_S = 2
"""A reading of Freshdesk's begins so long before the one before it began."""


class Killed(BaseException):
    """The process was ended."""


class Fate:
    """Kills the process at its n-th step from now, before or after the step's effect."""

    def __init__(self) -> None:
        self.left = -1
        self.after = False
        self.steps = 0

    def __call__(self, effect: Callable[[], Any]) -> Any:
        """Do one step, if it is not the last."""
        self.steps += 1
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        found = effect()
        if self.left == 0:
            raise Killed
        return found


class MemoryAccount:
    """One side: customers by id, with e-mail addresses that are unique."""

    def __init__(self, side: Side, clock: Callable[[], str], fate: Fate) -> None:
        self.side = side
        self.clock = clock
        self.fate = fate
        self.records: dict[str, dict[str, str]] = {}
        self.stamps: dict[str, str] = {}
        self.binned: dict[str, str] = {}
        self.refused: set[str] = set()
        self.store: Callable[[str], str] = lambda text: text
        self.writes = 0
        self.creates = 0

    # What people do.

    def person_adds(self, **values: str) -> str:
        """Somebody enters a customer."""
        number = str(len(self.records) + len(self.binned) + 1)
        return self._put(number, values)

    def person_changes(self, record_id: str, **values: str) -> None:
        """Somebody changes one."""
        self._put(record_id, values)

    def person_deletes(self, record_id: str) -> None:
        """Somebody deletes one."""
        del self.records[record_id]
        self.binned[record_id] = self.clock()

    def _put(self, record_id: str, values: Mapping[str, str]) -> str:
        self.records[record_id] = {**self.records.get(record_id, {}), **values}
        self.stamps[record_id] = self.clock()
        return record_id

    # What the product does.

    def changed(
        self, rules: KindRules, since: str, place: Mapping[str, Any] | None, *, gone: bool
    ) -> PageOfRows:
        """Pages by id; what is deleted is listed apart."""
        at = dict(place or {"from": "", "began": self._began()})
        stamps = self.binned if gone else self.stamps
        every = sorted(
            (one for one in (self.binned if gone else self.records) if stamps[one] >= since),
            key=int,
        )
        rest = [one for one in every if not at["from"] or int(one) > int(at["from"])]
        rows = [
            Row(self.side, one, {}, {}, stamps[one], gone=True) if gone else self._row(rules, one)
            for one in rest[:PAGE]
        ]
        more = len(rest) > PAGE
        if more:
            return PageOfRows(rows, {**at, "from": rest[PAGE - 1]})
        return PageOfRows(rows, None, at["began"])

    def _began(self) -> str:
        moment = timestamps.from_text(self.clock()) - timedelta(seconds=LAG_S)
        return timestamps.to_text(moment)

    def _row(self, rules: KindRules, record_id: str) -> Row:
        record = self.records[record_id]
        values = {rule.name: record.get(rule.name, "") for rule in rules.fields}
        keys = {key: record[key] for key in rules.match if record.get(key)}
        return Row(self.side, record_id, values, keys, self.stamps[record_id])

    def fetch(self, rules: KindRules, record_id: str) -> Row | None:
        """One."""
        return self._row(rules, record_id) if record_id in self.records else None

    def find(self, rules: KindRules, row: Row) -> Row | None:
        """By its address."""
        owner = self._owner(row.keys.get("email", ""))
        return self._row(rules, owner) if owner else None

    def update(self, rules: KindRules, record_id: str, fields: Fields, /) -> Row:
        """Change one."""
        return self.fate(lambda: self._update(rules, record_id, fields))  # type: ignore[no-any-return]  # a step gives what its effect gives

    def _update(self, rules: KindRules, record_id: str, fields: Fields) -> Row:
        if record_id not in self.records:
            raise NotFound("gone", where="record")
        if record_id in self.refused:
            raise InvalidRequest("refused", where="record")
        sent = {rule.name: self.store(text) for rule, text in fields}
        if (owner := self._owner(sent.get("email", ""))) and owner != record_id:
            raise Conflict("taken", existing_id=int(owner))
        self.writes += 1
        self._put(record_id, sent)
        return self._row(rules, record_id)

    def create(self, rules: KindRules, fields: Fields, /) -> Row:
        """Create one."""
        return self.fate(lambda: self._create(rules, fields))  # type: ignore[no-any-return]  # as above

    def _create(self, rules: KindRules, fields: Fields) -> Row:
        sent = {rule.name: self.store(text) for rule, text in fields}
        if owner := self._owner(sent.get("email", "")):
            raise Conflict("taken", existing_id=int(owner))
        self.writes, self.creates = self.writes + 1, self.creates + 1
        number = str(len(self.records) + len(self.binned) + 1)
        return self._row(rules, self._put(number, sent))

    def delete(self, _kind: Kind, record_id: str, /) -> None:
        """Delete one."""

        def effect() -> None:
            if record_id in self.records:
                self.writes += 1
                self.person_deletes(record_id)

        self.fate(effect)

    def upsert(self, rules: KindRules, item: Upsert, /) -> Row:
        """Update or create one."""
        name, text = item.identifier
        owner = text if name == "id" else self._owner(text)
        if owner:
            return self.update(rules, owner, item.fields)
        return self.create(rules, item.fields)

    def upsert_many(self, rules: KindRules, items: Sequence[Upsert], /) -> Mapping[str, str] | None:
        """Many; each is a step, as a job may be cut off anywhere."""
        refused = {}
        for item in items:
            try:
                self.upsert(rules, item)
            except (NotFound, InvalidRequest, Conflict) as error:
                refused[item.desk_id] = str(error)
        return refused

    def _owner(self, address: str) -> str:
        return next(
            (k for k, v in self.records.items() if address and v.get("email") == address), ""
        )


class MemoryTable:
    """What is known, kept apart from what is in hand."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.kept: dict[tuple[Kind, Side, str], Known] = {}
        self.keys: dict[tuple[Kind, Side, str], str] = {}

    def load(self, kind: Kind, side: Side, ids: Iterable[str]) -> dict[str, Known]:
        """Copies."""
        found = {}
        for one in ids:
            if (known := self.kept.get((kind, side, one))) is not None:
                found[one] = deepcopy(known)
        return found

    def save(self, kind: Kind, known: Iterable[Known]) -> None:
        """Each item is a step: a batch may be cut off anywhere."""
        for one in known:
            self.fate(lambda one=one: self._save(kind, one))  # type: ignore[misc]  # a default argument

    def _save(self, kind: Kind, one: Known) -> None:
        for key in one.kept_keys:
            if self.keys.get((kind, one.side, key)) == one.id and key not in one.keys:
                del self.keys[kind, one.side, key]
        for key in one.keys:
            self.keys[kind, one.side, key] = one.id
        one.kept_keys = one.keys
        self.kept[kind, one.side, one.id] = deepcopy(one)

    def drop(self, kind: Kind, known: Known) -> None:
        """Forget one."""
        self.fate(lambda: self._drop(kind, known))

    def _drop(self, kind: Kind, known: Known) -> None:
        self.kept.pop((kind, known.side, known.id), None)
        for place in [p for p, owner in self.keys.items() if p[:2] == (kind, known.side)
                      and owner == known.id]:  # fmt: skip
            del self.keys[place]

    def found_by(self, kind: Kind, side: Side, keys: Iterable[str]) -> dict[str, str]:
        """Ids."""
        return {key: self.keys[kind, side, key] for key in keys if (kind, side, key) in self.keys}

    def page(self, kind: Kind, side: Side, after: str) -> tuple[list[Known], str]:
        """Two at a time."""
        ids = sorted(one for k, s, one in self.kept if (k, s) == (kind, side) and one > after)
        return list(self.load(kind, side, ids[:2]).values()), ids[1] if len(ids) > 2 else ""


class MemoryStaging:
    """Rows by page."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Row]] = {}

    def put(self, name: str, rows: Sequence[Row]) -> None:
        """Keep a page."""
        self.pages[name] = list(rows)

    def get(self, name: str) -> list[Row]:
        """A page."""
        return self.pages.get(name, [])

    def remove(self, name: str) -> None:
        """Remove a page."""
        self.pages.pop(name, None)


class Both:
    """Two accounts and a link; `run` works as the function does, from what is kept."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.now = START
        self.fate = Fate()
        self.desk = MemoryAccount(Side.FRESHDESK, self.clock, self.fate)
        self.sales = MemoryAccount(Side.FRESHSALES, self.clock, self.fate)
        self.table = MemoryTable(self.fate)
        self.staging = MemoryStaging()
        self.state: RunState | None = None
        self.runs = 0
        self.report = self.last = Report()
        self.between: Callable[[], None] = lambda: None

    def clock(self) -> str:
        """Now."""
        return timestamps.to_text(self.now)

    def tick(self, seconds: float = 10) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    def run(self, *, full: bool = False) -> RunState:
        """Go on with the run that was cut off, or begin one; to its end."""
        if self.state is None or self.state.state == DONE:
            self.runs += 1
            since = dict(self.state.marks) if self.state else {}
            self.state = RunState(f"run_{self.runs}", self.clock(), full=full, since=since)
            self.state.before = f"run_{self.runs - 1}"
            self.staging.pages.clear()
            self.last, self.report = self.report, Report()
        kept = deepcopy(self.state)
        while True:
            world = self.world(kept)
            run = Run(
                world,
                kept,
                self.staging,
                sweep=self.table.page,
                failed=self._refused,
                now=lambda: self.now,
            )
            if not run.step():
                break
            kept.add(world.report.counts)
            self.report.lines += world.report.lines
            self.state = deepcopy(kept)
            self.between()
        kept.state = DONE
        self.state = kept
        return kept

    def _refused(self, _run_id: str, kind: Kind, _after: str) -> tuple[list[tuple[Side, str]], str]:
        failed = [one for one in self.last.lines if (one.outcome, one.kind) == ("failed", kind)]
        return [(one.side, one.id) for one in failed], ""

    def one(self, kind: Kind, side: Side, record_id: str) -> None:
        """What an event brings about."""
        rules = self.link.rules(kind)
        assert rules is not None
        settle_one(self.world(None), rules, side, record_id)

    def world(self, state: RunState | None) -> World:
        """What a step works with."""
        full = state is not None and state.full
        run_id = state.run_id if state else "events"
        return World(self.link, run_id, self.table, self.desk, self.sales, full=full,
                     report=Report())  # fmt: skip

    @property
    def writes(self) -> int:
        """Those of both accounts by the product."""
        return self.desk.writes + self.sales.writes

    def equal(self) -> bool:
        """Whether both hold the same customers."""
        left, right = self.held(self.desk), self.held(self.sales)
        return left == right and len(left) == len(self.desk.records) == len(self.sales.records)

    def held(self, account: MemoryAccount) -> dict[str, dict[str, str]]:
        """By address."""
        rules = self.link.rules(Kind.CONTACTS)
        assert rules is not None
        return {
            record.get("email", ""): {rule.name: record.get(rule.name, "") for rule in rules.fields}
            for record in account.records.values()
        }
