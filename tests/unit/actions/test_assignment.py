"""Tickets without an agent go to the available agents of their group, fairly and once."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.assignment import (
    COUNTED_AT_ONCE,
    Assignment,
    AssignmentBusy,
    choose_agent,
)
from freshbridge.actions.assignment_turns import (
    INDEX_LAG_S,
    LOAD_AGE_S,
    MOST_AGENTS,
    Load,
    Standing,
    as_json,
    from_json,
    given_to,
    least_loaded,
    load_of,
    longest_waiting,
)
from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.actions.context import Context
from freshbridge.errors import Forbidden, NotFound
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests import builders
from tests.fakes.actions import NOW, FakeAssignments, FakeReference, run_action, services
from tests.fakes.provider import FakeTransport, empty_reply, json_reply, query_of

GROUP = 9
TICKETS = "/api/v2/tickets"
SEARCH = "/api/v2/search/tickets"
NEW = {"email": "mira@client.example", "subject": "Blank page", "description": "It is."}


def agent(agent_id: int, **changed: Any) -> dict[str, Any]:
    return {"id": agent_id, "available": True, "deactivated": False, **changed}


def people(*agents: dict[str, Any], members: Any = None) -> FakeReference:
    """The account's agents, all of the group unless told otherwise."""
    ids = [one["id"] for one in agents] if members is None else members
    return FakeReference(agents=list(agents), **{f"group_{GROUP}": [{"agent_ids": ids}]})


class Executors:
    """Runs choices as executors of their own would, with one table behind them."""

    def __init__(self, *agents: int, strategy: str = "round_robin") -> None:
        self.assignments = FakeAssignments()
        self.reference = people(*(agent(one) for one in agents))
        self.fake = FakeTransport()
        self.config = {"auto_assign": strategy}
        self.now = NOW

    def context(self, key: str) -> Context:
        return Context(
            FreshdeskClient(self.fake, "https://acme.freshdesk.com", builders.API_KEY),
            builders.instance(config=self.config),
            builders.action_request(idempotency_key=key),
            services(assignments=self.assignments, reference=self.reference),
            lambda: self.now,
        )

    def choose(self, key: str, group_id: int | None = GROUP, **given: Any) -> Assignment:
        return choose_agent(self.context(key), group_id, **given)


def test_agents_take_turns() -> None:
    executors = Executors(3, 1, 2)
    assert [executors.choose(f"a{n}").agent_id for n in range(7)] == [1, 2, 3, 1, 2, 3, 1]


def test_the_same_action_gets_the_same_agent_whenever_it_is_tried() -> None:
    executors = Executors(1, 2, 3)
    first = executors.choose("act_1")
    executors.choose("act_2")
    executors.reference = people(agent(1, available=False), agent(2), agent(3))

    assert executors.choose("act_1") == first
    assert executors.choose("act_3").agent_id == 3, "no turn was spent on trying again"


def test_tickets_of_one_action_are_told_apart_by_their_purpose() -> None:
    executors = Executors(1, 2)
    chosen = [executors.choose("act_1", purpose=f"ticket {n}").agent_id for n in (5, 6, 5)]
    assert chosen == [1, 2, 1]


def test_one_who_comes_back_gets_one_ticket_and_not_all_that_was_missed() -> None:
    executors = Executors(1, 2)
    for n in range(10):
        executors.choose(f"before {n}")
    executors.reference = people(agent(1), agent(2), agent(3))

    after = [executors.choose(f"after {n}").agent_id for n in range(6)]

    assert after == [3, 1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    ("agents", "members", "reason"),
    [
        ([agent(1, available=False)], None, "no agent of the group is available"),
        ([agent(1, deactivated=True)], None, "no agent of the group is available"),
        ([agent(1, type="collaborator")], None, "no agent of the group is available"),
        ([{"id": 1}], None, "no agent of the group is available"),
        ([agent(1)], [2], "no agent of the group is available"),
        ([agent(1)], [], "the group has no agents"),
    ],
)
def test_with_no_one_available_the_ticket_stays_unassigned(
    agents: list[dict[str, Any]], members: list[int] | None, reason: str
) -> None:
    executors = Executors()
    executors.reference = people(*agents, members=members)

    assert executors.choose("a") == Assignment(None, GROUP, "round_robin", reason)
    assert executors.assignments.choices == {}, "later someone may be available"


@pytest.mark.parametrize(
    ("error", "words"), [(Forbidden("no"), "administrator"), (NotFound("no"), "no such group")]
)
def test_what_the_key_may_not_see_is_said(error: Exception, words: str) -> None:
    class Refusing(FakeReference):
        def get(self, *_args: Any, **_named: Any) -> Any:
            raise error

    executors = Executors()
    executors.reference = Refusing()

    found = executors.choose("a")
    assert (found.agent_id, words in found.reason) == (None, True)


def test_without_a_group_there_is_no_one_to_choose_from() -> None:
    found = Executors(1).choose("a", None)
    assert (found.agent_id, found.reason) == (None, "the ticket has no group")


def test_others_are_faster_again_and_again() -> None:
    executors = Executors(1, 2)

    def meanwhile() -> None:
        standing = executors.assignments.standings.get((builders.INSTANCE_ID, GROUP), Standing())
        executors.assignments.keep(builders.INSTANCE_ID, GROUP, given_to(standing, 1, 0.0))

    executors.assignments.between = meanwhile

    with pytest.raises(AssignmentBusy) as raised:
        executors.choose("a")
    assert raised.value.after == 1.0
    assert executors.assignments.choices == {}


def test_one_action_that_runs_twice_at_once_gets_one_agent() -> None:
    executors = Executors(1, 2, 3)
    other: list[Assignment] = []

    def meanwhile() -> None:
        executors.assignments.between = lambda: None
        other.append(executors.choose("same"))

    executors.assignments.between = meanwhile

    assert executors.choose("same") == other[0]
    assert executors.choose("next").agent_id == 2


@given(
    agents=st.sets(st.integers(1, 2**63 - 1), min_size=1, max_size=5),
    interleaving=st.lists(st.booleans(), max_size=60),
    tickets=st.integers(1, 25),
    strategy=st.sampled_from(["round_robin", "least_loaded"]),
)
def test_however_executors_interleave_nobody_gets_two_more_than_another(
    agents: set[int], interleaving: list[bool], tickets: int, strategy: str
) -> None:
    executors = Executors(*agents, strategy=strategy)
    executors.fake.on("GET", SEARCH, json_reply({"total": 0, "results": []}))
    waiting = [f"ticket {n}" for n in range(tickets)]
    plan = list(interleaving)
    chosen: list[int | None] = []

    def meanwhile() -> None:
        """Between a read and its write another executor may do all of its work."""
        if plan and plan.pop() and waiting:
            chosen.append(executors.choose(waiting.pop()).agent_id)

    executors.assignments.between = meanwhile
    while waiting:
        chosen.append(executors.choose(waiting.pop()).agent_id)

    counts = Counter(chosen)
    assert len(chosen) == tickets == sum(counts.values())
    assert set(counts) <= agents
    numbers = [counts[one] for one in agents]
    assert max(numbers) - min(numbers) <= 1


class Index:
    """Freshdesk's search: the total of open tickets by agent."""

    def __init__(self, **open_tickets: int) -> None:
        self.open_tickets = {name.removeprefix("agent"): n for name, n in open_tickets.items()}
        self.asked: list[str] = []

    def __call__(self, request: ProviderRequest) -> ProviderReply:
        query = query_of(request)["query"]
        name = query.split(" ")[0].removeprefix('"agent_id:')
        self.asked.append(name)
        assert query == f'"agent_id:{name} AND (status:<3 OR status:>6)"'
        return json_reply({"total": self.open_tickets[name], "results": []})


def loaded(**open_tickets: int) -> tuple[Executors, Index]:
    index = Index(**open_tickets)
    executors = Executors(*(int(name) for name in index.open_tickets), strategy="least_loaded")
    executors.fake.on("GET", SEARCH, index)
    return executors, index


def test_the_least_loaded_gets_it_and_what_was_given_since_counts() -> None:
    executors, index = loaded(agent1=2, agent2=0, agent3=1)

    chosen = [executors.choose(f"a{n}").agent_id for n in range(6)]

    # 2 has none, then one, as 3 has, who never had a turn; then all have two.
    assert chosen == [2, 3, 2, 1, 3, 2]
    assert index.asked == ["1", "2", "3"], "counted once"


def test_loads_are_counted_anew_after_a_while_and_the_index_lags() -> None:
    executors, index = loaded(agent1=0, agent2=3)
    executors.choose("a")
    executors.now += timedelta(seconds=LOAD_AGE_S + 1)
    index.open_tickets = {"1": 5, "2": 0}

    assert executors.choose("b").agent_id == 2
    assert index.asked == ["1", "2", "1", "2"]
    standing = executors.assignments.standing(builders.INSTANCE_ID, GROUP)
    assert load_of(standing, 1) == 5, "the ticket of five minutes ago is in the count by now"
    assert load_of(standing, 2) == 1


def test_what_the_index_may_not_have_found_yet_is_added() -> None:
    at = 1_000_000.0
    standing = given_to(given_to(Standing(), 1, at - INDEX_LAG_S * 3), 1, at - 30)
    standing = Standing(given=standing.given, loads={1: Load(4, at)})
    assert load_of(standing, 1) == 5


def test_no_more_are_counted_at_once_than_an_action_can_wait_for() -> None:
    many = {f"agent{n}": 1 for n in range(1, COUNTED_AT_ONCE + 11)}
    executors, index = loaded(**many)

    first = executors.choose("a").agent_id
    assert len(index.asked) == COUNTED_AT_ONCE
    executors.choose("b")

    assert first is not None
    assert first <= COUNTED_AT_ONCE, "one who was not counted may have a hundred"
    assert len(index.asked) == len(many) == len(set(index.asked))


def test_a_search_that_fails_does_not_hold_up_the_ticket() -> None:
    executors = Executors(1, 2, strategy="least_loaded")
    executors.fake.on("GET", SEARCH, empty_reply(429, {"Retry-After": "30"}))

    assert [executors.choose(key).agent_id for key in "abc"] == [1, 2, 1]


def test_only_one_executor_counts() -> None:
    executors, index = loaded(agent1=0, agent2=0)
    before = Standing(version=1, counting_until=NOW.timestamp() + 20)
    executors.assignments.keep(builders.INSTANCE_ID, GROUP, before)

    assert executors.choose("a").agent_id == 1
    assert index.asked == [], "another is at it"
    executors.now += timedelta(seconds=21)
    executors.choose("b")
    assert index.asked == ["1", "2"], "it has not come back in time"


def test_two_that_begin_to_count_at_once_leave_it_to_one() -> None:
    executors, index = loaded(agent1=0, agent2=0)
    other: list[int | None] = []

    def meanwhile() -> None:
        executors.assignments.between = lambda: None
        other.append(executors.choose("faster").agent_id)

    executors.assignments.between = meanwhile
    mine = executors.choose("slower").agent_id

    assert [*other, mine] == [1, 2]
    assert index.asked == ["1", "2"]


def test_what_was_counted_serves_though_another_is_faster_meanwhile() -> None:
    executors, index = loaded(agent1=3, agent2=0)
    executors.assignments.between = lambda: None
    choose, faster = executors.assignments.choose, [True]

    def overtaken(*given: Any, **named: Any) -> bool:
        if faster.pop():
            before = executors.assignments.standings[builders.INSTANCE_ID, GROUP]
            executors.assignments.keep(builders.INSTANCE_ID, GROUP, given_to(before, 2, 0.0))
            faster.append(False)
        return choose(*given, **named)

    executors.assignments.choose = overtaken  # type: ignore[method-assign]  # stands between

    assert executors.choose("a").agent_id == 2
    assert index.asked == ["1", "2"], "counted once, though chosen twice"


STANDINGS = st.builds(
    Standing,
    version=st.just(0),
    turns=st.dictionaries(st.integers(1, 2**63), st.integers(1, 10**9), max_size=4),
    given=st.dictionaries(
        st.integers(0, 10**8),
        st.dictionaries(st.integers(1), st.integers(1), max_size=3),
        max_size=3,
    ),
    loads=st.dictionaries(
        st.integers(1), st.builds(Load, st.integers(0), st.floats(0, 1e10)), max_size=3
    ),
    counting_until=st.floats(0, 1e10),
)


@given(STANDINGS)
def test_a_standing_survives_its_json(standing: Standing) -> None:
    assert from_json(json.loads(json.dumps(as_json(standing))), 0) == standing


@given(STANDINGS, st.sets(st.integers(1, 50), min_size=1))
def test_both_ways_choose_one_who_is_available(standing: Standing, available: set[int]) -> None:
    assert longest_waiting(standing, available) in available
    assert least_loaded(standing, available) in available


def test_a_standing_does_not_grow_without_end() -> None:
    standing = Standing(loads={n: Load(1, float(n)) for n in range(MOST_AGENTS + 50)})
    for n in range(MOST_AGENTS + 50):
        standing = given_to(standing, n, n * 60.0)

    assert len(standing.turns) == len(standing.loads) == MOST_AGENTS
    assert len(standing.given) <= (LOAD_AGE_S + INDEX_LAG_S) / 60 + 2
    assert standing.version == MOST_AGENTS + 50


def create(fake: FakeTransport, parameters: dict[str, Any], **given: Any) -> Any:
    config = given.pop("config", {"default_group_id": GROUP, "auto_assign": True})
    instance = builders.instance(config=config)
    given = {"reference": people(agent(1), agent(2)), **given}
    return run_action("create_ticket", {**NEW, **parameters}, fake, instance=instance, **given)


def made() -> FakeTransport:
    return FakeTransport().on("POST", TICKETS, json_reply({"id": 7}, 201))


def test_a_new_ticket_of_the_default_group_gets_an_agent() -> None:
    fake = made()

    outcome = create(fake, {})

    assert (fake.requests[0].json or {})["responder_id"] == 1
    assert outcome.data["assignment"] == {
        "agent_id": 1,
        "group_id": GROUP,
        "strategy": "round_robin",
        "reason": "",
    }


@pytest.mark.parametrize("named", [{"agent_id": 5}, {"responder_id": 5}, {"agent_id": None}])
def test_the_callers_own_choice_stands(named: dict[str, Any]) -> None:
    fake, assignments = made(), FakeAssignments()

    outcome = create(fake, named, assignments=assignments)

    assert (fake.requests[0].json or {}).get("responder_id") == next(iter(named.values()))
    assert assignments.choices == {}
    assert "assignment" not in outcome.data


@pytest.mark.parametrize("config", [{}, {"auto_assign": False}, {"default_group_id": GROUP}])
def test_nothing_is_assigned_unless_the_instance_says_so(config: dict[str, Any]) -> None:
    fake = made()
    create(fake, {"group_id": GROUP}, config=config)
    assert "responder_id" not in (fake.requests[0].json or {})


def test_a_ticket_that_nobody_can_take_is_made_all_the_same_and_says_so() -> None:
    fake = made()

    outcome = create(fake, {}, reference=people(agent(1, available=False)))

    assert "responder_id" not in (fake.requests[0].json or {})
    assert outcome.message.endswith("not assigned: no agent of the group is available")
    assert outcome.data["assignment"]["agent_id"] is None


def test_wrong_parameters_take_no_turn() -> None:
    assignments = FakeAssignments()
    with pytest.raises(InvalidParameters):
        create(made(), {"priority": "hot"}, assignments=assignments)
    with pytest.raises(InvalidParameters):
        create(
            made(),
            {"custom_fields": {"x": 1}},
            assignments=assignments,
            reference=FakeReference(ticket_fields=[{"name": "cf_a"}]),
        )
    assert assignments.standings == {}


def assign(fake: FakeTransport, parameters: dict[str, Any], **given: Any) -> Any:
    given = {"reference": people(agent(1), agent(2)), **given}
    return run_action("assign_ticket", {"ticket_id": 7, **parameters}, fake, **given)


def test_assign_ticket_can_choose_of_a_given_group() -> None:
    fake = FakeTransport().on("PUT", f"{TICKETS}/7", json_reply({"id": 7}))

    outcome = assign(fake, {"auto": True, "group_id": GROUP})

    assert fake.requests[0].json == {"group_id": GROUP, "responder_id": 1}
    assert outcome.data["assignment"]["strategy"] == "round_robin"


def test_assign_ticket_can_choose_of_the_tickets_own_group() -> None:
    fake = FakeTransport().on("GET", f"{TICKETS}/7", json_reply({"id": 7, "group_id": GROUP}))
    fake.on("PUT", f"{TICKETS}/7", json_reply({"id": 7}))

    assign(fake, {"auto": True})

    assert fake.requests[-1].json == {"responder_id": 1}


def test_assign_ticket_changes_nothing_when_nobody_can_take_it() -> None:
    fake = FakeTransport().on("GET", f"{TICKETS}/7", json_reply({"id": 7, "group_id": None}))

    outcome = assign(fake, {"auto": True})

    assert outcome.message == "Ticket not assigned: the ticket has no group"
    assert [request.method for request in fake.requests] == ["GET"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"auto": True, "agent_id": 5},
        {"auto": True, "responder_id": 5},
        {"auto": True, "group_id": None},
        {"auto": False},
        {},
    ],
)
def test_auto_and_an_agent_contradict_each_other(parameters: dict[str, Any]) -> None:
    fake = FakeTransport()
    with pytest.raises(InvalidParameters):
        assign(fake, parameters)
    assert fake.requests == []
