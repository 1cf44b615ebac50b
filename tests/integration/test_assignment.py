"""Executors that assign at once share one table, and no turn is taken twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from freshbridge import aws
from freshbridge.actions.assignment_ledger import AssignmentLedger, AssignmentUnavailable
from freshbridge.actions.assignment_turns import Standing, given_to, longest_waiting
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import PassingTime, Stack, Start

GROUP = 9
INSTANCE = builders.INSTANCE_ID
TICKETS = "/api/v2/tickets"
AT = 1_772_539_360.0


def ledger(stack: Stack, client: Any = None) -> AssignmentLedger:
    return AssignmentLedger(stack.names["IdempotencyTable"], client, clock=lambda: AT)


def choose(of: AssignmentLedger, standing: Standing, purpose: str, agent_id: int) -> bool:
    after = given_to(standing, agent_id, AT)
    return of.choose(INSTANCE, GROUP, after, purpose=purpose, agent_id=agent_id)


def test_a_choice_and_its_standing_are_kept_together(stack: Stack) -> None:
    one = ledger(stack)
    assert one.standing(INSTANCE, GROUP) == Standing()
    assert one.chosen(INSTANCE, "act_1") is None

    assert choose(one, Standing(), "act_1", 5)
    assert choose(one, one.standing(INSTANCE, GROUP), "act_2", 2**63 - 1)

    other = ledger(stack)
    assert (other.chosen(INSTANCE, "act_1"), other.chosen(INSTANCE, "act_2")) == (5, 2**63 - 1)
    assert other.chosen("193000002", "act_1") is None
    standing = other.standing(INSTANCE, GROUP)
    assert (standing.version, standing.turns) == (2, {5: 1, 2**63 - 1: 2})
    assert other.standing(INSTANCE, 10) == Standing()
    assert all(int(item["expiration"]["N"]) > AT for item in stack.items("IdempotencyTable"))


@pytest.mark.parametrize("before", [0, 1])
def test_of_two_that_read_the_same_standing_one_is_refused(stack: Stack, before: int) -> None:
    one, other = ledger(stack), ledger(stack)
    if before:
        choose(one, Standing(), "act_0", 4)
    mine, its = one.standing(INSTANCE, GROUP), other.standing(INSTANCE, GROUP)

    assert choose(one, mine, "act_1", 5)
    assert not choose(other, its, "act_2", 5)

    assert other.chosen(INSTANCE, "act_2") is None, "neither half was kept"
    assert other.standing(INSTANCE, GROUP).turns[5] == before + 1


def test_one_action_has_one_choice(stack: Stack) -> None:
    one = ledger(stack)
    choose(one, Standing(), "act_1", 5)

    assert not choose(one, one.standing(INSTANCE, GROUP), "act_1", 6)
    assert one.chosen(INSTANCE, "act_1") == 5
    assert one.standing(INSTANCE, GROUP).version == 1


def test_a_standing_can_be_kept_without_a_choice(stack: Stack) -> None:
    one = ledger(stack)
    counting = Standing(version=1, counting_until=AT + 30)
    assert one.keep(INSTANCE, GROUP, counting)
    assert not one.keep(INSTANCE, GROUP, counting)
    assert one.standing(INSTANCE, GROUP) == counting


@pytest.mark.parametrize(
    "error",
    [client_error("PutItem"), ConnectTimeoutError(endpoint_url="https://dynamodb.example")],
)
def test_a_table_that_does_not_answer_lets_nobody_choose(stack: Stack, error: Exception) -> None:
    def failing(name: str) -> AssignmentLedger:
        return ledger(stack, Failing(aws.dynamodb(), **{name: raising(error)}))

    with pytest.raises(AssignmentUnavailable):
        failing("get_item").standing(INSTANCE, GROUP)
    with pytest.raises(AssignmentUnavailable):
        failing("get_item").chosen(INSTANCE, "act_1")
    with pytest.raises(AssignmentUnavailable):
        choose(failing("transact_write_items"), Standing(), "act_1", 5)
    with pytest.raises(AssignmentUnavailable):
        failing("put_item").keep(INSTANCE, GROUP, Standing(version=1))
    assert stack.items("IdempotencyTable") == []


def test_many_interleaved_executors_share_the_turns(stack: Stack) -> None:
    agents, waiting, chosen = [1, 2, 3], [f"act_{n}" for n in range(20)], []

    def work(depth: int) -> None:
        """One executor; between its read and its write up to two others do all of theirs."""
        if not waiting:
            return
        purpose, mine = waiting.pop(), ledger(stack)
        for attempt in range(10):
            standing = mine.standing(INSTANCE, GROUP)
            if depth < 3 and attempt == 0:
                work(depth + 1)
                work(depth + 1)
            agent = longest_waiting(standing, agents)
            if choose(mine, standing, purpose, agent):
                chosen.append(agent)
                return
        raise AssertionError("nobody was in the way any more")

    while waiting:
        work(0)

    counts = Counter(chosen)
    assert sum(counts.values()) == 20
    assert max(counts.values()) - min(counts.values()) <= 1


def connect(stack: Stack, provider: FakeTransport) -> None:
    stack.connect(
        builders.instance(config={"default_group_id": GROUP, "auto_assign": "round_robin"})
    )
    available = [{"id": one, "available": True} for one in (1, 2)]
    provider.on("GET", "/api/v2/agents", json_reply(available))
    provider.on("GET", f"/api/v2/groups/{GROUP}", json_reply({"id": GROUP, "agent_ids": [1, 2]}))


def send(stack: Stack, key: str) -> None:
    ticket = {"email": "mira@client.example", "subject": "Blank page", "description": "It is."}
    request = builders.action_request(
        action_id=key, idempotency_key=key, action="create_ticket", parameters=ticket
    )
    stack.send("ActionQueue", request)


def test_new_tickets_from_the_queue_go_round(
    stack: Stack, start: Start, provider: FakeTransport, passing_time: PassingTime
) -> None:
    connect(stack, provider)
    provider.on("POST", TICKETS, *(json_reply({"id": one}, 201) for one in (7, 8, 9)))
    for key in ("act_1", "act_2", "act_3"):
        send(stack, key)

    for put_off in iter(lambda: stack.deliver("ActionQueue", start("ActionExecutor").handler), []):
        passing_time.sleep(10)
        for body in put_off:
            stack.send("ActionQueue", body)

    sent = [request.json or {} for request in provider.sent("POST", TICKETS)]
    assert sorted(body["responder_id"] for body in sent) == [1, 1, 2]
    assert {body["group_id"] for body in sent} == {GROUP}
    assert len(provider.requests) == 3 + 2, "agents and group were asked for once"


def test_a_ticket_that_is_tried_again_goes_to_the_same_agent(
    stack: Stack, start: Start, provider: FakeTransport, passing_time: PassingTime
) -> None:
    connect(stack, provider)
    provider.on("POST", TICKETS, empty_reply(429, {"Retry-After": "0"}))
    provider.on("POST", TICKETS, json_reply({"id": 7}, 201), json_reply({"id": 8}, 201))
    send(stack, "act_1")
    handler = start("ActionExecutor").handler

    assert len(stack.deliver("ActionQueue", handler)) == 1
    passing_time.sleep(60)
    send(stack, "act_2")
    assert stack.deliver("ActionQueue", handler) == []
    send(stack, "act_1")
    assert stack.deliver("ActionQueue", handler) == []

    sent = [(request.json or {})["responder_id"] for request in provider.sent("POST", TICKETS)]
    assert sent == [1, 2, 1]
