"""What a function meets on the emulator, compared with what it would meet on Lambda.

These are the ways in which the emulator alone would hide a mistake; an upgrade of it has to keep
them closed.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import emulator, ports
from local.emulator import Emulator, EmulatorError
from local.emulator_clients import Clients
from local.processes import Processes

pytestmark = pytest.mark.e2e

HANDLER = """
import importlib.util, os

def handler(event, context):
    print("called")
    if "allocate" in event:
        bytearray(event["allocate"] * 1024 * 1024)
    return {
        "importable": [name for name in event["modules"] if importlib.util.find_spec(name)],
        "environment": dict(os.environ),
    }
"""
ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("emulator")
    with Processes(folder / "logs") as processes:
        started = emulator.launch(processes, folder / "run", ports.choose(0, "it", "X"))
        emulator.wait(started)
        yield started


@pytest.fixture(scope="module")
def function(running: Emulator) -> Any:
    """A function of 256 MB; call it with an event to get (result, error)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", HANDLER)
    functions = Clients(running.url).functions
    functions.create_function(
        FunctionName="probe",
        Runtime="python3.11",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
        MemorySize=256,
        Environment={"Variables": {"LOG_LEVEL": "DEBUG"}},
    )

    def call(**event: Any) -> tuple[Any, str]:
        answer = functions.invoke(
            FunctionName="probe", Payload=json.dumps({"modules": []} | event).encode()
        )
        return json.loads(answer["Payload"].read()), answer.get("FunctionError", "")

    return call


def test_only_the_runtimes_libraries_can_be_imported(function: Any) -> None:
    runtime = ["boto3", "botocore"]
    emulators_own = ["ministack", "yaml", "samtranslator", "cryptography", "pydantic"]

    result, _ = function(modules=[*runtime, *emulators_own])

    assert result["importable"] == runtime


def test_the_environment_is_lambdas_and_nothing_of_the_emulators(
    function: Any, running: Emulator
) -> None:
    result, _ = function()
    environment = result["environment"]

    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/probe"
    assert environment["TZ"] == "UTC"
    assert environment["LOG_LEVEL"] == "DEBUG"
    assert environment["AWS_ENDPOINT_URL"] == running.url
    leaked = {"GATEWAY_PORT", "BIND_HOST", "FUNCTION_PYTHON", "DOCKER_HOST", "VIRTUAL_ENV"}
    assert leaked & environment.keys() == set()


def test_memory_is_limited(function: Any) -> None:
    _, error = function(allocate=2000)

    assert error


def test_logs_can_be_read_back(function: Any, running: Emulator) -> None:
    function()

    events = Clients(running.url).logs.filter_log_events(logGroupName="/aws/lambda/probe")
    assert "called" in [event["message"] for event in events["events"]]


def test_stopping_leaves_no_process_and_frees_the_port(tmp_path: Path) -> None:
    port = ports.choose(0, "it", "X")
    with Processes(tmp_path / "logs") as processes:
        started = emulator.launch(processes, tmp_path / "run", port)
        emulator.wait(started)

    assert not started.child.is_alive()
    assert ports.choose(port, "it", "X") == port


def test_an_emulator_that_cannot_start_shows_the_end_of_its_log(
    tmp_path: Path, running: Emulator
) -> None:
    with Processes(tmp_path / "logs") as processes:
        second = emulator.launch(processes, tmp_path / "run", running.port)

        # The first one answers on that port, so only the process can tell.
        second.child.process.wait(60)
        with pytest.raises(EmulatorError) as caught:
            emulator.wait_for(second.child, "http://127.0.0.1:9/", 5)

    assert "emulator ended while starting" in str(caught.value)
    assert str(second.child.log) in str(caught.value)
