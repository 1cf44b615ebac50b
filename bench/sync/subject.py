"""What every subject of the sync's comparison offers to the runner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from bench.sync.comparison import Version
from bench.sync.figures import Ran
from bench.sync.scenarios import SyncScenario


class SyncSubject(Protocol):
    """One way to copy an account's tickets."""

    @property
    def name(self) -> str:
        """As the table heads its column."""
        ...

    def prepare(self, scenario: SyncScenario) -> None:
        """Hold nothing of any run before."""
        ...

    def run(self, scenario: SyncScenario, *, kills: bool) -> Ran:
        """Copy what there is to copy, and return when it is over or has taken too long.

        With `kills` the process at work is killed every `kill_every_s`.
        """
        ...

    def copy(self) -> Iterator[tuple[int, Version]]:
        """What it holds now: ticket id and version, for each row of its current view."""
        ...
