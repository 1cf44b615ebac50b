"""Everything that a comparison runs on: the stack, two simulated accounts, the subjects."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.accounts import Accounts
from bench.desk import Desk
from bench.dynamodb_meter import DynamoDbMeter
from bench.emulator import PatientClients
from bench.freshbridge_subject import Freshbridge
from bench.peer_subject import Peer
from bench.rates import Rates
from bench.run import Runner
from bench.subject import Subject
from local import ports, simulators
from local.api_client import ConnectorApi
from local.installer import ROOT
from local.processes import Processes
from local.simulators import Simulator
from local.stack import Options, Stack, running_stack

RUN_DIR = Path(".local/bench")
NAMES = ("freshbridge", "naive", "pyrate-limiter")
NAIVE_PROCESSES = 5
"""As many as Freshbridge has executors."""


@dataclass(frozen=True)
class Stage:
    """What runs are made with."""

    runner: Runner
    subjects: dict[str, Subject]


@contextlib.contextmanager
def staged(rates: Rates, seed: int) -> Iterator[Stage]:
    """Start it all, connect an instance to each account, end it all on leaving.

    Raises one of local.stack.START_ERRORS when it cannot start.
    """
    first_port = ports.choose(0, "the Freshdesk simulator", "FRESHBRIDGE_FRESHDESK_PORT")
    with contextlib.ExitStack() as cleanup:
        processes = cleanup.enter_context(Processes(ROOT / RUN_DIR / "peers"))
        second = _second_simulator(processes)
        origins = f"http://{ports.HOST}:{first_port},{second.url}"
        options = Options(
            freshdesk_port=first_port,
            run_dir=RUN_DIR,
            parameters={
                "RateWindowSeconds": f"{rates.window_s:g}",
                "AllowedProviderOrigins": origins,
            },
        )
        stack = cleanup.enter_context(running_stack(options, _report))
        stack.clients = PatientClients(stack.aws_endpoint_url)
        second.wait()
        simulated = (stack.simulators["freshdesk"], second)
        desks = [Desk.of(simulator) for simulator in simulated]
        accounts = _connected(stack, simulated)
        meter = DynamoDbMeter(stack.aws_endpoint_url)
        cleanup.enter_context(meter.running())
        own = Freshbridge(stack, accounts, meter)
        own.measure_dynamodb()
        naive = Peer("naive", "bench.peers.naive", NAIVE_PROCESSES, stack, accounts, processes)
        pyrate = Peer("pyrate-limiter", "bench.peers.pyrate", 1, stack, accounts, processes)
        for desk in desks:
            desk.empty()
        yield Stage(
            Runner(stack, desks[0], desks[1], accounts, rates, seed),
            {one.name: one for one in (own, naive, pyrate)},
        )


def _second_simulator(processes: Processes) -> Simulator:
    port = ports.choose(0, "the second Freshdesk simulator", "FRESHBRIDGE_FRESHDESK_PORT")
    command = [sys.executable, "-m", "local.freshdesk", "--port", str(port)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(ROOT / RUN_DIR), "PYTHONUNBUFFERED": "1"}
    child = processes.start("second-freshdesk-simulator", command, environment, cwd=ROOT)
    api_key = simulators.API_KEYS["freshdesk"]
    return Simulator("second", child, f"http://{ports.HOST}:{port}", api_key)


def _connected(stack: Stack, simulated: tuple[Simulator, Simulator]) -> Accounts:
    api = ConnectorApi(stack.api_url, stack.user_secret, stack.organization_secret)
    ids = []
    for simulator in simulated:
        credentials = {"domain": simulator.domain, "api_key": simulator.api_key}
        body = {"platform": "freshdesk", "name": simulator.name, "credentials": credentials}
        ids.append(str(api.call("POST", "/api/integrations", body)["id"]))
    origins = {name: one.url for name, one in zip(ids, simulated, strict=True)}
    return Accounts(origins, ids[0], ids[1], simulated[0].api_key)


def _report(step: str, seconds: float) -> None:
    print(f"  {step:<24} {seconds:5.1f} s", flush=True)
