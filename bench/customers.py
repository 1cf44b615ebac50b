"""Customers kept the same in both products: 10,000, changed on both sides while a run goes on.

  python -m bench.customers [--customers N] [--changes N]

Both accounts are simulators in processes of their own, without limits; the runs are the product's,
over tables in memory. What is compared in the end are the accounts' own records, by e-mail address
and by nothing of the product's. Calls and writes are counted where the product sends them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from moto import mock_aws

from bench.results import Result, results
from freshbridge import aws
from freshbridge.customers.link import Link
from freshbridge.customers.link_reading import read_link
from freshbridge.customers.link_store import LinkStore
from freshbridge.customers.run_state import RunState
from freshbridge.customers.run_store import RunStore
from freshbridge.customers.service import Service, Stores, Turn
from freshbridge.customers.work import RUN, CustomerWork
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshsales.client import FreshsalesClient
from freshbridge.freshsales.roots import Roots
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.transport import RequestsTransport
from local.simulators import API_KEYS

NAME = "freshsales customers"
SUBJECT = "freshbridge"
TABLE, BUCKET, LINK_ID = "customers", "payloads", "lnk_bench"
READY_S, PAGE = 20.0, 1000
BOTH_CHANGE = 5
"""Of so many customers that one side changes, one is changed by the other as well."""
MOST_ROUNDS = 5


@dataclass(frozen=True)
class CustomersScenario:
    """`customers` are loaded from Freshdesk; then `changes` are made on each side."""

    name: str = NAME
    customers: int = 10_000
    changes: int = 500


@dataclass
class Account:
    """One simulator, and what people do in it."""

    name: str
    url: str
    key: str
    session: requests.Session = field(default_factory=requests.Session)

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        """A control call."""
        reply = self.session.request(method, f"{self.url}/__sim{path}", json=body, timeout=120)
        reply.raise_for_status()
        return reply.json()

    def truth(self, table: str) -> list[dict[str, Any]]:
        """Every record as it stands."""
        found: list[dict[str, Any]] = []
        after = 0
        while page := self.steer("GET", f"/truth?object={table}&limit={PAGE}&after={after}"):
            found += page
            after = page[-1]["id"]
        return found

    def call(self, method: str, path: str, body: Any) -> None:
        """What a person does, through the API."""
        if self.name == "freshdesk":
            target, headers, auth = f"{self.url}/api/v2{path}", {}, (self.key, "X")
        else:
            target = f"{self.url}/crm/sales/api{path}"
            headers, auth = {"Authorization": f"Token token={self.key}"}, None
        reply = self.session.request(
            method, target, json=body, headers=headers, auth=auth, timeout=60
        )
        reply.raise_for_status()


class Counting:
    """A transport that counts what is sent through it."""

    def __init__(self) -> None:
        self._inner = RequestsTransport()
        self.sent: Counter[str] = Counter()

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Send one request."""
        kind = "reads" if request.method == "GET" else "writes"
        self.sent[kind] += 1
        self.sent["calls"] += 1
        return self._inner.send(request)


class Product:
    """The product's runs of one link, over tables in memory."""

    def __init__(self, desk: Account, sales: Account) -> None:
        self.transport = Counting()
        self._desk = FreshdeskClient(self.transport, desk.url, desk.key)
        self._sales = FreshsalesClient(self.transport, sales.url, sales.key, known=Roots())
        self._stores = Stores(TABLE, BUCKET, LinkStore(TABLE, age_s=0), RunStore(TABLE))
        given = {"freshdesk_instance_id": "1", "freshsales_instance_id": "2"}
        self._stores.links.put(read_link(given, link_id=LINK_ID))
        self.runs = 0

    def with_both(self, _link: Link, work: Callable[[Any, Any], None]) -> None:
        """Both clients."""
        work(self._desk, self._sales)

    def run(self) -> tuple[RunState, Counter[str], float]:
        """One run; what it came to, what it sent, and how long it took."""
        before, began = self.transport.sent.copy(), time.monotonic()
        self.runs += 1
        work = CustomerWork(LINK_ID, RUN, f"run_{self.runs}", "2099-01-01T00:00:00Z", "1")
        outcome = Service(self._stores, self, sleep=time.sleep).do(
            work, Turn("bench", 3600.0, lambda: True)
        )
        assert outcome.run is not None  # noqa: S101 - a run was asked for
        return outcome.run, self.transport.sent - before, time.monotonic() - began


def differing(desk: Account, sales: Account) -> tuple[int, int]:
    """Customers that one side lacks or has otherwise; and those that a side has twice."""
    companies = {one["id"]: one["name"] for one in desk.truth("companies")}
    accounts = {one["id"]: one["name"] for one in sales.truth("sales_accounts")}
    left: dict[str, tuple[str, ...]] = {}
    right: dict[str, tuple[str, ...]] = {}
    twice = 0
    for one in desk.truth("contacts"):
        if not one["deleted"]:
            twice += one["email"] in left
            left[one["email"]] = (
                one["name"], one["job_title"] or "", one["phone"] or "", one["mobile"] or "",
                one["address"] or "", companies.get(one["company_id"], ""),
            )  # fmt: skip
    for one in sales.truth("contacts"):
        if not one["is_deleted"]:
            twice += one["email"] in right
            name = " ".join(part for part in (one["first_name"], one["last_name"]) if part)
            primary = next((a["id"] for a in one["sales_accounts"] if a["is_primary"]), 0)
            right[one["email"]] = (
                name, one["job_title"] or "", one["work_number"] or "",
                one["mobile_number"] or "", one["address"] or "", accounts.get(primary, ""),
            )  # fmt: skip
    wrong = sum(left.get(address) != right.get(address) for address in left.keys() | right.keys())
    return wrong + len(set(companies.values()) ^ set(accounts.values())), twice


def people_change(account: Account, ids: list[int], *, seed: int, added: int) -> None:
    """What the people of one side do: change these customers, and add some."""
    chance = random.Random(seed)  # noqa: S311 - data, not secrets
    is_desk = account.name == "freshdesk"
    for number, record_id in enumerate(ids):
        title = f"{account.name} {chance.randrange(1000)}"
        place = f"Street {chance.randrange(1000)}"
        # One field that both sides change now and then, and one that nobody else does.
        phone = "phone" if is_desk else "work_number"
        changed = {"job_title": title, "address": place} if number % 2 else {phone: f"+49{number}"}
        body = changed if is_desk else {"contact": changed}
        account.call("PUT", f"/contacts/{record_id}", body)
    for number in range(added):
        address = f"new-{account.name}-{number}@people.example"
        if is_desk:
            account.call("POST", "/contacts", {"name": f"New {number}", "email": address})
        else:
            body = {"contact": {"first_name": "New", "last_name": f"{number}", "emails": address}}
            account.call("POST", "/contacts", body)


@contextlib.contextmanager
def accounts() -> Iterator[tuple[Account, Account]]:
    """Both simulators, each a process of its own, without limits."""
    with contextlib.ExitStack() as running:
        found = []
        for name in ("freshdesk", "freshsales"):
            account = Account(name, f"http://127.0.0.1:{_free_port()}", API_KEYS[name])
            port = account.url.rpartition(":")[2]
            command = [sys.executable, "-m", f"local.{name}", "--port", port]
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
            running.callback(child.wait, 10)
            running.callback(child.terminate)
            found.append(account)
        for account in found:
            _await(account)
        limits = {"total": None, "contact_list": None}
        found[0].steer("POST", "/config", {"limits": limits})
        found[1].steer("POST", "/config", {"limits": {"hour": None, "minute": None}})
        yield found[0], found[1]


@contextlib.contextmanager
def tables() -> Iterator[None]:
    """The product's table and bucket, in memory."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    keys = (("pk", "HASH"), ("sk", "RANGE"))
    with mock_aws():
        aws.forget_clients()
        definitions: Any = [{"AttributeName": name, "AttributeType": "S"} for name, _ in keys]
        schema: Any = [{"AttributeName": name, "KeyType": kind} for name, kind in keys]
        aws.dynamodb().create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=definitions,
            KeySchema=schema,
        )
        place: Any = {"LocationConstraint": aws.s3().meta.region_name}
        aws.s3().create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        yield
    aws.forget_clients()


def run(scenario: CustomersScenario, seed: int = 1) -> list[Result]:
    """Load, change both sides while a run goes on, converge, run once more for nothing."""
    with accounts() as (desk, sales), tables():
        companies = scenario.customers // 20
        desk.steer("POST", "/seed", {"contacts": scenario.customers, "companies": companies})
        product = Product(desk, sales)
        figures: dict[str, float | None] = {"customers": float(scenario.customers)}

        _, sent, seconds = product.run()
        wrong, _ = differing(desk, sales)
        figures |= {
            "load_calls": float(sent["calls"]),
            "load_seconds": seconds,
            "load_differing": float(wrong),
        }
        _say(f"loaded {scenario.customers} customers: {dict(sent)}, {wrong} differing")

        threads = _changes(desk, sales, scenario.changes, seed)
        before, rounds = product.transport.sent.copy(), 0
        for thread in threads:
            thread.start()
        while rounds < MOST_ROUNDS:
            going_on = any(thread.is_alive() for thread in threads)
            _, sent, seconds = product.run()
            rounds += not going_on
            wrong, twice = differing(desk, sales)
            _say(f"a run {'beside' if going_on else 'after'} the changes: {dict(sent)}, "
                 f"{seconds:.1f} s, {wrong} differing")  # fmt: skip
            if not going_on and not wrong:
                break
        changed = product.transport.sent - before
        _, sent, _ = product.run()
        _say(f"one run more: {dict(sent)}")
        wrong, twice = differing(desk, sales)
        figures |= {
            "change_calls": float(changed["calls"]),
            "change_writes": float(changed["writes"]),
            "rounds": float(rounds),
            "differing": float(wrong),
            "duplicates": float(twice),
            "second_run_writes": float(sent["writes"]),
            "second_run_calls": float(sent["calls"]),
        }
        return results(scenario.name, SUBJECT, figures)


def _changes(desk: Account, sales: Account, number: int, seed: int) -> list[threading.Thread]:
    """Both sides' people, of whom some change the same customers."""
    chance = random.Random(seed)  # noqa: S311 - data, not secrets
    desk_ids = {one["email"]: one["id"] for one in desk.truth("contacts")}
    sales_ids = {one["email"]: one["id"] for one in sales.truth("contacts")}
    added = number // 20
    addresses = chance.sample(sorted(desk_ids.keys() & sales_ids.keys()), 2 * (number - added))
    ours, theirs = addresses[: number - added], addresses[number - added :]
    theirs[::BOTH_CHANGE] = ours[::BOTH_CHANGE]
    sides = ((desk, [desk_ids[a] for a in ours], 1), (sales, [sales_ids[a] for a in theirs], 2))
    return [
        threading.Thread(
            target=people_change, args=(account, ids), kwargs={"seed": seed + n, "added": added}
        )
        for account, ids, n in sides
    ]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _await(account: Account) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            account.steer("GET", "/stats")
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _say(text: str) -> None:
    print(f"  {NAME}: {text}", flush=True)


def main() -> int:
    """Run it by itself."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.customers", description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=500)
    chosen = parser.parse_args()
    found = run(CustomersScenario(customers=chosen.customers, changes=chosen.changes))
    for one in found:
        print(f"{one.metric:>20}  {one.value:g} {one.unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
