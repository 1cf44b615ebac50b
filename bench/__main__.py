"""Compare Freshbridge with what a team would write instead, on this machine.

  make bench                          every scenario, some 20 minutes
  make bench ARGS="--only backlog"    the scenarios whose name contains "backlog"
  make bench LONG=1                   a backlog in real minutes of Freshdesk's Pro plan

Prints a table and writes bench/results.json.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import requests
from botocore.exceptions import BotoCoreError

from bench import bars, brief, foot, scenarios, table
from bench.rates import PRO_MINUTE, SCALED, Rates
from bench.results import Result, result, write
from bench.stage import NAMES, staged
from local.api_client import CallError
from local.stack import START_ERRORS

RESULTS = Path(__file__).parent / "results.json"
_GIB = 2**30


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="WORD",
        help="scenarios whose name contains it; may be repeated",
    )
    made.add_argument("--messages", type=int, metavar="N", help="in every backlog")
    made.add_argument("--subjects", default=",".join(NAMES), help="default: %(default)s")
    made.add_argument("--seed", type=int, default=1, help="decides what goes wrong when")
    made.add_argument(
        "--long",
        action="store_true",
        default=os.environ.get("LONG", "") not in ("", "0"),
        help="windows of a real minute, with the limits of Freshdesk's Pro plan; also LONG=1",
    )
    return made


def plan(chosen: argparse.Namespace) -> tuple[Rates, list[scenarios.Scenario], list[str]]:
    """The rates, the scenarios and the subjects that the command line asks for.

    Raises ValueError for a name that does not exist.
    """
    rates = PRO_MINUTE if chosen.long else SCALED
    known = scenarios.real_minutes() if chosen.long else scenarios.scaled_down(chosen.seed)
    wanted = scenarios.chosen(known, chosen.only)
    if chosen.messages is not None:
        if chosen.messages < 1:
            raise ValueError("--messages takes a number above 0")
        wanted = [replace(one, messages=chosen.messages) for one in wanted]
    asked = chosen.subjects.split(",")
    if unknown := set(asked) - set(NAMES):
        raise ValueError(f"no subject is called {', '.join(sorted(unknown))}; there are {NAMES}")
    return rates, wanted, [name for name in NAMES if name in asked]


def machine() -> list[Result]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    cpus = os.cpu_count() or 1
    facts = {"cpus": float(cpus), "memory": memory}
    return [result("machine", "machine", name, value) for name, value in facts.items()]


def main(arguments: Sequence[str]) -> int:
    """Parse, run, print; whatever goes wrong is one sentence."""
    command_line = parser()
    chosen = command_line.parse_args(arguments)
    try:
        rates, wanted, subjects = plan(chosen)
    except ValueError as error:
        command_line.error(str(error))
    found = machine()
    try:
        with staged(rates, chosen.seed) as stage:
            for scenario in wanted:
                for name in subjects:
                    found += stage.runner.run(scenario, stage.subjects[name])
    except KeyboardInterrupt:
        print("Stopped; nothing was written.")
        return 130
    except (*START_ERRORS, CallError, requests.RequestException, BotoCoreError) as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        return 1
    tell(found, rates, [one.name for one in wanted], subjects)
    write(found, RESULTS)
    print(f"\nWritten to {RESULTS}")
    return 0


def tell(found: Sequence[Result], rates: Rates, names: list[str], subjects: list[str]) -> None:
    """Print the table, its foot, and what to do about each bar that was missed."""
    print(f"\n{table.text(found, names, subjects)}\n{foot.text(rates)}")
    print(f"\nIn brief\n\n{brief.text(found, names, subjects)}\n")
    missed = bars.missed(found, "freshbridge")
    for line in missed:
        print(f"✗ {line}")
    if not missed and "freshbridge" in subjects:
        print("✓ every bar is met")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
