"""Replies are lost, servers fail and executors are killed: each ticket is made once all the same.

On a stack of its own, for it changes the queue's and the executor's time-outs: work whose process
was killed comes back when both are over, which takes twelve minutes as deployed.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench import workers
from bench.desk import Desk
from bench.messages import Message, backlog, enqueue, waiting_in
from bench.rates import SCALED
from local.scenario import Scenario, is_error
from local.stack import Options, Stack, running_stack
from tests.e2e.conftest import eventually

ACTIONS = 150
KILLED_AT = (20, 70)
"""Tickets that there are when an executor is killed."""
VISIBILITY_S, TIMEOUT_S = 15, 36
DEADLINE_S = 150.0
FAULTS: list[dict[str, Any]] = [
    # Done, and nobody hears of it.
    {"match": "POST /tickets$", "kind": "commit_then_drop", "rate": 0.03, "seed": 1},
    {"match": "POST /tickets$", "kind": "commit_then_500", "rate": 0.03, "seed": 2},
    # Not done, which looks the same from outside.
    {"match": "POST /tickets$", "kind": "drop_before", "rate": 0.03, "seed": 3},
    {"match": "POST /tickets$", "kind": "status", "status": 503, "rate": 0.03, "seed": 4},
]


@dataclass
class Chaos:
    """A run that is over: what was asked for, and what the account saw."""

    stack: Stack
    asked: list[Message]
    made: list[str]
    stats: dict[str, Any]
    faults: list[dict[str, Any]]
    killed: int


@pytest.fixture(scope="module")
def chaos() -> Iterator[Chaos]:
    """150 creations at 100 calls per 5 seconds while everything goes wrong, with IAM enforced."""
    window = {"RateWindowSeconds": f"{SCALED.window_s:g}"}
    options = Options(auth=True, run_dir=Path(".local/e2e-chaos"), parameters=window)
    with running_stack(options) as stack:
        scenario = Scenario(stack)
        scenario.connect()
        shorten_time_outs(stack)
        desk = Desk.of(stack.simulators["freshdesk"])
        desk.prepare(SCALED, FAULTS)
        asked = backlog("chaos", ACTIONS, str(scenario.instance["id"]))
        queue = stack.outputs["ActionQueueUrl"]
        enqueue(stack.clients.queues, queue, asked)

        killed = sum(kill_when(stack, desk, tickets) for tickets in KILLED_AT)
        eventually(
            lambda: waiting_in(stack.clients.queues, queue) == 0,
            "the action queue to be empty",
            DEADLINE_S,
        )
        yield Chaos(
            stack,
            asked,
            [str(ticket["subject"]) for ticket in desk.tickets()],
            desk.stats(),
            desk.account.steer("GET", "/faults")["faults"],
            killed,
        )


def shorten_time_outs(stack: Stack) -> None:
    """Work of a killed executor is free again when it would have timed out."""
    stack.clients.queues.set_queue_attributes(
        QueueUrl=stack.outputs["ActionQueueUrl"],
        Attributes={"VisibilityTimeout": str(VISIBILITY_S)},
    )
    stack.clients.functions.update_function_configuration(
        FunctionName=stack.outputs["ActionExecutorName"], Timeout=TIMEOUT_S
    )


def kill_when(stack: Stack, desk: Desk, tickets: int) -> bool:
    """SIGKILL one of the executor's processes as soon as there are so many tickets."""
    eventually(
        lambda: len(desk.stats()["creates"]["tickets"]) >= tickets, f"{tickets} tickets", DEADLINE_S
    )
    emulator = stack.children[0].process.pid
    name = stack.outputs["ActionExecutorName"]
    chance = random.Random(tickets)  # noqa: S311 - a choice, not a secret
    return workers.kill_one(workers.workers_of(emulator, name), chance)


def test_everything_went_wrong_that_was_to_go_wrong(chaos: Chaos) -> None:
    assert chaos.killed == len(KILLED_AT)
    assert {fault["kind"] for fault in chaos.faults if fault["hits"]} == {
        fault["kind"] for fault in FAULTS
    }


def test_every_ticket_is_there_and_none_is_there_twice(chaos: Chaos) -> None:
    counts = Counter(chaos.made)

    assert [one.subject for one in chaos.asked if not counts[one.subject]] == []
    assert [subject for subject, count in counts.items() if count > 1] == []


def test_the_provider_never_had_to_refuse_a_call(chaos: Chaos) -> None:
    assert chaos.stats["total"]["throttled"] == 0


def test_nothing_was_given_up(chaos: Chaos) -> None:
    letters = chaos.stack.outputs["ActionDeadLetterQueueUrl"]

    assert waiting_in(chaos.stack.clients.queues, letters) == 0
    lines = chaos.stack.logs("ActionExecutor")
    assert lines
    assert [line for line in lines if is_error(line)] == []
