"""Two equal actions, whatever happens to either and in whatever order: two records in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from freshbridge.actions.action import Outcome
from freshbridge.errors import FreshbridgeError
from freshbridge.http_message import ProviderRequest
from freshbridge.queues.envelope import ActionRequest
from local.freshdesk.settings import BUCKETS
from tests.simulators.actions.conftest import Desk
from tests.simulators.actions.once_world import World, world_of

LOST = ("commit_then_drop", "commit_then_500")
UNDONE = ("drop_before", "html_500", "throttle")
_NUMBERS = count()


@dataclass(frozen=True)
class Step:
    """One delivery of one of the two: what befalls its write, its lookup, and the time before it.

    `crossed`: the other one is delivered between this one's effect and its end.
    """

    who: int
    write: str = ""
    read: str = ""
    wait_s: int = 0
    crossed: bool = False


steps = st.builds(
    Step,
    who=st.integers(0, 1),
    write=st.sampled_from(("", *LOST, *UNDONE, "killed_before", "killed_after")),
    read=st.sampled_from(("", "", "", "html_500", "drop_before")),
    wait_s=st.sampled_from((0, 5, 40, 400)),
    crossed=st.booleans(),
)


@pytest.fixture
def world(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    # The rate limit is another test's business.
    desk.account.settings = replace(desk.account.settings, limits=dict.fromkeys(BUCKETS))
    with world_of(desk) as made:
        yield made


def play(world: World, twins: list[ActionRequest], step: Step) -> None:
    """One step; whatever it raises is on record."""
    world.calm()
    world.wait(step.wait_s)
    if step.write in LOST + UNDONE:
        world.fault("POST /tickets", step.write, retry_after=1)
    if step.read:
        world.fault("GET /tickets", step.read)
    crossing = [twins[1 - step.who]] if step.crossed else []

    def cross(sent: ProviderRequest) -> None:
        if sent.method == "POST" and crossing:
            attempt(world, crossing.pop())

    world.after_reply = cross
    try:
        if step.write.startswith("killed"):
            killed(world, twins[step.who], after_the_call=step.write == "killed_after")
        else:
            attempt(world, twins[step.who])
    finally:
        world.after_reply = lambda _request: None


def attempt(world: World, request: ActionRequest) -> None:
    with suppress(FreshbridgeError):
        world.attempt(request)


def killed(world: World, request: ActionRequest, *, after_the_call: bool) -> None:
    """Killed in its write, unless it never came to write."""
    with suppress(FreshbridgeError, pytest.fail.Exception):
        world.killed(request, after_the_call=after_the_call)


@pytest.mark.parametrize("action", ["create_ticket", "add_note", "add_time_entry"])
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(played=st.lists(steps, max_size=5))
@example(played=[Step(0, "drop_before"), Step(1, wait_s=40, crossed=True)])
@example(played=[Step(0, "killed_after"), Step(1, "killed_before"), Step(1, wait_s=40)])
def test_two_equal_actions_end_with_two_records(
    world: World, action: str, played: list[Step]
) -> None:
    # Given two requests for the same thing
    number = next(_NUMBERS)
    account = world.desk.account
    parameters: dict[str, Any] = {
        "email": "mira@client.example",
        "subject": f"Twin {number}",
        "description": "Seen twice",
    }
    if action != "create_ticket":
        ticket_id = world.desk.ticket()
        parameters = {"ticket_id": ticket_id, "body": "<p>Seen twice</p>"}
    if action == "add_time_entry":
        parameters = {"ticket_id": ticket_id, "time_spent": "00:15"}
    twins = [world.request(action, parameters, f"{number}{letter}") for letter in "ab"]

    # When anything happens, and calm returns
    for step in played:
        play(world, twins, step)
    world.calm()
    outcomes = [world.deliver(twin) for twin in twins]

    # Then each has made its own, and no more
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    made = {
        "create_ticket": [t for t in account.tickets.values() if t["subject"] == f"Twin {number}"],
        "add_note": [
            c
            for c in account.conversations.values()
            if c["ticket_id"] == parameters.get("ticket_id")
        ],
        "add_time_entry": [
            t
            for t in account.time_entries.values()
            if t["ticket_id"] == parameters.get("ticket_id")
        ],
    }[action]
    assert len(made) == 2
    name = {"create_ticket": "ticket_id", "add_note": "conversation_id"}.get(
        action, "time_entry_id"
    )
    found = {outcome.data[name] for outcome in outcomes if isinstance(outcome, Outcome)}
    assert found == {record["id"] for record in made}
