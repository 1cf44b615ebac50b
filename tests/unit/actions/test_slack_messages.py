"""slack.send_message: what is posted, and that a lost answer posts nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.once import NotSettled, OutcomeUnknown
from freshbridge.errors import InvalidRequest, Unreachable
from freshbridge.http_message import ProviderReply
from freshbridge.instances.origin import SLACK_ORIGIN
from freshbridge.slack.client import MARK, SlackClient
from tests import builders
from tests.fakes.actions import earlier_attempt, run_action
from tests.fakes.provider import FakeTransport, json_reply

POST = "/api/chat.postMessage"
HISTORY = "/api/conversations.history"
SENT = json_reply({"ok": True, "channel": "C0000000003", "ts": "2.0"})
HOOK = "https://hooks.slack.com/services/T0/B0/made-up"
SEED = {
    "channel": "#urgent-tickets",
    "message": "Urgent ticket created: Cannot log in",
}


def send(
    transport: FakeTransport,
    parameters: dict[str, Any],
    secrets: dict[str, str] | None = None,
    unsure: Unsure | None = None,
) -> Outcome:
    return run_action(
        "send_message",
        parameters,
        transport,
        platform="slack",
        instance=builders.instance(platform="slack", element="slack", origin=SLACK_ORIGIN),
        client=SlackClient(transport, SLACK_ORIGIN, secrets or {"bot_token": "xoxb-made-up"}),
        unsure=unsure,
    )


def test_the_parameters_of_the_guide_post_a_message() -> None:
    transport = FakeTransport().on("POST", POST, SENT)

    outcome = send(transport, SEED)

    assert transport.requests[0].json["channel"] == "#urgent-tickets"
    assert transport.requests[0].json["text"] == "Urgent ticket created: Cannot log in"
    assert outcome == Outcome(
        {"channel": "C0000000003", "ts": "2.0"}, "Message sent to C0000000003"
    )


def test_all_that_was_given_is_sent_and_nothing_else() -> None:
    transport = FakeTransport().on("POST", POST, SENT)
    given = {
        "text": "x",
        "blocks": [{"type": "divider"}],
        "attachments": [{"text": "y"}],
        "thread_ts": "1.0",
        "reply_broadcast": True,
        "unfurl_links": False,
        "unfurl_media": False,
    }

    send(transport, {"channel": "C0000000003", **given})
    send(transport, {"channel": "C0000000003", "blocks": [{"type": "x", "text": "Look"}]})

    first, second = (
        {k: v for k, v in r.json.items() if k not in ("channel", "metadata")}
        for r in transport.requests
    )
    assert first == given
    assert second == {"text": "Look", "blocks": [{"type": "x", "text": "Look"}]}


@pytest.mark.parametrize(
    "parameters",
    [
        {"channel": "C1"},
        {"channel": "C1", "message": ""},
        {"channel": "C1", "message": "x", "text": "x"},
        {"channel": "C1", "message": "x" * 40_001},
        {"channel": "C1", "blocks": [{}] * 51},
        {"channel": "C1", "message": "x", "as_user": True},
    ],
)
def test_what_slack_would_refuse_is_not_sent(parameters: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameters):
        validate(CATALOGUE.find("slack", "send_message"), parameters)


def test_a_token_needs_a_channel_and_a_webhook_has_its_own() -> None:
    transport = FakeTransport()
    transport.on("POST", "/services/T0/B0/made-up", ProviderReply(200, {}, b"ok"))

    with pytest.raises(InvalidRequest) as raised:
        send(transport, {"message": "x"})
    outcome = send(transport, SEED, {"webhook_url": HOOK})

    assert [field.field for field in raised.value.fields] == ["channel"]
    assert outcome.message == "Message sent to the webhook's own channel"
    assert outcome.data == {"channel": None, "ts": None}
    assert len(transport.requests) == 1


# --- an answer that was lost


def test_a_message_that_was_posted_is_found_and_not_posted_again() -> None:
    marked = {
        "event_type": MARK,
        "event_payload": {"action_id": builders.action_request().action_id},
    }
    page = {"ok": True, "messages": [{"ts": "2.0", "metadata": marked}]}
    transport = FakeTransport().on("POST", HISTORY, json_reply(page))

    outcome = send(transport, {"channel": "C0000000003", "message": "x"}, unsure=earlier_attempt())

    assert outcome.data == {"channel": "C0000000003", "ts": "2.0", "reconciled": True}
    assert [request.path for request in transport.requests] == [HISTORY]


def test_one_that_was_not_is_posted() -> None:
    transport = FakeTransport().on("POST", POST, SENT)
    transport.on("POST", HISTORY, json_reply({"ok": True, "messages": []}))

    send(transport, {"channel": "C0000000003", "message": "x"}, unsure=earlier_attempt())

    assert [request.path for request in transport.requests] == [HISTORY, POST]


@pytest.mark.parametrize(
    "answer",
    [
        json_reply({"ok": True, "messages": [], "has_more": True}),
        json_reply({"ok": False, "error": "missing_scope", "needed": "channels:history"}),
    ],
)
def test_where_slack_cannot_tell_a_person_decides(answer: ProviderReply) -> None:
    transport = FakeTransport().on("POST", HISTORY, answer)

    with pytest.raises(OutcomeUnknown):
        send(transport, {"channel": "C0000000003", "message": "x"}, unsure=earlier_attempt())

    assert [request.path for request in transport.requests] == [HISTORY]


def test_of_a_webhook_nobody_can_tell() -> None:
    transport = FakeTransport()

    with pytest.raises(OutcomeUnknown, match="incoming webhook"):
        send(transport, SEED, {"webhook_url": HOOK}, unsure=earlier_attempt())

    assert transport.requests == []


def test_a_lost_answer_is_waited_for_before_anybody_looks() -> None:
    lost = Unreachable("No reply within the read time-out", outcome_unknown=True)
    transport = FakeTransport().on("POST", POST, lost)

    with pytest.raises(Unreachable) as raised:
        send(transport, SEED)
    with pytest.raises(NotSettled):
        send(transport, SEED, unsure=earlier_attempt(began=2, over=1))

    assert raised.value.after == 10
    assert len(transport.requests) == 1
