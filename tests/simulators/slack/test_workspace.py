"""The simulated workspace is as strict as Slack: whoever gets on with it gets on with Slack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from local.slack.app import Simulator
from local.slack.workspace import DEMO_TOKEN, DEMO_WEBHOOK
from tests.simulators.served import served


class World:
    """A served workspace, with Slack's own client for it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = WebClient(DEMO_TOKEN, base_url=f"{url}/api/", retry_handlers=[])
        self.webhook = WebhookClient(url + DEMO_WEBHOOK, retry_handlers=[])

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        """A control call that has to succeed."""
        answer = requests.request(method, f"{self.url}/__sim{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def refusal(self, **message: Any) -> tuple[str, Any]:
        """What posting is refused with."""
        with pytest.raises(SlackApiError) as raised:
            self.client.chat_postMessage(**({"channel": "#support", "text": "x"} | message))
        return raised.value.response["error"], raised.value.response


@pytest.fixture
def slack() -> Iterator[World]:
    with served(Simulator()) as url:
        yield World(url)


def test_slack_s_own_client_posts_and_reads_back(slack: World) -> None:
    metadata = {"event_type": "t", "event_payload": {"id": "a"}}

    sent = slack.client.chat_postMessage(channel="#support", text="a &lt;b", metadata=metadata)
    reply = slack.client.chat_postMessage(
        channel=sent["channel"], text="re", thread_ts=sent["ts"], reply_broadcast=True
    )

    assert slack.client.auth_test()["user"] == "freshbridge"
    plain = slack.client.conversations_history(channel=sent["channel"])
    assert [m["ts"] for m in plain["messages"]] == [sent["ts"]]
    assert "metadata" not in plain["messages"][0]
    whole = slack.client.conversations_history(
        channel=sent["channel"], include_all_metadata=True, oldest="1.0", limit=1
    )
    assert whole["messages"][0]["metadata"] == metadata
    thread = slack.client.conversations_replies(channel=sent["channel"], ts=sent["ts"])
    assert [m["ts"] for m in thread["messages"]] == [reply["ts"], sent["ts"]]
    names = [c["name"] for c in slack.client.conversations_list(exclude_archived=True)["channels"]]
    assert names == ["general", "support", "urgent-tickets", "not-invited"]
    [shown, _] = slack.steer("GET", "/truth")
    assert (shown["shown"], shown["calls"]) == ("a <b", [])


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ({"channel": "#nowhere"}, "channel_not_found"),
        ({"channel": "#secret-plans"}, "channel_not_found"),
        ({"channel": "#old-news"}, "is_archived"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": [{"type": "sectoin"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]},
         "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"thread_ts": "1.0"}, "thread_not_found"),
    ],
)  # fmt: skip
def test_what_slack_refuses_is_refused(slack: World, message: dict[str, Any], word: str) -> None:
    assert slack.refusal(**message)[0] == word
    assert slack.steer("GET", "/truth") == []


def test_mentions_are_noticed(slack: World) -> None:
    slack.client.chat_postMessage(channel="#support", text="<!channel> <@U123|mira> &lt;!here&gt;")

    assert slack.steer("GET", "/truth")[0]["calls"] == ["!channel", "@U123"]


def test_access_and_scopes_are_checked(slack: World) -> None:
    call = f"{slack.url}/api/chat.postMessage"
    assert requests.post(call, timeout=30).json() == {"ok": False, "error": "not_authed"}
    wrong = {"Authorization": "Bearer xoxb-wrong"}
    assert requests.post(call, headers=wrong, timeout=30).json()["error"] == "invalid_auth"
    slack.steer("POST", "/config", {"scopes": ["channels:read"]})
    word, answer = slack.refusal()
    assert (word, answer["needed"], answer["provided"]) == (
        "missing_scope", "chat:write", "channels:read",
    )  # fmt: skip
    slack.steer("POST", "/config", {"scopes": ["chat:write"]})
    assert slack.refusal(channel="#not-invited")[0] == "not_in_channel"
    slack.steer("POST", "/config", {"token_state": "token_revoked"})
    assert slack.refusal()[0] == "token_revoked"


def test_each_channel_takes_a_message_a_second(slack: World) -> None:
    slack.steer("POST", "/clock", {"freeze": True})
    slack.steer("POST", "/config", {"burst": 1})
    slack.client.chat_postMessage(channel="#support", text="1")

    word, answer = slack.refusal()
    slack.client.chat_postMessage(channel="#general", text="2")
    slack.steer("POST", "/clock", {"advance_s": 1})
    slack.client.chat_postMessage(channel="#support", text="3")

    assert (word, answer.status_code, answer.headers["Retry-After"]) == ("ratelimited", 429, "1")
    stats = slack.steer("GET", "/stats")
    assert stats["endpoints"]["POST /api/chat.postMessage"]["throttled"] == 1
    assert stats["creates"]["messages"] == {"1": 1, "2": 1, "3": 1}


def test_a_webhook_posts_to_its_channel_and_answers_in_text(slack: World) -> None:
    assert slack.webhook.send(text="hello").body == "ok"
    empty = slack.webhook.send(text="")
    broken = requests.post(slack.webhook.url, data="{", timeout=30)
    gone = WebhookClient(f"{slack.url}/services/T0/B0/other", retry_handlers=[]).send(text="x")
    form = {"payload": json.dumps({"text": "form"})}
    assert requests.post(slack.webhook.url, data=form, timeout=30).text == "ok"
    slack.steer("POST", "/config", {"webhook_channel": "old-news"})
    archived = slack.webhook.send(text="x")

    assert [(a.status_code, a.body) for a in (empty, gone, archived)] == [
        (400, "no_text"), (404, "no_service"), (410, "channel_is_archived"),
    ]  # fmt: skip
    assert (broken.status_code, broken.text) == (400, "invalid_payload")
    found = slack.steer("GET", "/truth")
    assert [(m["channel_name"], m["shown"], m["by"]) for m in found] == [
        ("urgent-tickets", "hello", "webhook"), ("urgent-tickets", "form", "webhook"),
    ]  # fmt: skip


def test_faults_strike_before_or_after_the_effect(slack: World) -> None:
    fault = {"match": "POST /api/chat.postMessage", "kind": "commit_then_drop", "count": 1}
    slack.steer("POST", "/faults", fault)
    with pytest.raises((requests.RequestException, OSError)):
        slack.client.chat_postMessage(channel="#support", text="lost")
    slack.steer("POST", "/faults", [fault | {"kind": "drop_before"}])
    with pytest.raises((requests.RequestException, OSError)):
        slack.client.chat_postMessage(channel="#support", text="never")

    assert [m["shown"] for m in slack.steer("GET", "/truth")] == ["lost"]
    slack.steer("POST", "/reset")
    assert slack.steer("GET", "/truth") == []
    assert requests.post(f"{slack.url}/__sim/config", json={"x": 1}, timeout=30).status_code == 400
    assert requests.get(f"{slack.url}/__sim/nothing", timeout=30).status_code == 404


def test_methods_that_read_pass_over_json(slack: World) -> None:
    headers = {"Authorization": f"Bearer {DEMO_TOKEN}"}
    channel = {"channel": "C0000000002"}
    url = f"{slack.url}/api/conversations.history"

    as_json = requests.post(url, json=channel, headers=headers, timeout=30).json()
    as_form = requests.post(url, data=channel, headers=headers, timeout=30).json()

    assert (as_json["error"], as_form["ok"]) == ("channel_not_found", True)
    unknown = requests.post(f"{slack.url}/api/chat.postMesage", headers=headers, timeout=30).json()
    assert unknown["error"] == "unknown_method"
