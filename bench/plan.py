"""What a command line asks for: scenarios, subjects and limits. Pure but for LONG."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench import customers, destinations, scenarios, stage
from bench.rates import PRO_MINUTE, SCALED, Rates
from bench.sync import scenarios as sync_scenarios
from bench.sync import stage as sync_stage

NAMES = tuple(dict.fromkeys((*stage.NAMES, *sync_stage.NAMES, *destinations.SUBJECTS)))


@dataclass(frozen=True)
class Plan:
    """`scenarios` and `subjects` are the actions', `sync_…` the sync's; `rates` the actions'."""

    rates: Rates
    scenarios: list[scenarios.Scenario]
    subjects: list[str]
    sync_scenarios: list[sync_scenarios.SyncScenario]
    sync_subjects: list[str]
    customer_scenarios: list[customers.CustomersScenario] = field(default_factory=list)
    destination_scenarios: list[destinations.DestinationScenario] = field(default_factory=list)
    destination_subjects: list[str] = field(default_factory=list)


def parser(description: str | None) -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="make bench", description=description, formatter_class=argparse.RawTextHelpFormatter
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
        help="windows of a real minute, with the limits of Freshdesk's Pro plan, and a large\n"
        "account to copy; also LONG=1",
    )
    return made


def plan(chosen: argparse.Namespace) -> Plan:
    """What is run with what.

    Raises ValueError for a name that does not exist.
    """
    known = scenarios.real_minutes() if chosen.long else scenarios.scaled_down(chosen.seed)
    known_syncs = sync_scenarios.scenarios(chosen.long)
    known_customers = [customers.CustomersScenario()]
    known_destinations = [destinations.DestinationScenario()]
    scenarios.check_words(
        [*known, *known_syncs, *known_customers, *known_destinations], chosen.only
    )
    wanted = scenarios.chosen(known, chosen.only)
    if chosen.messages is not None:
        if chosen.messages < 1:
            raise ValueError("--messages takes a number above 0")
        wanted = [replace(one, messages=chosen.messages) for one in wanted]
    asked = chosen.subjects.split(",")
    if unknown := set(asked) - set(NAMES):
        raise ValueError(f"no subject is called {', '.join(sorted(unknown))}; there are {NAMES}")
    return Plan(
        PRO_MINUTE if chosen.long else SCALED,
        wanted,
        _of(stage.NAMES, asked),
        scenarios.chosen(known_syncs, chosen.only),
        _of(sync_stage.NAMES, asked),
        scenarios.chosen(known_customers, chosen.only) if customers.SUBJECT in asked else [],
        scenarios.chosen(known_destinations, chosen.only),
        _of(destinations.SUBJECTS, asked),
    )


def _of(known: Sequence[str], asked: Sequence[str]) -> list[str]:
    return [name for name in known if name in asked]
