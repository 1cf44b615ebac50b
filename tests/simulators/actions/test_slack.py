"""Slack's action against the simulated workspace, over real HTTP, as the executor would run it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.errors import NotFound, Throttled, Unauthorized, Unreachable
from freshbridge.instances import validation
from freshbridge.slack.client import SlackClient
from freshbridge.slack.pace import Pace
from freshbridge.transport import RequestsTransport
from local.simulator.faults import fault_of
from local.slack.app import Simulator
from local.slack.workspace import DEMO_TOKEN, DEMO_WEBHOOK, Workspace
from tests import builders
from tests.fakes.actions import earlier_attempt, run_action
from tests.simulators.served import served

SEED = {"channel": "#urgent-tickets", "message": "Urgent ticket created: Cannot log in"}


class World:
    """A served workspace: run the action on it, and look at its state directly."""

    def __init__(self, url: str, workspace: Workspace) -> None:
        self.url = url
        self.workspace = workspace
        self.transport = RequestsTransport()

    def send(
        self, parameters: dict[str, Any], secrets: dict[str, str] | None = None, **given: Any
    ) -> Outcome:
        """Run slack.send_message."""
        client = SlackClient(
            self.transport, self.url, secrets or {"bot_token": DEMO_TOKEN}, pace=Pace()
        )
        return run_action(
            "send_message",
            parameters,
            self.transport,
            platform="slack",
            client=client,
            instance=builders.instance(platform="slack", origin=self.url),
            **given,
        )


@pytest.fixture
def slack() -> Iterator[World]:
    workspace = Workspace()
    with served(Simulator(workspace)) as url:
        world = World(url, workspace)
        yield world
        world.transport.close()


def test_a_message_arrives_where_it_should(slack: World) -> None:
    outcome = slack.send(SEED)

    [message] = slack.workspace.messages
    assert (message["channel_name"], message["shown"]) == ("urgent-tickets", SEED["message"])
    assert outcome.data == {"channel": message["channel"], "ts": message["ts"]}


def test_a_reply_with_blocks_arrives_in_its_thread(slack: World) -> None:
    first = slack.send(SEED).data
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*More*"}}]

    slack.send({"channel": first["channel"], "thread_ts": first["ts"], "blocks": blocks})

    assert slack.workspace.messages[1]["thread_ts"] == first["ts"]
    assert slack.workspace.messages[1]["shown"] == "*More*"


def test_a_webhook_posts_to_its_own_channel(slack: World) -> None:
    slack.send({"channel": "#general", "message": "x"}, {"webhook_url": slack.url + DEMO_WEBHOOK})

    assert [m["channel_name"] for m in slack.workspace.messages] == ["urgent-tickets"]


def test_slack_s_refusals_and_its_limit_are_told_apart(slack: World) -> None:
    with pytest.raises(NotFound, match="channel_not_found"):
        slack.send(SEED | {"channel": "#nowhere"})
    with pytest.raises(Unauthorized, match="invalid_auth"):
        slack.send(SEED, {"bot_token": "xoxb-wrong"})
    slack.workspace.settings.burst = 1
    slack.send(SEED)
    with pytest.raises(Throttled) as raised:
        slack.send(SEED)

    assert raised.value.after == 1
    assert len(slack.workspace.messages) == 1


@pytest.mark.parametrize("named", ["#urgent-tickets", "C0000000003"])
def test_a_message_whose_answer_was_lost_is_there_once(slack: World, named: str) -> None:
    lost = {"match": "POST /api/chat.postMessage", "kind": "commit_then_drop", "count": 1}
    slack.workspace.faults = [fault_of(lost)]
    with pytest.raises(Unreachable) as raised:
        slack.send(SEED | {"channel": named})

    now = datetime.now(UTC)
    outcome = slack.send(SEED | {"channel": named}, unsure=earlier_attempt(now, over=20), now=now)

    assert raised.value.outcome_unknown
    assert outcome.data["reconciled"] is True
    assert outcome.data["ts"] == slack.workspace.messages[0]["ts"]
    assert len(slack.workspace.messages) == 1


def test_a_message_that_never_got_through_is_posted_after_a_look(slack: World) -> None:
    now = datetime.now(UTC)

    slack.send(SEED, unsure=earlier_attempt(now, over=20), now=now)

    assert len(slack.workspace.messages) == 1


def test_credentials_are_checked_without_a_message(slack: World) -> None:
    both = {"bot_token": DEMO_TOKEN, "webhook_url": slack.url + DEMO_WEBHOOK}

    checked = validation.check("slack", slack.url, {}, both, slack.transport)

    assert checked.agent_name == "freshbridge"
    slack.workspace.settings.webhook_state = "team_disabled"
    with pytest.raises(Unauthorized) as raised:
        validation.check("slack", slack.url, {}, both, slack.transport)
    assert raised.value.provider_message == "team_disabled"
    assert slack.workspace.messages == []
