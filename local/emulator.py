"""AWS on one machine: ministack, started so that functions meet what they would meet on AWS.

ministack runs a function with the interpreter that runs ministack itself. Left at that, a function
would import ministack's own libraries, and one missing from the layer would be missed on AWS only.
Here functions run with the ``runtime`` environment, which has what Lambda's python3.11 has, under
the function's memory limit and without the emulator's variables. The version is pinned exactly in
pyproject.toml, as this stands on how that version starts a worker.
"""

import os
import shutil
import stat
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from local import ports
from local.installer import venv_python
from local.processes import Child, Processes

READY_S = 30.0
REGION = "us-east-1"

# Starts ministack with another interpreter for its workers: it takes sys.executable at each start.
LAUNCH = (
    "import os, sys; sys.executable = os.environ.pop('FUNCTION_PYTHON'); "
    "sys.argv = ['ministack']; from ministack.app import main; main()"
)

# Literal paths: a function's environment holds nothing of the emulator's to find them by. The
# address space is the function's memory and what Python and its libraries map without using.
FUNCTION_PYTHON = """#!/bin/sh
unset GATEWAY_PORT BIND_HOST LOG_LEVEL_EMULATOR MINISTACK_REGION IOT_MTLS_ENABLED AUTH DOCKER_HOST
unset LAMBDA_ASYNC_RETRY_BASE_SECONDS LAMBDA_WARM_TTL_SECONDS
export AWS_EXECUTION_ENV=AWS_Lambda_python3.11 TZ=UTC PATH=/usr/bin:/bin
export AWS_LAMBDA_LOG_GROUP_NAME="/aws/lambda/$AWS_LAMBDA_FUNCTION_NAME"
ulimit -v $(( (AWS_LAMBDA_FUNCTION_MEMORY_SIZE + 512) * 1024 ))
exec '{python}' "$@"
"""


class EmulatorError(Exception):
    """The emulator did not start; the message holds the end of its log."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    child: Child
    url: str
    port: int


def launch(processes: Processes, folder: Path, port: int, auth: bool = False) -> Emulator:
    """Start ministack on a port of 127.0.0.1; ``wait`` for it before using it.

    ``folder`` is emptied: it takes the workers' unpacked code, and nothing is kept between runs.
    With ``auth`` the policies of the functions' roles are enforced as IAM would.
    """
    shutil.rmtree(folder, ignore_errors=True)
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(temporary),
        "BIND_HOST": ports.HOST,  # all interfaces by default
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "false",  # a second listener, on a fixed port
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",  # it clears up containers when it stops
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
        "PYTHONUNBUFFERED": "1",
        "FUNCTION_PYTHON": str(function_python(folder)),
    }
    if auth:
        environment["AUTH"] = "true"
    command = [str(venv_python("emulator")), "-c", LAUNCH]
    child = processes.start("emulator", command, environment, cwd=folder)
    return Emulator(child, f"http://{ports.HOST}:{port}", port)


def function_python(folder: Path) -> Path:
    """Write the program that functions are run with, and return its path."""
    path = folder.absolute() / "function-python"
    path.write_text(FUNCTION_PYTHON.replace("{python}", str(venv_python("runtime"))))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def wait(emulator: Emulator) -> None:
    """Return when the emulator answers; raises EmulatorError when it ends or takes too long."""
    wait_for(emulator.child, f"{emulator.url}/_ministack/health", READY_S)


def wait_for(child: Child, url: str, patience: float) -> None:
    """Poll a URL until it answers 200; raises EmulatorError with the end of the child's log."""
    deadline = time.monotonic() + patience
    while not answers(url):
        if not child.is_alive():
            code = child.process.returncode
            raise EmulatorError(
                f"the {child.name} ended while starting (status {code}); the end of "
                f"{child.log}:\n{child.last_lines()}"
            )
        if time.monotonic() > deadline:
            raise EmulatorError(
                f"the {child.name} did not answer {url} within {patience:.0f} s; the end of "
                f"{child.log}:\n{child.last_lines()}"
            )
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    # No proxy: one set for the world outside would be asked for 127.0.0.1 too.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
