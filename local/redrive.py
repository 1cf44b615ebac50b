"""Show a queue's dead letters by reason and, when told so, put them back: ``make redrive``.

    python -m local.redrive events|actions|sync [--local] [--stack NAME] [--limit N] [--yes]

Invokes the deployed ``dead_letter_redrive`` function, on AWS with the credentials and region of the
environment, with ``--local`` in the stack that ``make run`` keeps up.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.emulator_clients import Clients
from local.installer import ROOT

QUEUES = ("events", "actions", "sync")
STACK_FILE = ROOT / ".local" / "stack.json"
Invoke = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class RedriveError(Exception):
    """Dead letters could not be read or moved; the message says why."""


def main(arguments: Sequence[str]) -> int:
    """Count, ask, move."""
    parser = argparse.ArgumentParser(prog="make redrive", description=__doc__)
    parser.add_argument("queue", choices=QUEUES)
    parser.add_argument("--local", action="store_true", help="the stack that make run keeps up")
    parser.add_argument("--stack", default="freshbridge", help="name of the stack")
    parser.add_argument("--limit", type=int, default=1000, help="move no more than this many")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    try:
        invoke = invoker(options.stack, local=options.local)
        return redrive(invoke, options.queue, options.limit, sure=options.yes)
    except (RedriveError, BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def redrive(invoke: Invoke, queue: str, limit: int, *, sure: bool) -> int:
    """Count the dead letters by reason, and move them when the person says yes."""
    asked = {"queue": queue, "limit": limit}
    reasons = invoke(asked | {"dry_run": True})["by_code"]
    if not reasons:
        print(f"{queue}: no dead letters")
        return 0
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        print(f"{count:7}  {reason}")
    if not sure and not agreed(f"Put up to {limit} of them back? [y/N] "):
        print("nothing was moved")
        return 0
    print(f"{queue}: {invoke(asked)['moved']} put back")
    return 0


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes; without one, nobody does."""
    try:
        return input(question).strip().lower() == "y"
    except EOFError:
        print("no answer (--yes needs none)")
        return False


def invoker(stack: str, *, local: bool) -> Invoke:
    """Find the function by the stack's output and return how to call it; raises RedriveError."""
    client = local_client() if local else boto3.client
    cloudformation, functions = client("cloudformation"), client("lambda")
    description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in description.get("Outputs", [])}
    name = outputs.get("DeadLetterRedriveName")
    if name is None:
        raise RedriveError(f"stack {stack} has no output DeadLetterRedriveName: is it Freshbridge?")

    def invoke(event: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise RedriveError(f"{name} failed: {result.get('errorMessage', 'see its log')}")
        return result

    return invoke


def local_client() -> Callable[[str], Any]:
    """Clients for the running local stack; raises RedriveError when there is none."""
    try:
        url = json.loads(STACK_FILE.read_text())["aws_endpoint_url"]
    except FileNotFoundError as error:
        raise RedriveError("no local stack is up: start one with `make run`") from error
    return Clients(url).client


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
