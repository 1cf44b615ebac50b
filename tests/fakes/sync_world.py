"""A sync engine over an account, a queue and a lake with memory; any of its steps can be its last.

The state of runs is in a real (mocked) DynamoDB table, so that every condition counts. Time is the
world's own. A step that `dies_at` is counted down to ends the process: nothing of it runs any more
until its message comes again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, cast

from freshbridge import timestamps
from freshbridge.instances.model import Instance
from freshbridge.lake.lake import Lake
from freshbridge.lake.rows import Change, Merged, Row, State
from freshbridge.lake.staged_rows import StagedRows
from freshbridge.queues.envelope import SyncWork
from freshbridge.sync.cancelling import Cancelling
from freshbridge.sync.children import Children
from freshbridge.sync.chosen import chosen
from freshbridge.sync.failing import Failing
from freshbridge.sync.feeds.feed import PageRead, Position, Scope
from freshbridge.sync.invocation import Invocation, Outcome, Reconciled
from freshbridge.sync.objects import OBJECTS, SyncObject
from freshbridge.sync.reading import PartClaimed, Reader
from freshbridge.sync.run import Standing
from freshbridge.sync.run_store import RunStore
from freshbridge.sync.selection import Wanted
from freshbridge.sync.stages import Stages
from freshbridge.sync.staging import USUAL, StagingRule
from freshbridge.sync.starting import Asked, Start, Starter
from freshbridge.sync.watching import Unwatched
from tests import builders
from tests.fakes.lake_files import MemoryFiles

START = timestamps.from_text("2026-03-03T12:00:00Z").timestamp()
LONG = 10_000


class Crash(BaseException):
    """The process died; nothing catches that."""


class Steps:
    """Counts what reaches the outside; `dies_at` is the step after or before which it ends."""

    def __init__(self) -> None:
        self.taken = 0
        self.dies_at: int | None = None
        self.dead = False
        self._lock = RLock()

    def step(self, do: Callable[[], Any]) -> Any:
        """Do it; the process may die just before it or just after."""
        with self._lock:
            if self.dead:
                raise Crash
            before, after = 2 * self.taken, 2 * self.taken + 1
            self.taken += 1
            if self.dies_at == before:
                self._die()
            done = do()
            if self.dies_at == after:
                self._die()
            return done

    def _die(self) -> None:
        self.dies_at = None
        self.dead = True
        raise Crash


class SteppedClient:
    """A DynamoDB client each of whose calls is a step."""

    def __init__(self, client: Any, steps: Steps) -> None:
        self._client = client
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        return lambda **asked: self._steps.step(lambda: real(**asked))


class Desk:
    """Tickets with a version each, and their conversations; time moves when it is told to."""

    def __init__(self) -> None:
        self.second = START
        self.tickets: dict[int, tuple[float, int, State]] = {}
        self.reads: list[str] = []
        self.between: Callable[[], None] = lambda: None

    def touch(self, ticket_id: int, state: State = State.LIVE) -> None:
        """Create, update, delete or restore a ticket in the present second."""
        version = self.tickets.get(ticket_id, (0.0, 0, State.LIVE))[1]
        self.tickets[ticket_id] = (self.second, version + 1, state)

    def of(self, state: State) -> list[tuple[str, int, int]]:
        """Time, id and version of those in one list, in its order."""
        return sorted(
            (text(moment), key, version)
            for key, (moment, version, held) in self.tickets.items()
            if held is state
        )


@dataclass(frozen=True)
class FakeFeed:
    """A list in the order of time and id; what is of the last second is not certain yet."""

    desk: Desk
    steps: Steps
    name: str
    state: State
    by_time: bool = True
    proves_absence: bool = False
    per_page: int = 3

    def first(self, scope: Scope) -> Position:
        """At the window's beginning."""
        return {"since": scope.since, "until": scope.until, "after": [scope.since, 0]}

    def read(self, _client: object, position: Position) -> PageRead:
        """One page."""
        return cast("PageRead", self.steps.step(lambda: self._page(position)))

    def _page(self, position: Position) -> PageRead:
        self.desk.reads.append(self.name)
        since, key = position["after"]
        until = position["until"] or "9999"
        rows = [
            one
            for one in self.desk.of(self.state)
            if (one[0], one[1]) > (since, key) and one[0] < until
        ]
        page = rows[: self.per_page]
        records = [{"id": k, "updated_at": at, "version": v} for at, k, v in page]
        sure = text(self.desk.second - 1)
        last = page[-1][0] if page else since
        following = {**position, "after": [last, page[-1][1]]} if len(rows) > len(page) else None
        self.desk.between()
        return PageRead(records, following, mark=min(last, sure))


@dataclass(frozen=True)
class FakeChildren:
    """One conversation of each ticket, of the ticket's version."""

    desk: Desk
    steps: Steps
    name: str = "conversations"
    state: State = State.LIVE
    by_time: bool = False
    proves_absence: bool = False

    def first(self, scope: Scope) -> Position:
        """Before the first parent."""
        return {"parents": [one for one, _ in scope.parents], "at": 0}

    def read(self, _client: object, position: Position) -> PageRead:
        """The conversations of one ticket."""
        return cast("PageRead", self.steps.step(lambda: self._page(position)))

    def _page(self, position: Position) -> PageRead:
        at = position["at"]
        parent = position["parents"][at]
        self.desk.reads.append(f"conversations of {parent}")
        moment, version, _ = self.desk.tickets[int(parent)]
        record = {
            "id": int(parent) * 10,
            "ticket_id": int(parent),
            "updated_at": text(moment),
            "version": version,
        }
        more = at + 1 < len(position["parents"])
        return PageRead([record], {**position, "at": at + 1} if more else None, whole=[parent])


@dataclass(frozen=True)
class FakeSnapshot:
    """A list that is read as a whole, page by page."""

    steps: Steps
    records: list[dict[str, Any]]
    name: str = "all"
    state: State = State.LIVE
    by_time: bool = False
    proves_absence: bool = True

    def first(self, _scope: Scope) -> Position:
        """Page 1."""
        return {"page": 1}

    def read(self, _client: object, position: Position) -> PageRead:
        """Two records a page."""
        page = position["page"]
        some = self.records[2 * page - 2 : 2 * page]
        more = len(self.records) > 2 * page
        return cast(
            "PageRead",
            self.steps.step(lambda: PageRead(list(some), {"page": page + 1} if more else None)),
        )


class SteppedFiles(MemoryFiles):
    """Files in memory each of whose writes is a step, and each reading of a part."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def replace(self, key: str, data: bytes, seen: str, rows: int) -> str:
        """Write over the file that was seen."""
        return str(self._steps.step(lambda: MemoryFiles.replace(self, key, data, seen, rows)))

    def write_history(self, key: str, data: bytes, content_type: str = "") -> None:
        """Write a chunk or a manifest."""
        self._steps.step(lambda: MemoryFiles.write_history(self, key, data, content_type))

    def add(self, key: str, data: bytes, tag: str) -> bool:
        """Write a new file."""
        return bool(self._steps.step(lambda: MemoryFiles.add(self, key, data, tag)))

    def read_range(self, key: str, begin: int, length: int) -> bytes | None:
        """Read a part of one."""
        return cast(
            "bytes | None",
            self._steps.step(lambda: MemoryFiles.read_range(self, key, begin, length)),
        )


class SteppedLake(Lake):
    """The lake itself over files in memory each of whose writes is a step."""

    def __init__(self, steps: Steps) -> None:
        self.files = SteppedFiles(steps)
        super().__init__("lake", files=self.files, sleep=lambda _s: None)

    def versions(self, instance_id: str, name: str = "tickets") -> dict[int, tuple[int, State]]:
        """The version and the state of each record of the view."""
        return {
            int(row.id): (row.record["version"], row.state)
            for removed in (False, True)
            for row in self.rows(instance_id, OBJECTS[name], removed=removed)
        }


class FakeLake:
    """A view by object and id; the later version wins, and what is told is told before."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.history: dict[Any, list[Row]] = {}
        self.view: dict[tuple[str, str], dict[str, Row]] = {}
        self.manifests: dict[tuple[str, str], dict[str, Any]] = {}
        self.before_write: Callable[[str], None] = lambda _name: None
        self.files = SteppedFiles(steps)

    def staged(self, instance_id: str, obj: SyncObject, run_id: str) -> StagedRows:
        """The rows of a run that wait, in files as the lake's are."""
        return StagedRows(self.files, instance_id, obj, run_id)

    def write(self, chunk: Any, rows: Sequence[Row]) -> None:
        """Keep a chunk."""
        self._steps.step(lambda: self.history.__setitem__(chunk, list(rows)))

    def merge(
        self,
        instance_id: str,
        obj: SyncObject,
        rows: Sequence[Row],
        *,
        tell: Callable[[Sequence[Change]], None] | None = None,
        whole: Mapping[str, str] | None = None,
        **_how: object,
    ) -> Merged:
        """Bring the view up to these rows, which are all of those in `whole`."""
        held = self.view.setdefault((instance_id, obj.name), {})
        merged = Merged()
        given = {row.id for row in rows}
        rows = [
            *rows,
            *(
                replace(row, state=State.GONE, seen_at=(whole or {})[row.parent])
                for row in held.values()
                if row.parent in (whole or {})
                and row.id not in given
                and row.state is State.LIVE
                and row.seen_at < (whole or {})[row.parent]
            ),
        ]
        wins: dict[str, Row] = {}
        for row in rows:
            before = wins.get(row.id) or held.get(row.id)
            if before and (row.updated_at, row.seen_at) < (before.updated_at, before.seen_at):
                merged.stale += 1
            else:
                wins[row.id] = row
        for key, row in wins.items():
            before = held.get(key)
            if before and (before.body, before.state) == (row.body, row.state):
                merged.unchanged += 1
            else:
                merged.changes.append(Change(before, row))
        if tell is not None:
            tell(merged.changes)
        self.before_write(obj.name)
        self._steps.step(lambda: held.update(wins))
        return merged

    def removed_among(
        self, instance_id: str, obj: SyncObject, ids: Collection[str]
    ) -> dict[str, Row]:
        """Those of these that are removed."""
        held = self.view.get((instance_id, obj.name), {})
        return {one: held[one] for one in ids if one in held and held[one].state is not State.LIVE}

    def live_children(
        self, instance_id: str, obj: SyncObject, parents: Collection[str]
    ) -> Iterator[Row]:
        """The live ones that belong to these."""
        held = self.view.get((instance_id, obj.name), {})
        yield from [
            row for row in held.values() if row.parent in parents and row.state is State.LIVE
        ]

    def counts(self, instance_id: str, obj: SyncObject) -> Mapping[str, int]:
        """Live and removed."""
        rows = self.view.get((instance_id, obj.name), {}).values()
        live = sum(row.state is State.LIVE for row in rows)
        return {"live": live, "removed": len(rows) - live}

    def write_manifest(
        self, _instance_id: str, name: str, run_id: str, manifest: Mapping[str, Any]
    ) -> str:
        """Keep it as JSON would."""
        kept = json.loads(json.dumps(manifest))
        self._steps.step(lambda: self.manifests.__setitem__((name, run_id), kept))
        return run_id

    def versions(self, instance_id: str, name: str = "tickets") -> dict[int, tuple[int, State]]:
        """The version and the state of each record of the view."""
        held = self.view.get((instance_id, name), {})
        return {int(key): (row.record["version"], row.state) for key, row in held.items()}


class FakeQueue:
    """Messages in the order in which they were sent."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.messages: list[SyncWork] = []

    def publish(self, work: SyncWork, _name: str, _delay_s: int = 0) -> None:
        """Send one."""
        self._steps.step(lambda: self.messages.append(work))

    def publish_all(self, pairs: Iterator[tuple[str, SyncWork]]) -> int:
        """Send each."""
        sent = 0
        for name, work in pairs:
            self.publish(work, name)
            sent += 1
        return sent


@dataclass
class World:
    """All of it. `client` and `table` hold the state of the runs."""

    client: Any
    table: str
    instance: Instance = field(default_factory=builders.instance)
    concurrency: int = 2
    stretch_pages: int = LONG
    pages_at_a_time: int = LONG
    agents: list[dict[str, Any]] = field(default_factory=list)
    staging: StagingRule = USUAL
    lake_of: Callable[[Steps], Any] = FakeLake
    provider: Any = None

    def __post_init__(self) -> None:
        self.steps = Steps()
        self.desk = Desk()
        self.queue = FakeQueue(self.steps)
        self.lake: FakeLake = self.lake_of(self.steps)
        self.store = RunStore(
            self.table,
            cast("Any", SteppedClient(self.client, self.steps)),
            clock=lambda: self.desk.second,
            sleep=lambda _s: None,
        )
        children = Children(self.store, cast("Any", self.queue), self.now)
        lake, queue = cast("Any", self.lake), cast("Any", self.queue)
        self.stages = Stages(self.store, lake, queue, children, self.now)
        self.starter = Starter(self.store, queue, self.feeds, lambda _instance, _wanted: False)
        self.cancelling = Cancelling(self.store, children, self.now)
        payloads, logger = cast("Any", None), cast("Any", None)
        self.failing = Failing(self.store, self.stages, payloads, logger)
        self.reconciled: list[str] = []
        self.tokens = 0
        self.ids = 0
        self.reader = Reader(
            self.store,
            lake,
            queue,
            self.stages,
            children,
            feeds=self.feeds,
            watcher=lambda _instance, _run: Unwatched(),
            reconcile=self._reconcile,
            concurrency=self.concurrency,
            stretch_pages=self.stretch_pages,
            staging=self.staging,
            clock=lambda: self.desk.second,
            new_id=self._token,
        )

    def feeds(self, obj: SyncObject) -> tuple[Any, ...]:
        """The lists of the account."""
        if obj.name == "tickets":
            return tuple(
                FakeFeed(self.desk, self.steps, name, state)
                for name, state in (
                    ("deleted", State.DELETED),
                    ("spam", State.SPAM),
                    ("live", State.LIVE),
                )
            )
        if obj.name == "conversations":
            return (FakeChildren(self.desk, self.steps),)
        return (FakeSnapshot(self.steps, self.agents),)

    def now(self) -> str:
        """The world's time."""
        return text(self.desk.second)

    def wanted(self) -> tuple[Wanted, ...]:
        """What of the instance is synced."""
        return chosen(self.instance)

    def tick(self, **asked: Any) -> list[Start]:
        """What the schedule does, or who asks for a sync."""
        self.ids += 1
        wish = Asked(f"run_{self.ids:04d}", self.now(), **asked)
        return self.starter.start_all(self.instance, chosen(self.instance), wish)

    def deliver(self) -> Outcome | None:
        """Have the first message worked on; None where the process died or it has to wait."""
        work = self.queue.messages.pop(0)
        left = iter(range(self.pages_at_a_time - 1))
        invocation = Invocation(
            self.provider,
            self.instance,
            may_go_on=lambda: next(left, None) is not None,
            remaining_s=lambda: 300.0,
        )
        try:
            return self.reader.work(work, invocation)
        except PartClaimed:
            self.queue.messages.append(work)
            self.desk.second += 60
        except Crash:
            self.steps.dead = False
            # The message comes back when its visibility time-out is over.
            self.queue.messages.append(work)
            self.desk.second += 400
        return None

    def settle(self, ticks: int = 0) -> None:
        """Work on messages until there are none; then let the schedule pass, `ticks` times."""
        for _ in range(2000):
            if self.queue.messages:
                self.deliver()
                continue
            if not ticks:
                return
            ticks -= 1
            self.desk.second += 2000
            try:
                self.tick()
            except Crash:
                self.steps.dead = False
        raise AssertionError("the runs do not end")

    def with_one_death(self, dies_at: int | None) -> None:
        """A first run and a later one, between which tickets change, with one death at most."""
        self.steps.dies_at = dies_at
        try:
            self.tick()
        except Crash:
            self.steps.dead = False
        self.settle(ticks=1)
        self.desk.touch(2, State.DELETED)
        self.desk.touch(3)
        self.settle(ticks=2)
        self.steps.dies_at = None
        self.settle(ticks=2)

    def live_through(self, changes: Sequence[tuple[int, State]], dies_at: Sequence[int]) -> None:
        """Let runs go on to their end while tickets change, page by page, and the process dies."""
        coming, deaths = iter(changes), iter(dies_at)

        def change() -> None:
            self.desk.second += 1
            if (one := next(coming, None)) is not None:
                self.desk.touch(*one)

        self.desk.between = change
        for _ in dies_at:
            self.steps.dies_at = 2 * self.steps.taken + next(deaths)
            self.settle(ticks=1)
        # Once more when the account is quiet.
        self.steps.dies_at = None
        self.desk.between = lambda: None
        self.settle(ticks=3)

    def has_all(self) -> bool:
        """Whether every ticket is held as it is, and every conversation of those that live."""
        live = {
            key * 10: version
            for key, (_, version, state) in self.desk.tickets.items()
            if state is State.LIVE
        }
        had = {key: version for key, (version, _) in self.held("conversations").items()}
        stages = {self.standing(name).last_stage for name in ("tickets", "conversations")}
        children = {key: had.get(key) for key in live}
        return self.held() == self.true() and children == live and stages == {"done"}

    def standing(self, name: str = "tickets") -> Standing:
        """Where an object stands."""
        return self.store.standing(self.instance.instance_id, name)

    def held(self, name: str = "tickets") -> dict[int, tuple[int, State]]:
        """What the lake has."""
        return self.lake.versions(self.instance.instance_id, name)

    def true(self) -> dict[int, tuple[int, State]]:
        """What the account has."""
        return {key: (version, state) for key, (_, version, state) in self.desk.tickets.items()}

    def _reconcile(self, *_given: Any, run: Any = None, **_named: Any) -> Reconciled:
        self.reconciled.append(str(run or _given[-1].run_id))
        return Reconciled(None, {"complete": True})

    def _token(self, prefix: str) -> str:
        self.tokens += 1
        return f"{prefix}_{self.tokens:06d}"


def text(second: float) -> str:
    """A second of the world as a time."""
    return timestamps.to_text(timestamps.from_epoch(second))


def syncing(*objects: str, number: int = 1, **config: Any) -> Instance:
    """An instance that syncs these."""
    return replace(
        builders.instance(instance_id=str(number)), sync_objects=objects, config={"sync": config}
    )
