"""The extractors from the package index, each in its own environment, as subjects."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.sync import singer
from bench.sync.comparison import Version
from bench.sync.figures import Ran
from bench.sync.kills import until
from bench.sync.memory import PeakMemory, group_of
from bench.sync.scenarios import SyncScenario
from local.installer import ROOT, venv_python
from local.processes import Child, Processes
from local.simulators import Simulator

GROUPS = ("tap-freshdesk", "dlt")
"""Their environments; each is installed when it is first needed."""


class Peer(ABC):
    """A program that is started again after each of its deaths, as a scheduler would."""

    name: str

    def __init__(self, simulator: Simulator, folder: Path, processes: Processes) -> None:
        """`folder` takes what it keeps."""
        self._folder = folder / self.name
        self._processes = processes
        self._numbers = itertools.count()
        self._given = {"url": simulator.url, "api_key": simulator.api_key}

    def prepare(self, scenario: SyncScenario) -> None:
        """Forget state and data."""
        self._given["include"] = ",".join(scenario.include)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def run(self, scenario: SyncScenario, *, kills: bool) -> Ran:
        """Run it until it ends by itself; once more after each kill."""
        children = [self._start("run")]
        peak = PeakMemory(lambda: group_of(children[-1].process.pid))

        def kill() -> bool:
            children[-1].process.kill()
            children[-1].process.wait()
            self.keep_state()
            children.append(self._start("run"))
            return True

        every_s = scenario.kill_every_s if kills else 0.0
        with peak.watched():
            in_time, killed = until(
                lambda: not children[-1].is_alive(), scenario.longest_s, kill, every_s
            )
            over_at = time.time()
        for child in children:
            self._processes.end(child)
        self.keep_state()
        failure = ""
        if not in_time:
            failure = f"not done after {scenario.longest_s:.0f} s"
        elif children[-1].process.returncode:
            failure = children[-1].last_lines(1).strip()
        return Ran(over_at, failure, killed, peak.bytes)

    @abstractmethod
    def copy(self) -> Iterator[tuple[int, Version]]:
        """What it holds now."""

    @abstractmethod
    def arguments(self, task: str) -> Sequence[str]:
        """The program's module and arguments."""

    def keep_state(self) -> None:  # noqa: B027 - most keep their own
        """What a scheduler does for it once it has ended."""

    def _start(self, task: str) -> Child:
        name = f"{self.name}-{task}-{next(self._numbers)}"
        command = [str(venv_python(self.name)), "-m", *self.arguments(task)]
        return self._processes.start(name, command, self._environment(), cwd=ROOT)

    def _environment(self) -> Mapping[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self._folder),
            "PYTHONUNBUFFERED": "1",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }


class SingerTap(Peer):
    """tap-freshdesk, whose messages are loaded as a target would."""

    name = "tap-freshdesk"

    def arguments(self, task: str) -> Sequence[str]:  # noqa: ARG002 - it has one task only
        """It reads its state and adds to its output."""
        given = self._given | {"output": str(self._output), "state": str(self._state)}
        return ["bench.peers.singer_tap", json.dumps(given)]

    def keep_state(self) -> None:
        """Have the next run begin where the last one says, also after it failed."""
        state = singer.last_state(self._lines())
        if state is not None:
            self._state.write_text(json.dumps(state))

    def copy(self) -> Iterator[tuple[int, Version]]:
        """The last record of each key."""
        return singer.loaded(self._lines(), "tickets")

    @property
    def _output(self) -> Path:
        return self._folder / "messages.jsonl"

    @property
    def _state(self) -> Path:
        return self._folder / "state.json"

    def _lines(self) -> Iterator[str]:
        if self._output.exists():
            with self._output.open(errors="replace") as lines:
                yield from lines


class DltRestApi(Peer):
    """dlt, whose merged table is read back in its own environment."""

    name = "dlt"

    def arguments(self, task: str) -> Sequence[str]:
        """`run`, or `rows` to print what was loaded."""
        database = str(self._folder / "freshdesk.duckdb")
        given = self._given | {"folder": str(self._folder / "pipelines"), "database": database}
        return ["bench.peers.dlt_rest_api", task, json.dumps(given)]

    def copy(self) -> Iterator[tuple[int, Version]]:
        """The rows of its table."""
        child = self._start("rows")
        child.process.wait()
        self._processes.end(child)
        for line in child.log.read_text().splitlines():
            if line.startswith("["):
                ticket_id, updated_at, subject, status, priority = json.loads(line)
                version = Version(int(updated_at), str(subject), int(status), int(priority))
                yield int(ticket_id), version
