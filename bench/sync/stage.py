"""What the sync's comparison runs on: a stack of its own, the simulated account, the subjects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.desk import Desk
from bench.emulator import PatientClients
from bench.rates import SCALED
from bench.sync.freshbridge import Freshbridge
from bench.sync.peers import GROUPS, DltRestApi, Peer, SingerTap
from bench.sync.run import SyncRunner
from bench.sync.subject import SyncSubject
from local import installer
from local.installer import ROOT
from local.processes import Processes
from local.stack import Options, running_stack

RUN_DIR = Path(".local/bench-sync")
NAMES = ("freshbridge", *GROUPS)
_PEERS: dict[str, type[Peer]] = {"tap-freshdesk": SingerTap, "dlt": DltRestApi}


@dataclass(frozen=True)
class SyncStage:
    """What runs are made with."""

    runner: SyncRunner
    subjects: dict[str, SyncSubject]


@contextlib.contextmanager
def staged(seed: int, names: Sequence[str]) -> Iterator[SyncStage]:
    """Start it all with the peers that are asked for, end it all on leaving.

    Raises BootstrapError for a peer that cannot be installed, and one of
    local.stack.START_ERRORS when the stack cannot start.
    """
    peers = [name for name in names if name in _PEERS]
    installer.ensure(peers)
    with contextlib.ExitStack() as cleanup:
        folder = ROOT / RUN_DIR / "peers"
        processes = cleanup.enter_context(Processes(folder / "logs"))
        options = Options(
            run_dir=RUN_DIR,
            parameters={
                "RateWindowSeconds": f"{SCALED.window_s:g}",
                # Runs are started when a scenario wants one.
                "SyncSchedule": "rate(1 day)",
            },
        )
        stack = cleanup.enter_context(running_stack(options, _report))
        stack.clients = PatientClients(stack.aws_endpoint_url)
        simulator = stack.simulators["freshdesk"]
        subjects: dict[str, SyncSubject] = {}
        if Freshbridge.name in names:
            own = Freshbridge(stack, simulator)
            own.warm()
            subjects[own.name] = own
        for name in peers:
            subjects[name] = _PEERS[name](simulator, folder, processes)
        yield SyncStage(SyncRunner(Desk.of(simulator), seed), subjects)


def _report(step: str, seconds: float) -> None:
    print(f"  {step:<24} {seconds:5.1f} s", flush=True)
