"""Whatever people change on both sides, and wherever a run is cut off: both end up the same."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshbridge.customers.link import Kind, Link, Side
from freshbridge.customers.link_reading import read_link
from tests.fakes.customers import Both, Killed

FIELDS = [
    {"freshdesk": "name", "freshsales": "display", "convert": "text"},
    {"freshdesk": "email", "freshsales": "email"},
    {"freshdesk": "job_title", "freshsales": "job_title"},
    {"freshdesk": "phone", "freshsales": "phone", "convert": "text"},
]
CHANGING = ("name", "job_title", "phone")


def link(**given_members: Any) -> Link:
    body = {
        "freshdesk_instance_id": "1",
        "freshsales_instance_id": "2",
        "objects": {"contacts": {"fields": FIELDS}},
        **given_members,
    }
    return read_link(body, link_id="lnk_1")


changes = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "change", "change"]),
        st.sampled_from(list(Side)),
        st.integers(0, 7),
        st.sampled_from(CHANGING),
        st.sampled_from(["", "a", "b", "c"]),
        st.integers(0, 5),
    ),
    max_size=12,
)
policies = st.sampled_from(["newest", "freshdesk_wins", "freshsales_wins"])


def apply(both: Both, wanted: list[tuple[str, Side, int, str, str, int]]) -> None:
    """What people do, one after the other."""
    for verb, side, number, field, value, pause in wanted:
        both.tick(pause)
        account = both.desk if side is Side.FRESHDESK else both.sales
        address = f"p{number}@client.example"
        if field == "name" and not value:
            continue
        owner = account._owner(address)
        if owner:
            account.person_changes(owner, **{field: value})
        elif verb == "add":
            account.person_adds(**{"name": f"P{number}", "email": address, field: value})


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies, st.lists(changes, min_size=1, max_size=3))
def test_changes_on_both_sides_converge_and_the_next_run_writes_nothing(
    policy: str, rounds: list[Any]
) -> None:
    both = Both(link(conflict=policy))
    for wanted in rounds:
        apply(both, wanted)
        both.tick()
        both.run()
        assert both.equal()
    written = both.writes

    both.tick()
    both.run()

    assert both.equal()
    assert both.writes == written


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies, changes, changes, st.integers(0, 6))
def test_changes_while_a_run_goes_on_are_there_two_runs_later(
    policy: str, before: Any, meanwhile: Any, step: int
) -> None:
    both = Both(link(conflict=policy))
    apply(both, before)
    both.tick()
    steps = iter(range(100))

    def between() -> None:
        both.tick(1)
        if next(steps) == step:
            apply(both, meanwhile)

    both.between = between
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


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    policies, changes, changes, st.lists(st.tuples(st.integers(1, 25), st.booleans()), max_size=4)
)
def test_a_run_that_is_killed_anywhere_goes_on_and_creates_nobody_twice(
    policy: str, first: Any, second: Any, deaths: list[tuple[int, bool]]
) -> None:
    both = Both(link(conflict=policy))
    apply(both, first)
    both.tick()
    both.run()
    apply(both, second)
    both.tick()
    for left, after in deaths:
        both.fate.left, both.fate.after = left, after
        try:
            both.run()
        except Killed:
            both.tick(1)
    both.fate.left = -1

    both.run()
    both.tick()
    both.run()

    assert both.equal()
    written = both.writes
    both.tick()
    both.run()
    assert both.writes == written


@settings(max_examples=30, deadline=None)
@given(changes)
def test_an_account_that_writes_values_in_its_own_way_is_not_answered_for_ever(wanted: Any) -> None:
    both = Both(link())
    both.sales.store = str.upper
    both.desk.store = str.lower
    both.sales.store = lambda text: text if "@" in text else text.upper()
    apply(both, wanted)
    for _ in range(3):
        both.tick()
        both.run()
    written = both.writes

    for _ in range(2):
        both.tick()
        both.run()

    assert both.writes == written


@settings(max_examples=30, deadline=None)
@given(policies, changes)
def test_events_alone_bring_both_to_the_same(policy: str, wanted: Any) -> None:
    both = Both(link(conflict=policy))
    apply(both, wanted)
    both.tick()

    for _ in range(2):
        for account in (both.desk, both.sales):
            for record_id in list(account.records):
                both.one(Kind.CONTACTS, account.side, record_id)

    assert both.equal()
    written = both.writes
    both.tick()
    both.run()
    assert both.writes == written
