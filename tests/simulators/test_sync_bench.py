"""The sync's comparison against the simulator: what it finds in copies known to be wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.desk import Desk
from bench.results import Result
from bench.sync.comparison import Version, version_of
from bench.sync.figures import Ran
from bench.sync.run import SyncRunner
from bench.sync.scenarios import Changes, SyncScenario
from local.api_client import FreshdeskAccount
from local.freshdesk.account import DEMO_API_KEY
from local.freshdesk.app import Simulator
from tests.simulators.served import served


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A simulated account at a free port."""
    with served(Simulator()) as url:
        yield Desk(FreshdeskAccount(url, DEMO_API_KEY))


@dataclass
class ByOffset:
    """Pages by offset, as the usual extractors do; with `on_page` called before each page."""

    desk: Desk
    name: str = "by-offset"
    per_page: int = 10
    on_page: Callable[[int], None] = lambda _page: None
    held: dict[int, Version] = field(default_factory=dict)
    runs: list[bool] = field(default_factory=list)

    def prepare(self, scenario: SyncScenario) -> None:  # noqa: ARG002 - a subject's signature
        self.held.clear()

    def run(self, scenario: SyncScenario, *, kills: bool) -> Ran:  # noqa: ARG002 - the same
        self.runs.append(kills)
        since = "2015-01-01T00:00:00Z"
        page = 1
        while True:
            self.on_page(page)
            rows: list[dict[str, Any]] = self.desk.account.api(
                "GET",
                f"/tickets?updated_since={since}&order_by=updated_at&order_type=asc"
                f"&per_page={self.per_page}&page={page}",
            )
            self.held |= {int(row["id"]): version_of(row) for row in rows}
            if len(rows) < self.per_page:
                return Ran(time.time(), failure="" if self.held else "nothing there")
            page += 1

    def copy(self) -> Iterator[tuple[int, Version]]:
        yield from self.held.items()


def values(found: list[Result]) -> dict[str, float]:
    return {one.metric: one.value for one in found}


def test_a_copy_of_an_account_at_rest_is_exact_and_its_calls_are_counted(desk: Desk) -> None:
    runner = SyncRunner(desk, seed=1)
    subject = ByOffset(desk)

    found = values(runner.run(SyncScenario("sync small", 45), subject))

    assert (found["missing"], found["stale"], found["extra"], found["duplicates"]) == (0, 0, 0, 0)
    assert (found["held"], found["list_calls"], found["credits"]) == (45, 5, 5)
    assert found["records_per_s"] > 0
    assert (subject.runs, runner.failures) == ([False], [])


def test_what_is_passed_over_while_tickets_change_is_found(desk: Desk) -> None:
    def let_time_pass(page: int) -> None:
        if page == 3:  # what is due by then has changed before the page is answered
            desk.account.steer("POST", "/clock", {"advance_s": 4})

    subject = ByOffset(desk, on_page=let_time_pass)

    found = values(SyncRunner(desk, seed=1).run(SyncScenario("s", 60, churn=0.1), subject))

    assert found["missing_first"] + found["stale_first"] > 0
    assert desk.account.steer("GET", "/churn")["running"] is False
    assert len(subject.runs) == 2
    assert (found["missing"], found["stale"]) == (0, 0), "this one reads everything anew"


def test_deleted_tickets_that_a_copy_still_shows_are_extra(desk: Desk) -> None:
    scenario = SyncScenario("s", 40, changes=Changes(updates=5, deletions=3, creations=2))
    subject = ByOffset(desk)

    found = values(SyncRunner(desk, seed=1).run(scenario, subject))

    assert (found["missing"], found["stale"], found["extra"]) == (0, 0, 3)
    assert found["list_calls"] == 4, "those of the run before and of the changes are not counted"
    assert "records_per_s" not in found


def test_a_run_that_failed_is_told_with_its_last_words(desk: Desk) -> None:
    runner = SyncRunner(desk, seed=1)

    found = values(
        runner.run(SyncScenario("sync empty", 0, kill_every_s=3), ByOffset(desk, name="other"))
    )

    assert found["failed"] == 1
    assert runner.failures == ["sync empty · other, run: nothing there"]
