"""What goes wrong at either provider, or with the process: nobody is lost, nobody there twice."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.customers.run_state import DONE
from freshbridge.errors import Retry
from freshbridge.http_message import ProviderReply, ProviderRequest
from local.freshsales.settings import changed
from tests.simulators.customers.world import World, world

BULK = "POST /contacts/bulk_upsert"


def twice(both: World) -> list[str]:
    """Addresses that a side has more than once."""
    found = []
    for table in (both.contacts, both.people):
        addresses = [one["email"] for one in table.values()]
        found += sorted({one for one in addresses if addresses.count(one) > 1})
    return found


@pytest.mark.parametrize(
    ("side", "described"),
    [
        ("freshsales", {"match": BULK, "kind": "throttle_as_400", "count": 2}),
        ("freshsales", {"match": BULK, "kind": "throttle_as_405", "count": 2}),
        ("freshsales", {"match": BULK, "kind": "commit_then_drop", "count": 2}),
        ("freshsales", {"match": BULK, "kind": "commit_then_500", "count": 2}),
        ("freshsales", {"match": "GET /job_statuses", "kind": "html_500", "count": 1}),
        ("freshsales", {"match": "GET /contacts/view", "kind": "throttle", "count": 2}),
        ("freshdesk", {"match": "POST /contacts$", "kind": "commit_then_drop", "rate": 0.3}),
        ("freshdesk", {"match": "POST /contacts$", "kind": "commit_then_500", "rate": 0.3}),
        ("freshdesk", {"match": "POST /contacts$", "kind": "throttle", "rate": 0.3}),
        ("freshdesk", {"match": "POST /companies$", "kind": "commit_then_drop", "rate": 0.3}),
        ("freshdesk", {"match": "GET /contacts", "kind": "drop_before", "count": 2}),
    ],
)
def test_a_first_run_through_faults_ends_with_everybody_once(
    both: World, side: str, described: dict[str, Any]
) -> None:
    both.seed({"contacts": 12, "companies": 2}, {"contacts": 12, "sales_accounts": 6})
    both.fault(side, **described)

    state = both.run()
    both.heal()

    assert state.state == DONE
    assert twice(both) == []
    assert both.differences() == []
    assert len(both.contacts) == 24
    assert len(both.companies) == len(both.accounts) == 8


def test_changes_through_faults_converge(both: World) -> None:
    both.seed({"contacts": 20})
    both.run()
    both.pass_time(600)
    for number, contact_id in enumerate(both.contacts):
        both.desk.update_contact(contact_id, {"job_title": f"desk {number}"})
    for number, person_id in enumerate(both.people):
        both.sales.contacts.update(person_id, {"address": f"Street {number}"})
    both.fault("freshdesk", match="PUT /contacts", kind="commit_then_drop", rate=0.2)
    both.fault("freshdesk", match="PUT /contacts", kind="throttle", rate=0.2, seed=3)
    both.fault("freshsales", match=BULK, kind="throttle_as_400", rate=0.5)

    both.run()
    both.heal()
    written = both.writes()
    both.run()

    assert both.differences() == []
    assert both.writes() == written


class Killed(BaseException):
    """The process was ended: nothing but the test catches it."""


class Mortal:
    """A transport that ends the process at its n-th write: before it, or after its effect."""

    def __init__(self, inner: Any, write: int, *, after: bool) -> None:
        self._inner, self._left, self._after = inner, write, after

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Send one request."""
        if not request.read_only:
            self._left -= 1
        if self._left == 0 and not self._after and not request.read_only:
            raise Killed
        reply: ProviderReply = self._inner.send(request)
        if self._left == 0 and not request.read_only:
            raise Killed
        return reply


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2, 3, 5, 8])
def test_a_process_that_is_killed_leaves_a_run_that_goes_on(
    both: World, write: int, after: bool
) -> None:
    # Given a function that is ended in the middle of its writes
    both.seed({"contacts": 5, "companies": 2}, {"contacts": 5})
    alive = both.transport
    for client in (both.desk, both.sales):
        client._transport = Mortal(alive, write, after=after)
    try:
        both.do(both.message(), holder="first")
    except Killed:
        # Its lease ends with its time; nobody gave it back.
        both.stores.runs.leave("lnk_1", "first")

    # When the next function goes on
    for client in (both.desk, both.sales):
        client._transport = alive
    both.run()

    # Then nobody is there twice, and nothing is left to do
    assert twice(both) == []
    assert both.differences() == []
    written = both.writes()
    both.run()
    assert both.writes() == written


def test_a_run_in_pieces_is_the_same_run(both: World) -> None:
    both.seed({"contacts": 230, "companies": 3}, {"contacts": 120, "sales_accounts": 2})
    work, pieces = both.message(), 0

    while True:
        turns = iter([True, False])
        outcome = both.do(work, turns.__next__)
        pieces += 1
        if outcome.rest is None:
            break
        work = outcome.rest

    assert pieces > 10
    assert both.differences() == []


def test_the_schedule_takes_over_what_another_function_left(both: World) -> None:
    both.seed({"contacts": 30})
    turns = iter([True, True, False])
    left = both.do(both.message(), lambda: next(turns))
    assert left.run is not None

    outcome = both.do(both.message(run_id=""))

    assert outcome.run is not None
    assert (outcome.run.run_id, outcome.run.state) == (left.run.run_id, DONE)
    assert both.differences() == []


def test_the_index_that_lags_behind_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    with world(monkeypatch) as both:
        settings = both.sales_simulator.account.settings
        both.sales_simulator.account.settings = changed(settings, {"search_index_lag_s": 30})
        both.seed({"contacts": 20}, {"contacts": 10})

        both.run()
        both.run()

        assert twice(both) == []
        assert both.differences() == []


def test_a_job_that_fails_is_told_and_tried_by_a_later_run(both: World) -> None:
    both.configure(objects={"contacts": {}})
    both.seed({"contacts": 3})
    account = both.sales_simulator.account
    account.settings = changed(account.settings, {"job_ends": "FAILED"})
    state = both.run()
    assert (state.counts["failed"], len(both.people)) == (3, 0)
    account.settings = changed(account.settings, {"job_ends": "SUCCESS"})

    both.run()

    assert both.differences() == []


def test_a_job_that_never_ends_comes_again(both: World) -> None:
    both.configure(objects={"contacts": {}})
    both.seed({"contacts": 3})
    account = both.sales_simulator.account
    account.settings = changed(account.settings, {"job_polls": 1000})

    with pytest.raises(Retry, match="has not ended"):
        both.do(both.message())

    account.settings = changed(account.settings, {"job_polls": 0})
    both.run()
    assert both.differences() == []
