"""Runs that take long do not write over what somebody changes after it was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshbridge.customers.link import Side
from freshbridge.customers.run import LOOK_AGAIN_S
from tests.fakes.customers import Both, Killed
from tests.unit.customers.test_cases import outcomes, run
from tests.unit.customers.test_convergence import apply, changes, link, policies

LONG, SHORT = LOOK_AGAIN_S + 1, 1.0


def linked(count: int = 9, **given: Any) -> Both:
    """Customers that are the same on both sides."""
    both = Both(link(**given))
    for number in range(count):
        both.desk.person_adds(name=f"P{number}", email=f"p{number}@client.example")
    run(both)
    assert both.equal()
    both.tick(1_000)
    return both


def slowly(both: Both, stage: str, act: Callable[[], None], step_s: float = LONG) -> list[str]:
    """Each step takes long, and somebody acts once, before the stage; what was gone through."""
    stages: list[str] = []

    def between() -> None:
        both.tick(step_s)
        at = both.state.at(both.link) if both.state else None
        if at is not None and at[1] == stage and stage not in stages:
            act()
        stages.append(at[1] if at else "")

    both.between = between
    return stages


@pytest.mark.parametrize("policy", ["newest", "freshsales_wins", "freshdesk_wins"])
def test_what_somebody_changes_in_freshsales_during_a_long_run_is_a_conflict(policy: str) -> None:
    # Given jobs that are sent long after Freshsales was read
    both = linked(conflict=policy)
    for number in both.desk.records:
        both.desk.person_changes(number, job_title="From Freshdesk")
    (there,) = [n for n, one in both.sales.records.items() if one["email"] == "p8@client.example"]
    slowly(both, "join", lambda: both.sales.person_changes(there, job_title="By hand"))

    both.run()

    kept = "From Freshdesk" if policy == "freshdesk_wins" else "By hand"
    assert ("conflicting", "freshdesk", "") in outcomes(both)
    assert both.sales.records[there]["job_title"] == kept
    both.between = lambda: None
    run(both)
    assert both.equal()
    assert {one["job_title"] for one in both.desk.records.values()} == {"From Freshdesk", kept}


@pytest.mark.parametrize("policy", ["newest", "freshsales_wins", "freshdesk_wins"])
def test_what_somebody_changes_in_freshdesk_during_a_long_run_is_a_conflict(policy: str) -> None:
    # Given writes to Freshdesk that come long after it was read
    both = linked(conflict=policy)
    for number in both.sales.records:
        both.sales.person_changes(number, job_title="From Freshsales")
    (here,) = [n for n, one in both.desk.records.items() if one["email"] == "p8@client.example"]
    slowly(both, "sales", lambda: both.desk.person_changes(here, job_title="By hand"))

    both.run()

    kept = "From Freshsales" if policy == "freshsales_wins" else "By hand"
    assert ("conflicting", "freshdesk", "") in outcomes(both)
    assert both.desk.records[here]["job_title"] == kept
    both.between = lambda: None
    run(both)
    assert both.equal()


def reads(both: Both, monkeypatch: pytest.MonkeyPatch) -> list[Side]:
    """The pages that are read from now on."""
    found: list[Side] = []
    for account in (both.desk, both.sales):
        real = account.changed

        def changed(*given: Any, _real: Any = real, _side: Side = account.side, **more: Any) -> Any:
            found.append(_side)
            return _real(*given, **more)

        monkeypatch.setattr(account, "changed", changed)
    return found


def test_a_run_that_is_quick_reads_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    for step_s in (SHORT, LONG):
        both = linked()
        for number in both.desk.records:
            both.desk.person_changes(number, job_title="From Freshdesk")
        slowly(both, "join", lambda: None, step_s)
        with monkeypatch.context() as patch:
            found = reads(both, patch)
            both.run()
        counted.append(len(found))

    assert counted[0] < counted[1]
    # Three pages of Freshdesk's, one of Freshsales', and one of deletions for each.
    assert counted[0] <= 6


@pytest.mark.parametrize("given", [{"direction": "to_freshsales"}, {"create": []}])
def test_nothing_is_looked_at_again_that_is_not_written_over(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a long run of customers that are new, or of a link that writes to one side only
    both = Both(link(**given))
    for number in range(9):
        both.desk.person_adds(name=f"P{number}", email=f"p{number}@client.example")
    slowly(both, "join", lambda: None)
    found = reads(both, monkeypatch)

    both.run()

    assert found.count(Side.FRESHSALES) <= 6
    assert found.count(Side.FRESHDESK) <= 4


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    policies, changes, changes, changes, st.integers(0, 8),
    st.lists(st.tuples(st.integers(1, 25), st.booleans()), max_size=3),
)  # fmt: skip
def test_a_long_run_that_is_changed_under_and_killed_converges(  # noqa: PLR0917 - as drawn
    policy: str,
    first: Any,
    second: Any,
    meanwhile: Any,
    step: int,
    deaths: list[tuple[int, bool]],
) -> None:
    both = Both(link(conflict=policy))
    apply(both, first)
    both.tick()
    both.run()
    both.tick(1_000)
    apply(both, second)
    steps = iter(range(1_000))

    def between() -> None:
        both.tick(LONG)
        if next(steps) == step:
            apply(both, meanwhile)

    both.between = between
    for left, after in deaths:
        both.fate.left, both.fate.after = left, after
        try:
            both.run()
        except Killed:
            both.tick(LONG)
    both.fate.left = -1
    both.run()
    both.between = lambda: None
    for _ in range(2):
        both.tick()
        both.run()

    assert both.equal()
    written = both.writes
    both.tick()
    both.run()
    assert both.writes == written
