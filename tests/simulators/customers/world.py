"""Both simulators, a link between them, and what makes its runs go, with tables in moto."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from moto import mock_aws

from freshbridge import aws
from freshbridge.customers.link import Kind, Link, Side
from freshbridge.customers.link_reading import read_link
from freshbridge.customers.link_store import LinkStore
from freshbridge.customers.run_state import RunState
from freshbridge.customers.run_store import RunStore
from freshbridge.customers.service import Outcome, Service, Stores, Turn
from freshbridge.customers.table import KnownTable
from freshbridge.customers.work import ONE, RUN, CustomerWork
from freshbridge.errors import Retry
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshsales.client import FreshsalesClient
from freshbridge.freshsales.roots import Roots
from freshbridge.transport import RequestsTransport
from local.freshdesk.account import DEMO_API_KEY as DESK_KEY
from local.freshdesk.account import Account as DeskAccount
from local.freshdesk.app import Simulator as DeskSimulator
from local.freshdesk.seed import seed as seed_desk
from local.freshdesk.settings import changed as desk_settings
from local.freshsales.account import DEMO_API_KEY as SALES_KEY
from local.freshsales.account import Account as SalesAccount
from local.freshsales.app import Simulator as SalesSimulator
from local.freshsales.seed import seed as seed_sales
from local.freshsales.settings import changed
from local.simulator.faults import fault_of
from tests.simulators.served import served

TABLE, BUCKET = "customers", "payloads"
LINK = {
    "freshdesk_instance_id": "193000001",
    "freshsales_instance_id": "193000002",
    "name": "Customers of both",
}


class World:
    """Two accounts and a link."""

    def __init__(self, desk_url: str, sales_url: str, desk: Any, sales: Any) -> None:
        self.transport = RequestsTransport()
        self.desk_simulator, self.sales_simulator = desk, sales
        self.desk = FreshdeskClient(self.transport, desk_url, DESK_KEY)
        self.sales = FreshsalesClient(self.transport, sales_url, SALES_KEY, known=Roots())
        self.stores = Stores(TABLE, BUCKET, LinkStore(TABLE, age_s=0), RunStore(TABLE))
        self.link = self.configure()
        self.ahead_s = 0.0
        self.asked = 0

    def configure(self, **given: Any) -> Link:
        """Keep a link with these members."""
        self.link = read_link({**LINK, **given}, link_id="lnk_1")
        self.stores.links.put(self.link)
        return self.link

    def with_both(self, _link: Link, work: Callable[[Any, Any], None]) -> None:
        """Both clients, without a budget."""
        work(self.desk, self.sales)

    def message(self, **given: str) -> CustomerWork:
        """A message that asks for a run."""
        self.asked += 1
        work = CustomerWork("lnk_1", RUN, f"run_{self.asked}", "2099-01-01T00:00:00Z", "193000001")
        return replace(work, **given)

    def do(
        self, work: CustomerWork, may_go_on: Callable[[], bool] = lambda: True, holder: str = "me"
    ) -> Outcome:
        """One message, by one function."""
        service = Service(self.stores, self, sleep=self._sleep)
        return service.do(work, Turn(holder, 300.0, may_go_on))

    def run(self, **given: str) -> RunState:
        """A run from its beginning to its end, tried again as the queue would."""
        work = self.message(**given)
        for _ in range(60):
            try:
                outcome = self.do(work)
            except Retry as error:
                self._sleep(error.after or 0.0)
                continue
            assert outcome.run is not None
            if outcome.rest is None:
                return outcome.run
            work = outcome.rest
        raise AssertionError("the run does not end")

    def one(self, kind: str, side: str, record_id: int) -> Outcome:
        """What an event of one customer brings about."""
        return self.do(
            self.message(job=ONE, run_id="", object=kind, side=side, record_id=str(record_id))
        )

    def _sleep(self, seconds: float) -> None:
        """Let time pass in both accounts."""
        self.pass_time(max(seconds, 0.1))

    def pass_time(self, seconds: float) -> None:
        """Move both accounts' clocks."""
        for simulator in (self.desk_simulator, self.sales_simulator):
            simulator.account.clock.advance(seconds)
        self.sales_simulator.account.schedule.run_due()

    @property
    def contacts(self) -> dict[int, dict[str, Any]]:
        """Freshdesk's, those that are there."""
        every = self.desk_simulator.account.contacts
        return {key: one for key, one in every.items() if not one["deleted"]}

    @property
    def people(self) -> dict[int, dict[str, Any]]:
        """Freshsales' contacts, those that are there."""
        every = self.sales_simulator.account.table("contacts")
        return {key: one for key, one in every.items() if not one["is_deleted"]}

    @property
    def companies(self) -> dict[int, dict[str, Any]]:
        """Freshdesk's."""
        found: dict[int, dict[str, Any]] = self.desk_simulator.account.companies
        return found

    @property
    def accounts(self) -> dict[int, dict[str, Any]]:
        """Freshsales'."""
        every = self.sales_simulator.account.table("sales_accounts")
        return {key: one for key, one in every.items() if not one["is_deleted"]}

    def seed(self, desk: dict[str, Any] | None = None, sales: dict[str, Any] | None = None) -> None:
        """Fill the accounts."""
        seed_desk(self.desk_simulator.account, desk or {})
        seed_sales(self.sales_simulator.account, sales or {})

    def fault(self, side: str, **described: Any) -> None:
        """Let something go wrong."""
        simulator = self.desk_simulator if side == "freshdesk" else self.sales_simulator
        own = ("throttle_as_400", "throttle_as_405") if side == "freshsales" else ()
        simulator.state.faults.append(fault_of(described, own))

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        for simulator in (self.desk_simulator, self.sales_simulator):
            simulator.state.faults.clear()

    def writes(self) -> int:
        """How many writes both accounts have seen."""
        found = 0
        for simulator in (self.desk_simulator, self.sales_simulator):
            for name, endpoint in simulator.state.stats.body()["endpoints"].items():
                if not name.startswith("GET "):
                    found += endpoint["requests"]
        return found

    def calls(self) -> int:
        """How many calls both accounts have seen."""
        return sum(
            simulator.state.stats.body()["total"]["requests"]
            for simulator in (self.desk_simulator, self.sales_simulator)
        )

    def report(self, run_id: str, outcome: str = "") -> list[dict[str, Any]]:
        """A run's report."""
        page = self.stores.runs.report("lnk_1", run_id, outcome=outcome, limit=500, after=None)
        return [json.loads(item["body"]["S"]) for item in page.items]

    def table_size(self) -> int:
        """How many contacts of both sides are known."""
        table = KnownTable(TABLE, "lnk_1")
        return sum(len(table.page(Kind.CONTACTS, side, limit=500)[0]) for side in Side)

    def differences(self) -> list[str]:
        """What is not the same in both, by the accounts' own records alone."""
        return different(self.contacts, self.people, self.companies, self.accounts)


def different(
    contacts: dict[int, dict[str, Any]],
    people: dict[int, dict[str, Any]],
    companies: dict[int, dict[str, Any]],
    accounts: dict[int, dict[str, Any]],
) -> list[str]:
    """Customers that one side lacks or has otherwise: compared by e-mail address and by name."""
    left = {
        str(one["email"]).lower(): (
            one["name"], one["job_title"] or "", one["phone"] or "", one["mobile"] or "",
            one["address"] or "", one["unique_external_id"] or "",
            companies[one["company_id"]]["name"] if one["company_id"] in companies else "",
        )
        for one in contacts.values()
    }  # fmt: skip
    right = {
        str(one["email"]).lower(): (
            " ".join(part for part in (one["first_name"], one["last_name"]) if part),
            one["job_title"] or "", one["work_number"] or "", one["mobile_number"] or "",
            one["address"] or "", one["external_id"] or "",
            next(
                (accounts[link["id"]]["name"] for link in one["sales_accounts"]
                 if link["is_primary"] and link["id"] in accounts), "",
            ),
        )
        for one in people.values()
    }  # fmt: skip
    found = [f"{key}: {left.get(key)} is {right.get(key)}" for key in left | right
             if left.get(key) != right.get(key)]  # fmt: skip
    if len(left) != len(contacts) or len(right) != len(people):
        found.append(f"{len(contacts) - len(left)} and {len(people) - len(right)} twice")
    names = {one["name"] for one in companies.values()}, {one["name"] for one in accounts.values()}
    return found + sorted(names[0] ^ names[1])


@contextmanager
def world(monkeypatch: Any, *, persona: str = "suite") -> Iterator[World]:
    """Both simulators, served, and empty tables."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    desk = DeskSimulator(DeskAccount())
    sales = SalesSimulator(SalesAccount(persona=persona))
    settings = sales.account.settings
    sales.account.settings = changed(settings, {"limits": {"hour": None, "minute": None}})
    unlimited = {"total": None, "contact_list": None}
    desk.account.settings = desk_settings(desk.account.settings, {"limits": unlimited})
    with mock_aws(), served(desk) as desk_url, served(sales) as sales_url:
        aws.forget_clients()
        _tables()
        yield World(desk_url, sales_url, desk, sales)
    aws.forget_clients()


def _tables() -> None:
    keys = (("pk", "HASH"), ("sk", "RANGE"))
    aws.dynamodb().create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],  # type: ignore[typeddict-item]  # the stub wants literals
    )
    aws.s3().create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
