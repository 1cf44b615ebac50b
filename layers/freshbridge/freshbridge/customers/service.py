"""What one message of the customers' queue brings about, whole or in part.

    message ─► take the link ─► go on with its run, or begin one ─► page, state, page, state …
                                                                    └► no time left: queue the rest

A run that its function left unfinished goes on with the next message of the link, whoever sent it:
the schedule does now and then. Two functions never work on one link at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from freshbridge import identifiers, timestamps
from freshbridge.customers.company_ids import CompanyIds
from freshbridge.customers.desk_account import DeskAccount
from freshbridge.customers.link import Kind, Link, Side
from freshbridge.customers.link_store import LinkStore, UnknownLink
from freshbridge.customers.pairing import World
from freshbridge.customers.ports import Report
from freshbridge.customers.rehearsal import Rehearsal
from freshbridge.customers.run import SWEPT_AT_ONCE, Run
from freshbridge.customers.run_state import DONE, RUNNING, RunState
from freshbridge.customers.run_store import REPORT_DAYS, RunStore
from freshbridge.customers.sales_account import SalesAccount
from freshbridge.customers.single import settle_one
from freshbridge.customers.staging import StagedRows
from freshbridge.customers.table import DryTable, KnownTable
from freshbridge.customers.work import ONE, PURGE, RUN, CustomerWork

STATE, DRY = "state", "dry"


class Accounts(Protocol):
    """Opens both sides' clients."""

    def with_both(self, link: Link, work: Callable[[Any, Any], None]) -> None:
        """Run `work` with Freshdesk's client and Freshsales'."""
        ...  # pragma: no cover  # a protocol has no body


@dataclass
class Stores:
    """Where everything of customers is kept. `table` is the CustomerTable's name."""

    table: str
    bucket: str
    links: LinkStore
    runs: RunStore


@dataclass(frozen=True)
class Turn:
    """One function's turn: who it is, how long it lives, whether a page more may be begun."""

    holder: str
    lives_s: float
    may_go_on: Callable[[], bool]


@dataclass(frozen=True)
class Outcome:
    """What a message came to. `rest` is what is to be queued; `counts` of the pages just done."""

    counts: dict[str, int]
    rest: CustomerWork | None = None
    run: RunState | None = None


class Service:
    """Does what messages say."""

    def __init__(
        self,
        stores: Stores,
        accounts: Accounts,
        *,
        sleep: Callable[[float], None],
        now: Callable[[], Any] = timestamps.now,
    ) -> None:
        """`sleep` waits between two looks at a job of Freshsales'."""
        self._stores = stores
        self._accounts = accounts
        self._sleep = sleep
        self._now = now

    def do(self, work: CustomerWork, turn: Turn) -> Outcome:
        """Do a message's work as far as there is time.

        Raises:
            LinkBusy: another function has the link.
            Whatever the providers and the tables raise: the message is to come again.
        """
        self._stores.runs.take(work.link_id, turn.holder, turn.lives_s)
        try:
            if work.job == PURGE:
                return self._purge(work, turn)
            try:
                link = self._stores.links.get(work.link_id)
            except UnknownLink:
                # It was deleted since, and nothing of it is to be done any more.
                return Outcome({})
            if not link.enabled:
                return Outcome({})
            return self._one(link, work) if work.job == ONE else self._run(link, work, turn)
        finally:
            self._stores.runs.leave(work.link_id, turn.holder)

    def _purge(self, work: CustomerWork, turn: Turn) -> Outcome:
        table = KnownTable(self._stores.table, work.link_id)
        if not table.forget_all(turn.may_go_on):
            return Outcome({}, rest=work)
        self._stores.runs.forget(work.link_id)
        return Outcome({})

    def _one(self, link: Link, work: CustomerWork) -> Outcome:
        kind, side, record_id = work.customer
        rules = link.rules(kind)
        if rules is None:
            return Outcome({})
        report = Report()
        run_id = f"events-{timestamps.to_text(self._now())[:10]}"

        def settle(desk: Any, sales: Any) -> None:
            world = self._world(link, run_id, desk, sales, report)
            settle_one(world, rules, side, record_id)

        try:
            self._accounts.with_both(link, settle)
        finally:
            self._stores.runs.tell(link.link_id, run_id, report.lines)
        return Outcome(report.counts)

    def _run(self, link: Link, work: CustomerWork, turn: Turn) -> Outcome:
        name = DRY if work.dry_run else STATE
        state = self._state(link, work, name)
        if state is None or state.at(link) is None:
            return Outcome({}, run=state)
        done: dict[str, int] = {}

        def steps(desk: Any, sales: Any) -> None:
            more = True
            while more and turn.may_go_on():
                report = Report()
                world = self._world(link, state.run_id, desk, sales, report, state=state)
                staged = StagedRows(self._stores.bucket, link.link_id, state.run_id)
                try:
                    more = Run(
                        world,
                        state,
                        staged,
                        sweep=self._sweep(link),
                        failed=self._failed(link),
                        now=self._now,
                    ).step()
                finally:
                    # What an error ended is told all the same: it is not done again.
                    news = self._stores.runs.tell(link.link_id, state.run_id, report.lines)
                    counts = report.counted(news)
                    state.add(counts)
                    for counter, number in counts.items():
                        done[counter] = done.get(counter, 0) + number
                    self._keep(link, state, name)

        self._accounts.with_both(link, steps)
        rest = None if state.state == DONE else replace(work, job=RUN, run_id=state.run_id)
        return Outcome(done, rest=rest, run=state)

    def _state(self, link: Link, work: CustomerWork, name: str) -> RunState | None:
        """The run that goes on, a new one, or None where the work was done by another message."""
        last = self._stores.runs.load(link.link_id, name=name)
        if last is not None and last.state == RUNNING:
            return last
        is_over = last is not None and (
            last.run_id == work.run_id or last.started_at > work.requested_at
        )
        if is_over:
            return last
        kept = self._stores.runs.load(link.link_id) if name == DRY else last
        state = RunState(
            run_id=work.run_id or identifiers.new_id("run"),
            started_at=timestamps.to_text(self._now()),
            full=bool(work.full),
            dry_run=bool(work.dry_run),
            before="" if kept is None or work.dry_run else kept.run_id,
            # Marks of a run that ended; those of one that is under way are not for a rehearsal.
            since=dict(kept.marks if kept.state == DONE else kept.since) if kept else {},
        )
        self._stores.runs.save(link.link_id, state, name=name)
        return state

    def _keep(self, link: Link, state: RunState, name: str) -> None:
        state.updated_at = timestamps.to_text(self._now())
        if state.at(link) is None and state.state == RUNNING:
            state.state, state.finished_at = DONE, state.updated_at
        self._stores.runs.save(link.link_id, state, name=name)

    def _world(
        self,
        link: Link,
        run_id: str,
        desk: Any,
        sales: Any,
        report: Report,
        *,
        state: RunState | None = None,
    ) -> World:
        table = KnownTable(self._stores.table, link.link_id)
        dry = state is not None and state.dry_run
        if dry:
            expires_at = int(self._now().timestamp()) + REPORT_DAYS * 86_400
            table = DryTable(table, self._stores.table, run_id, expires_at=expires_at)
        companies = CompanyIds(table)
        left: Any = DeskAccount(desk, companies, self._now)
        right: Any = SalesAccount(sales, companies, sleep=self._sleep)
        if dry:
            left, right = Rehearsal(left, Side.FRESHDESK), Rehearsal(right, Side.FRESHSALES)
        full = state is not None and state.full
        return World(link, run_id, table, left, right, full=full, report=report)

    def _failed(self, link: Link) -> Any:
        def page(run_id: str, kind: Kind, after: str) -> tuple[list[tuple[Side, str]], str]:
            found = self._stores.runs.report(
                link.link_id,
                run_id,
                outcome=f"failed#{kind.value}",
                limit=SWEPT_AT_ONCE,
                after=after or None,
            )
            lines = [json.loads(item["body"]["S"]) for item in found.items]
            return [(Side(line["side"]), line["id"]) for line in lines], found.after or ""

        return page

    def _sweep(self, link: Link) -> Any:
        table = KnownTable(self._stores.table, link.link_id)
        return lambda kind, side, after: table.page(kind, side, limit=SWEPT_AT_ONCE, after=after)
