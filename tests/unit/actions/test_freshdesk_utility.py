"""Agents, groups, fields, account and connection: filtered, paged, and as old as they say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Outcome
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters
from freshbridge.actions.context import Context
from freshbridge.actions.freshdesk.field_choices import choices_of
from freshbridge.errors import Forbidden, NotFound, Unauthorized
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.reference.cache import ReferenceCache
from tests import builders
from tests.fakes.actions import NOW, FakeReference, run_action, services
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of

AGENTS = "/api/v2/agents"
GROUPS = "/api/v2/groups"
ON = {"cachingEnabled": True}


def agent(agent_id: int, **changed: Any) -> dict[str, Any]:
    email = changed.pop("email", f"agent{agent_id}@acme.example")
    contact = {"name": f"Agent {agent_id}", "email": email}
    return {"id": agent_id, "available": True, "occasional": False, "contact": contact, **changed}


class Now:
    """Moved by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at.timestamp()


class Desk:
    """Runs actions in one process, with its memory of reference data."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.fake = FakeTransport()
        self.now = Now()
        self.reference = ReferenceCache(None, clock=self.now)
        self.instance = builders.instance(config=config or {})

    def run(self, name: str, **parameters: Any) -> Outcome:
        return run_action(
            name, parameters, self.fake, instance=self.instance, reference=self.reference
        )


def ids(outcome: Outcome, of: str = "agents") -> list[int]:
    return [record["id"] for record in outcome.data[of]]


def test_without_caching_every_list_is_asked_for() -> None:
    desk = Desk()
    desk.fake.on("GET", AGENTS, json_reply([agent(1)]), json_reply([agent(1), agent(2)]))

    first, second = desk.run("list_agents"), desk.run("list_agents")

    assert (ids(first), ids(second)) == ([1], [1, 2])
    assert (first.cached, second.cached, second.age_s) == (False, False, 0)
    assert first.data["total"] == 1
    assert first.data["agents"][0]["contact"]["name"] == "Agent 1"


@pytest.mark.parametrize(
    ("config", "passed", "calls"),
    [
        (ON, 299, 1),
        (ON, 300, 2),
        (ON | {"cacheTimeToLive": 10}, 9, 1),
        (ON | {"cacheTimeToLive": 10}, 10, 2),
        (ON | {"cacheTimeToLive": 3600}, 3599, 1),
        (ON | {"maxCacheSize": 2}, 1, 1),
        (ON | {"maxCacheSize": 1}, 1, 2),
        ({"cacheTimeToLive": 3600}, 1, 2),
    ],
)
def test_the_instance_says_how_old_a_list_may_be(
    config: dict[str, Any], passed: int, calls: int
) -> None:
    desk = Desk(config)
    desk.fake.on("GET", AGENTS, json_reply([agent(1), agent(2)]))
    desk.run("list_agents")
    desk.now.at += timedelta(seconds=passed)

    outcome = desk.run("list_agents")

    assert len(desk.fake.requests) == calls
    kept = calls == 1
    assert (outcome.cached, outcome.age_s) == (kept, passed if kept else 0)


def test_an_agent_who_is_newer_than_what_is_kept_is_found() -> None:
    desk = Desk(ON)
    desk.fake.on("GET", AGENTS, json_reply([agent(1)]), json_reply([agent(1), agent(2)]))
    desk.run("list_agents")
    desk.now.at += timedelta(seconds=60)
    address = agent(2)["contact"]["email"]

    found = desk.run("list_agents", email=address)

    assert (ids(found), found.cached) == ([2], False)
    assert ids(desk.run("list_agents", email=address)) == [2]
    assert len(desk.fake.requests) == 2


def test_a_fresh_list_can_be_asked_for_and_serves_the_others() -> None:
    desk = Desk(ON)
    desk.fake.on("GET", AGENTS, json_reply([agent(1)]), json_reply([agent(1), agent(2)]))
    desk.run("list_agents")

    assert ids(desk.run("list_agents", fresh=True)) == [1, 2]
    assert ids(desk.run("list_agents")) == [1, 2]
    assert len(desk.fake.requests) == 2


@pytest.mark.parametrize("config", [{}, ON])
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"email": "AGENT2@acme.example"}, [2]),
        ({"state": "occasional"}, [3]),
        ({"state": "fulltime"}, [1, 2]),
        ({"available": False}, [2]),
        ({"group_id": 9}, [2, 3]),
        ({"group_id": "9", "state": "fulltime", "available": False}, [2]),
        ({"email": "nobody@acme.example"}, []),
    ],
)
def test_agents_are_filtered(
    filters: dict[str, Any], found: list[int], config: dict[str, Any]
) -> None:
    desk = Desk(config)
    everyone = [agent(1), agent(2, available=False), agent(3, occasional=True)]
    desk.fake.on("GET", AGENTS, PagedList(everyone))
    desk.fake.on("GET", f"{GROUPS}/9", json_reply({"id": 9, "agent_ids": [3, 2]}))

    assert ids(desk.run("list_agents", **filters)) == found


def test_freshdesk_filters_where_that_saves_calls() -> None:
    desk = Desk()
    desk.fake.on("GET", AGENTS, json_reply([agent(2)]))

    desk.run("list_agents", email="agent2@acme.example", state="fulltime")

    asked = query_of(desk.fake.requests[0])
    assert (asked["email"], asked["state"]) == ("agent2@acme.example", "fulltime")


@given(st.integers(0, 250), st.integers(1, 60))
def test_pages_hold_every_agent_once(count: int, per_page: int) -> None:
    desk = Desk(ON)
    desk.fake.on("GET", AGENTS, PagedList([agent(n) for n in range(1, count + 1)]))
    found: list[int] = []
    page: int | None = 1
    while page is not None:
        outcome = desk.run("list_agents", page=page, per_page=per_page)
        assert len(outcome.data["agents"]) <= per_page
        assert outcome.data["total"] == count
        found += ids(outcome)
        page = outcome.data["next_page"]
    assert found == list(range(1, count + 1))


def test_groups_can_be_listed_with_their_agents() -> None:
    desk = Desk(ON)
    desk.fake.on("GET", GROUPS, json_reply([{"id": 9, "name": "Billing"}, {"id": 8}]))
    desk.fake.on("GET", f"{GROUPS}/9", json_reply({"id": 9, "name": "Billing", "agent_ids": [1]}))
    desk.fake.on("GET", f"{GROUPS}/8", json_reply({"id": 8, "agent_ids": []}))

    assert ids(desk.run("list_groups"), "groups") == [9, 8]
    desk.now.at += timedelta(seconds=30)
    outcome = desk.run("list_groups", with_agents=True)

    assert [group["agent_ids"] for group in outcome.data["groups"]] == [[1], []]
    assert (outcome.cached, outcome.age_s) == (True, 30), "as old as its oldest part"


@pytest.mark.parametrize(
    ("name", "parameters", "path"),
    [
        ("list_agents", {}, AGENTS),
        ("list_agents", {"email": "a@acme.example"}, AGENTS),
        ("list_groups", {}, GROUPS),
        ("list_ticket_fields", {"record": "contact"}, "/api/v2/contact_fields"),
    ],
)
def test_a_key_that_is_no_administrators_is_told_so(
    name: str, parameters: dict[str, Any], path: str
) -> None:
    desk = Desk()
    words = {"code": "access_denied", "message": "You are not authorized to perform this action."}
    desk.fake.on("GET", path, json_reply(words, 403))

    with pytest.raises(Forbidden) as raised:
        desk.run(name, **parameters)

    assert "API key may not list" in str(raised.value)
    assert "administrator's key" in raised.value.advice
    assert raised.value.provider_code == "access_denied"


def test_agents_of_a_group_that_is_not_there() -> None:
    desk = Desk()
    desk.fake.on("GET", AGENTS, json_reply([]))
    desk.fake.on("GET", f"{GROUPS}/9", empty_reply(404))
    with pytest.raises(NotFound):
        desk.run("list_agents", group_id=9)


FIELDS = [
    {"name": "subject", "label": "Subject", "type": "default_subject", "default": True},
    {
        "name": "status",
        "type": "default_status",
        "default": True,
        "choices": {"2": ["Open", "Being Processed"]},
    },
    {
        "name": "ticket_type",
        "type": "default_ticket_type",
        "default": True,
        "choices": ["Question"],
    },
    {"name": "cf_category", "type": "custom_dropdown", "default": False, "choices": ["Technical"]},
]


def test_fields_have_one_shape_and_the_names_that_parameters_have() -> None:
    desk = Desk({"custom_field_mapping": {"cf_category": "category"}})
    desk.fake.on("GET", "/api/v2/ticket_fields", json_reply(FIELDS))

    outcome = desk.run("list_ticket_fields")
    custom = desk.run("list_ticket_fields", custom_only=True)

    shown = {
        field["name"]: (field["parameter"], field["custom"], field["choices"])
        for field in outcome.data["fields"]
    }
    assert shown == {
        "subject": ("subject", False, []),
        "status": (
            "status",
            False,
            [{"value": 2, "label": "Open", "customer_label": "Being Processed"}],
        ),
        "ticket_type": ("type", False, [{"value": "Question", "label": "Question"}]),
        "cf_category": (
            "custom_fields.category",
            True,
            [{"value": "Technical", "label": "Technical"}],
        ),
    }
    assert [field["name"] for field in custom.data["fields"]] == ["cf_category"]


@pytest.mark.parametrize("record", ["contact", "company"])
def test_fields_of_contacts_and_companies(record: str) -> None:
    desk = Desk()
    desk.fake.on("GET", f"/api/v2/{record}_fields", json_reply([{"name": "department"}]))

    outcome = desk.run("list_ticket_fields", record=record)
    assert outcome.data["fields"][0]["parameter"] == "custom_fields.department"


@pytest.mark.parametrize(
    ("choices", "shown"),
    [
        (None, []),
        ([], []),
        ({}, []),
        (["Question", "Café \U0001f600"], [("Question", "Question"), ("Café \U0001f600",) * 2]),
        ({"Low": 1, "Urgent": 4}, [(1, "Low"), (4, "Urgent")]),
        ({"2": ["Open", "Being Processed"], "8": ["In review"]}, [(2, "Open"), (8, "In review")]),
        ([{"id": 5, "label": "Gold", "value": "gold", "position": 1}], [("gold", "Gold")]),
    ],
)
def test_choices_of_each_shape(choices: Any, shown: list[tuple[Any, str]]) -> None:
    assert [(one["value"], one["label"]) for one in choices_of(choices)] == shown


@pytest.mark.parametrize(
    "choices",
    [
        [{"Europe": [{"France": ["Paris", "Lyon"]}, {"Malta": []}]}],
        {"Europe": {"France": ["Paris", "Lyon"], "Malta": []}},
        [
            {
                "id": 1,
                "value": "Europe",
                "choices": [
                    {"value": "France", "choices": [{"value": "Paris"}, {"value": "Lyon"}]},
                    {"value": "Malta", "choices": []},
                ],
            }
        ],
    ],
)
def test_dependent_choices_of_each_shape_are_the_same(choices: Any) -> None:
    cities = [{"value": city, "label": city} for city in ("Paris", "Lyon")]
    assert choices_of(choices) == [
        {
            "value": "Europe",
            "label": "Europe",
            "choices": [
                {"value": "France", "label": "France", "choices": cities},
                {"value": "Malta", "label": "Malta"},
            ],
        }
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_no_choices_break_the_list(choices: Any) -> None:
    assert all({"value", "label"} <= choice.keys() for choice in choices_of(choices))


def test_the_account_and_its_plan() -> None:
    desk = Desk(ON)
    account = {"account_id": 1, "tier_type": "Forest", "organisation_id": 284_960_733_419_037_821}
    desk.fake.on("GET", "/api/v2/account", json_reply(account))

    desk.run("get_account")
    desk.now.at += timedelta(seconds=5)
    outcome = desk.run("get_account")

    assert outcome.data == {"account": account, "plan": "Forest", "domain": "acme.freshdesk.com"}
    assert (outcome.cached, outcome.age_s) == (True, 5)


LIMIT = {"X-RateLimit-Total": "400", "X-RateLimit-Remaining": "398"}


@pytest.mark.parametrize(
    ("agents", "scope", "may_not"),
    [
        (json_reply([]), 1, 0),
        (json_reply({"code": "access_denied"}, 403), 1, 1),
        (json_reply({"code": "access_denied"}, 403), 2, 2),
        (json_reply([]), 3, 1),
        (empty_reply(503), 1, 0),
    ],
)
def test_a_connection_says_whose_it_is_and_what_it_may_not_do(
    agents: Any, scope: int, may_not: int
) -> None:
    fake = FakeTransport()
    moments = iter([NOW, NOW + timedelta(milliseconds=123)])
    me = agent(5, ticket_scope=scope)
    fake.on("GET", f"{AGENTS}/me", json_reply(me, headers=LIMIT)).on("GET", AGENTS, agents)
    action = CATALOGUE.find("freshdesk", "test_connection")
    context = Context(
        FreshdeskClient(fake, "https://acme.freshdesk.com", builders.API_KEY),
        builders.instance(),
        builders.action_request(action="test_connection", parameters={}),
        services(),
        lambda: next(moments),
    )

    outcome = action.run(context, action.parameters())

    assert outcome.message == "Connection successful"
    assert len(outcome.data.pop("may_not")) == may_not
    assert outcome.data == {
        "platform": "freshdesk",
        "domain": "acme.freshdesk.com",
        "agent": {"id": 5, "name": "Agent 5"},
        "latency_ms": 123,
        "rate_limit": {"total": 400, "remaining": 398},
    }


def test_a_refused_key_fails_the_connection() -> None:
    fake = FakeTransport().on("GET", f"{AGENTS}/me", json_reply({}, 401))
    with pytest.raises(Unauthorized):
        run_action("test_connection", {}, fake)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("list_agents", {"state": "parttime"}),
        ("list_agents", {"email": "none"}),
        ("list_agents", {"page": 0}),
        ("list_agents", {"per_page": 1001}),
        ("list_agents", {"page": "1"}),
        ("list_groups", {"name": "Billing"}),
        ("list_ticket_fields", {"record": "agent"}),
        ("test_connection", {"domain": "acme"}),
    ],
)
def test_wrong_parameters_are_refused(name: str, parameters: dict[str, Any]) -> None:
    fake = FakeTransport()
    with pytest.raises(InvalidParameters):
        run_action(name, parameters, fake, reference=FakeReference())
    assert fake.requests == []
