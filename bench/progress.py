"""Waits until a queue is empty, and says meanwhile how it goes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

POLL_S = 1.0
"""Asking costs the simulator and the emulator time that the subjects need."""
_LINE_EVERY_S = 15.0


@dataclass(frozen=True)
class State:
    """How far a run has come: `throttled` calls were answered 429."""

    made: int
    waiting: int
    throttled: int


@dataclass
class Progress:
    """One line, rewritten at a terminal and printed now and then elsewhere."""

    title: str
    total: int

    def __post_init__(self) -> None:
        self._begin = self._told_at = time.monotonic()
        self._before = (self._begin, 0)
        self._live = sys.stdout.isatty()

    def show(self, state: State) -> None:
        """Tell it, unless it was told a moment ago."""
        now = time.monotonic()
        if not self._live and now - self._told_at < _LINE_EVERY_S:
            return
        then, made = self._before
        rate = (state.made - made) / (now - then) if now > then else 0.0
        self._before, self._told_at = (now, state.made), now
        line = (
            f"  {self.title}: {state.made:,} of {self.total:,}, {rate:.1f}/s, "
            f"{state.waiting:,} left, 429s {state.throttled}, {now - self._begin:.0f} s"
        )
        print(f"\r{line:<100}" if self._live else line, end="" if self._live else "\n", flush=True)

    def done(self) -> None:
        """Leave the line."""
        if self._live:
            print("\r" + " " * 100 + "\r", end="", flush=True)


def until_empty(
    look: Callable[[], State], progress: Progress, check: Callable[[], None], longest_s: float
) -> bool:
    """Poll until nothing waits, twice in a row; False when that took longer than `longest_s`.

    Twice, for a message is nowhere for a moment while its handler sends it anew. `check` raises
    when the run has broken down.
    """
    end = time.monotonic() + longest_s
    empty = 0
    while time.monotonic() < end:
        check()
        state = look()
        progress.show(state)
        empty = empty + 1 if state.waiting == 0 else 0
        if empty == 2:
            progress.done()
            return True
        time.sleep(POLL_S)
    progress.done()
    return False
