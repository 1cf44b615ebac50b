"""What every subject of a comparison offers to the runner."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

from bench.rates import Rates


@dataclass(frozen=True)
class Setting:
    """How a run is set up: the account's limits, and whether its consumers will be killed.

    With `interactive_every_s` the ticket `ticket_id` is asked for that often; `interactive_url` is
    its address.
    """

    rates: Rates
    kills: bool = False
    interactive_every_s: float = 0.0
    interactive_url: str = ""
    ticket_id: int = 0


@dataclass(frozen=True)
class Answered:
    """An interactive call: when it was over, in epoch seconds, and how long it took."""

    at: float
    seconds: float


class Subject(Protocol):
    """One way to get the messages of a queue done.

    `start` brings it up and returns when it waits for messages; `stop` ends what was started.
    """

    @property
    def name(self) -> str:
        """As the table heads its column."""
        ...

    def start(self, setting: Setting) -> None:
        """Be ready: nothing is left of the run before."""
        ...

    def stop(self) -> None:
        """End what was started for this run."""
        ...

    @property
    def queue_url(self) -> str:
        """Where its messages go."""
        ...

    @property
    def dead_letter_url(self) -> str:
        """Where messages go that are given up; empty when a run begins."""
        ...

    def kill_one(self, chance: random.Random) -> bool:
        """SIGKILL one of its processes; whether there was one."""
        ...

    def interactive_calls(self) -> list[Answered]:
        """The interactive calls that were answered in this run."""
        ...

    def figures(self, calls: int, messages: int) -> dict[str, float]:
        """What it alone can tell once the run is over, by metric."""
        ...
