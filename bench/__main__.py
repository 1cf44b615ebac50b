"""Compare Freshbridge with what a team would write instead, on this machine.

  make bench                          every scenario, some 30 minutes
  make bench ARGS="--only backlog"    the scenarios whose name contains "backlog"
  make bench ARGS="--only sync"       an account copied, beside tap-freshdesk and dlt
  make bench LONG=1                   a backlog in real minutes of Freshdesk's Pro plan

Prints a table and writes bench/results.json, where scenarios that were not run keep their figures.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import requests
from botocore.exceptions import BotoCoreError

from bench import bars, brief, customers, destinations, foot, stage, table
from bench.plan import Plan, parser, plan
from bench.results import Result, result, write
from bench.sync import foot as sync_foot
from bench.sync import stage as sync_stage
from local.api_client import CallError
from local.installer import BootstrapError
from local.stack import START_ERRORS

RESULTS = Path(__file__).parent / "results.json"
_GIB = 2**30


def machine() -> list[Result]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    cpus = os.cpu_count() or 1
    facts = {"cpus": float(cpus), "memory": memory}
    return [result("machine", "machine", name, value) for name, value in facts.items()]


def main(arguments: Sequence[str]) -> int:
    """Parse, run, print; whatever goes wrong is one sentence."""
    command_line = parser(__doc__)
    try:
        asked = plan(chosen := command_line.parse_args(arguments))
    except ValueError as error:
        command_line.error(str(error))
    found = machine()
    failures: list[str] = []
    try:
        found += _actions(asked, chosen.seed)
        found += _syncs(asked, chosen.seed, failures)
        found += [one for each in asked.customer_scenarios for one in customers.run(each)]
        if asked.destination_subjects:
            for each in asked.destination_scenarios:
                found += destinations.run(each, asked.destination_subjects)
    except KeyboardInterrupt:
        print("Stopped; nothing was written.")
        return 130
    except (
        *START_ERRORS, BootstrapError, CallError, requests.RequestException, BotoCoreError
    ) as error:  # fmt: skip
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        return 1
    tell(found, asked, failures)
    write(found, RESULTS)
    print(f"\nWritten to {RESULTS}")
    return 0


def _actions(asked: Plan, seed: int) -> list[Result]:
    found: list[Result] = []
    if asked.scenarios and asked.subjects:
        with stage.staged(asked.rates, seed) as staged:
            for scenario in asked.scenarios:
                for name in asked.subjects:
                    found += staged.runner.run(scenario, staged.subjects[name])
    return found


def _syncs(asked: Plan, seed: int, failures: list[str]) -> list[Result]:
    found: list[Result] = []
    if asked.sync_scenarios and asked.sync_subjects:
        with sync_stage.staged(seed, asked.sync_subjects) as staged:
            for scenario in asked.sync_scenarios:
                for subject in staged.subjects.values():
                    found += staged.runner.run(scenario, subject)
            failures += staged.runner.failures
    return found


def tell(found: Sequence[Result], asked: Plan, failures: Sequence[str]) -> None:
    """Print the tables, their feet, and what to do about each bar that was missed."""
    actions, syncs = (
        [one.name for one in each] for each in (asked.scenarios, asked.sync_scenarios)
    )
    if actions and asked.subjects:
        print(f"\n{table.text(found, actions, asked.subjects)}\n{foot.text(asked.rates)}")
        print(f"\nIn brief\n\n{brief.text(found, actions, asked.subjects)}\n")
    if syncs and asked.sync_subjects:
        print(f"\n{table.text(found, syncs, asked.sync_subjects)}\n{sync_foot.text(failures)}")
        columns = brief.SYNC_COLUMNS
        shown = brief.text(found, syncs, asked.sync_subjects, columns, needed="missing")
        print(f"\nIn brief\n\n{shown}\n")
    if asked.customer_scenarios:
        print(f"\n{table.text(found, [customers.NAME], [customers.SUBJECT])}\n")
    for each in asked.destination_scenarios if asked.destination_subjects else []:
        shown = table.text(found, [each.name], asked.destination_subjects)
        print(f"\n{shown}\n{destinations.text(each)}\n")
    missed = bars.missed(found, "freshbridge")
    for line in missed:
        print(f"✗ {line}")
    if not missed and any(one.subject == "freshbridge" for one in found):
        print("✓ every bar is met")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
