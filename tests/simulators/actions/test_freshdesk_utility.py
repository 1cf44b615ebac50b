"""Agents, groups, fields, account and connection of the simulated account."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freshbridge.errors import Forbidden, NotFound
from freshbridge.reference.cache import ReferenceCache
from local.freshdesk.people import new_agent
from local.freshdesk.starting_records import new_group
from tests.fakes.actions import run_action
from tests.simulators.actions.conftest import Desk

LIMITED_KEY = "limited-agents-key-01"


def limited(desk: Desk) -> str:
    """The key of an agent who is no administrator."""
    other = next(
        one for one in desk.account.agents.values() if one["contact"]["name"] != "Dana Roe"
    )
    desk.account.api_keys[LIMITED_KEY] = other["id"]
    return LIMITED_KEY


def test_the_printed_list_agents_lists_them_all(desk: Desk) -> None:
    for number in range(120):
        new_agent(desk.account, f"Agent {number}", f"agent{number}@acme.example")

    outcome = desk.run("list_agents", {})

    assert {one["id"] for one in outcome.data["agents"]} == set(desk.account.agents)
    assert (outcome.data["total"], outcome.data["next_page"]) == (123, None)
    assert (outcome.cached, outcome.age_s) == (False, 0)


def test_agents_by_address_state_group_and_availability(desk: Desk) -> None:
    billing = next(one for one in desk.account.groups.values() if one["name"] == "Billing")
    first = desk.account.agents[billing["agent_ids"][0]]
    for one in desk.account.agents.values():
        one["available"] = one is not first
    email = first["contact"]["email"]

    def found(**filters: object) -> set[int]:
        return {one["id"] for one in desk.run("list_agents", dict(filters)).data["agents"]}

    assert found(email=email) == {first["id"]}
    assert found(state="occasional") == set()
    assert found(group_id=billing["id"]) == set(billing["agent_ids"])
    assert found(group_id=billing["id"], available=False) == {first["id"]}
    with pytest.raises(NotFound):
        found(group_id=999)


def test_the_printed_list_groups_and_their_agents(desk: Desk) -> None:
    outcome = desk.run("list_groups", {})
    whole = desk.run("list_groups", {"with_agents": True})

    assert {one["name"] for one in outcome.data["groups"]} == {"Billing", "Technical Support"}
    assert all("agent_ids" not in one for one in outcome.data["groups"])
    assert {one["id"]: one["agent_ids"] for one in whole.data["groups"]} == {
        one["id"]: one["agent_ids"] for one in desk.account.groups.values()
    }


def test_caching_answers_from_what_is_kept_until_it_is_asked_afresh(desk: Desk) -> None:
    desk.instance = replace(desk.instance, config={"cachingEnabled": True})
    reference = ReferenceCache(None)
    desk.run("list_groups", {}, reference=reference)
    new_group(desk.account, "Refunds", "Money back", [])

    kept = desk.run("list_groups", {}, reference=reference)
    fresh = desk.run("list_groups", {"fresh": True}, reference=reference)

    assert (kept.cached, kept.data["total"]) == (True, 2)
    assert (fresh.cached, fresh.data["total"]) == (False, 3)


def test_fields_with_their_choices(desk: Desk) -> None:
    fields = {one["name"]: one for one in desk.run("list_ticket_fields").data["fields"]}

    assert fields["status"]["choices"][0] == {
        "value": 2,
        "label": "Open",
        "customer_label": "Being Processed",
    }
    assert {"value": 4, "label": "Urgent"} in fields["priority"]["choices"]
    assert fields["ticket_type"]["parameter"] == "type"
    assert [one["value"] for one in fields["cf_region"]["choices"]] == ["EMEA", "APAC", "AMER"]
    assert fields["cf_region"]["parameter"] == "custom_fields.cf_region"
    for record, name in (("contact", "membership"), ("company", "segment")):
        custom = desk.run("list_ticket_fields", {"record": record, "custom_only": True})
        shown = {one["name"]: one for one in custom.data["fields"]}
        assert shown[name]["choices"][0].keys() >= {"value", "label"}
        assert "name" not in shown


def test_the_account(desk: Desk) -> None:
    outcome = desk.run("get_account")

    assert outcome.data["account"]["organisation_id"] == 284_960_733_419_037_821
    assert outcome.data["plan"] == outcome.data["account"]["tier_type"]


def test_the_connection(desk: Desk) -> None:
    outcome = desk.run("test_connection")

    assert outcome.message == "Connection successful"
    assert outcome.data["agent"]["name"] == "Dana Roe"
    assert outcome.data["may_not"] == []
    assert outcome.data["latency_ms"] >= 0
    assert outcome.data["rate_limit"]["total"] > outcome.data["rate_limit"]["remaining"]


def test_a_key_that_is_no_administrators(desk: Desk) -> None:
    key = limited(desk)

    def run(name: str) -> object:
        return run_action(
            name,
            {},
            desk.transport,
            base_url=desk.url,
            api_key=key,
            instance=desk.instance,
            reference=ReferenceCache(None),
        ).data

    with pytest.raises(Forbidden, match="API key may not list agents"):
        run("list_agents")
    with pytest.raises(Forbidden, match="API key may not list groups"):
        run("list_groups")
    shown = run("test_connection")
    assert isinstance(shown, dict)
    assert "administrator" in shown["may_not"][0]


def test_the_company_of_a_domain(desk: Desk) -> None:
    made = desk.client.create_company({"name": "Client Ltd", "domains": ["client.example"]})
    reference = ReferenceCache(None)

    def found(domain: str) -> list[int]:
        kept = reference.get(desk.client, desk.instance, "company_of_domain", key=domain)
        return [record["id"] for record in kept.records]

    assert found("client.example") == [made["id"]]
    assert found("nobody.example") == []
