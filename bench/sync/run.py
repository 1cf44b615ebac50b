"""Runs one scenario of the sync with one subject, and compares its copy with the account."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any

from bench.desk import Desk
from bench.rates import OFF
from bench.results import Result, results
from bench.sync import figures
from bench.sync.comparison import Comparison, compare, live
from bench.sync.figures import Ran
from bench.sync.scenarios import Changes, SyncScenario
from bench.sync.subject import SyncSubject

_TRUTH_PAGE = 5000


@dataclass
class SyncRunner:
    """`failures` says what became of each run that did not end well, in the order of the runs."""

    desk: Desk
    seed: int
    failures: list[str] = field(default_factory=list)

    def run(self, scenario: SyncScenario, subject: SyncSubject) -> list[Result]:
        """Do the scenario and return its figures."""
        self._fill(scenario)
        subject.prepare(scenario)
        if scenario.changes is not None:
            self._noted(scenario, subject, subject.run(scenario, kills=False), "first run")
            self._change(scenario.changes)
        self._limit(scenario)
        self.desk.forget_calls()
        if scenario.churn:
            rate = scenario.churn * scenario.tickets
            steer = self.desk.account.steer
            steer("POST", "/churn", {"updates_per_s": rate, "seed": self.seed})
        ran = subject.run(scenario, kills=scenario.kill_every_s > 0)
        self._noted(scenario, subject, ran, "run")
        if scenario.churn:
            self.desk.account.steer("DELETE", "/churn")
        stats = self.desk.stats()
        seen = self._seen(subject)
        rates = None if scenario.rates is OFF else scenario.rates
        found = figures.figures(stats, rates, ran, seen)
        found["records_per_s"] = seen.held / (found["duration"] or 1.0)
        if scenario.churn:
            found |= {f"{name}_first": found[name] for name in ("missing", "stale")}
            after = subject.run(scenario, kills=False)
            self._noted(scenario, subject, after, "next run")
            seen = self._seen(subject)
            found |= figures.completeness(seen)
        if scenario.changes is not None:
            del found["records_per_s"]  # what is held was copied by the run before
        _tell(scenario, subject, found["duration"] or 0.0, seen)
        return results(scenario.name, subject.name, found)

    def _fill(self, scenario: SyncScenario) -> None:
        steer = self.desk.account.steer
        steer("POST", "/reset")
        # The SLA engine's stamps would change tickets without an update.
        steer("POST", "/config", OFF.config() | {"sla_delay_s": 0})
        options = {"tickets": scenario.tickets, "seed": self.seed, **scenario.seed}
        steer("POST", "/seed", options)

    def _limit(self, scenario: SyncScenario) -> None:
        limits = scenario.rates.config() | {"latency_ms": scenario.latency_ms}
        self.desk.account.steer("POST", "/config", limits)
        if scenario.rates is not OFF:
            # Nobody could know what connecting the account has used of a window that is open.
            window_s = scenario.rates.window_s
            time.sleep(window_s - self.desk.now() % window_s)

    def _change(self, changes: Changes) -> None:
        """People's work between two runs, through the API as their browsers do it."""
        chance = random.Random(self.seed)  # noqa: S311 - data, not secrecy
        api = self.desk.account.api
        ids = sorted(one["id"] for one in self._tickets())
        chosen = chance.sample(ids, changes.updates + changes.deletions)
        for ticket_id in chosen[: changes.updates]:
            edit = {"priority": chance.randint(1, 4), "subject": f"Edited {ticket_id}"}
            api("PUT", f"/tickets/{ticket_id}", edit)
        for ticket_id in chosen[changes.updates :]:
            api("DELETE", f"/tickets/{ticket_id}")
        for number in range(changes.creations):
            ticket = {"subject": f"New {number}", "description": "New", "status": 2, "priority": 1}
            api("POST", "/tickets", ticket | {"email": "person1@people.example"})

    def _tickets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = 0
        while page := self.desk.account.steer(
            "GET", f"/truth?object=tickets&after={after}&limit={_TRUTH_PAGE}"
        ):
            found += page
            after = page[-1]["id"]
        return found

    def _seen(self, subject: SyncSubject) -> Comparison:
        return compare(live(self._tickets()), subject.copy())

    def _noted(self, scenario: SyncScenario, subject: SyncSubject, ran: Ran, which: str) -> None:
        if ran.failure:
            self.failures.append(f"{scenario.name} · {subject.name}, {which}: {ran.failure}")


def _tell(scenario: SyncScenario, subject: SyncSubject, seconds: float, seen: Comparison) -> None:
    verdict = "exact" if seen.exact else f"{seen.missing} missing, {seen.stale} stale"
    print(
        f"  {scenario.name} · {subject.name}: {seen.held:,} held, {verdict}, {seconds:.1f} s",
        flush=True,
    )
