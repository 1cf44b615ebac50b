"""One call sets Freshdesk up: a test ticket shows that it works, and a customer's runs a rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.api_client import ConnectorApi
from local.scenario import Scenario
from local.stack import Stack
from tests.e2e.conftest import eventually


@pytest.fixture
def scenario(stack: Stack) -> Iterator[Scenario]:
    """An integration with the demo rule and no automation; what it installs is removed again."""
    made = Scenario(stack)
    made.connect()
    made.save_rule()
    yield made
    api, path = made.api, f"/api/integrations/{made.instance['id']}"
    api.call("DELETE", f"{path}/webhooks")
    api.call("DELETE", path)


def own_rules(scenario: Scenario) -> list[str]:
    names = [
        rule["name"]
        for rule_type in (1, 4)
        for rule in scenario.freshdesk.api("GET", f"/automations/{rule_type}/rules")["rules"]
    ]
    return [name for name in names if name.startswith(f"Freshbridge {scenario.instance['id']}: ")]


def test_one_call_and_a_ticket_runs_a_rule(scenario: Scenario) -> None:
    # Given an account that other tests use as well, where only the first creation rule runs
    api: ConnectorApi = scenario.api
    webhooks = f"/api/integrations/{scenario.instance['id']}/webhooks"
    body = {"base_url": scenario.stack.api_url, "position": "first"}
    # When the webhooks are installed by one call
    made = api.call("POST", webhooks, body)
    assert (made["healthy"], len(own_rules(scenario))) == (True, 4)
    # Then a test ticket's webhooks all arrive, and the ticket is gone
    check = api.call("POST", f"{webhooks}/verify", {"wait_s": 15})
    if check["state"] == "waiting":
        check = eventually(
            lambda: (
                found if (found := api.call("GET", check["path"]))["state"] != "waiting" else None
            ),
            "the test ticket's webhooks",
        )
    assert (check["state"], check["ticket_deleted"]) == ("arrived", True)
    assert all(rule["arrived"] for rule in check["rules"])
    tickets = scenario.freshdesk.steer("GET", "/truth?object=tickets")
    (ticket,) = [one for one in tickets if one["id"] == check["ticket_id"]]
    assert ticket["deleted"] is True
    # And a customer's ticket runs the rule
    scenario.open_ticket()
    scenario.await_actions()
    # Run twice, nothing is doubled
    assert api.call("POST", webhooks, body)["changes"] == []
    assert len(own_rules(scenario)) == 4
    # And removed, none is left
    assert len(api.call("DELETE", webhooks)["removed"]) == 4
    assert own_rules(scenario) == []
