"""Waits for something to end, and kills it again and again meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LOOK_S = 0.05


@dataclass(frozen=True)
class Clock:
    """Seconds that only grow, and a way to let some pass."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


SYSTEM_CLOCK = Clock(time.monotonic, time.sleep)


def until(
    over: Callable[[], bool],
    longest_s: float,
    kill: Callable[[], bool],
    every_s: float,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[bool, int]:
    """Wait until `over`; whether it was in time, and how many times `kill` killed something.

    `every_s` 0 kills nothing.
    """
    begin = clock.now()
    next_kill = begin + every_s
    killed = 0
    while not over():
        now = clock.now()
        if now - begin > longest_s:
            return False, killed
        if every_s and now >= next_kill:
            killed += kill()
            next_kill = clock.now() + every_s
        clock.sleep(LOOK_S)
    return True, killed
