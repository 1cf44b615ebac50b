"""`make run` and `make demo`: the whole service on this machine, and its main job end to end.

python -m local.demo run     shows the main job, then stays up until Ctrl-C
python -m local.demo once    shows the main job and exits: 0 when it worked, 1 when not
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import requests
from rich.console import Console

from local.api_client import CallError
from local.scenario import Scenario, ScenarioError
from local.stack import START_ERRORS, Stack, add_arguments, options_from, running_stack

Step = tuple[str, Callable[[], str]]
FAILURES = (*START_ERRORS, ScenarioError, CallError, requests.RequestException)


def steps(scenario: Scenario) -> list[Step]:
    """The main job in the order in which it happens."""
    return [
        ("Connect the account", scenario.connect),
        ("Save a rule", scenario.save_rule),
        ("Connect Slack", scenario.connect_slack),
        ("Install the webhook", scenario.install_webhook),
        ("A customer opens a ticket", scenario.open_ticket),
        ("The event is taken in", scenario.await_webhook),
        ("The rule's actions run", scenario.await_actions),
        ("Slack hears of it", scenario.await_slack),
        ("The sync writes the lake", scenario.sync),
        ("Nothing went wrong", scenario.check_health),
    ]


def show(scenario: Scenario, console: Console) -> dict[str, float]:
    """Run the steps, a line each as it happens; return the seconds at which each was over."""
    begin = time.monotonic()
    over: dict[str, float] = {}
    for name, step in steps(scenario):
        seen = step()
        over[name] = time.monotonic() - begin
        console.print(f"  [green]✓[/] {over[name]:6.2f} s  {name:<27} [dim]{seen}[/]")
    return over


def summarise(scenario: Scenario, over: dict[str, float], console: Console) -> None:
    """The figures worth knowing."""
    stack = scenario.stack
    opened = over["A customer opens a ticket"]
    figures = (
        ("Ticket opened to event stored", _ms(over["The event is taken in"] - opened)),
        ("Ticket opened to note and priority", _ms(over["The rule's actions run"] - opened)),
        ("Stack up in", f"{stack.timings['total']:.1f} s"),
    )
    _table("Summary", figures, console)


def suggest(scenario: Scenario, console: Console) -> None:
    """Where everything is, and commands to paste next."""
    stack = scenario.stack
    simulator = stack.simulators["freshdesk"]
    places = (
        ("API", stack.api_url),
        ("Freshdesk simulator", simulator.url),
        ("Its API key", simulator.api_key),
        ("Freshsales simulator", stack.simulators["freshsales"].url),
        ("Slack simulator", stack.simulators["slack"].url),
        ("AWS endpoint", stack.aws_endpoint_url),
        ("User secret", stack.user_secret),
        ("Organization secret", stack.organization_secret),
        ("All of these as JSON", str(stack.file)),
    )
    _table("Where things are", places, console)
    access = f"Authorization: User {stack.user_secret}, Organization {stack.organization_secret}"
    json_type = "-H 'Content-Type: application/json'"
    ticket = '{"email":"you@client.example","subject":"It broke","type":"Incident"}'
    console.print("\n[bold]Try next[/]")
    for line in (
        f"curl -s -H '{access}' {stack.api_url}/api/integrations",
        f"curl -s {simulator.url}/__sim/customer/tickets {json_type} -d '{ticket}'",
        f"curl -s -u {simulator.api_key}:X "
        f"'{simulator.url}/api/v2/tickets/{scenario.ticket_id + 1}?include=conversations'",
    ):
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)


def up(stack: Stack, console: Console, *, stay: bool) -> None:
    """Show the main job on a running stack; stay up afterwards if asked to."""
    console.print("\n[bold]The main job[/]")
    scenario = Scenario(stack)
    over = show(scenario, console)
    summarise(scenario, over, console)
    if stay:
        suggest(scenario, console)
        console.print("\nUp until Ctrl-C.")
        stack.wait()


def main(arguments: Sequence[str]) -> int:
    """Parse, run, and turn whatever went wrong into one sentence."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("mode", choices=("run", "once"))
    # Colours and width are for people: a pipe gets plain text that is not broken into lines.
    console = Console(highlight=False, soft_wrap=True)
    try:
        add_arguments(parser, os.environ)
        chosen = parser.parse_args(arguments)
        console.print("[bold]Starting Freshbridge[/]: emulator, simulator, sam build, sam deploy")
        with running_stack(options_from(chosen), partial(_tick, console)) as stack:
            up(stack, console, stay=chosen.mode == "run")
    except KeyboardInterrupt:
        console.print("Stopping what was started.")
        return 0 if chosen.mode == "run" else 130
    except FAILURES as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _tick(console: Console, step: str, seconds: float) -> None:
    console.print(f"  [green]✓[/] {seconds:6.2f} s  {step}")


def _table(title: str, rows: Iterable[tuple[str, str]], console: Console) -> None:
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    console.print(f"\n[bold]{title}[/]")
    for name, value in rows:
        console.print(f"  {name:<{width}}  {value}", markup=False)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
