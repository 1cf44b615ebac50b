"""Runs one scenario with one subject, and measures it by what the account saw."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench import disturbances, measures
from bench.accounts import Accounts
from bench.desk import CREATE, Desk
from bench.disturbances import OUTSIDE, SecondAccount
from bench.messages import Message, backlog, enqueue, waiting_in
from bench.progress import Progress, State, until_empty
from bench.rates import OFF, Rates
from bench.results import Result, results
from bench.scenarios import Scenario
from bench.subject import Answered, Setting, Subject
from local.stack import Stack

PATIENCE = 3.0
"""A run may take so many times what the limit alone demands, and then a while."""
GRACE_S = 120.0
SECOND_S = 30.0
KILLING = 0.7
"""Share of the time that the limit demands during which consumers are killed."""


@dataclass
class Observed:
    """What was seen beside the account's own statistics."""

    begins: float = field(default_factory=time.time)
    drained: float = 0.0
    killed: list[float] = field(default_factory=list)
    second: SecondAccount | None = None


@dataclass
class Runner:
    """Everything that a run needs beside its scenario and its subject."""

    stack: Stack
    desk: Desk
    second: Desk
    accounts: Accounts
    rates: Rates
    seed: int

    def run(self, scenario: Scenario, subject: Subject) -> list[Result]:
        """Do the scenario's work and return its figures."""
        prefix = f"{scenario.name.replace(' ', '-')}-{subject.name}-{int(time.time())}"
        rates = OFF if scenario.unlimited else self.rates
        self.desk.prepare(rates, scenario.faults)
        self.second.prepare(rates, ())
        setting = Setting(
            rates,
            kills=scenario.kill_every_s > 0,
            interactive_every_s=scenario.interactive_every_s,
            interactive_url=self.desk.ticket_url,
            ticket_id=self.desk.first_id,
        )
        messages = backlog(prefix, scenario.messages, self.accounts.first)
        queues = self.stack.clients.queues
        # Nobody could know what the run before has used of a window that is still open.
        time.sleep(rates.window_s - self.desk.now() % rates.window_s)
        try:
            subject.start(setting)
            self.desk.forget_calls()
            observed = self._drained(scenario, subject, messages, prefix)
            answered = subject.interactive_calls()
            dead = waiting_in(queues, subject.dead_letter_url)
        finally:
            subject.stop()
        found = self._figures(scenario, subject, messages, observed)
        if scenario.unlimited:
            duration = found["duration"] or 1.0
            return results(scenario.name, subject.name, {"rate": len(messages) / duration})
        found["dead_letters"] = float(dead)
        found |= _latencies(scenario, observed, answered)
        return results(scenario.name, subject.name, found)

    def _drained(
        self, scenario: Scenario, subject: Subject, messages: list[Message], prefix: str
    ) -> Observed:
        longest = PATIENCE * self.rates.seconds_for(len(messages), 1 - scenario.outside) + GRACE_S
        progress = Progress(f"{scenario.name} · {subject.name}", len(messages))
        observed = Observed()
        with self._disturbed(scenario, subject, prefix, observed):
            # A new connection: a batch that is sent again could be in the queue twice.
            enqueue(self.stack.clients.client("sqs"), subject.queue_url, messages)
            if not until_empty(lambda: self._look(subject), progress, self.stack.check, longest):
                print(f"    not done after {longest:.0f} s: what is left counts as lost")
            observed.drained = time.time()
        if observed.second is not None:
            observed.second.settle(SECOND_S)
        return observed

    @contextlib.contextmanager
    def _disturbed(
        self, scenario: Scenario, subject: Subject, prefix: str, observed: Observed
    ) -> Iterator[None]:
        """Everything that goes on beside the backlog."""
        with contextlib.ExitStack() as going_on:
            if scenario.outside:
                rate = scenario.outside * self.rates.total / self.rates.window_s
                client = disturbances.outside_client(self.desk.account, rate, self.seed)
                going_on.enter_context(client)
            if scenario.kill_every_s:
                deaths = disturbances.sudden_deaths(
                    subject.kill_one,
                    scenario.kill_every_s,
                    KILLING * self.rates.seconds_for(scenario.messages),
                    self.seed,
                )
                observed.killed = going_on.enter_context(deaths)
            if scenario.second_every_s:
                observed.second = self._second(subject)
                single = observed.second.calling(prefix, scenario.second_every_s)
                going_on.enter_context(single)
            yield

    def _second(self, subject: Subject) -> SecondAccount:
        def queue_one(name: str) -> None:
            message = Message(name, self.accounts.second)
            enqueue(self.stack.clients.queues, subject.queue_url, [message])

        return SecondAccount(self.second, queue_one)

    def _look(self, subject: Subject) -> State:
        stats = self.desk.stats()
        made = len(stats["creates"]["tickets"])
        throttled = stats["endpoints"].get(CREATE, {}).get("throttled", 0)
        waiting = waiting_in(self.stack.clients.queues, subject.queue_url)
        return State(made, waiting, throttled)

    def _figures(
        self, scenario: Scenario, subject: Subject, messages: list[Message], observed: Observed
    ) -> dict[str, float | None]:
        stats = self.desk.stats()
        tickets = list(self.desk.tickets())
        effects = measures.effects(
            (one.subject for one in messages), (str(one["subject"]) for one in tickets)
        )
        after = measures.seconds_after(observed.begins, (one["created_at"] for one in tickets))
        others = (OUTSIDE,) if scenario.outside else ()
        found: dict[str, float | None] = dict(measures.figures(stats, self.rates, of_others=others))
        calls = int(found["calls"] or 0)
        windows = measures.windows_of(stats)
        load = os.getloadavg()[0]
        shown = measures.in_short([one.calls for one in windows])
        print(f"    calls of each window: {shown} (load of the machine {load:.1f})", flush=True)
        found |= {
            "messages": float(len(messages)),
            "done": float(effects.done),
            "lost": float(effects.lost),
            "duplicates": float(effects.duplicates),
            "p50": measures.percentile(after, 0.5),
            "p99": measures.percentile(after, 0.99),
        }
        if observed.killed:
            found["killed"] = float(len(observed.killed))
        return found | subject.figures(calls, len(messages))


def _latencies(
    scenario: Scenario, observed: Observed, answered: list[Answered]
) -> dict[str, float | None]:
    """Of what was asked for while there was a backlog."""
    values: list[float] = []
    if scenario.interactive_every_s:
        values = [one.seconds for one in answered if observed.begins <= one.at <= observed.drained]
    elif observed.second is not None:
        values = [*observed.second.latencies, *[SECOND_S] * len(observed.second.pending)]
    if not values:
        return {}
    return {
        "p50": measures.percentile(values, 0.5),
        "p99": measures.percentile(values, 0.99),
        "samples": float(len(values)),
    }
