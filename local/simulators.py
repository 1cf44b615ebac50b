"""The provider simulators as parts of the local stack: each a process of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local import emulator, ports
from local.installer import ROOT, venv_python
from local.processes import Child, Processes

READY_S = 20.0

# Name -> the API key that its account has from the start (a key for a simulator is no secret).
API_KEYS = {
    "freshdesk": "demo-api-key-000000001",
    "slack": "xoxb-demo-bot-token-0001",
    "freshsales": "demo-freshsales-key-001",
}
# Where the account is below its host, when its address says so: a Freshsales Suite account.
PATHS = {"freshsales": "/crm/sales"}


@dataclass(frozen=True)
class Simulator:
    """A running simulator: its origin, and what a user types to connect the account in it."""

    name: str
    child: Child
    url: str
    api_key: str

    @property
    def domain(self) -> str:
        """Goes where a subdomain would for an account at the vendor's."""
        return self.url + PATHS.get(self.name, "")

    def wait(self) -> None:
        """Return when it answers; raises EmulatorError when it ends or takes too long."""
        emulator.wait_for(self.child, f"{self.url}/__sim/stats", READY_S)


def start_simulators(
    processes: Processes, run_dir: Path, asked: Mapping[str, int]
) -> dict[str, Simulator]:
    """Start every simulator on the port asked for, 0 meaning a free one; ``wait`` for each.

    Raises PortError for a port that is taken.
    """
    started = {}
    for name, api_key in API_KEYS.items():
        variable = f"FRESHBRIDGE_{name.upper()}_PORT"
        purpose = f"the {name.capitalize()} simulator"
        port = ports.choose(asked.get(name, 0), purpose, variable)
        command = [str(venv_python("dev")), "-m", f"local.{name}", "--port", str(port)]
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(run_dir),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }
        child = processes.start(f"{name}-simulator", command, environment, cwd=ROOT)
        started[name] = Simulator(name, child, f"http://{ports.HOST}:{port}", api_key)
    return started
