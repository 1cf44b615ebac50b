"""The sync's scenarios: how large the account is, and what happens while it is copied. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.rates import OFF, SCALED, Rates


@dataclass(frozen=True)
class Changes:
    """What is done to the account between two runs, through its API."""

    updates: int
    deletions: int
    creations: int


@dataclass(frozen=True)
class SyncScenario:
    """`seed` are further options of the account's data. `include`: what the list is asked to embed,
    by whoever can be told. `churn`: updates a second while a run goes
    on, as a share of the tickets. `kill_every_s`: the process is killed that often. `changes`: a
    first run was made before them, and only the one after them is measured. `longest_s`: a peer
    that takes longer is stopped; `own_longest_s` the same for Freshbridge.
    """

    name: str
    tickets: int
    rates: Rates = OFF
    latency_ms: float = 0.0
    seed: Mapping[str, Any] = field(default_factory=dict)
    include: Sequence[str] = ()
    churn: float = 0.0
    kill_every_s: float = 0.0
    changes: Changes | None = None
    longest_s: float = 60.0
    own_longest_s: float = 180.0


INCLUDES = ("stats", "requester", "description")
"""What Freshbridge embeds unless it is told otherwise."""
PATIENT_S = 600.0
CHANGES = Changes(updates=500, deletions=50, creations=20)
SHUFFLED = "sync 60,000 shuffled"
SMALL, LARGE = "sync incremental 5,000", "sync incremental 20,000"


def scenarios(long: bool) -> list[SyncScenario]:
    """In the order in which they are run; with `long` nobody is stopped early and one is added."""
    found = [
        SyncScenario("sync 20,000 no limit", 20_000),
        SyncScenario("sync 20,000 with includes", 20_000, include=INCLUDES),
        # So short that a half of it goes by while limit, clock and windows are learned; and longer.
        SyncScenario("sync 20,000 at 20 requests/s", 20_000, rates=SCALED, longest_s=30.0),
        SyncScenario("sync 60,000 at 20 requests/s", 60_000, rates=SCALED, longest_s=30.0),
        SyncScenario("sync under churn", 5_000, latency_ms=100, churn=0.01),
        SyncScenario("sync 60,000", 60_000),
        # What changed last has nothing to do with what was created last.
        SyncScenario(
            SHUFFLED,
            60_000,
            seed={"created_within_days": 1000, "updated_within_days": 25},
            include=INCLUDES,
            longest_s=30.0,
        ),
        SyncScenario("sync 30,500 of one time", 31_500, seed={"same_updated_at": 30_500}),
        SyncScenario("sync killed", 10_000, rates=SCALED, kill_every_s=3.0, longest_s=18.0),
        SyncScenario(SMALL, 5_000, changes=CHANGES),
        SyncScenario(LARGE, 20_000, changes=CHANGES),
    ]
    if long:
        found.append(SyncScenario("sync 200,000", 200_000))
        found = [replace(one, longest_s=PATIENT_S, own_longest_s=PATIENT_S) for one in found]
    return found
