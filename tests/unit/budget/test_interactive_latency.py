"""How long interactive calls take while a backlog is worked off, from the very first of them.

Nothing is known at first: neither the limit, nor where windows begin, nor what time it is, nor how
many such calls there will be. They need a fifth of the limit, twice what is kept for them; of
a minute's, fifteen percent.
"""

from __future__ import annotations

import math
import statistics

import pytest

from tests.unit.budget.backlog import Backlog, Job
from tests.unit.budget.callers import Callers
from tests.unit.budget.test_backlog_figures import LONGEST_WAIT_S, told
from tests.unit.budget.world import EPOCH, Windows

# Thousands of the same calls, which counting the lines again and again would slow to a third.
pytestmark = pytest.mark.no_cover

BAR_S = 2.0
PER_5_S = ({"total": 100}, 5.0, 600, 0.25)
PER_MINUTE = ({"total": 400}, 60.0, 1500, 1.0)
Case = tuple[dict[str, int], float, int, float]


def worked_off(
    case: Case, *, share: float, seed: int, at_random: bool = False
) -> tuple[Backlog, list[float]]:
    """A backlog that was worked off, and the seconds that each interactive call took."""
    limits, window_s, calls, every_s = case
    windows = {"a": Windows(dict(limits), window_s, phase=share * window_s)}
    backlog = Backlog(windows, seed=seed)
    random = backlog.world.random
    backlog.add(*[Job() for _ in range(calls)], after=0.1)
    for _ in range(5):
        life = backlog.function(longest_s=LONGEST_WAIT_S, skew=random.uniform(-0.05, 0.05))
        backlog.world.start(life, after=0.1 + 0.3 * random.random())
    callers = Callers(backlog, skew=0.05)
    gap = (lambda: random.expovariate(1 / every_s)) if at_random else (lambda: every_s)
    backlog.world.start(callers.every(gap))
    backlog.run(until=2 * calls / limits["total"] * window_s)
    assert all(job.done is not None for job in backlog.jobs), "the backlog stood still"
    assert windows["a"].throttled == 0
    return backlog, [one.seconds for one in callers.answered]


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1]


@pytest.mark.parametrize("at_random", [False, True], ids=["regular", "at random"])
@pytest.mark.parametrize("case", [PER_5_S, PER_MINUTE], ids=["100 per 5 s", "400 per 60 s"])
def test_of_a_hundred_interactive_calls_99_take_less_than_two_seconds(
    case: Case, at_random: bool
) -> None:
    shares = (0.0, 0.3, 0.85) if case is PER_5_S else (0.15, 0.6)
    found = [
        worked_off(case, share=share, seed=seed, at_random=at_random)
        for seed, share in enumerate(shares)
    ]

    told("99th percentile, s", [p99(seconds) for _, seconds in found])
    told("longest, s", [max(seconds) for _, seconds in found])
    for backlog, seconds in found:
        assert len(seconds) > 100
        assert p99(seconds) < BAR_S
        assert statistics.median(seconds) < 0.2
        assert backlog.utilisation() > 0.88, "and the backlog gets the rest"


def test_what_is_left_to_interactive_calls_is_used_once_they_come_no_more() -> None:
    """They end in the middle: a few windows later the backlog has everything again."""
    limits, window_s, calls, every_s = PER_5_S
    windows = {"a": Windows(dict(limits), window_s, phase=1.0)}
    backlog = Backlog(windows, seed=4)
    backlog.add(*[Job() for _ in range(2 * calls)])
    for _ in range(5):
        backlog.world.start(backlog.function(longest_s=LONGEST_WAIT_S))
    callers = Callers(backlog, skew=0.05)
    calling = callers.every(lambda: every_s)
    backlog.world.start(wait for _, wait in zip(range(100), calling, strict=False))
    backlog.run(until=100.0)

    assert len(callers.answered) == 100
    last = max(one.after for one in callers.answered)
    since = windows["a"].number(EPOCH + last + 3 * window_s)
    quiet = [n for number, n in sorted(windows["a"].allowed.items()) if number >= since][:-2]
    assert len(quiet) >= 3
    assert min(quiet) >= 97
