"""What a backlog costs and how fast it goes, from the first call to the last; figures are printed.

Nothing is known at first: neither the limit nor where windows begin nor what time it is. Five
functions take batches of ten, as in production.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

import pytest

from tests.unit.budget.backlog import Backlog, Job, Pace
from tests.unit.budget.world import EPOCH, Windows

# Thousands of the same calls, which counting the lines again and again would slow to a third.
pytestmark = pytest.mark.no_cover

LONGEST_WAIT_S = 2.0
PER_5_S = ({"total": 100}, 5.0, 2000)
PER_MINUTE = ({"total": 400}, 60.0, 4000)
CREATIONS = ({"total": 400, "ticket_create": 160}, 60.0, 1600)
Case = tuple[Mapping[str, int], float, int]


def worked_off(
    case: Case,
    *,
    share: float,
    skew: float = 0.05,
    seed: int = 0,
    in_order: bool = True,
    pace: Pace | None = None,
    lost: float = 0.0,
    others: Iterable[tuple[float, Job]] = (),
) -> Backlog:
    """A backlog that was worked off; windows begin at `share` of a window after the first call."""
    limits, window_s, calls = case
    names = {"a", *(job.account for _, job in others)}
    windows = {n: Windows(dict(limits), window_s, phase=share * window_s) for n in sorted(names)}
    backlog = Backlog(windows, seed=seed, in_order=in_order, pace=pace, lost=lost)
    backlog.add(*[Job() for _ in range(calls)])
    for after, job in others:
        backlog.add(job, after=after)
    random = backlog.world.random
    for _ in range(5):
        life = backlog.function(longest_s=LONGEST_WAIT_S, skew=random.uniform(-skew, skew))
        backlog.world.start(life, after=0.3 * random.random())
    look_ups = 60.0 if lost else 0.0
    backlog.run(until=calls / min(limits.values()) * window_s * 1.5 + look_ups)
    assert all(job.done is not None for job in backlog.jobs), "work stood still"
    for name in names:
        assert backlog.windows[name].throttled == 0
    return backlog


def told(name: str, figures: list[float]) -> None:
    least, mean, most = min(figures), statistics.mean(figures), max(figures)
    print(f"\n{name}: min {least:.3f}, mean {mean:.3f}, max {most:.3f} of {len(figures)}")  # noqa: T201 - a figure for a person to read


@pytest.mark.parametrize("in_order", [True, False], ids=["oldest first", "any order"])
@pytest.mark.parametrize("skew", [0.05, 2.0])
@pytest.mark.parametrize("case", [PER_5_S, CREATIONS], ids=["100 per 5 s", "160 per 60 s"])
def test_a_backlog_uses_97_percent_from_the_first_call_to_the_last(
    case: Case, skew: float, in_order: bool
) -> None:
    found = [
        worked_off(case, share=share, skew=skew, seed=seed, in_order=in_order)
        for seed, share in enumerate((0.0, 0.3, 0.5, 0.85))
    ]

    told("utilisation", [backlog.utilisation() for backlog in found])
    writes, receives = zip(*(backlog.per_call() for backlog in found), strict=True)
    told("writes per call", list(writes))
    told("receives per message", list(receives))
    assert min(backlog.utilisation() for backlog in found) >= 0.97
    assert max(writes) <= 1.0
    assert max(receives) <= 3.0


def test_lost_replies_cost_no_429_and_few_credits() -> None:
    """What became of them is looked up with three credits, where no endpoint has its own limit."""
    found = [
        worked_off((PER_5_S[0], 5.0, 1200), share=share, seed=seed, lost=0.03)
        for seed, share in enumerate((0.0, 0.3, 0.5, 0.85))
    ]

    # The last of them have but the look-ups left.
    whole = [statistics.mean(backlog.whole_windows()[2:11]) for backlog in found]
    told("credits of 100 used in each window of the backlog", whole)
    writes, receives = zip(*(backlog.per_call() for backlog in found), strict=True)
    told("writes per message", list(writes))
    told("receives per message", list(receives))
    assert min(whole) >= 96
    assert max(backlog.windows["a"].most("total") for backlog in found) <= 99
    assert max(writes) <= 0.7
    assert max(receives) <= 2.2


def test_4000_calls_at_400_a_minute() -> None:
    found = [worked_off(PER_MINUTE, share=share, seed=3) for share in (0.1, 0.6)]

    told("utilisation", [backlog.utilisation() for backlog in found])
    for backlog in found:
        writes, receives = backlog.per_call()
        told("writes per call, receives per message", [writes, receives])
        assert backlog.utilisation() >= 0.98
        assert writes <= 1.0
        assert receives <= 3.0
        assert max(job.receives for job in backlog.jobs) <= 6


def test_a_backlog_of_10000_is_received_twice_and_seldom_more() -> None:
    """An hour of a Pro account's creations, which a queue hands out in any order."""
    limits, window_s, _ = CREATIONS

    backlog = worked_off((limits, window_s, 10_000), share=0.3, in_order=False)

    writes, receives = backlog.per_call()
    told("10,000: writes per call, receives per message", [writes, receives])
    assert receives <= 3.0
    assert writes <= 1.0
    assert backlog.utilisation() >= 0.98


@pytest.mark.parametrize("around", [0.01, 0.13])
def test_functions_that_are_faster_or_slower_use_as_much(around: float) -> None:
    """Hardly any time between calls, and nearly all that five functions have.

    Fast ones have sent the whole queue away to its places before a window's beginning is seen;
    that costs a little of the second window.
    """
    pace = Pace(travel=0.01, around=around, hide=around / 8)
    found = [
        worked_off(PER_5_S, share=share, pace=pace, seed=seed)
        for seed, share in enumerate((0.1, 0.4, 0.8))
    ]

    figures = [backlog.utilisation() for backlog in found]
    told("utilisation", figures)
    assert statistics.mean(figures) >= 0.97
    assert min(figures) >= 0.965


@pytest.mark.parametrize(
    ("case", "after", "most"),
    [(PER_5_S, 30.0, 3.0), (CREATIONS, 10.0, 2.0)],
    ids=["100 per 5 s", "160 per 60 s"],
)
def test_another_accounts_message_is_taken_soon_once_the_backlog_has_its_places(
    case: Case, after: float, most: float
) -> None:
    limits, window_s, calls = case
    waits = []
    for seed, share in enumerate((0.1, 0.5, 0.9)):
        jobs = [Job(account=f"b{i}") for i in range(8)]
        others = [(after + 3.7 * i, job) for i, job in enumerate(jobs)]
        worked_off((limits, window_s, calls // 2), share=share, seed=seed, others=others)
        waits += [(job.done or 0.0) - job.submitted for job in jobs]

    told("seconds until another account's message is done", waits)
    # Each is the first of its account here: a function sets its clock by the way.
    assert statistics.median(waits) < 1.0
    assert max(waits) < most


def test_a_rules_action_does_not_wait_behind_a_batch_of_the_same_account() -> None:
    jobs = [Job(lane="rule") for _ in range(6)]
    others = [(20.0 + 11.3 * i, job) for i, job in enumerate(jobs)]

    worked_off((CREATIONS[0], 60.0, 1200), share=0.4, others=others)

    waits = [(job.done or 0.0) - job.submitted for job in jobs]
    told("seconds until a rule's action is done, behind 1200 rows", waits)
    assert max(waits) < 10


def test_beside_another_consumer_a_reservation_is_a_write_for_several_calls() -> None:
    """It uses 30 percent of the account, at random."""
    limits, window_s, _ = PER_5_S
    writes = []
    for seed, share in enumerate((0.1, 0.5, 0.8)):
        windows = {"a": Windows(dict(limits), window_s, phase=share * window_s)}
        backlog = Backlog(windows, seed=seed)
        backlog.add(*[Job() for _ in range(800)])
        backlog.world.start(backlog.world.outsider(6.0, {"total": 1}))
        random = backlog.world.random
        for _ in range(5):
            skew = random.uniform(-0.05, 0.05)
            life = backlog.function(longest_s=LONGEST_WAIT_S, skew=skew)
            backlog.world.start(life, after=0.3 * random.random())
        backlog.run(until=120.0)
        assert all(job.done is not None for job in backlog.jobs)
        assert windows["a"].throttled < 0.01 * len(backlog.calls)
        assert backlog.per_call()[1] <= 3.0
        writes.append(backlog.world.store.writes / len(backlog.calls))

    told("writes per call, beside another consumer", writes)
    assert max(writes) <= 0.75


def test_interactive_calls_hardly_wait_during_a_backlog() -> None:
    """At 100 per 5 s; people's calls come at any time, as many as are kept for them."""
    jobs = [Job(account="a", background=False) for _ in range(120)]
    others = [(20.0 + 0.47 * i, job) for i, job in enumerate(jobs)]
    limits, window_s, calls = PER_5_S
    windows = {"a": Windows(dict(limits), window_s, phase=1.9)}
    backlog = Backlog(windows, seed=5)
    backlog.add(*[Job() for _ in range(calls)])
    for _ in range(5):
        backlog.world.start(backlog.function(longest_s=LONGEST_WAIT_S))
    api = Backlog(windows, seed=6, world=backlog.world)
    for after, job in others:
        api.add(job, after=after)
    for _ in range(3):
        backlog.world.start(api.function(longest_s=8.0))
    backlog.run(until=100.0)

    waits = sorted((job.done or EPOCH + 999) - job.submitted for job in jobs)
    told("seconds of interactive calls", waits)
    told("their median, 90th and 99th", [waits[int(q * len(waits))] for q in (0.5, 0.9, 0.99)])
    assert windows["a"].throttled == 0
    assert waits[int(0.99 * len(waits))] < 0.6
    assert statistics.median(waits) < 0.3
