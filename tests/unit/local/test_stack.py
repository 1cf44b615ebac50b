"""The stack's options, its file, and what it says of a part that ended."""

import argparse
import json
import os
import stat
from pathlib import Path

import pytest

from local import file_lock, private_file, stack
from local.deploy import Deployment
from local.emulator_clients import Clients
from local.ports import PortError
from local.processes import Processes
from local.simulators import Simulator
from local.stack import Options, Stack, StackError

PATH = {"PATH": os.defpath}


def a_stack(processes: Processes, run_dir: Path, command: list[str]) -> Stack:
    """A stack whose one part runs ``command``."""
    child = processes.start("freshdesk-simulator", command, PATH)
    simulator = Simulator("freshdesk", child, "http://127.0.0.1:4010", "key")
    return Stack(
        api_url="http://127.0.0.1:4566/restapis/a/live/_user_request_",
        aws_endpoint_url="http://127.0.0.1:4566",
        user_secret="u",
        organization_secret="o",
        simulators={"freshdesk": simulator},
        deployment=Deployment({}, {}, {}),
        clients=Clients("http://127.0.0.1:4566"),
        run_dir=run_dir,
        timings={},
        children=[child],
    )


def test_the_file_holds_what_a_program_needs(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        description = a_stack(processes, tmp_path, ["/bin/true"]).description()

    assert description == {
        "api_url": "http://127.0.0.1:4566/restapis/a/live/_user_request_",
        "user_secret": "u",
        "organization_secret": "o",
        "aws_endpoint_url": "http://127.0.0.1:4566",
        "freshdesk_url": "http://127.0.0.1:4010",
        "freshdesk_domain": "http://127.0.0.1:4010",
        "freshdesk_api_key": "key",
    }


def test_the_domain_of_a_suite_account_says_where_it_is_below_its_host(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        running = a_stack(processes, tmp_path, ["/bin/true"])
        child = running.children[0]
        running.simulators = {
            "freshsales": Simulator("freshsales", child, "http://127.0.0.1:4020", "key")
        }
        description = running.description()

    assert description["freshsales_url"] == "http://127.0.0.1:4020"
    assert description["freshsales_domain"] == "http://127.0.0.1:4020/crm/sales"
    assert description["freshsales_api_key"] == "key"


def test_a_part_that_ended_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        running = a_stack(processes, tmp_path, ["/bin/sh", "-c", "echo out of memory; exit 9"])
        running.children[0].process.wait()

        with pytest.raises(StackError) as caught:
            running.wait()

    assert "freshdesk-simulator ended (status 9)" in str(caught.value)
    assert "out of memory" in str(caught.value)


def test_a_part_that_is_up_is_no_error(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        a_stack(processes, tmp_path, ["/bin/sleep", "60"]).check()


def test_a_second_stack_in_the_same_place_is_told_who_runs(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        file_lock.at_once(lock, "4711"),
        pytest.raises(StackError) as caught,
        stack.running_stack(Options(run_dir=tmp_path)),
    ):
        pytest.fail("two stacks in one place")

    assert "process 4711" in str(caught.value)
    assert "kill 4711" in str(caught.value)
    assert str(tmp_path / "stack.json") in str(caught.value)


def parsed(arguments: list[str], environment: dict[str, str]) -> Options:
    parser = argparse.ArgumentParser()
    stack.add_arguments(parser, environment)
    return stack.options_from(parser.parse_args(arguments))


def test_a_flag_wins_over_the_environment_over_a_free_port() -> None:
    environment = {
        "FRESHBRIDGE_AWS_PORT": "4566",
        "FRESHBRIDGE_FRESHDESK_PORT": "4010",
        "FRESHBRIDGE_FRESHSALES_PORT": "4020",
    }

    assert parsed([], {}) == Options()
    assert parsed(["--aws-port", "1", "--auth"], environment) == Options(
        aws_port=1, freshdesk_port=4010, freshsales_port=4020, auth=True
    )


def test_origins_that_may_be_called_beside_the_simulators_are_named_by_either() -> None:
    environment = {"FRESHBRIDGE_ALLOWED_ORIGINS": "http://127.0.0.1:8000, https://a.example,"}

    assert parsed([], environment).origins == ("http://127.0.0.1:8000", "https://a.example")
    assert parsed(["--allowed-origins", "http://b.example"], environment).origins == (
        "http://b.example",
    )


def test_a_variable_that_is_no_port_is_refused_by_name() -> None:
    with pytest.raises(PortError, match="FRESHBRIDGE_AWS_PORT"):
        parsed([], {"FRESHBRIDGE_AWS_PORT": "http"})


def test_the_file_is_its_owners_alone_even_over_an_open_one(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text("old")
    path.chmod(0o666)

    private_file.write(path, json.dumps({"user_secret": "u"}))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {"user_secret": "u"}
    assert list(tmp_path.iterdir()) == [path]
