"""The whole service on one machine: simulators, emulator, build and deploy, up and down again.

``running_stack`` is what ``make run`` and the end-to-end tests stand on. Started alone, it keeps
the stack up until Ctrl-C:

    python -m local.stack [--aws-port N] [--freshdesk-port N] [--freshsales-port N]
        [--allowed-origins ORIGINS] [--auth]
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import build, deploy, emulator, emulator_repairs, file_lock, ports, private_file
from local.access_secrets import access_secrets
from local.build import BuildError
from local.deploy import DeployError, Deployment
from local.emulator import EmulatorError
from local.emulator_clients import Clients
from local.installer import ROOT
from local.ports import PortError
from local.processes import Child, Processes, stop_on_signals
from local.simulators import Simulator, start_simulators

AWS_PORT = "FRESHBRIDGE_AWS_PORT"
ALLOWED_ORIGINS = "FRESHBRIDGE_ALLOWED_ORIGINS"


Report = Callable[[str, float], None]


def silent(_step: str, _seconds: float) -> None:
    """Report to nobody."""


class StackError(Exception):
    """The stack cannot start or has stopped working; the message is meant for its user."""


# What can go wrong on the way up, each with a message that can be printed as it is.
START_ERRORS = (StackError, BuildError, DeployError, EmulatorError, PortError)


@dataclass(frozen=True)
class Options:
    """How to run: port 0 takes a free one, ``auth`` enforces the functions' IAM policies.

    ``run_dir`` (below the project if relative) takes logs, state and ``stack.json``; two stacks at
    once need two. ``parameters`` are the template's, beside those the stack sets itself.
    """

    aws_port: int = 0
    freshdesk_port: int = 0
    freshsales_port: int = 0
    auth: bool = False
    run_dir: Path = Path(".local")
    parameters: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()  # that may be called beside the simulators'


@dataclass
class Stack:
    """A running stack. ``timings`` are seconds by step."""

    api_url: str
    aws_endpoint_url: str
    user_secret: str
    organization_secret: str
    simulators: Mapping[str, Simulator]
    deployment: Deployment
    clients: Clients
    run_dir: Path
    timings: dict[str, float]
    children: Sequence[Child]

    @property
    def outputs(self) -> Mapping[str, str]:
        """The deployed stack's outputs."""
        return self.deployment.outputs

    @property
    def file(self) -> Path:
        """Where the URLs and secrets are written for other programs."""
        return self.run_dir / "stack.json"

    def client(self, service: str) -> Any:
        """A boto3 client for the emulator, as its root user."""
        return self.clients.client(service)

    def logs(self, function: str) -> list[str]:
        """Log lines of a function, oldest first, by its logical id or its name.

        Empty before its first invocation.
        """
        name = self.deployment.resources.get(function, function)
        logs = self.clients.logs
        try:
            pages = list(
                logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
            )
        except logs.exceptions.ResourceNotFoundException:
            return []
        events = [event for page in pages for event in page["events"]]
        return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]

    def description(self) -> dict[str, str]:
        """What ``stack.json`` holds: URLs, and the made-up credentials of this run."""
        values = {
            "api_url": self.api_url,
            "user_secret": self.user_secret,
            "organization_secret": self.organization_secret,
            "aws_endpoint_url": self.aws_endpoint_url,
        }
        for name, simulator in self.simulators.items():
            values[f"{name}_url"] = simulator.url
            values[f"{name}_domain"] = simulator.domain
            values[f"{name}_api_key"] = simulator.api_key
        return values

    def check(self) -> None:
        """Raise StackError when a part of the stack has ended by itself."""
        for child in self.children:
            if not child.is_alive():
                raise StackError(
                    f"the {child.name} ended (status {child.process.returncode}); the end of "
                    f"{child.log}:\n{child.last_lines()}"
                )

    def wait(self) -> None:
        """Stay up until a signal unwinds it; raises StackError when a part of it ends."""
        while True:
            self.check()
            time.sleep(0.5)


@contextlib.contextmanager
def running_stack(options: Options, report: Report = silent) -> Iterator[Stack]:
    """Start everything, yield when it is deployed and answers, end everything on leaving.

    `report` is told each step as it is over, with the seconds that it took; steps that run side by
    side tell it from threads.

    Raises one of START_ERRORS when it cannot start, with nothing left running.
    """
    run_dir = (ROOT / options.run_dir).resolve()
    with contextlib.ExitStack() as cleanup:
        hold_lock(cleanup, run_dir)
        cleanup.enter_context(stop_on_signals())
        cleanup.callback(shutil.rmtree, run_dir / "emulator", ignore_errors=True)
        # Left after the processes, so that a build going on in a thread has been ended by then.
        threads = cleanup.enter_context(ThreadPoolExecutor(max_workers=2))
        processes = cleanup.enter_context(Processes(run_dir / "logs"))
        stack = start(options, run_dir, processes, threads, report)
        processes.remove_at_end(stack.file)
        private_file.write(stack.file, json.dumps(stack.description(), indent=2) + "\n")
        yield stack


def hold_lock(cleanup: contextlib.ExitStack, run_dir: Path) -> None:
    """One stack per run directory; raises StackError that says who runs and what to do."""
    try:
        cleanup.enter_context(file_lock.at_once(run_dir / "lock", str(os.getpid())))
    except file_lock.LockHeldError as error:
        raise StackError(
            f"the stack is running here already (process {error}): use it, its URLs are in "
            f"{run_dir / 'stack.json'}, or stop it with: kill {error}"
        ) from error


def start(
    options: Options,
    run_dir: Path,
    processes: Processes,
    threads: ThreadPoolExecutor,
    report: Report,
) -> Stack:
    """Bring up simulators and emulator while building, then deploy."""
    timings: dict[str, float] = {}
    with timed(timings, "total", silent):
        target = build.for_this_machine()
        aws_port = ports.choose(options.aws_port, "the AWS emulator", AWS_PORT)
        cloud = emulator.launch(processes, run_dir / "emulator", aws_port, options.auth)
        asked = {"freshdesk": options.freshdesk_port, "freshsales": options.freshsales_port}
        simulators = start_simulators(processes, run_dir, asked)

        def run_build() -> None:
            with timed(timings, "build", report):
                build.build(target, processes)

        building = threads.submit(run_build)
        with timed(timings, "emulator and simulators", report):
            emulator.wait(cloud)
            for simulator in simulators.values():
                simulator.wait()
        building.result()
        clients = Clients(cloud.url)
        urls = [simulator.url for simulator in simulators.values()]
        origins = ",".join([*urls, *options.origins])
        own = {"AllowedProviderOrigins": origins, "OpenDocs": "true"}
        parameters = own | dict(options.parameters)
        with timed(timings, "deploy", report):
            deployment = deploy.deploy(target, clients, parameters, processes)
            emulator_repairs.repair(deployment, clients)
        user, organization = access_secrets(deployment.outputs, clients)
    return Stack(
        api_url=deploy.api_url(deployment, cloud.url),
        aws_endpoint_url=cloud.url,
        user_secret=user,
        organization_secret=organization,
        simulators=simulators,
        deployment=deployment,
        clients=clients,
        run_dir=run_dir,
        timings=timings,
        children=[cloud.child, *(simulator.child for simulator in simulators.values())],
    )


@contextlib.contextmanager
def timed(timings: dict[str, float], step: str, report: Report) -> Iterator[None]:
    """Note and report how many seconds a step took."""
    begin = time.monotonic()
    yield
    timings[step] = time.monotonic() - begin
    report(step, timings[step])


def add_arguments(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    """The flags of every command that starts a stack; the environment gives the defaults.

    Raises PortError for a variable that is not a port number.
    """
    for name, variable, what in (
        ("aws", AWS_PORT, "AWS emulator"),
        ("freshdesk", "FRESHBRIDGE_FRESHDESK_PORT", "Freshdesk simulator"),
        ("freshsales", "FRESHBRIDGE_FRESHSALES_PORT", "Freshsales simulator"),
    ):
        parser.add_argument(
            f"--{name}-port",
            type=int,
            metavar="PORT",
            default=ports.from_environment(environment, variable),
            help=f"port of the {what}; 0 (the default) takes a free one; also {variable}",
        )
    parser.add_argument(
        "--allowed-origins",
        type=_origins,
        metavar="ORIGINS",
        default=environment.get(ALLOWED_ORIGINS, ""),
        help="origins beside the simulators' that http elements and callbacks may lead to, "
        f"separated by commas, such as http://127.0.0.1:8000; also {ALLOWED_ORIGINS}",
    )
    parser.add_argument(
        "--auth", action="store_true", help="enforce the functions' IAM policies, as AWS does"
    )


def options_from(arguments: argparse.Namespace) -> Options:
    """Options from parsed ``add_arguments`` flags."""
    return Options(
        arguments.aws_port,
        arguments.freshdesk_port,
        arguments.freshsales_port,
        arguments.auth,
        origins=arguments.allowed_origins,
    )


def _origins(text: str) -> tuple[str, ...]:
    return tuple(origin.strip() for origin in text.split(",") if origin.strip())


def main(arguments: Sequence[str]) -> int:
    """Start the stack, print where it is, and stay up."""
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    try:
        add_arguments(parser, os.environ)
        options = options_from(parser.parse_args(arguments))
        with running_stack(options, lambda step, s: print(f"{step:<24} {s:5.1f} s")) as stack:
            print(f"API: {stack.api_url}\nSecrets and other URLs: {stack.file}\nCtrl-C stops it.")
            sys.stdout.flush()
            stack.wait()
    except KeyboardInterrupt:
        return 130
    except START_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
