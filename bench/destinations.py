"""Records into a Freshsales account by bulk upserts, while calls fail in two ways.

  python -m bench.destinations [--contacts N] [--hour SECONDS]

The path is the product's own: the deployed API, its queue, the executor on the emulator, the rate
budget. What is compared in the end are the account's own contacts, by e-mail address and by nothing
of the product's.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench import measures
from bench.emulator import PatientClients, forget_budget
from bench.messages import waiting_in
from bench.results import Result, results
from local.api_client import ConnectorApi
from local.simulators import Simulator
from local.stack import Options, Stack, running_stack

NAME = "freshsales destination"
SUBJECTS = ("freshbridge", "urllib3-retry")
RUN_DIR = Path(".local/bench-destinations")
PER_CALL = 100
BULK, LOOK = "POST /contacts/bulk_upsert", "GET /job_statuses/{id}"
FAULTS = (
    {"match": "* /", "kind": "commit_then_drop", "rate": 0.02, "seed": 2},
    {"match": "* /", "kind": "throttle_as_400", "rate": 0.05, "seed": 5},
)
"""Every call's, looks and searches included."""
PATIENCE = 5.0
"""A run may take so many times what the limit demands."""
LOOK_EVERY_S = 0.2
HURRY_S = 5.0
"""What is left to wait for of a peer's hour; the rest is skipped on the account's clock."""
PAGE = 1000


@dataclass(frozen=True)
class DestinationScenario:
    """`contacts` go in by bulk upserts, `single` of a peer's one by one; `limit` calls an hour.

    An hour lasts `hour_s` seconds.
    """

    name: str = NAME
    contacts: int = 20_000
    single: int = 1_100
    limit: int = 1_000
    hour_s: float = 300.0

    @property
    def least_calls(self) -> int:
        """A bulk upsert for each hundred, and a look at each job: none is over unless one looks."""
        return 2 * math.ceil(self.contacts / PER_CALL)


class Crm:
    """The simulated account, seen from outside the product."""

    def __init__(self, simulator: Simulator) -> None:
        """Nothing is called yet."""
        self._url = simulator.url
        self._session = requests.Session()

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        """A control call."""
        reply = self._session.request(method, f"{self._url}/__sim{path}", json=body, timeout=120)
        reply.raise_for_status()
        return reply.json()

    def prepare(self, scenario: DestinationScenario) -> None:
        """No contacts, the scenario's limit, and calls that fail."""
        self.steer("POST", "/reset")
        limits = {"hour": scenario.limit, "minute": None}
        self.steer("POST", "/config", {"limits": limits, "window_s": scenario.hour_s})
        self.steer("POST", "/faults", list(FAULTS))
        self.steer("DELETE", "/stats")

    def seen(self, count: str, endpoint: str = "") -> int:
        """What was counted of the calls of one endpoint, or of all."""
        counted = self.steer("GET", "/stats")["endpoints"]
        return sum(one[count] for name, one in counted.items() if endpoint in (name, ""))

    def now(self) -> float:
        """The account's own time, in epoch seconds: hours begin at multiples of their length."""
        return float(self.steer("GET", "/clock")["seconds"])

    def near_the_next_hour(self, hour_s: float, left_s: float = 0.0) -> None:
        """Move the account's clock until so much is left of the hour; never back."""
        ahead = hour_s - self.now() % hour_s - left_s
        if ahead > 0:
            self.steer("POST", "/clock", {"advance_s": ahead})

    def addresses(self) -> Counter[str]:
        """How often each e-mail address is there."""
        found: Counter[str] = Counter()
        after = 0
        while page := self.steer("GET", f"/truth?object=contacts&limit={PAGE}&after={after}"):
            found.update(str(one["email"]) for one in page)
            after = page[-1]["id"]
        return found


def run(scenario: DestinationScenario, subjects: Sequence[str] = SUBJECTS) -> list[Result]:
    """The subjects, one after the other, each on an empty account."""
    found: list[Result] = []
    with staged(scenario) as stack:
        simulator = stack.simulators["freshsales"]
        crm = Crm(simulator)
        if SUBJECTS[0] in subjects:
            found += results(scenario.name, SUBJECTS[0], _ours(scenario, stack, crm))
        if SUBJECTS[1] in subjects:
            found += results(scenario.name, SUBJECTS[1], _theirs(scenario, simulator, crm))
    return found


@contextlib.contextmanager
def staged(scenario: DestinationScenario) -> Iterator[Stack]:
    """The stack, whose minute is a sixtieth of the scenario's hour."""
    parameters = {"RateWindowSeconds": f"{scenario.hour_s / 60:g}"}
    with running_stack(Options(run_dir=RUN_DIR, parameters=parameters), _report) as stack:
        stack.clients = PatientClients(stack.aws_endpoint_url)
        yield stack


def _ours(scenario: DestinationScenario, stack: Stack, crm: Crm) -> dict[str, float | None]:
    crm.prepare(scenario)
    forget_budget(stack)
    simulator = stack.simulators["freshsales"]
    api = ConnectorApi(stack.api_url, stack.user_secret, stack.organization_secret)
    credentials = {"domain": simulator.domain, "api_key": simulator.api_key}
    body = {"platform": "freshsales", "name": scenario.name, "credentials": credentials}
    # Connecting has tried the key; what is measured begins with the records.
    path = f"/api/integrations/{api.call('POST', '/api/integrations', body)['id']}/destinations"
    settings = {
        "name": scenario.name,
        "template": "bulk_upsert",
        "resource_type": "contacts",
        "mapping": {"emails": "E-mail", "last_name": "Last"},
        "compare": False,
    }
    destination = api.call("POST", path, settings)["destination_id"]
    people = [
        {"E-mail": f"bulk{one}@fair.example", "Last": f"Fair {one}"}
        for one in range(scenario.contacts)
    ]
    crm.near_the_next_hour(scenario.hour_s)
    asked = crm.now()
    begun = api.call("POST", f"{path}/{destination}/records", {"records": people})
    longest = PATIENCE * scenario.hour_s * scenario.least_calls / scenario.limit + 60

    _until(lambda: crm.seen("credits", BULK) > 0, longest)
    _say(f"{scenario.contacts} records are checked after {crm.now() - asked:.1f} s")
    shown = {"state": ""}

    def over() -> bool:
        stack.check()
        shown.update(api.call("GET", begun["run"]))
        return shown["state"] in ("succeeded", "failed", "cancelled")

    if not _until(over, longest):
        _say(f"not done after {longest:.0f} s: what is left counts as lost")
    stats = crm.steer("GET", "/stats")
    _say(f"{shown['state']}: {shown.get('outcomes')}")
    for name, one in sorted(stats["endpoints"].items()):
        _say(f"{name}: {one['credits']} calls, {one['statuses']}")
    wanted = {one["E-mail"] for one in people}
    found = _figures(scenario, stats, crm, wanted, first=asked, least=scenario.least_calls)
    queue = stack.outputs["ActionDeadLetterQueueUrl"]
    found["dead_letters"] = float(waiting_in(stack.clients.queues, queue))
    return found


def _theirs(
    scenario: DestinationScenario, simulator: Simulator, crm: Crm
) -> dict[str, float | None]:
    crm.prepare(scenario)
    command = [
        sys.executable, "-m", "bench.peers.urllib3_retry",
        simulator.url, simulator.api_key, str(scenario.single), "single",
    ]  # fmt: skip
    crm.near_the_next_hour(scenario.hour_s)
    first = crm.now()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as peer:  # noqa: S603 - our own
        _until(lambda: peer.poll() is not None or crm.seen("throttled") > 0, scenario.hour_s)
        if peer.poll() is None:
            # It has to wait for the next hour, which nobody needs to watch.
            crm.near_the_next_hour(scenario.hour_s, HURRY_S)
    wanted = {f"single{one}@fair.example" for one in range(scenario.single)}
    least = 2 * math.ceil(scenario.single / PER_CALL)
    return _figures(scenario, crm.steer("GET", "/stats"), crm, wanted, first=first, least=least)


def _figures(
    scenario: DestinationScenario,
    stats: dict[str, Any],
    crm: Crm,
    wanted: set[str],
    *,
    first: float,
    least: int,
) -> dict[str, float | None]:
    """`first`: the account's time when they were asked for; `least`: the fewest calls for all."""
    last = max(one.last_at for one in measures.windows_of(stats))
    allowed = scenario.limit * (last - first) / scenario.hour_s
    counts = measures.counts_of(stats)
    there = crm.addresses()
    return {
        "messages": float(len(wanted)),
        "done": float(len(wanted & there.keys())),
        "lost": float(len(wanted - there.keys())),
        "duplicates": float(sum(there.values()) - len(there)),
        "calls": float(counts.accepted),
        "limit": float(scenario.limit),
        "window_s": scenario.hour_s,
        "duration": last - first,
        "throttled": float(counts.throttled),
        "utilisation": min(1.0, least / allowed),
    }


def _until(condition: Callable[[], bool], longest_s: float) -> bool:
    deadline = time.monotonic() + longest_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def text(scenario: DestinationScenario) -> str:
    """What a reader of the table has to know."""
    return f"""
utilisation     the fewest calls that carry the records (one bulk upsert for each {PER_CALL}, one
                look at each job) / (limit x time from the request to the last call / hour), at
                most 100 % (a fresh hour's calls may be used ahead of an even spread); an hour is
                {scenario.hour_s:g} s here, and begins with the request.
                Calls that failed and were made again, searches and looks too many are in none of
                the fewest, nor is the time in which the records are checked left out.
                2 % of all calls take effect and get no answer, 5 % are refused as `UCR … 429` in
                a 400. A job is over 0.2 s after it began.
freshbridge     the deployed API, queue and executor: {scenario.contacts:,} records in one request,
                a destination of the template bulk_upsert that does not compare (`compare: false`)
urllib3-retry   {scenario.single:,} records, a POST each: a session that retries 429 and 5xx. While
                it waits for the next hour the account's clock is moved on; the time counts.
lost, duplicates are counted in the account's own records, by e-mail address."""


def _report(step: str, seconds: float) -> None:
    print(f"  {step:<24} {seconds:5.1f} s", flush=True)


def _say(said: str) -> None:
    print(f"  {NAME}: {said}", flush=True)


def main() -> int:
    """Run it by itself."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.destinations", description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--contacts", type=int, default=DestinationScenario.contacts)
    parser.add_argument("--hour", type=float, default=DestinationScenario.hour_s)
    chosen = parser.parse_args()
    scenario = DestinationScenario(contacts=chosen.contacts, hour_s=chosen.hour)
    for one in run(scenario):
        print(f"{one.subject:>14} {one.metric:>20}  {one.value:g} {one.unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
