"""A rule's action for another account: the guide's own rule posts to Slack, with IAM enforced."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from local.api_client import CallError, FreshdeskAccount
from local.scenario import Scenario
from local.stack import Stack
from tests.e2e.conftest import eventually

# As the integration guide prints it.
RULE: dict[str, Any] = {
    "trigger": {
        "platform": "freshdesk",
        "event": "ticket_created",
        "conditions": {"priority": 4, "type": "Incident"},
    },
    "actions": [
        {
            "platform": "slack",
            "action": "send_message",
            "parameters": {
                "channel": "#urgent-tickets",
                "message": "Urgent ticket created: {{ticket.subject}}",
            },
        }
    ],
}
WARM = 5


@pytest.fixture(scope="module")
def slack(stack: Stack) -> FreshdeskAccount:
    """What steers the simulated workspace."""
    simulator = stack.simulators["slack"]
    return FreshdeskAccount(simulator.url, simulator.api_key)


@pytest.fixture(scope="module")
def workspace(connected: Scenario, slack: FreshdeskAccount) -> Iterator[dict[str, Any]]:
    """The workspace, connected."""
    body = {
        "platform": "slack",
        "name": "Demo workspace",
        "credentials": {"bot_token": slack.api_key, "domain": slack.url},
    }
    made: dict[str, Any] = connected.api.call("POST", "/api/integrations", body)
    yield made
    connected.api.call("DELETE", f"/api/integrations/{made['id']}")


def rules_of(connected: Scenario) -> str:
    return f"/api/integrations/{connected.instance['id']}/rules"


@pytest.fixture
def rule(connected: Scenario, workspace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    saved: dict[str, Any] = connected.api.call("POST", rules_of(connected), RULE)
    assert saved["actions"][0]["instance_id"] == workspace["id"]
    yield saved
    connected.api.call("DELETE", f"{rules_of(connected)}/{saved['rule_id']}")


def open_ticket(connected: Scenario, subject: str) -> None:
    ticket = {
        "email": "mira.holt@client.example", "subject": subject, "description": "It broke.",
        "type": "Incident", "priority": 4, "status": 2,
    }  # fmt: skip
    connected.freshdesk.api("POST", "/tickets", ticket)


def messages(slack: FreshdeskAccount, words: str) -> list[dict[str, Any]]:
    return [one for one in slack.steer("GET", "/truth") if words in one["shown"]]


def test_the_guide_s_own_rule_posts_to_slack(
    connected: Scenario,
    slack: FreshdeskAccount,
    rule: dict[str, Any],
    record_property: Callable[[str, object], None],
) -> None:
    took: list[float] = []
    for number in range(1 + WARM):
        # Given an urgent incident
        subject = f"Cannot log in <!channel> & no. {number}"
        began = time.time()
        open_ticket(connected, subject)

        # When its webhook has gone through router and executor
        wanted = f"Urgent ticket created: {subject}"
        [message] = eventually(partial(messages, slack, wanted), wanted)

        # Then the channel shows it word by word, and nobody is called
        assert (message["channel_name"], message["calls"]) == ("urgent-tickets", [])
        took.append(message["received_at"] - began)
    warm = sorted(took[1:])
    # Seconds from the ticket's creation to the message, for the report of --junitxml.
    record_property("first_s", round(took[0], 3))
    record_property("warm_median_s", round(warm[len(warm) // 2], 3))
    record_property("warm_longest_s", round(warm[-1], 3))

    runs = connected.api.call("GET", f"{rules_of(connected)}/{rule['rule_id']}/runs")["runs"]
    assert len(runs) == 1 + WARM


def test_a_rule_for_an_account_that_nobody_connected_is_refused(connected: Scenario) -> None:
    action = {"platform": "http", "action": "request", "parameters": {"path": "/x"}}

    with pytest.raises(CallError, match="no http account is connected"):
        connected.api.call("POST", rules_of(connected), RULE | {"actions": [action]})
