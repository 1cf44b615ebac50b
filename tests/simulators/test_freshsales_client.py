"""The Freshsales client against the simulator: both generations, long lists, jobs, the budget."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from freshbridge.budget import limits as provider_limits
from freshbridge.budget.budgeted_transport import BudgetExhausted, Budgets, Waiting
from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import HOUR, MINUTE, Freshsales
from freshbridge.errors import Forbidden, InvalidRequest, Misconfigured, Retry, Throttled
from freshbridge.freshsales.bulk import JobState, unique
from freshbridge.freshsales.client import FreshsalesClient
from freshbridge.freshsales.paging import Page, records_of
from freshbridge.freshsales.roots import CLASSIC, SUITE, Roots
from freshbridge.instances import validation
from freshbridge.instances.validation import Checked, CredentialsRefused
from freshbridge.transport import RequestsTransport
from local.freshsales.account import DEMO_API_KEY
from local.freshsales.seed import seed
from local.simulator.faults import fault_of
from tests.simulators.actions.freshsales_crm import OWN_KINDS, Crm, served
from tests.unit.budget.world import MemoryStore

MINUTE_S = 1.0
LIMITS = {MINUTE: 40, HOUR: 2000}


@pytest.fixture
def crm() -> Iterator[Crm]:
    """A suite account without limits."""
    with served() as made:
        made.settle(limits={"hour": None, "minute": None})
        yield made


@pytest.mark.parametrize(("persona", "root"), [("suite", SUITE), ("classic", CLASSIC)])
def test_the_api_is_found_wherever_it_is(persona: str, root: str) -> None:
    with served(persona) as crm:
        known = Roots()
        client = FreshsalesClient(crm.transport, crm.url, DEMO_API_KEY, known=known)

        # A write finds it too, and is made once.
        client.contacts.create({"last_name": "Ruiz", "emails": "ana@ruizlabs.example"})

        assert client.root == known.kept[crm.url] == root
        assert len(crm.records("contacts")) == 1


@pytest.mark.parametrize("persona", ["suite", "classic"])
def test_an_instance_is_checked_before_it_is_kept(persona: str) -> None:
    with served(persona) as crm:

        def check(key: str) -> Checked:
            return validation.check("freshsales", crm.url, {}, {"api_key": key}, crm.transport)

        assert check(DEMO_API_KEY) == Checked()
        with pytest.raises(CredentialsRefused, match="Invalid API key"):
            check("key-made-up")
        with pytest.raises(Misconfigured, match="holds a character"):
            check("key made up")


def ids(pages: Iterator[Page]) -> list[int]:
    return [record["id"] for record in records_of(pages)]


def test_long_lists_are_read_whole(crm: Crm) -> None:
    seed(crm.account, {"contacts": 950, "sales_accounts": 30, "deals": 230, "tasks": 210})
    client = crm.client
    views = {view["name"]: view["id"] for view in client.contacts.views()}
    rule = {"attribute": "created_at", "operator": "is_after", "value": "2001-01-01"}

    viewed = ids(client.contacts.view(views["All Contacts"], {"sort": "updated_at"}))
    found = ids(client.deals.search([rule], sort="created_at", sort_type="desc"))
    listed = ids(client.tasks.listed("open")) + ids(client.tasks.listed("completed"))

    for got, table in ((viewed, "contacts"), (found, "deals"), (listed, "tasks")):
        assert len(got) == len(set(got))
        assert set(got) == {record["id"] for record in crm.records(table)}


def test_what_records_refer_to_is_read(crm: Crm) -> None:
    directory = crm.client.directory

    assert {owner["email"] for owner in directory.owners()} >= {"mia@acme.example"}
    assert directory.selector("deal_stages")
    pipeline = directory.selector("deal_pipelines")[0]["id"]
    assert directory.selector(f"deal_pipelines/{pipeline}/deal_stages")
    assert "cf_tier" in {field["name"] for field in crm.client.contacts.fields()}
    assert crm.client.sales_activities.fields()


def finished(crm: Crm, job_id: int) -> Any:
    deadline = time.monotonic() + 30
    while (job := crm.client.directory.job(job_id)).state is JobState.RUNNING:
        assert time.monotonic() < deadline, "the job did not end"
        crm.account.clock.advance(1)
    return job


def test_a_bulk_upsert_tells_what_failed_within_its_success(crm: Crm) -> None:
    crm.settle(job_polls=1)
    rows = [{"emails": f"p{n}@acme.example", "data": {"last_name": f"P {n}"}} for n in range(98)]
    rows += [{"emails": "P0@acme.example", "data": {"last_name": "Later"}}]
    rows += [{"emails": "p500@acme.example", "data": {"owner_id": 1}}]

    job = finished(crm, crm.client.contacts.bulk_upsert(unique(rows)))

    assert (job.state, job.succeeded, job.failed) == (JobState.DONE, 98, 1)
    assert [failure.identifier for failure in job.failures] == ["p500@acme.example"]
    names = {one["last_name"] for one in crm.records("contacts")}
    assert "Later" in names
    assert "P 0" not in names


@pytest.mark.parametrize("persona", ["classic"])
def test_what_a_generation_lacks_is_refused(persona: str) -> None:
    with served(persona) as crm, pytest.raises((Forbidden, InvalidRequest)):
        crm.client.contacts.bulk_upsert([{"emails": "a@acme.example", "data": {}}])


def test_bulk_calls_that_meet_are_throttled(crm: Crm) -> None:
    crm.settle(bulk_at_once=1, job_delay_s=60)
    item = {"emails": "a@acme.example", "data": {"last_name": "A"}}
    crm.client.contacts.bulk_upsert([item])

    with pytest.raises(Throttled) as raised:
        crm.client.contacts.bulk_upsert([item])
    assert (raised.value.after, raised.value.status) == (5, 405)


def test_several_are_assigned_and_deleted(crm: Crm) -> None:
    made = [crm.client.contacts.create({"last_name": f"P {n}"})["id"] for n in range(3)]
    owner = crm.client.directory.owners()[-1]["id"]

    crm.client.contacts.assign(made, owner)
    crm.client.contacts.bulk_destroy(made[:2])
    crm.account.clock.advance(5)

    left = crm.records("contacts")
    assert [(one["id"], one["owner_id"]) for one in left] == [(made[2], owner)]


# The budget


class SharedStore(MemoryStore):
    """As DynamoDB: many threads, one at a time."""

    def __init__(self) -> None:
        super().__init__(time.time)
        self._lock = threading.Lock()

    def swap(self, *given: Any) -> Any:
        with self._lock:
            return super().swap(*given)

    def look(self, account: str) -> Any:
        with self._lock:
            return super().look(account)


def function(crm: Crm, store: SharedStore, work: deque[str]) -> None:
    """One function's life: its own clock estimate, its own ledger, calls one after the other."""
    provider = Freshsales(limits=LIMITS, window_s=MINUTE_S)
    budgets = Budgets(store, {"freshsales": provider})
    waiting = Waiting(10.0, use=Use(within_s=0, ahead=2, returning=True))
    transport = budgets.around(
        RequestsTransport(), platform="freshsales", origin=crm.url, waiting=waiting
    )
    client = FreshsalesClient(transport, crm.url, DEMO_API_KEY, known=Roots())
    while work:
        with suppress(IndexError):
            name = work.popleft()
            try:
                client.sales_accounts.create({"name": name})
            except BudgetExhausted as error:
                work.append(name)
                time.sleep(min(error.after or 0.0, 0.5))
            except Retry:
                # A disguise has no effect at the simulator.
                work.append(name)


def drained(crm: Crm, names: list[str]) -> dict[str, Any]:
    """What the account counted once the work was done."""
    store, work = SharedStore(), deque(names)
    threads = [threading.Thread(target=function, args=(crm, store, work)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not work
    stats: dict[str, Any] = crm.simulator.state.stats.body()
    return stats


@pytest.fixture
def limited() -> Iterator[Crm]:
    """A suite account with short windows."""
    with served() as made:
        limits = {"minute": LIMITS[MINUTE], "hour": LIMITS[HOUR]}
        made.settle(limits=limits, minute_window_s=MINUTE_S, window_s=60 * MINUTE_S)
        yield made


def test_alone_on_the_account_not_one_call_is_refused(limited: Crm) -> None:
    names = [f"Account {number}" for number in range(120)]

    stats = drained(limited, names)

    assert stats["total"]["throttled"] == 0
    assert sorted(one["name"] for one in limited.records("sales_accounts")) == sorted(names)


def test_throttling_in_disguise_is_waited_out(
    limited: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A refusal in disguise names no wait; the windows are shorter here, and so is this.
    monkeypatch.setattr(provider_limits, "QUOTED_WAIT_S", MINUTE_S / 2)
    fault = {"match": "POST /sales_accounts$", "kind": "throttle_as_400", "count": 1}
    limited.simulator.state.faults.append(fault_of(fault, OWN_KINDS))
    names = [f"Account {number}" for number in range(10)]

    stats = drained(limited, names)

    assert stats["total"]["throttled"] == 0
    assert stats["total"]["statuses"] == {"200": 10, "400": 1}
    assert sorted(one["name"] for one in limited.records("sales_accounts")) == sorted(names)
