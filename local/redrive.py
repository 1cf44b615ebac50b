"""Show a queue's dead letters by reason and, when told so, send them back: ``make redrive``.

    python -m local.redrive events|actions|sync|callbacks|customers [--local] [--stack NAME] [--yes]
        [--code CODE] [--instance ID] [--action NAME] [--from TIME] [--to TIME] [--text WORDS]
        [--limit N] [--discard REASON]

It tells of one queue, and at the end which of the others hold letters too.
Without a filter and a limit all that the dead-letter queue holds is moved back, on AWS by the queue
service itself. With one, or to give letters up, the letters of the table are gone through. Invokes
the deployed ``dead_letter_redrive`` function, on AWS with the credentials and region of the
environment, with ``--local`` in the stack that ``make run`` keeps up.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.emulator_clients import Clients
from local.installer import ROOT

QUEUES = ("events", "actions", "sync", "callbacks", "customers")
STACK_FILE = ROOT / ".local" / "stack.json"
FUNCTION_TIMEOUT_S = 300
LOOK_EVERY_S = 5.0
MOST_ELSEWHERE = 1_000
"""Letters of each other queue that are counted: only to tell that there are some."""
FILTERS = {
    "code": "code",
    "instance": "instance_id",
    "action": "action",
    "from": "parked_from",
    "to": "parked_to",
    "text": "text",
}
"""Options, and what the function calls them."""
Invoke = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Sleep = Callable[[float], None]


class RedriveError(Exception):
    """Dead letters could not be read or moved; the message says why."""


def main(arguments: Sequence[str]) -> int:
    """Count, ask, send back."""
    options = vars(_parser().parse_args(arguments))
    chosen = {
        name: options[option] for option, name in FILTERS.items() if options[option] is not None
    }
    order: dict[str, Any] = {"queue": options["queue"]}
    if chosen:
        order["filter"] = chosen
    try:
        invoke = invoker(options["stack"], local=options["local"])
        status = redrive(
            invoke,
            order,
            limit=options["limit"],
            discard=options["discard"],
            sure=options["yes"],
        )
        tell_of_others(invoke, options["queue"])
    except (RedriveError, BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return status


def redrive(
    invoke: Invoke,
    order: Mapping[str, Any],
    *,
    limit: int | None = None,
    discard: str | None = None,
    sure: bool = False,
    sleep: Sleep = time.sleep,
) -> int:
    """Count the dead letters by reason; do what was asked for when the person says yes."""
    queue = order["queue"]
    counted = invoke({**order, "dry_run": True})
    reasons = counted["by_code"]
    if not reasons:
        print(f"{queue}: no dead letters")
        return 0
    print(f"{queue}: {sum(reasons.values())} dead letters")
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        print(f"{count:7}  {reason}")
    if not counted.get("complete", True):
        print("   and more that could not be counted in time")
    which = f"up to {limit} of them" if limit else "them"
    question = f"Give {which} up? [y/N] " if discard else f"Put {which} back? [y/N] "
    if not sure and not agreed(question):
        print("nothing was moved")
        return 0
    if discard or limit or "filter" in order:
        return go_through(invoke, {**order, **_asked(limit, discard)}, sleep)
    return move_all(invoke, queue, sleep)


def tell_of_others(invoke: Invoke, queue: str) -> None:
    """Say which other queues have dead letters, which this run has left alone."""
    for other in QUEUES:
        if other != queue:
            counted = invoke({"queue": other, "dry_run": True, "limit": MOST_ELSEWHERE})
            found = sum(counted["by_code"].values())
            if found:
                more = " or more" if found >= MOST_ELSEWHERE else ""
                print(f"{other}: {found}{more} dead letters too: make redrive QUEUE={other}")


def go_through(invoke: Invoke, order: Mapping[str, Any], sleep: Sleep) -> int:
    """Have the letters sent back, or given up, one by one, and follow until the last."""
    done = "given up" if "discard" in order else "put back"
    job = invoke(order)
    while job["state"] != "finished":
        print(f"{order['queue']}: {job['done']} {done} so far")
        sleep(LOOK_EVERY_S)
        job = invoke({"job": job["job_id"]})
    print(f"{order['queue']}: {job['done']} {done}")
    return 0


def move_all(invoke: Invoke, queue: str, sleep: Sleep) -> int:
    """Have the whole queue moved back, and follow where the queue service does it."""
    answer = invoke({"queue": queue, "all": True})
    if not answer["task"]:
        print(f"{queue}: {answer['moved']} put back")
        return 0
    while True:
        progress = invoke({"queue": queue, "progress": True})["progress"]
        moved, of = progress.get("moved", 0), progress.get("of") or "?"
        status = progress.get("status")
        if status != "RUNNING":
            break
        print(f"{queue}: {moved} of about {of} put back so far")
        sleep(LOOK_EVERY_S)
    print(f"{queue}: {moved} put back")
    if status != "COMPLETED":
        print(f"{queue}: the move ended as {status}; what is left can be moved again")
        return 1
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
    client = local_client() if local else aws_client
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


def aws_client(service: str) -> Any:
    """A client that waits for the function for as long as it may take."""
    patient = Config(read_timeout=FUNCTION_TIMEOUT_S, retries={"total_max_attempts": 1})
    return boto3.client(service, config=patient)  # type: ignore[call-overload]  # it needs a literal


def local_client() -> Callable[[str], Any]:
    """Clients for the running local stack; raises RedriveError when there is none."""
    try:
        url = json.loads(STACK_FILE.read_text())["aws_endpoint_url"]
    except FileNotFoundError as error:
        raise RedriveError("no local stack is up: start one with `make run`") from error
    return Clients(url).client


def _asked(limit: int | None, discard: str | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"limit": limit} if limit else {}
    return asked | ({"discard": discard} if discard else {})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make redrive",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("queue", choices=QUEUES)
    parser.add_argument("--local", action="store_true", help="the stack that make run keeps up")
    parser.add_argument("--stack", default="freshbridge", help="name of the stack")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--code", help="only letters with this code")
    parser.add_argument("--instance", help="only letters of this instance")
    parser.add_argument("--action", help="only letters of this action")
    parser.add_argument("--from", help="only letters parked at this ISO 8601 time or later")
    parser.add_argument("--to", help="only letters parked at this ISO 8601 time or earlier")
    parser.add_argument("--text", help="only letters with this in the message that says why")
    parser.add_argument("--limit", type=_above_zero, help="no more than this many")
    parser.add_argument("--discard", metavar="REASON", help="give them up instead")
    return parser


def _above_zero(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
